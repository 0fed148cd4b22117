/* SPDX-License-Identifier: MIT
 *
 * uri.c - parse the URI of a Redis; see uri.h. */
#include "cache/redis/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 6379, SENTINEL_PORT = 26379, DB_MAX = 65535, TIMEOUT_MAX = 60000, PATH_SIZE = 108 };

static const struct scheme {
    const char *name;
    enum rp_redis_form form;
    bool tls, path;
} schemes[] = {
    {"redis", RP_REDIS_ALONE, false, false},
    {"rediss", RP_REDIS_ALONE, true, false},
    {"redis+unix", RP_REDIS_ALONE, false, true},
    {"redis+sentinel", RP_REDIS_SENTINEL, false, false},
    {"rediss+sentinel", RP_REDIS_SENTINEL, true, false},
    {"redis+cluster", RP_REDIS_CLUSTER, false, false},
    {"rediss+cluster", RP_REDIS_CLUSTER, true, false},
};

static const struct scheme *scheme_of(const char *uri)
{
    size_t len = strcspn(uri, ":");

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (uri[len] == ':' && strlen(schemes[i].name) == len &&
            memcmp(uri, schemes[i].name, len) == 0)
            return &schemes[i];
    return NULL;
}

bool rp_redis_uri_is(const char *uri)
{
    return scheme_of(uri) != NULL;
}

static bool wrong(struct rp_error *err, const char *what, const char *right)
{
    return rp_error_set(err, "ERR_STORE_URI", "%s; write %s, then ?prefix=...&timeout=250...", what,
                        right);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Copy len bytes, decoding %41 to "A". false: too long, or an invalid escape. */
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

enum needs { NOTHING, TLS, SENTINELS };

static const struct text_option {
    const char *name;
    size_t at, size;
    enum needs needs;
} texts[] = {
#define TEXT(name, field, needs)                                                                   \
    {                                                                                              \
        name, offsetof(struct rp_redis_place, field), sizeof(((struct rp_redis_place *)0)->field), \
            needs                                                                                  \
    }
    TEXT("prefix", prefix, NOTHING),
    TEXT("user", account.user, NOTHING),
    TEXT("password-file", account.password_file, NOTHING),
    TEXT("ca", ca, TLS),
    TEXT("cert", cert, TLS),
    TEXT("key", key, TLS),
    TEXT("servername", servername, TLS),
    TEXT("sentinel-user", sentinel.user, SENTINELS),
    TEXT("sentinel-password-file", sentinel.password_file, SENTINELS),
#undef TEXT
};

static bool bad_option(struct rp_error *err, const char *name, size_t len, const char *why)
{
    return rp_error_set(err, "ERR_STORE_URI", "%.*s %s", (int)len, name, why);
}

static bool unreadable(struct rp_error *err, const char *name)
{
    return bad_option(
        err, name, strlen(name),
        "of the redis store is too long, or has an invalid % escape (valid: % and two "
        "hex digits, except %00); write %25 for a %");
}

/* An unknown option may be part of a password: show its name only if it is a plain word, and no
 * password came before it. */
static bool no_option(const struct rp_redis_place *p, struct rp_error *err, const char *name,
                      size_t len, unsigned nth)
{
    static const char there_are[] =
        "valid options are prefix, timeout, db, user, password-file, ca, cert, "
        "key, servername, sentinel-user, sentinel-password-file";
    bool plain = len > 0 && p->account.password[0] == '\0';

    for (size_t i = 0; i < len; i++)
        plain &= (name[i] >= 'a' && name[i] <= 'z') || name[i] == '-';
    if (!plain)
        return rp_error_set(err, "ERR_STORE_URI", "option %u of the redis store is invalid: %s",
                            nth, there_are);
    return rp_error_set(err, "ERR_STORE_URI", "%.*s is not an option of a redis store: %s",
                        (int)len, name, there_are);
}

static bool set_text(struct rp_redis_place *p, const struct text_option *o, const char *value,
                     size_t len, struct rp_error *err)
{
    if (o->needs == TLS && !p->tls)
        return bad_option(err, o->name, strlen(o->name),
                          "is an option for TLS: the redis store must begin with rediss");
    if (o->needs == SENTINELS && p->form != RP_REDIS_SENTINEL)
        return bad_option(err, o->name, strlen(o->name),
                          "is an option for redis+sentinel:// stores only");
    return decode((char *)p + o->at, o->size, value, len) || unreadable(err, o->name);
}

static bool set_option(struct rp_redis_place *p, unsigned nth, const char *name, size_t name_len,
                       const char *value, size_t len, struct rp_error *err)
{
    if (is(name, name_len, "timeout"))
        return (number(&p->timeout_ms, value, len, TIMEOUT_MAX) && p->timeout_ms > 0) ||
               bad_option(err, name, name_len,
                          "of the redis store must be 1 to 60000 (milliseconds)");
    if (is(name, name_len, "db") && p->form == RP_REDIS_CLUSTER)
        return bad_option(err, name, name_len,
                          "is invalid for a redis cluster, which has one database only");
    if (is(name, name_len, "db"))
        return number(&p->db, value, len, DB_MAX) ||
               bad_option(err, name, name_len, "of the redis store must be 0 to 65535");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is(name, name_len, texts[i].name))
            return set_text(p, &texts[i], value, len, err);
    return no_option(p, err, name, name_len, nth);
}

