/* SPDX-License-Identifier: MIT
 *
 * sessions.h - the sessions that wait to be offered, by the host they came from.
 * A ring for each (host, client), where a client is a server name and a version; of fixed size, so
 * nothing is allocated once it is there. It keeps the newest; but when sessions have to get old
 * before they are offered, no more than will let them. */
#ifndef LOAD_SESSIONS_H
#define LOAD_SESSIONS_H

#include "contrib/load/load.h"

/* In each ring; in all rings together when sessions have to get old. */
enum { SESSIONS_KEPT = 1024, SESSIONS_AGING = 65536 };

struct load_session {
    struct rp_session *handle; /* a reference; NULL: none */
    uint64_t born_ms;
    unsigned uses; /* how often it was offered */
};

struct load_sessions; /* the pool */
/* min_age_ms: how old a session has to be before anybody wants it. */
struct load_sessions *load_sessions_new(unsigned hosts, unsigned clients, uint64_t min_age_ms);
void load_sessions_free(struct load_sessions *); /* NULL ok */

void load_session_clear(struct load_session *); /* gives the reference up */

/* Give the session to the pool, which takes the reference over. When it is full the oldest goes;
 * one that would push others out before they are old enough is not kept. */
void load_sessions_put(struct load_sessions *, unsigned host, unsigned client,
                       struct load_session *session);
/* Which sessions are wanted. */
struct load_wish {
    uint64_t now, min_age_ms, max_age_ms; /* max 0: of any age */
    unsigned uses;                        /* it stays until it was taken so often; 0: for good */
};
/* Take one, the first that has waited; *session is a reference of its own. Those that are too old
 * are forgotten. */
bool load_sessions_take(struct load_sessions *, unsigned host, unsigned client,
                        const struct load_wish *, struct load_session *session);
/* One that was taken to be offered once, and never was, is the first again; if there is no room any
 * more it is forgotten. It takes the reference over. */
void load_sessions_give_back(struct load_sessions *, unsigned host, unsigned client,
                             struct load_session *session);
/* The server did not want it: do not offer it again. */
void load_sessions_drop(struct load_sessions *, unsigned host, unsigned client,
                        const struct rp_session *handle);

#endif
