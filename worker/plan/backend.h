/* SPDX-License-Identifier: MIT
 *
 * backend.h - the addresses of one backend, and which to try next.
 * Connections begin at each address in turn. An address that failed is left alone for a while,
 * longer each time, so that a dead one costs one connection now and then, not every one. The
 * addresses are made before the workers are forked; what is remembered is each worker's own. */
#ifndef BACKEND_H
#define BACKEND_H

#include "conf/conf.h"
#include <reprise/net.h>

enum {
    BACKEND_ADDRESSES = 64, /* at most, of one backend */
    BACKEND_REST_MIN_MS = 1000,
    BACKEND_REST_MAX_MS = 30000,
    BACKEND_SHARE_MIN_MS = 1000, /* of connect-timeout, for one address, while so much is left */
};

struct backend_address {
    struct rp_address address;
    uint64_t rests_until_ms; /* not to be tried before, unless all others rest too */
    uint32_t failures;       /* in a row */
};
struct backend {
    const struct conf_backend *conf;
    struct backend_address *addresses;
    size_t count;
    size_t turn; /* where the next connection begins */
    uint64_t logged_ms;
    uint32_t unlogged; /* failures since then */
};

/* Resolves names, blockingly. Errors name the block. A builtin backend has no addresses. */
bool backend_init(struct backend *, const struct conf_backend *, struct rp_error *);
void backend_clear(struct backend *);

/* What one connection has tried. Begin with backend_begin. */
struct backend_try {
    uint64_t tried;
    uint64_t ends_ms;  /* connect-timeout, for all addresses */
    uint64_t until_ms; /* for the address being tried: an equal share of the time that is left */
    uint32_t from, at; /* at: index of the address being tried */
};
void backend_begin(struct backend *, struct backend_try *);
/* The next address to try until try->until_ms, or NULL: all were tried, or the time is over. */
struct backend_address *backend_next(struct backend *, struct backend_try *, uint64_t now_ms);
void backend_failed(struct backend_address *, uint64_t now_ms);
void backend_worked(struct backend_address *);

#endif
