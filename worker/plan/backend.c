/* SPDX-License-Identifier: MIT
 *
 * backend.c - select one of a backend's addresses. The danger: an address that neither accepts nor
 * refuses costs the connect timeout. So addresses that failed before are tried last, and while one
 * connection tries such an address again, others do not. Does not read the clock: callers pass the
 * time. */
#include "worker/plan/backend.h"

#include <stdlib.h>

static bool read_address(struct rp_address *address, const char *text, struct rp_error *err)
{
    if (!rp_address_parse(address, text, true, err))
        return false;
    return address->any.sa_family == AF_UNIX || rp_address_port(address) != 0 ||
           rp_error_set(err, "ERR_CONF", "missing port; write host:port");
}

bool backend_init(struct backend *backend, const struct conf_backend *conf, struct rp_error *err)
{
    struct rp_error why = {0};

    *backend = (struct backend){.conf = conf, .count = conf->address.count};
    if (conf->kind != CONF_BACKEND_ADDRESSES)
        return true;
    if (backend->count == 0 || backend->count > BACKEND_ADDRESSES)
        return conf_error(err, &conf->location, "backend \"%s\" has %zu addresses; give 1 to %d",
                          conf->name, backend->count, BACKEND_ADDRESSES);
    backend->addresses = calloc(backend->count, sizeof *backend->addresses);
    if (backend->addresses == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for backends");
    for (size_t i = 0; i < backend->count; i++)
        if (!read_address(&backend->addresses[i].address, conf->address.at[i], &why)) {
            backend_clear(backend);
            return conf_error(err, &conf->location, "backend \"%s\": address \"%s\": %s",
                              conf->name, conf->address.at[i], why.message);
        }
    return true;
}

void backend_clear(struct backend *backend)
{
    free(backend->addresses);
    backend->addresses = NULL;
    backend->count = 0;
}

void backend_begin(struct backend *backend, struct backend_try *try)
{
    *try = (struct backend_try){.from = (uint32_t)(backend->turn++ % backend->count)};
}

static bool was_tried(const struct backend_try *try, size_t at)
{
    return (try->tried >> at & 1) != 0;
}

/* The first untried address that is not resting; else the untried one whose rest ends first. */
static size_t best(const struct backend *backend, const struct backend_try *try, uint64_t now_ms)
{
    size_t found = backend->count;

    for (size_t i = 0; i < backend->count; i++) {
        size_t at = (try->from + i) % backend->count;

        if (was_tried(try, at))
            continue;
        if (backend->addresses[at].rests_until_ms <= now_ms)
            return at;
        if (found == backend->count ||
            backend->addresses[at].rests_until_ms < backend->addresses[found].rests_until_ms)
            found = at;
    }
    return found;
}

static size_t untried(const struct backend *backend, const struct backend_try *try)
{
    size_t count = 0;

    for (size_t i = 0; i < backend->count; i++)
        count += !was_tried(try, i);
    return count;
}

/* Limit the time of each address, so that time is left for the others if it does not answer. */
static uint64_t share(const struct backend *backend, const struct backend_try *try, uint64_t now_ms)
{
    uint64_t left = try->ends_ms - now_ms, equal = left / untried(backend, try);
    uint64_t least = left < BACKEND_SHARE_MIN_MS ? left : BACKEND_SHARE_MIN_MS;

    return equal > least ? equal : least;
}

struct backend_address *backend_next(struct backend *backend, struct backend_try *try,
                                     uint64_t now_ms)
{
    size_t at = best(backend, try, now_ms);
    struct backend_address *address;

    if (try->tried == 0)
        try->ends_ms = now_ms + backend->conf->connect_timeout_ms;
    if (at == backend->count || now_ms >= try->ends_ms)
        return NULL;
    try->until_ms = now_ms + share(backend, try, now_ms);
    try->tried |= (uint64_t)1 << at;
    try->at = (uint32_t)at;
    address = &backend->addresses[at];
    if (address->failures > 0)
        address->rests_until_ms = now_ms + backend->conf->connect_timeout_ms;
    return address;
}

void backend_failed(struct backend_address *address, uint64_t now_ms)
{
    uint64_t rest = BACKEND_REST_MAX_MS;

    if (address->failures < 5)
        rest = (uint64_t)BACKEND_REST_MIN_MS << address->failures;
    address->failures++;
    address->rests_until_ms = now_ms + (rest < BACKEND_REST_MAX_MS ? rest : BACKEND_REST_MAX_MS);
}

void backend_worked(struct backend_address *address)
{
    address->failures = 0;
    address->rests_until_ms = 0;
}
