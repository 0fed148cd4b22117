/* SPDX-License-Identifier: MIT
 *
 * response.c - find the end of an HTTP/1.1 response; see response.h. The server is untrusted, so
 * everything is limited. */
#include "contrib/load/run/response.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LENGTH_BITS = 62 };

void load_response_begin(struct load_response *r)
{
    r->state = RESPONSE_HEAD;
    r->status = 0;
    r->closes = false;
    r->left = r->body = 0;
    r->line_len = 0;
}

/* The value of a field in the rest of a head; NULL: it is missing. */
static const char *field(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);

    return at != NULL ? at + strlen(name) + strspn(at + strlen(name), " \t") : NULL;
}

/* HTTP/1.1 keeps the connection open unless the response says "close"; HTTP/1.0 the reverse. */
static bool says_close(const struct load_response *r)
{
    const char *connection = field(r->text, "\nconnection:");
    bool old = r->text[7] == '0';
    const char *word = old ? "keep-alive" : "close", *found;

    if (connection == NULL)
        return old;
    found = strcasestr(connection, word);
    return (found != NULL && (size_t)(found - connection) < strcspn(connection, "\r")) != old;
}

/* Check the first bytes, since another protocol may never send the end of a head. */
static bool may_begin_with(char byte, size_t at)
{
    static const char form[] = "HTTP/1.# ###";

    if (at >= sizeof form - 1)
        return true;
    return form[at] == '#' ? isdigit((unsigned char)byte) != 0 : form[at] == byte;
}

/* Several lengths are accepted if they are equal. */
static bool read_length(struct load_response *r)
{
    const char *first = field(r->text, "\ncontent-length:"), *at = first;

    for (; at != NULL; at = field(at, "\ncontent-length:")) {
        char *end;
        uint64_t length = strtoull(at, &end, 10);

        end += strspn(end, " \t");
        if (!isdigit((unsigned char)*at) || *end != '\r' || length >> LENGTH_BITS != 0 ||
            (at != first && length != r->left))
            return false;
        r->left = length;
    }
    r->state = r->left > 0 ? RESPONSE_LENGTH : RESPONSE_COMPLETE;
    return true;
}

/* The head is complete and NUL-terminated. */
static bool read_head(struct load_response *r)
{
    const char *coding = field(r->text, "\ntransfer-encoding:");

    r->status = (unsigned)strtoul(r->text + 8, NULL, 10);
    r->closes = says_close(r);
    if (r->status >= 100 && r->status < 200) {
        load_response_begin(r);
        return true;
    }
    if (r->status == 204 || r->status == 304) {
        r->state = RESPONSE_COMPLETE;
    } else if (coding != NULL && strncasecmp(coding, "chunked", 7) == 0) {
        r->state = RESPONSE_CHUNK_SIZE;
    } else if (field(r->text, "\ncontent-length:") != NULL) {
        if (!read_length(r))
            return false;
    } else {
        r->state = RESPONSE_UNTIL_END;
        r->closes = true;
    }
    return r->status >= 200 && r->status < 600;
}

static bool read_chunk_size(struct load_response *r)
{
    char *end;

    r->left = strtoull(r->text, &end, 16);
    r->state = r->left > 0 ? RESPONSE_CHUNK : RESPONSE_TRAILER;
    return end != r->text && *r->text != '-' && r->left >> LENGTH_BITS == 0;
}

static bool line_ends(const struct load_response *r, const char *end)
{
    size_t len = strlen(end);

    return r->line_len >= len && memcmp(r->text + r->line_len - len, end, len) == 0;
}

/* Process a byte of the head or of a line. false: it is not HTTP. */
static bool take_byte(struct load_response *r, char byte)
{
    bool ok = true;

    if (r->line_len == RESPONSE_HEAD_MAX - 1 ||
        (r->state == RESPONSE_HEAD && !may_begin_with(byte, r->line_len)))
        return false;
    r->text[r->line_len++] = byte;
    if (!line_ends(r, r->state == RESPONSE_HEAD ? "\r\n\r\n" : "\r\n"))
        return true;
    r->text[r->line_len] = '\0';
    if (r->state == RESPONSE_HEAD)
        ok = read_head(r);
    else if (r->state == RESPONSE_CHUNK_SIZE)
        ok = read_chunk_size(r);
    else if (r->state == RESPONSE_CHUNK_END)
        r->state = RESPONSE_CHUNK_SIZE;
    else if (r->line_len == 2) /* the empty line after the trailers */
        r->state = RESPONSE_COMPLETE;
    r->line_len = 0;
    return ok;
}

static size_t take_body(struct load_response *r, size_t len)
{
    if (r->state != RESPONSE_UNTIL_END && len > r->left)
        len = (size_t)r->left;
    r->body += len;
    if (r->state == RESPONSE_UNTIL_END)
        return len;
    r->left -= len;
    if (r->left == 0)
        r->state = r->state == RESPONSE_CHUNK ? RESPONSE_CHUNK_END : RESPONSE_COMPLETE;
    return len;
}

enum load_response_result load_response_feed(struct load_response *r, const uint8_t *bytes,
                                             size_t len)
{
    while (len > 0 && r->state != RESPONSE_COMPLETE) {
        size_t taken = 1;

        if (r->state == RESPONSE_LENGTH || r->state == RESPONSE_CHUNK ||
            r->state == RESPONSE_UNTIL_END)
            taken = take_body(r, len);
        else if (!take_byte(r, (char)*bytes))
            return RESPONSE_BAD;
        bytes += taken;
        len -= taken;
    }
    return r->state == RESPONSE_COMPLETE ? RESPONSE_DONE : RESPONSE_MORE;
}
