/* SPDX-License-Identifier: MIT
 *
 * sessions.c - the pool of sessions to offer; see sessions.h. */
#include "contrib/load/run/sessions.h"

#include <stdlib.h>

struct ring {
    struct load_session *kept; /* `size` sessions, allocated at first use */
    unsigned first, count;
    double next_ms; /* sessions received before this time are not kept */
};
struct load_sessions {
    unsigned hosts, clients, size;
    double spacing_ms; /* minimum time between sessions that are kept */
    struct ring rings[];
};

struct load_sessions *load_sessions_new(unsigned hosts, unsigned clients, uint64_t min_age_ms)
{
    size_t count = (size_t)hosts * clients;
    struct load_sessions *s = calloc(1, sizeof *s + count * sizeof(struct ring));

    if (s == NULL)
        return NULL;
    s->hosts = hosts;
    s->clients = clients;
    s->size = SESSIONS_KEPT;
    if (min_age_ms > 0 && SESSIONS_AGING / count > SESSIONS_KEPT)
        s->size = (unsigned)(SESSIONS_AGING / count);
    s->spacing_ms = 1.0625 * (double)min_age_ms / s->size; /* with a margin above min_age_ms */
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
        for (unsigned j = 0; s->rings[i].kept != NULL && j < s->size; j++)
            load_session_clear(&s->rings[i].kept[j]);
        free(s->rings[i].kept);
    }
    free(s);
}

static struct load_session *place(const struct load_sessions *s, const struct ring *ring,
                                  unsigned index)
{
    return &ring->kept[(ring->first + index) % s->size];
}

static struct ring *ring_of(struct load_sessions *s, unsigned host, unsigned client)
{
    return &s->rings[(size_t)host * s->clients + client];
}

static void append(const struct load_sessions *s, struct ring *ring, struct load_session *session)
{
    if (ring->count == s->size) {
        load_session_clear(place(s, ring, 0));
        ring->first = (ring->first + 1) % s->size;
    } else {
        ring->count++;
    }
    *place(s, ring, ring->count - 1) = *session;
    *session = (struct load_session){0};
}

static struct load_session take_first(const struct load_sessions *s, struct ring *ring)
{
    struct load_session *first = place(s, ring, 0), taken = *first;

    *first = (struct load_session){0};
    ring->first = (ring->first + 1) % s->size;
    ring->count--;
    return taken;
}

void load_sessions_put(struct load_sessions *s, unsigned host, unsigned client,
                       struct load_session *session)
{
    struct ring *ring = ring_of(s, host, client);

    double born_ms = (double)session->born_ms;

    if (ring->kept == NULL)
        ring->kept = calloc(s->size, sizeof *ring->kept);
    if (ring->kept == NULL || (s->spacing_ms > 0 && born_ms < ring->next_ms)) {
        load_session_clear(session);
        return;
    }
    /* Times are in milliseconds, and several sessions may have the same. */
    ring->next_ms = (ring->next_ms > born_ms - 1 ? ring->next_ms : born_ms) + s->spacing_ms;
    append(s, ring, session);
}

static bool is_too_young(const struct load_session *session, const struct load_wish *wish)
{
    return wish->now - session->born_ms < wish->min_age_ms;
}

/* Move sessions that are too young to the end: they were used before, or all are too young. If no
 * session is used twice, the ring is in order of age, and all after a young one are younger. */
bool load_sessions_take(struct load_sessions *s, unsigned host, unsigned client,
                        const struct load_wish *wish, struct load_session *session)
{
    struct ring *ring = ring_of(s, host, client);

    if (wish->uses == 1 && ring->count > 0 && is_too_young(place(s, ring, 0), wish))
        return false;
    for (unsigned left = ring->count; left > 0; left--) {
        struct load_session first = take_first(s, ring);
        uint64_t age = wish->now - first.born_ms;

        if (wish->max_age_ms != 0 && age > wish->max_age_ms) {
            load_session_clear(&first);
        } else if (is_too_young(&first, wish)) {
            append(s, ring, &first);
        } else {
            first.uses++;
            *session = first;
            if (wish->uses != 0 && first.uses >= wish->uses)
                return true;
            rp_session_ref(first.handle);
            append(s, ring, &first);
            return true;
        }
    }
    return false;
}

void load_sessions_give_back(struct load_sessions *s, unsigned host, unsigned client,
                             struct load_session *session)
{
    struct ring *ring = ring_of(s, host, client);

    if (ring->count == s->size) {
        load_session_clear(session);
        return;
    }
    ring->first = (ring->first + s->size - 1) % s->size;
    ring->count++;
    session->uses = 0;
    *place(s, ring, 0) = *session;
    *session = (struct load_session){0};
}

void load_sessions_drop(struct load_sessions *s, unsigned host, unsigned client,
                        const struct rp_session *handle)
{
    struct ring *ring = ring_of(s, host, client);

    for (unsigned left = ring->count; left > 0; left--) {
        struct load_session first = take_first(s, ring);

        if (first.handle == handle)
            load_session_clear(&first);
        else
            append(s, ring, &first);
    }
}
