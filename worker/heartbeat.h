/* SPDX-License-Identifier: MIT
 *
 * heartbeat.h - a process counts its turns in shared memory, once a second; its parent looks at the
 * counter, and knows when the process is stuck: stopped, or in a call that does not return.
 * The parent counts its own looks, not the time: when both were suspended, nobody is stuck. */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <stdint.h>

enum {
    HEARTBEAT_MS = 1000,       /* from beat to beat */
    HEARTBEAT_LOOK_MS = 500,   /* from look to look */
    HEARTBEAT_STUCK_MS = 3000, /* without a beat: the process is stuck */
    HEARTBEAT_KILL_MS = 10000, /* without a beat: it is killed */
};

struct heartbeat { /* the parent's; zero for a new process */
    uint64_t seen;
    uint32_t silent_ms;
};

static inline void heartbeat_beat(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* For how long there was no beat, in milliseconds of looks. */
static inline uint32_t heartbeat_look(struct heartbeat *h, const uint64_t *counter)
{
    uint64_t now = __atomic_load_n(counter, __ATOMIC_RELAXED);

    h->silent_ms = now == h->seen ? h->silent_ms + HEARTBEAT_LOOK_MS : 0;
    h->seen = now;
    return h->silent_ms;
}

#endif
