/* SPDX-License-Identifier: MIT
 *
 * notices.c - merge and encode what is announced to a cluster; see notices.h. Does no I/O. The
 * danger: a name in another spelling would bypass a revocation; so names are compared like DNS
 * names, ignoring case and a trailing dot. */
#include "cache/notices.h"

#include <ctype.h>
#include <string.h>

enum {
    VERSION = 1,
    HEAD = 1 + 8 * RP_NOTICES_TURNS + 8 + 1,
    HOST_HEAD = 8 + 1,
};
/* Maximum age of a session: tickets are renewed for at most seven days, and clocks may differ. */
static const uint64_t of_use_ms = 8ull * 24 * 3600 * 1000;

/* -- turns */

void rp_notices_add_turn(struct rp_notices *n, uint64_t at_ms)
{
    size_t at = 0;

    while (at < RP_NOTICES_TURNS && n->turns[at] > at_ms)
        at++;
    if (at == RP_NOTICES_TURNS || n->turns[at] == at_ms)
        return;
    memmove(&n->turns[at + 1], &n->turns[at], (RP_NOTICES_TURNS - at - 1) * sizeof n->turns[0]);
    n->turns[at] = at_ms;
}

uint64_t rp_notices_turn_at(const uint64_t turns[RP_NOTICES_TURNS], uint64_t now_ms)
{
    for (size_t i = 0; i < RP_NOTICES_TURNS; i++)
        if (turns[i] <= now_ms)
            return turns[i];
    return 0;
}

/* -- hosts */

