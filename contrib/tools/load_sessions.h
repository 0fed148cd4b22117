/* SPDX-License-Identifier: MIT
 *
 * load_sessions.h - the sessions that wait to be offered, by the host they came from.
 * For each (host, server name) a ring of the newest, of fixed size. */
#ifndef LOAD_SESSIONS_H
#define LOAD_SESSIONS_H

#include "load.h"

enum { SESSIONS_KEPT = 1024 };

struct load_session {
    struct rp_session *handle; /* a reference; NULL: none */
    uint64_t born_ms;
    unsigned uses; /* how often it was offered */
};

struct load_sessions; /* the pool */
struct load_sessions *load_sessions_new(unsigned hosts, unsigned names);
void load_sessions_free(struct load_sessions *); /* NULL ok */

void load_session_clear(struct load_session *); /* gives the reference up */

/* Give the session to the pool, which takes the reference over; the oldest goes when it is full. */
void load_sessions_put(struct load_sessions *, unsigned host, unsigned name,
                       struct load_session *session);
/* Take the oldest one, if it is at least as old as asked. */
bool load_sessions_take(struct load_sessions *, unsigned host, unsigned name, uint64_t now,
                        uint64_t min_age_ms, struct load_session *session);

#endif