static bool set_options(struct rp_redis_place *p, const char *at, struct rp_error *err)
{
    for (unsigned nth = 1; *at != '\0'; nth++) {
        size_t len = strcspn(at, "&"), name = strcspn(at, "=&");

        if (name == len)
            return rp_error_set(
                err, "ERR_STORE_URI",
                "option %u of the redis store is not of the form name=value; separate "
                "options with &",
                nth);
        if (!set_option(p, nth, at, name < 40 ? name : 40, at + name + 1, len - name - 1, err))
            return false;
        at += len + (at[len] == '&');
    }
    return true;
}

/* -- user:password@host:port,host:port/rest */

/* Up to the last @, as a password may contain one; 0: there is no user. */
static size_t who_len(const char *at, size_t len)
{
    const char *slash = memchr(at, '/', len);
    size_t who = slash != NULL ? (size_t)(slash - at) : len;

    while (who > 0 && at[who - 1] != '@')
        who--;
    return who;
}

static bool set_who(struct rp_redis_account *a, const char *at, size_t len, struct rp_error *err)
{
    const char *colon = memchr(at, ':', len);
    size_t user = colon != NULL ? (size_t)(colon - at) : len;

    if (!decode(a->user, sizeof a->user, at, user))
        return unreadable(err, "the user");
    return colon == NULL || decode(a->password, sizeof a->password, colon + 1, len - user - 1) ||
           unreadable(err, "the password");
}

/* The text before such an @ may be the end of a password: do not show it. */
static bool check_last_at(const char *at, struct rp_error *err)
{
    const char *last = strrchr(at, '@');
    size_t before = strcspn(at, "/?");

    if (last == NULL || last < at + before)
        return true;
    return rp_error_set(err, "ERR_STORE_URI",
                        "the redis store has an @ after its %c: in a password, write %s; "
                        "anywhere else, write %%40 for an @",
                        at[before], at[before] == '/' ? "%2F for a /" : "%3F for a ?");
}

static bool set_host(struct rp_redis_host *h, uint16_t standard, const char *at, size_t len)
{
    const char *bracket = len > 0 && at[0] == '[' ? memchr(at, ']', len) : NULL;
    const char *from = bracket != NULL ? bracket : at;
    const char *colon = memchr(from, ':', len - (size_t)(from - at));
    size_t host = colon != NULL ? (size_t)(colon - at) : len;
    uint32_t port = standard;

    if (colon != NULL && (!number(&port, colon + 1, len - host - 1, UINT16_MAX) || port == 0))
        return false;
    h->port = (uint16_t)port;
    if (bracket != NULL)
        return at + host == bracket + 1 && host > 2 &&
               decode(h->name, sizeof h->name, at + 1, host - 2);
    return host > 0 && decode(h->name, sizeof h->name, at, host);
}

static bool set_hosts(struct rp_redis_place *p, const char *at, size_t len)
{
    uint16_t standard = p->form == RP_REDIS_SENTINEL ? SENTINEL_PORT : PORT;

    for (;;) {
        const char *comma = p->form != RP_REDIS_ALONE ? memchr(at, ',', len) : NULL;
        size_t part = comma != NULL ? (size_t)(comma - at) : len;

        if (p->host_count == RP_REDIS_HOSTS_MAX ||
            !set_host(&p->hosts[p->host_count++], standard, at, part))
            return false;
        if (comma == NULL)
            return true;
        at += part + 1;
        len -= part + 1;
    }
}

static bool set_rest(struct rp_redis_place *p, const char *at, size_t len)
{
    if (p->form == RP_REDIS_SENTINEL)
        return len > 0 && memchr(at, '/', len) == NULL &&
               decode(p->master, sizeof p->master, at, len);
    return len == 0 || (p->form == RP_REDIS_ALONE && number(&p->db, at, len, DB_MAX));
}

