/* SPDX-License-Identifier: MIT
 *
 * value.c - the text of an option, validated and converted; see value.h. */
#include "conf/value.h"

#include "lib/base/network.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { SHOWN_MAX = 80 };

/* -- errors */

static bool fail(struct rp_error *err, const struct conf_location *location, const char *option,
                 const char *format, va_list args)
{
    char text[RP_ERROR_TEXT];
    int len = option == NULL ? 0 : snprintf(text, sizeof text, "%s: ", option);

    vsnprintf(text + len, sizeof text - (size_t)len, format, args);
    for (char *at = text; *at != '\0';
         at++) /* an error is one line: no control characters of a name or value */
        if (iscntrl((unsigned char)*at))
            *at = '?';
    return rp_error_set(err, "ERR_CONF", "%s:%u: %s", location->file, location->line, text);
}

bool conf_error(struct rp_error *err, const struct conf_location *location, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(err, location, NULL, format, args);
    va_end(args);
    return false;
}

bool conf_value_error(struct rp_error *err, const struct conf_value *v, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(err, &v->location, v->option, format, args);
    va_end(args);
    return false;
}

/* The value as written, shortened to fit into an error. */
static const char *shown(const struct conf_value *v, char out[SHOWN_MAX])
{
    snprintf(out, SHOWN_MAX, "%s", v->text);
    return out;
}

static bool no_memory(struct rp_error *err)
{
    return rp_error_set(err, "ENOMEM", "no memory for the configuration");
}

/* -- words */

bool conf_value_bool(const struct conf_value *v, bool *out, struct rp_error *err)
{
    static const struct conf_word words[] = {{"on", 1}, {"yes", 1},   {"true", 1}, {"off", 0},
                                             {"no", 0}, {"false", 0}, {NULL, 0}};
    char text[SHOWN_MAX];

    for (size_t i = 0; words[i].text != NULL; i++) {
        if (strcmp(v->text, words[i].text) != 0)
            continue;
        *out = words[i].means != 0;
        return true;
    }
    return conf_value_error(err, v, "\"%s\" is invalid; give on or off", shown(v, text));
}

bool conf_word_of(const struct conf_word *words, const char *text, int *out)
{
    for (; words != NULL && words->text != NULL; words++)
        if (strcmp(text, words->text) == 0) {
            *out = words->means;
            return true;
        }
    return false;
}

bool conf_value_word(const struct conf_value *v, const struct conf_word *words, int *out,
                     struct rp_error *err)
{
    char text[SHOWN_MAX], known[100] = "";
    size_t len = 0;

    if (conf_word_of(words, v->text, out))
        return true;
    for (size_t i = 0; words[i].text != NULL; i++)
        len += (size_t)snprintf(known + len, sizeof known - len, "%s%s",
                                i == 0                      ? ""
                                : words[i + 1].text == NULL ? " or "
                                                            : ", ",
                                words[i].text);
    return conf_value_error(err, v, "\"%s\" is invalid; give %s", shown(v, text), known);
}

/* -- numbers */

/* Read the leading digits. Return the end of them; NULL: no digit, or the number is too large. */
static const char *digits(const char *text, uint64_t *out)
{
    char *end;

    if (*text < '0' || *text > '9')
        return NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 ? end : NULL;
}

/* Not a number, or out of range: say which numbers are valid. */
static bool number_error(const struct conf_value *v, const struct conf_option *o,
                         struct rp_error *err)
{
    char text[SHOWN_MAX];

    return conf_value_error(err, v, "\"%s\" is invalid; give %s%sa %s from %llu to %llu",
                            shown(v, text), o->words != NULL ? o->words->text : "",
                            o->words != NULL ? ", or " : "",
                            o->kind == CONF_SIZE ? "size" : "number", (unsigned long long)o->min,
                            (unsigned long long)o->max);
}

bool conf_value_number(const struct conf_value *v, const struct conf_option *o, uint64_t *out,
                       struct rp_error *err)
{
    bool units = o->kind == CONF_SIZE;
    uint64_t n = 0;
    unsigned shift = 0;
    const char *end = digits(v->text, &n);
    int word;

    if (conf_word_of(o->words, v->text, &word)) {
        *out = (uint64_t)word;
        return true;
    }
    if (units && end != NULL && *end != '\0' && end[1] == '\0') {
        shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        end += shift > 0;
    }
    if (end == NULL || *end != '\0' || n > o->max >> shift || n << shift < o->min)
        return number_error(v, o, err);
    *out = n << shift;
    return true;
}

static const struct {
    const char *text;
    uint64_t ms;
} time_units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
enum { TIME_UNITS = sizeof time_units / sizeof *time_units, SECONDS = 3 };

const char *conf_time_text(uint64_t ms, char out[CONF_TIME_SIZE])
{
    size_t i = ms == 0 ? SECONDS : 0;

    while (ms % time_units[i].ms != 0)
        i++;
    snprintf(out, CONF_TIME_SIZE, "%" PRIu64 "%s", ms / time_units[i].ms, time_units[i].text);
    return out;
}

