/* SPDX-License-Identifier: MIT
 *
 * load_sessions.h - the sessions that wait to be offered, by the host they came from.
 * For each (host, server name) a ring of the newest, of fixed size; their bytes are kept in buffers
 * that are reused, so that nothing is allocated once every buffer has met its largest session. */
#ifndef LOAD_SESSIONS_H
#define LOAD_SESSIONS_H

#include "load.h"

enum { SESSIONS_KEPT = 1024 };

struct load_session {
    uint8_t *bytes; /* DER */
    size_t len, capacity;
    uint64_t born_ms;
};

struct load_sessions; /* the pool */
struct load_sessions *load_sessions_new(unsigned hosts, unsigned names);
void load_sessions_free(struct load_sessions *); /* NULL ok; wipes */

/* Copy into *session, whose buffer grows. false: no memory; it is empty then. */
bool load_session_set(struct load_session *session, const uint8_t *bytes, size_t len, uint64_t now);
void load_session_free(struct load_session *session);

/* Give the session to the pool, in exchange for an old buffer; the oldest goes when it is full. */
void load_sessions_put(struct load_sessions *, unsigned host, unsigned name,
                       struct load_session *session);
/* Take the oldest one in exchange for an empty buffer, if it is at least as old as asked. */
bool load_sessions_take(struct load_sessions *, unsigned host, unsigned name, uint64_t now,
                        uint64_t min_age_ms, struct load_session *session);

#endif
