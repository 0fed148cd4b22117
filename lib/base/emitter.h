/* SPDX-License-Identifier: MIT
 *
 * emitter.h - node's EventEmitter for tagged structs. The danger: a listener may add or remove
 * listeners, destroy the emitter's owner, or emit again. So an emission calls the listeners that
 * were registered when it began (as node does), and skips a removed one only if it was `once` and
 * has run. Owners keep themselves alive with a reference around rp_emitter_emit. Two registrations
 * fit without an allocation. */
#ifndef RP_EMITTER_H
#define RP_EMITTER_H

#include <reprise/event.h>

struct rp_registration {
    rp_event_set types;
    rp_listener *fn;
    void *arg;
    bool once;
};
enum { RP_EMITTER_INLINE = 2 };
struct rp_emitter {
    rp_event_set types; /* union of all registrations: one test finds out whether anyone listens */
    struct rp_registration *list; /* points to inline_ until that is full */
    struct rp_registration inline_[RP_EMITTER_INLINE];
    uint16_t count, capacity;
};

void rp_emitter_init(struct rp_emitter *);
void rp_emitter_clear(struct rp_emitter *); /* remove all registrations and free the list */
bool rp_emitter_add(struct rp_emitter *, rp_event_set, rp_listener *, void *arg, bool once,
                    bool prepend);
void rp_emitter_remove(struct rp_emitter *, enum rp_event_type, rp_listener *, void *arg);
bool rp_emitter_emit(struct rp_emitter *, const struct rp_event *);
static inline bool rp_emitter_heard(const struct rp_emitter *e, enum rp_event_type type)
{
    return (e->types & RP_EVENT_BIT(type)) != 0;
}

#endif
