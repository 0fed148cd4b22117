/* SPDX-License-Identifier: MIT
 *
 * http_head.c - parse the head of an HTTP/1 request. The danger: two parsers that disagree about
 * where a request ends. So everything that RFC 9112 allows a server to refuse is refused: folded
 * lines, spaces before a colon, two Hosts, a length together with an encoding, control bytes. A
 * line may end with LF alone, as typed into openssl s_client. Does no I/O and no allocation; slices
 * point into the input. */
#include "worker/builtin/http_head.h"

#include <string.h>
#include <strings.h>

static bool is_token(unsigned char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr(others, c) != NULL);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

bool http_slice_is(struct http_slice slice, const char *text)
{
    return slice.at != NULL && slice.len == strlen(text) &&
           strncasecmp(slice.at, text, slice.len) == 0;
}

static struct http_slice trim(struct http_slice slice)
{
    while (slice.len > 0 && is_space(slice.at[0])) {
        slice.at++;
        slice.len--;
    }
    while (slice.len > 0 && is_space(slice.at[slice.len - 1]))
        slice.len--;
    return slice;
}

/* Remove the part before `separator` from the front of *rest; all of it if there is no separator.
 */
static struct http_slice take_until(struct http_slice *rest, char separator)
{
    const char *found = rest->len == 0 ? NULL : memchr(rest->at, separator, rest->len);
    struct http_slice taken = {rest->at, found == NULL ? rest->len : (size_t)(found - rest->at)};

    rest->at = found == NULL ? rest->at + rest->len : found + 1;
    rest->len -= taken.len + (found == NULL ? 0 : 1);
    return taken;
}

bool http_list_has(struct http_slice list, const char *item)
{
    while (list.at != NULL && list.len > 0) {
        struct http_slice element = take_until(&list, ',');

        if (http_slice_is(trim(take_until(&element, ';')), item))
            return true;
    }
    return false;
}

/* Take one line without its end; false: the line is incomplete. */
static bool take_line(struct http_slice *rest, struct http_slice *line)
{
    if (rest->len == 0 || memchr(rest->at, '\n', rest->len) == NULL)
        return false;
    *line = take_until(rest, '\n');
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* Bytes that a reg-name or an IP literal with a port may contain (RFC 3986): none of them ends a
 * header or starts a path. */
static bool is_authority(struct http_slice host)
{
    static const char others[] = "-._~%!$&'()*+,;=:[]";

    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.at[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return true;
}

static bool split_port(struct http_slice text, unsigned *port)
{
    *port = 0;
    if (text.len == 0)
        return true;
    if (text.at[0] != ':' || text.len > 6)
        return false;
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *port = *port * 10 + (unsigned)(text.at[i] - '0');
    }
    return *port <= 65535;
}

bool http_split_host(struct http_slice authority, struct http_slice *host, unsigned *port)
{
    const char *end = NULL;

    if (authority.at == NULL || authority.len == 0 || !is_authority(authority))
        return false;
    if (authority.at[0] == '[') {
        end = memchr(authority.at, ']', authority.len);
        if (end == NULL)
            return false;
        end++;
    } else {
        end = memchr(authority.at, ':', authority.len);
    }
    host->at = authority.at;
    host->len = end == NULL ? authority.len : (size_t)(end - authority.at);
    return host->len > 0 &&
           split_port((struct http_slice){host->at + host->len, authority.len - host->len}, port);
}

/* "http://host/path" and "https://host/path" (RFC 9112 section 3.2.2), "/path", or "*". */
static bool parse_target(struct http_head *head)
{
    static const char *const schemes[] = {"https://", "http://"};
    struct http_slice target = head->target;

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i]);

        if (target.len > len && strncasecmp(target.at, schemes[i], len) == 0) {
            const char *end = target.at + target.len, *at = target.at + len, *slash;

            slash = memchr(at, '/', (size_t)(end - at));
            head->host = (struct http_slice){at, (size_t)((slash == NULL ? end : slash) - at)};
            head->path = slash == NULL ? (struct http_slice){"/", 1}
                                       : (struct http_slice){slash, (size_t)(end - slash)};
            return head->host.len > 0 && is_authority(head->host);
        }
    }
    head->path = target;
    return target.at[0] == '/' || http_slice_is(target, "*") || is_authority(target);
}

static enum http_method method_of(struct http_slice word)
{
    if (word.len == 3 && memcmp(word.at, "GET", 3) == 0)
        return HTTP_GET;
    if (word.len == 4 && memcmp(word.at, "HEAD", 4) == 0)
        return HTTP_HEAD;
    return HTTP_OTHER;
}

