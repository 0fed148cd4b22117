/* SPDX-License-Identifier: MIT
 *
 * serve_sessions.c - the most recent sessions, in a ring; see serve_sessions.h. */
#include "serve_sessions.h"

#include <stdlib.h>
#include <string.h>

enum { SESSIONS = 1024, ID_MAX = 32 };

static struct {
    uint8_t id[ID_MAX], *der;
    size_t id_len, len;
} sessions[SESSIONS];
static size_t next;

void serve_session_put(const uint8_t *id, size_t id_len, const uint8_t *der, size_t len)
{
    uint8_t *copy = id_len <= ID_MAX ? malloc(len) : NULL;

    if (copy == NULL)
        return;
    memcpy(copy, der, len);
    free(sessions[next].der);
    memcpy(sessions[next].id, id, id_len);
    sessions[next].id_len = id_len;
    sessions[next].der = copy;
    sessions[next].len = len;
    next = (next + 1) % SESSIONS;
}

const uint8_t *serve_session_get(const uint8_t *id, size_t id_len, size_t *len)
{
    for (size_t i = 0; i < SESSIONS; i++)
        if (sessions[i].der != NULL && sessions[i].id_len == id_len &&
            memcmp(sessions[i].id, id, id_len) == 0) {
            *len = sessions[i].len;
            return sessions[i].der;
        }
    return NULL;
}
