/* SPDX-License-Identifier: MIT
 *
 * load_sessions.c - the sessions that wait to be offered: see load_sessions.h. */
#include "load_sessions.h"

#include <stdlib.h>
#include <string.h>

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

static void wipe(struct load_session *session)
{
    if (session->bytes != NULL)
        explicit_bzero(session->bytes, session->capacity);
    session->len = 0;
}

void load_session_free(struct load_session *session)
{
    wipe(session);
    free(session->bytes);
    *session = (struct load_session){0};
}

void load_sessions_free(struct load_sessions *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < (size_t)s->hosts * s->names; i++) {
        for (unsigned j = 0; s->rings[i].kept != NULL && j < SESSIONS_KEPT; j++)
            load_session_free(&s->rings[i].kept[j]);
        free(s->rings[i].kept);
    }
    free(s);
}

bool load_session_set(struct load_session *session, const uint8_t *bytes, size_t len, uint64_t now)
{
    wipe(session);
    if (len > session->capacity) {
        free(session->bytes);
        session->bytes = malloc(len);
        session->capacity = session->bytes != NULL ? len : 0;
        if (session->bytes == NULL)
            return false;
    }
    memcpy(session->bytes, bytes, len);
    session->len = len;
    session->born_ms = now;
    return true;
}

static void swap(struct load_session *a, struct load_session *b)
{
    struct load_session c = *a;

    *a = *b;
    *b = c;
}

void load_sessions_put(struct load_sessions *s, unsigned host, unsigned name,
                       struct load_session *session)
{
    struct ring *ring = &s->rings[(size_t)host * s->names + name];

    if (ring->kept == NULL)
        ring->kept = calloc(SESSIONS_KEPT, sizeof *ring->kept);
    if (ring->kept == NULL)
        return;
    if (ring->count == SESSIONS_KEPT)
        ring->first = (ring->first + 1) % SESSIONS_KEPT;
    else
        ring->count++;
    swap(&ring->kept[(ring->first + ring->count - 1) % SESSIONS_KEPT], session);
    session->len = 0;
}

bool load_sessions_take(struct load_sessions *s, unsigned host, unsigned name, uint64_t now,
                        uint64_t min_age_ms, struct load_session *session)
{
    struct ring *ring = &s->rings[(size_t)host * s->names + name];
    struct load_session *oldest;

    if (ring->count == 0)
        return false;
    oldest = &ring->kept[ring->first];
    if (now < oldest->born_ms + min_age_ms)
        return false;
    swap(oldest, session);
    oldest->len = 0;
    ring->first = (ring->first + 1) % SESSIONS_KEPT;
    ring->count--;
    return true;
}
