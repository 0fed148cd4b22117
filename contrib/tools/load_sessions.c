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
    unsigned hosts, clients;
    struct ring rings[];
};

struct load_sessions *load_sessions_new(unsigned hosts, unsigned clients)
{
    size_t count = (size_t)hosts * clients;
    struct load_sessions *s = calloc(1, sizeof *s + count * sizeof(struct ring));

    if (s == NULL)
        return NULL;
    s->hosts = hosts;
    s->clients = clients;
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
    for (size_t i = 0; i < (size_t)s->hosts * s->clients; i++) {
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

static struct ring *ring_of(struct load_sessions *s, unsigned host, unsigned client)
{
    return &s->rings[(size_t)host * s->clients + client];
}

static void append(struct ring *ring, struct load_session *session)
{
    if (ring->count == SESSIONS_KEPT) {
        load_session_clear(place(ring, 0));
        ring->first = (ring->first + 1) % SESSIONS_KEPT;
    } else {
        ring->count++;
    }
    *place(ring, ring->count - 1) = *session;
    *session = (struct load_session){0};
}

static struct load_session take_first(struct ring *ring)
{
    struct load_session *first = place(ring, 0), taken = *first;

    *first = (struct load_session){0};
    ring->first = (ring->first + 1) % SESSIONS_KEPT;
    ring->count--;
    return taken;
}

void load_sessions_put(struct load_sessions *s, unsigned host, unsigned client,
                       struct load_session *session)
{
    struct ring *ring = ring_of(s, host, client);

    if (ring->kept == NULL)
        ring->kept = calloc(SESSIONS_KEPT, sizeof *ring->kept);
    if (ring->kept == NULL)
        load_session_clear(session);
    else
        append(ring, session);
}

/* Those that are too young go to the end: they were used before, or all are. */
bool load_sessions_take(struct load_sessions *s, unsigned host, unsigned client,
                        const struct load_wish *wish, struct load_session *session)
{
    struct ring *ring = ring_of(s, host, client);

    for (unsigned left = ring->count; left > 0; left--) {
        struct load_session first = take_first(ring);
        uint64_t age = wish->now - first.born_ms;

        if (wish->max_age_ms != 0 && age > wish->max_age_ms) {
            load_session_clear(&first);
        } else if (age < wish->min_age_ms) {
            append(ring, &first);
        } else {
            first.uses++;
            *session = first;
            if (wish->uses != 0 && first.uses >= wish->uses)
                return true;
            rp_session_ref(first.handle);
            append(ring, &first);
            return true;
        }
    }
    return false;
}

void load_sessions_drop(struct load_sessions *s, unsigned host, unsigned client,
                        const struct rp_session *handle)
{
    struct ring *ring = ring_of(s, host, client);

    for (unsigned left = ring->count; left > 0; left--) {
        struct load_session first = take_first(ring);

        if (first.handle == handle)
            load_session_clear(&first);
        else
            append(ring, &first);
    }
}