static bool set_authority(struct rp_redis_place *p, const char *at, size_t len)
{
    const char *slash = memchr(at, '/', len);
    size_t hosts = slash != NULL ? (size_t)(slash - at) : len;

    return set_rest(p, at + hosts + (slash != NULL), len - hosts - (slash != NULL)) &&
           set_hosts(p, at, hosts);
}

static bool wrong_path(struct rp_error *err)
{
    return wrong(err,
                 "the path of the redis+unix: store is missing, too long, or has an @ before a / "
                 "(write %40 for an @)",
                 "redis+unix:/PATH or redis+unix://[user:password@]/PATH");
}

/* A path that seems to contain a password is refused, since paths are shown. */
static bool is_plain_path(const char *at, size_t len)
{
    return len > 0 && memmem(at, len, "@/", 2) == NULL &&
           (at[0] == '/' || memchr(at, '@', len) == NULL);
}

static bool set_path(struct rp_redis_place *p, const char *at, size_t len, struct rp_error *err)
{
    p->host_count = 1;
    return (is_plain_path(at, len) && decode(p->hosts[0].name, PATH_SIZE, at, len)) ||
           wrong_path(err);
}

/* //[user:password@]/PATH */
static bool set_unix(struct rp_redis_place *p, const char *at, size_t len, struct rp_error *err)
{
    size_t who;

    if (len < 2 || memcmp(at, "//", 2) != 0)
        return set_path(p, at, len, err);
    at += 2;
    len -= 2;
    who = who_len(at, len);
    if (!check_last_at(at, err) || (who > 0 && !set_who(&p->account, at, who - 1, err)))
        return false;
    return at[who] == '/' ? set_path(p, at + who, len - who, err) : wrong_path(err);
}

static bool wrong_authority(const struct rp_redis_place *p, struct rp_error *err)
{
    if (p->form == RP_REDIS_SENTINEL)
        return wrong(err, "the sentinels or the master name of the redis store are invalid",
                     "redis+sentinel://[user:password@]host[:port],host.../MASTER-NAME");
    if (p->form == RP_REDIS_CLUSTER)
        return wrong(err, "the hosts or ports of the redis cluster are invalid",
                     "redis+cluster://[user:password@]host[:port],host...");
    return wrong(err, "the host, port or database of the redis store is invalid",
                 "redis://[user:password@]host[:port][/db]");
}

static bool set_where(struct rp_redis_place *p, const struct scheme *scheme, const char *at,
                      size_t len, struct rp_error *err)
{
    size_t who;

    if (scheme->path)
        return set_unix(p, at, len, err);
    if (len < 2 || memcmp(at, "//", 2) != 0)
        return wrong_authority(p, err);
    at += 2;
    len -= 2;
    who = who_len(at, len);
    if (!check_last_at(at, err) || (who > 0 && !set_who(&p->account, at, who - 1, err)))
        return false;
    return set_authority(p, at + who, len - who) || wrong_authority(p, err);
}

bool rp_redis_place_parse(struct rp_redis_place *p, const char *uri, struct rp_error *err)
{
    const struct scheme *scheme = scheme_of(uri);
    size_t where = strcspn(uri, ":") + 1, len = strcspn(uri, "?");

    *p = (struct rp_redis_place){.timeout_ms = RP_REDIS_TIMEOUT_MS};
    snprintf(p->prefix, sizeof p->prefix, "reprise:");
    if (scheme == NULL || len < where)
        return wrong(err, "the scheme of the redis store is unknown",
                     "redis://..., redis+unix:/PATH, redis+sentinel://... or redis+cluster://..., "
                     "with TLS rediss://...");
    p->form = scheme->form;
    p->tls = scheme->tls;
    return set_where(p, scheme, uri + where, len - where, err) &&
           (uri[len] == '\0' || set_options(p, uri + len + 1, err));
}

bool rp_redis_host_equal(const struct rp_redis_host *a, const struct rp_redis_host *b)
{
    return a->port == b->port && strcmp(a->name, b->name) == 0;
}

const char *rp_redis_host_format(const struct rp_redis_host *h, char text[RP_REDIS_TEXT + 16])
{
    bool bare = strchr(h->name, ':') == NULL;

    if (h->port == 0)
        snprintf(text, RP_REDIS_TEXT + 16, "%s", h->name);
    else
        snprintf(text, RP_REDIS_TEXT + 16, "%s%s%s:%u", bare ? "" : "[", h->name, bare ? "" : "]",
                 h->port);
    return text;
}