static size_t name_len(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

static bool same_name(const char *a, const char *b)
{
    size_t len = name_len(a);

    return len == name_len(b) && strncasecmp(a, b, len) == 0;
}

static struct rp_notices_host *find_host(const struct rp_notices *n, const char *name)
{
    for (size_t i = 0; i < n->host_count; i++)
        if (same_name(n->hosts[i].name, name))
            return (struct rp_notices_host *)(uintptr_t)&n->hosts[i];
    return NULL;
}

static void drop_host(struct rp_notices *n, size_t index)
{
    n->hosts[index] = n->hosts[--n->host_count];
}

static size_t encoded_len(const struct rp_notices *n)
{
    size_t len = HEAD;

    for (size_t i = 0; i < n->host_count; i++)
        len += HOST_HEAD + strlen(n->hosts[i].name);
    return len;
}

/* The table of names is full: the oldest entry becomes a revocation for all names. */
static void fold_oldest(struct rp_notices *n)
{
    size_t oldest = 0;

    for (size_t i = 1; i < n->host_count; i++)
        if (n->hosts[i].before_ms < n->hosts[oldest].before_ms)
            oldest = i;
    if (n->all_before_ms < n->hosts[oldest].before_ms)
        n->all_before_ms = n->hosts[oldest].before_ms;
    drop_host(n, oldest);
}

bool rp_notices_add_host(struct rp_notices *n, const char *name, uint64_t before_ms)
{
    struct rp_notices_host *host = find_host(n, name), fresh = {.before_ms = before_ms};
    size_t len = name_len(name);

    if (len == 0 || len > RP_NOTICES_NAME || name[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isgraph((unsigned char)name[i]))
            return false;
        fresh.name[i] = (char)tolower((unsigned char)name[i]);
    }
    if (host != NULL) {
        host->before_ms = host->before_ms > before_ms ? host->before_ms : before_ms;
        return true;
    }
    if (n->host_count == RP_NOTICES_HOSTS)
        fold_oldest(n);
    n->hosts[n->host_count++] = fresh;
    while (encoded_len(n) > RP_NOTICES_MAX)
        fold_oldest(n);
    return true;
}

/* -- all notices */

void rp_notices_merge(struct rp_notices *n, const struct rp_notices *from, uint64_t now_ms)
{
    uint64_t oldest = now_ms > of_use_ms ? now_ms - of_use_ms : 0;

    for (size_t i = 0; i < RP_NOTICES_TURNS; i++)
        if (from->turns[i] != 0)
            rp_notices_add_turn(n, from->turns[i]);
    if (from->all_before_ms > n->all_before_ms)
        n->all_before_ms = from->all_before_ms;
    for (size_t i = 0; i < from->host_count; i++)
        rp_notices_add_host(n, from->hosts[i].name, from->hosts[i].before_ms);
    for (size_t i = n->host_count; i-- > 0;)
        if (n->hosts[i].before_ms <= n->all_before_ms || n->hosts[i].before_ms < oldest)
            drop_host(n, i);
}

static bool has_turn(const struct rp_notices *n, uint64_t turn)
{
    for (size_t i = 0; i < RP_NOTICES_TURNS; i++)
        if (n->turns[i] == turn)
            return true;
    return turn < n->turns[RP_NOTICES_TURNS - 1]; /* long expired */
}

bool rp_notices_cover(const struct rp_notices *n, const struct rp_notices *part)
{
    for (size_t i = 0; i < RP_NOTICES_TURNS; i++)
        if (part->turns[i] != 0 && !has_turn(n, part->turns[i]))
            return false;
    if (part->all_before_ms > n->all_before_ms)
        return false;
    for (size_t i = 0; i < part->host_count; i++) {
        const struct rp_notices_host *host = find_host(n, part->hosts[i].name);

        if (part->hosts[i].before_ms > n->all_before_ms &&
            (host == NULL || host->before_ms < part->hosts[i].before_ms))
            return false;
    }
    return true;
}

bool rp_notices_forget(const struct rp_notices *n, const char *servername, uint64_t time_s)
{
    const struct rp_notices_host *host;
    uint64_t time_ms = time_s * 1000; /* the start of its second: revokes slightly too much */

    if (time_s > UINT64_MAX / 1000 || time_ms < n->all_before_ms)
        return true;
    if (servername == NULL || n->host_count == 0)
        return false;
    host = find_host(n, servername);
    return host != NULL && time_ms < host->before_ms;
}

/* -- as bytes: version, turns, all_before, and for each host: moment, length, name */

size_t rp_notices_encode(const struct rp_notices *n, uint8_t out[RP_NOTICES_MAX])
{
    struct rp_writer w = rp_writer_of(out, RP_NOTICES_MAX);

    rp_writer_uint(&w, VERSION, 1);
    for (size_t i = 0; i < RP_NOTICES_TURNS; i++)
        rp_writer_uint(&w, n->turns[i], 8);
    rp_writer_uint(&w, n->all_before_ms, 8);
    rp_writer_uint(&w, n->host_count, 1);
    for (size_t i = 0; i < n->host_count; i++) {
        rp_writer_uint(&w, n->hosts[i].before_ms, 8);
        rp_writer_vector(&w, n->hosts[i].name, strlen(n->hosts[i].name), 1);
    }
    return rp_writer_done(&w);
}

static bool decode_host(struct rp_notices *n, struct rp_cursor *c)
{
    uint64_t before_ms = rp_cursor_uint(c, 8);
    struct rp_cursor bytes = rp_cursor_vector(c, 1);
    size_t len = rp_cursor_left(&bytes);
    char name[RP_NOTICES_NAME + 1] = "";

    if (c->bad || len > RP_NOTICES_NAME)
        return false;
    memcpy(name, bytes.at, len);
    return rp_notices_add_host(n, name, before_ms);
}

bool rp_notices_decode(struct rp_notices *n, struct rp_cursor c)
{
    bool ok = rp_cursor_left(&c) <= RP_NOTICES_MAX && rp_cursor_uint(&c, 1) == VERSION;
    size_t hosts;

    *n = (struct rp_notices){.host_count = 0};
    for (size_t i = 0; i < RP_NOTICES_TURNS; i++) {
        uint64_t turn = rp_cursor_uint(&c, 8);

        if (turn != 0)
            rp_notices_add_turn(n, turn);
    }
    n->all_before_ms = rp_cursor_uint(&c, 8);
    hosts = (size_t)rp_cursor_uint(&c, 1);
    for (size_t i = 0; ok && i < hosts; i++)
        ok = decode_host(n, &c);
    if (ok && rp_cursor_done(&c))
        return true;
    *n = (struct rp_notices){.host_count = 0};
    return false;
}
