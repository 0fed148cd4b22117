/* SPDX-License-Identifier: MIT
 *
 * load_sessions.c - the sessions that wait to be offered: see load_sessions.h. */
#include "load_sessions.h"

#include <stdlib.h>

struct ring {
    struct load_session *kept; /* SESSIONS_KEPT, made at the first use */
    unsigned first, count;
};
struct load_sessions {
    unsigned hosts, names;
    struct ring rings[];
};

struct load_sessions *load_sessions_new(unsigned hosts, unsigned names)
{
    size_t count = (size_t)hosts * names;
    struct load_sessions *s = calloc(1, sizeof *s + count * sizeof(struct ring));

    if (s == NULL)
        return NULL;
    s->hosts = hosts;
    s->names = names;
    return s;
}

void load_session_clear(struct load_session *session)
{
    rp_session_unref(session->handle);
    *session = (struct load_session){0};
}

void load_sessions_free(struct load_sessions *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < (size_t)s->hosts * s->names; i++) {
        for (unsigned j = 0; s->rings[i].kept != NULL && j < SESSIONS_KEPT; j++)
            load_session_clear(&s->rings[i].kept[j]);
        free(s->rings[i].kept);
    }
    free(s);
}

static struct load_session *place(struct ring *ring, unsigned index)
{
    return &ring->kept[(ring->first + index) % SESSIONS_KEPT];
}

void load_sessions_put(struct load_sessions *s, unsigned host, unsigned name,
                       struct load_session *session)
{
    struct ring *ring = &s->rings[(size_t)host * s->names + name];

    if (ring->kept == NULL)
        ring->kept = calloc(SESSIONS_KEPT, sizeof *ring->kept);
    if (ring->kept == NULL) {
        load_session_clear(session);
        return;
    }
    if (ring->count == SESSIONS_KEPT) {
        load_session_clear(place(ring, 0));
        ring->first = (ring->first + 1) % SESSIONS_KEPT;
    } else {
        ring->count++;
    }
    *place(ring, ring->count - 1) = *session;
    *session = (struct load_session){0};
}

bool load_sessions_take(struct load_sessions *s, unsigned host, unsigned name, uint64_t now,
                        uint64_t min_age_ms, struct load_session *session)
{
    struct ring *ring = &s->rings[(size_t)host * s->names + name];
    struct load_session *oldest;

    if (ring->count == 0)
        return false;
    oldest = place(ring, 0);
    if (now < oldest->born_ms + min_age_ms)
        return false;
    *session = *oldest;
    *oldest = (struct load_session){0};
    ring->first = (ring->first + 1) % SESSIONS_KEPT;
    ring->count--;
    return true;
}