bool conf_value_duration(const struct conf_value *v, uint64_t min_ms, uint64_t max_ms,
                         uint64_t *out, struct rp_error *err)
{
    char text[SHOWN_MAX], least[CONF_TIME_SIZE], most[CONF_TIME_SIZE];
    uint64_t n = 0, ms = 0;
    const char *unit = digits(v->text, &n);

    for (size_t i = 0; unit != NULL && i < TIME_UNITS; i++)
        if (strcmp(unit, time_units[i].text) == 0)
            ms = time_units[i].ms;
    if (unit != NULL && *unit == '\0' && n == 0)
        ms = 1; /* 0 needs no unit */
    if (ms == 0)
        return conf_value_error(err, v, "\"%s\" is not a time; give one like 50ms, 10s, 5m or 12h",
                                shown(v, text));
    if (n > max_ms / ms || n * ms < min_ms)
        return conf_value_error(err, v, "%s is out of range; give %s to %s", shown(v, text),
                                conf_time_text(min_ms, least), conf_time_text(max_ms, most));
    *out = n * ms;
    return true;
}

/* -- text */

bool conf_value_text(const struct conf_value *v, char **out, struct rp_error *err)
{
    char *copy;

    for (const char *at = v->text; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            return conf_value_error(err, v, "contains a control character; remove it");
    copy = strdup(v->text);
    if (copy == NULL)
        return no_memory(err);
    free(*out);
    *out = copy;
    return true;
}

static bool put_path(const struct conf_value *v, const char *before, const char *path, char **out,
                     struct rp_error *err)
{
    const char *slash = strrchr(v->location.file, '/');
    int len = *path == '/' || slash == NULL ? 0 : (int)(slash - v->location.file) + 1;
    char *joined;

    if (asprintf(&joined, "%s%.*s%s", before, len, v->location.file, path) < 0)
        return no_memory(err);
    free(*out);
    *out = joined;
    return true;
}

bool conf_value_path(const struct conf_value *v, char **out, struct rp_error *err)
{
    if (*v->text == '\0')
        return conf_value_error(err, v, "is empty; give a path");
    return conf_value_text(v, out, err) && put_path(v, "", v->text, out, err);
}

/* -- addresses */

static bool is_port(const char *text)
{
    uint64_t port = 0;
    const char *end = digits(text, &port);

    return end != NULL && *end == '\0' && port <= 65535;
}

static bool is_host_port(const char *text)
{
    const char *colon = strrchr(text, ':');

    if (colon == NULL || !is_port(colon + 1))
        return false;
    if (*text == '[')
        return colon > text + 2 && colon[-1] == ']';
    return memchr(text, ':', (size_t)(colon - text)) == NULL; /* IPv6 needs brackets */
}

static bool unix_address(const struct conf_value *v, char **out, struct rp_error *err)
{
    enum { LONGEST = sizeof((struct sockaddr_un *)0)->sun_path - 1 };
    const char *path = v->text + 5;

    if (!conf_value_text(v, out, err) || (*path != '@' && !put_path(v, "unix:", path, out, err)))
        return false;
    return strlen(*out + 5) <= LONGEST ||
           conf_value_error(err, v,
                            "the path of a Unix socket is limited to %d bytes, and this one has "
                            "%zu; choose a shorter one",
                            LONGEST, strlen(*out + 5));
}

bool conf_value_address(const struct conf_value *v, bool listen, char **out, struct rp_error *err)
{
    char text[SHOWN_MAX];
    uint64_t fd = 0;
    const char *end;

    if (strncmp(v->text, "unix:", 5) == 0 && v->text[5] != '\0')
        return unix_address(v, out, err);
    if (listen && strncmp(v->text, "fd:", 3) == 0) {
        end = digits(v->text + 3, &fd);
        if (end != NULL && *end == '\0' && fd >= 3 && fd < 65536)
            return conf_value_text(v, out, err);
    } else if (is_host_port(v->text)) {
        return conf_value_text(v, out, err);
    }
    return conf_value_error(
        err, v, "\"%s\" is not an address; give one like \"127.0.0.1:8443\", \"[::]:443\"%s%s",
        shown(v, text), listen ? ", \"fd:3\"" : "", " or \"unix:/run/x.sock\"");
}

bool conf_value_network(const struct conf_value *v, char **out, struct rp_error *err)
{
    struct rp_network network;
    struct rp_error why = {0};

    if (!conf_value_text(v, out, err))
        return false;
    return rp_network_parse(&network, *out, &why) || conf_value_error(err, v, "%s", why.message);
}

/* -- the nearest name */

/* The number of letters to insert, remove, change or swap (Damerau-Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    size_t rows[3][LONGEST + 2], *before = rows[0], *last = rows[1], *now = rows[2], *turn;
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > LONGEST || b_len > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            now[j] = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (now[j] > last[j] + 1)
                now[j] = last[j] + 1;
            if (now[j] > now[j - 1] + 1)
                now[j] = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                now[j] > before[j - 2] + 1)
                now[j] = before[j - 2] + 1;
        }
        turn = before;
        before = last;
        last = now;
        now = turn;
    }
    return last[b_len];
}

const char *conf_nearest(const char *text, const char *const *list)
{
    const char *nearest = NULL;
    size_t least = strlen(text) / 3 + 1;

    for (; *list != NULL; list++) {
        size_t d = distance(text, *list);

        if (d > least || d >= strlen(text) || (nearest != NULL && d == least))
            continue;
        least = d;
        nearest = *list;
    }
    return nearest;
}
