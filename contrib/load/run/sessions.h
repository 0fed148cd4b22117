/* SPDX-License-Identifier: MIT
 *
 * sessions.h - the pool of sessions to offer, by the host that issued them. It has a ring for each
 * (host, client), where a client is a server name and a version. Rings have a fixed size, so
 * nothing is allocated later. A ring keeps the newest sessions; but if sessions must reach a
 * minimum age, it refuses those that would push out others too early. */
#ifndef LOAD_SESSIONS_H
#define LOAD_SESSIONS_H

#include "contrib/load/load.h"

/* Per ring; and in all rings together if there is a minimum age. */
enum { SESSIONS_KEPT = 1024, SESSIONS_AGING = 65536 };

struct load_session {
    struct rp_session *handle; /* a reference; NULL: none */
    uint64_t born_ms;
    unsigned uses; /* number of offers */
};

struct load_sessions; /* the pool */
/* min_age_ms: the minimum age of a session when it is offered. */
struct load_sessions *load_sessions_new(unsigned hosts, unsigned clients, uint64_t min_age_ms);
void load_sessions_free(struct load_sessions *); /* NULL ok */

void load_session_clear(struct load_session *); /* give up the reference */

/* Add a session; the pool owns the reference. A full ring drops the oldest session; a session that
 * would push others out before their minimum age is not kept. */
void load_sessions_put(struct load_sessions *, unsigned host, unsigned client,
                       struct load_session *session);
/* The properties of a wanted session. */
struct load_wish {
    uint64_t now, min_age_ms, max_age_ms; /* max 0: no maximum */
    unsigned uses;                        /* maximum number of offers; 0: no limit */
};
/* Take the session that has waited longest; *session has a reference of its own. Sessions that are
 * too old are dropped. */
bool load_sessions_take(struct load_sessions *, unsigned host, unsigned client,
                        const struct load_wish *, struct load_session *session);
/* Return a single-use session that was not offered; it becomes the first again, or is dropped if
 * there is no room. The pool owns the reference. */
void load_sessions_give_back(struct load_sessions *, unsigned host, unsigned client,
                             struct load_session *session);
/* The server declined this session: remove it. */
void load_sessions_drop(struct load_sessions *, unsigned host, unsigned client,
                        const struct rp_session *handle);

#endif
