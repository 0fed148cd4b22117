/* SPDX-License-Identifier: MIT
 *
 * emitter.c - node's EventEmitter for tagged structs; emitter.h describes what a listener may
 * do. */
#include "lib/base/emitter.h"

#include <stdlib.h>
#include <string.h>

enum { COPY_ON_STACK = 16 };

void rp_emitter_init(struct rp_emitter *e)
{
    *e = (struct rp_emitter){.list = e->inline_, .capacity = RP_EMITTER_INLINE};
}

void rp_emitter_clear(struct rp_emitter *e)
{
    if (e->list != e->inline_)
        free(e->list);
    rp_emitter_init(e);
}

static bool grow(struct rp_emitter *e)
{
    size_t capacity = (size_t)e->capacity * 2;
    struct rp_registration *list;

    if (capacity > UINT16_MAX)
        return false;
    list = malloc(capacity * sizeof *list);
    if (list == NULL)
        return false;
    memcpy(list, e->list, e->count * sizeof *list);
    if (e->list != e->inline_)
        free(e->list);
    e->list = list;
    e->capacity = (uint16_t)capacity;
    return true;
}

bool rp_emitter_add(struct rp_emitter *e, rp_event_set types, rp_listener *fn, void *arg, bool once,
                    bool prepend)
{
    struct rp_registration entry = {types, fn, arg, once};

    if (types == 0)
        return false; /* not an event */
    if (e->count == e->capacity && !grow(e))
        return false;
    if (prepend) {
        memmove(e->list + 1, e->list, e->count * sizeof *e->list);
        e->list[0] = entry;
    } else {
        e->list[e->count] = entry;
    }
    e->count++;
    e->types |= types;
    return true;
}

static void remove_at(struct rp_emitter *e, size_t i)
{
    e->count--;
    memmove(e->list + i, e->list + i + 1, (e->count - i) * sizeof *e->list);
    e->types = 0;
    for (i = 0; i < e->count; i++)
        e->types |= e->list[i].types;
}

/* The index of the newest registration of (type, fn, arg), or count if there is none. */
static size_t find(const struct rp_emitter *e, rp_event_set types, rp_listener *fn, void *arg,
                   bool once_only)
{
    for (size_t i = e->count; i-- > 0;)
        if ((e->list[i].types & types) != 0 && e->list[i].fn == fn && e->list[i].arg == arg &&
            (e->list[i].once || !once_only))
            return i;
    return e->count;
}

void rp_emitter_remove(struct rp_emitter *e, enum rp_event_type type, rp_listener *fn, void *arg)
{
    size_t i = find(e, RP_EVENT_BIT(type), fn, arg, false);

    if (i == e->count)
        return;
    e->list[i].types &= ~RP_EVENT_BIT(type);
    if (e->list[i].types == 0)
        remove_at(e, i);
    else
        for (e->types = 0, i = 0; i < e->count; i++)
            e->types |= e->list[i].types;
}

/* Remove a once listener before it is called; false: a nested emission has called it already. */
static bool take_once(struct rp_emitter *e, const struct rp_registration *entry)
{
    size_t i = find(e, entry->types, entry->fn, entry->arg, true);

    if (i == e->count)
        return false;
    remove_at(e, i);
    return true;
}

bool rp_emitter_emit(struct rp_emitter *e, const struct rp_event *event)
{
    struct rp_registration on_stack[COPY_ON_STACK], *copy = on_stack;
    rp_event_set bit = RP_EVENT_BIT(event->type);
    size_t count = e->count;
    bool called = false;

    if ((e->types & bit) == 0)
        return false;
    if (count > COPY_ON_STACK && (copy = malloc(count * sizeof *copy)) == NULL) {
        copy = on_stack; /* out of memory: call at least the first listeners */
        count = COPY_ON_STACK;
    }
    memcpy(copy, e->list, count * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        if ((copy[i].types & bit) == 0 || (copy[i].once && !take_once(e, &copy[i])))
            continue;
        called = true;
        copy[i].fn(event, copy[i].arg);
    }
    if (copy != on_stack)
        free(copy);
    return called;
}