static enum http_verdict parse_version(struct http_slice word, struct http_head *head)
{
    if (word.len != 8 || memcmp(word.at, "HTTP/", 5) != 0 || word.at[5] < '0' || word.at[5] > '9' ||
        word.at[6] != '.' || word.at[7] < '0' || word.at[7] > '9')
        return HTTP_BAD_REQUEST;
    if (word.at[5] != '1')
        return HTTP_VERSION;
    head->minor = (unsigned)(word.at[7] - '0');
    head->keep_alive = head->minor > 0;
    return HTTP_REQUEST;
}

static enum http_verdict parse_request_line(struct http_slice line, struct http_head *head)
{
    struct http_slice method = take_until(&line, ' ');

    head->target = take_until(&line, ' ');
    if (method.len == 0 || head->target.len == 0)
        return HTTP_BAD_REQUEST;
    for (size_t i = 0; i < method.len; i++)
        if (!is_token((unsigned char)method.at[i]))
            return HTTP_BAD_REQUEST;
    for (size_t i = 0; i < head->target.len; i++)
        if (head->target.at[i] <= ' ' || head->target.at[i] >= 0x7f)
            return HTTP_BAD_REQUEST;
    head->method = method_of(method);
    if (!parse_target(head))
        return HTTP_BAD_REQUEST;
    return parse_version(line, head);
}

struct fields { /* fields that must not occur twice, or together */
    struct http_slice host;
    unsigned hosts, lengths, encodings;
    bool close, keep_alive, length_is_zero;
};

static bool is_zero(struct http_slice value)
{
    return value.len == 1 && value.at[0] == '0';
}

static bool is_number(struct http_slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] < '0' || value.at[i] > '9')
            return false;
    return value.len > 0;
}

static bool parse_field(struct http_slice line, struct http_head *head, struct fields *fields)
{
    struct http_slice value = line, name = take_until(&value, ':');

    if (name.len == 0 || name.len == line.len)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_token((unsigned char)name.at[i]))
            return false;
    value = trim(value);
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.at[i] < ' ' && value.at[i] != '\t') || value.at[i] == 0x7f)
            return false;
    if (http_slice_is(name, "Host")) {
        fields->hosts++;
        fields->host = value;
        return is_authority(value);
    }
    if (http_slice_is(name, "Content-Length")) {
        fields->lengths++;
        fields->length_is_zero = is_zero(value);
        return is_number(value);
    }
    if (http_slice_is(name, "Transfer-Encoding"))
        fields->encodings++;
    else if (http_slice_is(name, "Accept") && head->accept.at == NULL)
        head->accept = value;
    else if (http_slice_is(name, "Connection")) {
        fields->close |= http_list_has(value, "close");
        fields->keep_alive |= http_list_has(value, "keep-alive");
    }
    return true;
}

static bool conclude(struct http_head *head, const struct fields *fields)
{
    if (fields->hosts > 1 || (fields->hosts == 0 && head->minor > 0) || fields->lengths > 1 ||
        (fields->lengths > 0 && fields->encodings > 0))
        return false;
    if (head->host.at == NULL && fields->hosts == 1 && fields->host.len > 0)
        head->host = fields->host;
    head->body = fields->encodings > 0 || (fields->lengths > 0 && !fields->length_is_zero);
    if (fields->close)
        head->keep_alive = false;
    else if (fields->keep_alive)
        head->keep_alive = true;
    return true;
}

static enum http_verdict not_ended(size_t len)
{
    return len >= HTTP_HEAD_MAX ? HTTP_TOO_LARGE : HTTP_INCOMPLETE;
}

enum http_verdict http_head_parse(const char *bytes, size_t len, struct http_head *head,
                                  size_t *used)
{
    struct http_slice rest = {bytes, len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX}, line;
    struct fields fields = {0};
    enum http_verdict verdict;

    memset(head, 0, sizeof *head);
    do {
        if (!take_line(&rest, &line))
            return not_ended(len);
    } while (line.len == 0);
    verdict = parse_request_line(line, head);
    if (verdict != HTTP_REQUEST)
        return verdict;
    while (take_line(&rest, &line)) {
        if (line.len == 0) {
            *used = (size_t)(rest.at - bytes);
            return conclude(head, &fields) ? HTTP_REQUEST : HTTP_BAD_REQUEST;
        }
        if (!parse_field(line, head, &fields))
            return HTTP_BAD_REQUEST;
    }
    return not_ended(len);
}
