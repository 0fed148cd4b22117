/* SPDX-License-Identifier: MIT
 *
 * backend.h - the addresses of a backend, and which one to try next. Connections start at each
 * address in turn (round robin). An address that failed rests for a time that grows with each
 * failure, so that an address that is down delays few connections. The addresses are resolved
 * before the workers are forked; each worker has its own record of failures. */
#ifndef BACKEND_H
#define BACKEND_H

#include "conf/conf.h"
#include <reprise/net.h>

enum {
    BACKEND_ADDRESSES = 64, /* maximum of one backend */
    BACKEND_REST_MIN_MS = 1000,
    BACKEND_REST_MAX_MS = 30000,
    BACKEND_SHARE_MIN_MS = 1000, /* minimum share of connect-timeout for one address */
};

struct backend_address {
    struct rp_address address;
    uint64_t rests_until_ms; /* not tried before, unless all others rest, too */
    uint32_t failures;       /* in a row */
};
struct backend {
    const struct conf_backend *conf;
    struct backend_address *addresses;
    size_t count;
    size_t turn; /* index of the address with which the next connection starts */
    uint64_t logged_ms;
    uint32_t unlogged; /* failures since the last log line */
};

/* Resolve the names; blocks. Errors name the block. A builtin backend has no addresses. */
bool backend_init(struct backend *, const struct conf_backend *, struct rp_error *);
void backend_clear(struct backend *);

/* The addresses that one connection has tried. Start with backend_begin. */
struct backend_try {
    uint64_t tried;
    uint64_t ends_ms;  /* end of connect-timeout, for all addresses */
    uint64_t until_ms; /* end of the current address's share of the remaining time */
    uint32_t from, at; /* at: index of the current address */
};
void backend_begin(struct backend *, struct backend_try *);
/* The next address, to be tried until try->until_ms; NULL: all were tried, or connect-timeout is
 * over. */
struct backend_address *backend_next(struct backend *, struct backend_try *, uint64_t now_ms);
void backend_failed(struct backend_address *, uint64_t now_ms);
void backend_worked(struct backend_address *);

#endif
