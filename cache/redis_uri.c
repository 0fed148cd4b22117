/* SPDX-License-Identifier: MIT
 *
 * redis_uri.c - parse the URI of a Redis; see redis_uri.h. */
#include "cache/redis_uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 6379, DB_MAX = 65535, TIMEOUT_MAX = 60000 };

static bool wrong(struct rp_error *err, const char *what)
{
    return rp_error_set(err, "ERR_STORE_URI",
                        "%s; it is redis://[user:password@]host:port/db, rediss://... or "
                        "redis+unix:PATH, then ?prefix=...&timeout=250&password-file=...",
                        what);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Copy len bytes, %41 being "A". false: too long, or no such byte. */
static bool decode(char *to, size_t size, const char *from, size_t len)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        int byte = (unsigned char)from[i];

        if (from[i] == '%') {
            if (len - i < 3)
                return false;
            if (hex(from[i + 1]) < 0 || hex(from[i + 2]) < 0)
                return false;
            byte = hex(from[i + 1]) * 16 + hex(from[i + 2]);
            i += 2;
        }
        if (byte == 0 || used + 1 >= size)
            return false;
        to[used++] = (char)byte;
    }
    to[used] = '\0';
    return true;
}

static bool number(uint32_t *to, const char *text, size_t len, uint32_t max)
{
    uint32_t value = 0;

    if (len == 0 || len > 9)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *to = value;
    return value <= max;
}

/* -- ?name=value&... */

static bool is(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(name, word, len) == 0;
}

static bool set_option(struct rp_redis_place *p, const char *name, size_t name_len,
                       const char *value, size_t len)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } texts[] = {{"prefix", p->prefix, sizeof p->prefix},
                 {"user", p->user, sizeof p->user},
                 {"password-file", p->password_file, sizeof p->password_file},
                 {"ca", p->ca, sizeof p->ca},
                 {"cert", p->cert, sizeof p->cert},
                 {"key", p->key, sizeof p->key},
                 {"servername", p->servername, sizeof p->servername}};

    if (is(name, name_len, "timeout"))
        return number(&p->timeout_ms, value, len, TIMEOUT_MAX) && p->timeout_ms > 0;
    if (is(name, name_len, "db"))
        return number(&p->db, value, len, DB_MAX);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is(name, name_len, texts[i].name))
            return decode(texts[i].to, texts[i].size, value, len);
    return false;
}

static bool set_options(struct rp_redis_place *p, const char *at, struct rp_error *err)
{
    while (*at != '\0') {
        size_t len = strcspn(at, "&"), name = strcspn(at, "=&");

        if (name == len || !set_option(p, at, name, at + name + 1, len - name - 1))
            return rp_error_set(err, "ERR_STORE_URI",
                                "%.*s is no option of a redis store, or has no such value: there "
                                "are prefix, timeout (ms), db, user, password-file, ca, cert, key, "
                                "servername",
                                (int)name, at);
        at += len + (at[len] == '&');
    }
    return true;
}

/* -- user:password@host:port/db */

static bool set_who(struct rp_redis_place *p, const char *at, size_t len)
{
    const char *colon = memchr(at, ':', len);
    size_t user = colon != NULL ? (size_t)(colon - at) : len;

    return decode(p->user, sizeof p->user, at, user) &&
           (colon == NULL || decode(p->password, sizeof p->password, colon + 1, len - user - 1));
}

static bool set_host(struct rp_redis_place *p, const char *at, size_t len)
{
    const char *bracket = len > 0 && at[0] == '[' ? memchr(at, ']', len) : NULL;
    const char *from = bracket != NULL ? bracket : at;
    const char *colon = memchr(from, ':', len - (size_t)(from - at));
    size_t host = colon != NULL ? (size_t)(colon - at) : len;
    uint32_t port = PORT;

    if (colon != NULL && (!number(&port, colon + 1, len - host - 1, UINT16_MAX) || port == 0))
        return false;
    p->port = (uint16_t)port;
    if (bracket != NULL && at + host == bracket + 1)
        return decode(p->host, sizeof p->host, at + 1, host - 2);
    return host > 0 && bracket == NULL && decode(p->host, sizeof p->host, at, host);
}

static bool set_authority(struct rp_redis_place *p, const char *at, size_t len)
{
    const char *slash = memchr(at, '/', len), *who = NULL;
    size_t host = slash != NULL ? (size_t)(slash - at) : len;

    for (size_t i = 0; i < host; i++) /* a password may contain '@' */
        if (at[i] == '@')
            who = at + i;
    if (who != NULL && !set_who(p, at, (size_t)(who - at)))
        return false;
    if (slash != NULL && slash + 1 < at + len && !number(&p->db, slash + 1, len - host - 1, DB_MAX))
        return false;
    if (who == NULL)
        return set_host(p, at, host);
    return set_host(p, who + 1, host - (size_t)(who + 1 - at));
}

bool rp_redis_place_parse(struct rp_redis_place *p, const char *uri, struct rp_error *err)
{
    static const char unix_scheme[] = "redis+unix:";
    const char *query = strchr(uri, '?');
    size_t len = query != NULL ? (size_t)(query - uri) : strlen(uri);

    *p = (struct rp_redis_place){.timeout_ms = RP_REDIS_TIMEOUT_MS};
    snprintf(p->prefix, sizeof p->prefix, "reprise:");
    if (strncmp(uri, unix_scheme, sizeof unix_scheme - 1) == 0) {
        uri += sizeof unix_scheme - 1;
        len -= sizeof unix_scheme - 1;
        if (len == 0 || !decode(p->path, 108, uri, len))
            return wrong(err, "a redis+unix: store without a path, or with one that is too long");
    } else {
        size_t scheme = strcspn(uri, ":");

        p->tls = scheme == 6 && memcmp(uri, "rediss", 6) == 0;
        if ((!p->tls && !(scheme == 5 && memcmp(uri, "redis", 5) == 0)) || len < scheme + 3 ||
            memcmp(uri + scheme, "://", 3) != 0)
            return wrong(err, "this is no kind of redis store");
        if (!set_authority(p, uri + scheme + 3, len - scheme - 3))
            return wrong(err, "the host, port or database of the redis store can't be read");
    }
    return query == NULL || set_options(p, query + 1, err);
}

const char *rp_redis_place_name(const struct rp_redis_place *p, char text[RP_REDIS_TEXT + 32])
{
    if (p->path[0] != '\0')
        snprintf(text, RP_REDIS_TEXT + 32, "redis at %s", p->path);
    else
        snprintf(text, RP_REDIS_TEXT + 32, "redis at %s:%u", p->host, p->port);
    return text;
}
