/* SPDX-License-Identifier: MIT
 *
 * replay_guard.c - claim early data in a store; see replay_guard.h. The danger is to accept early
 * data that was accepted before: it is rejected unless all claims were answered "added" in time. */
#include "cache/replay_guard.h"
#include "lib/base/cursor.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "cache/seal.h"

enum {
    SECRETS = 2,      /* during a change of the secret */
    MARK = SECRETS,   /* index of the call for the mark */
    CALLS = MARK + 1, /* calls per ClientHello */
    MARK_RANDOM = 16,
    MARK_SIZE = MARK_RANDOM + 8, /* followed by the time of its creation: ms, big endian */
    DEFAULT_MS = 50,
    CLOCKS_MS = 60000,            /* maximum difference between hosts' clocks */
    DOUBT_MS = CLOCKS_MS + 15000, /* early data can be replayed for 11 s and that difference */
    CLAIM_LIFE_S = 300,
};

/* A claim whose calls the store will answer later. */
struct claim {
    struct rp_store_call calls[CALLS]; /* their arg is this struct */
    struct rp_replay_guard *guard;
    struct rp_request *request; /* a reference; NULL: answered */
    struct rp_timer deadline;
    uint8_t mark[MARK_SIZE]; /* the mark to add if the store has none */
    size_t open;             /* number of unanswered calls */
    bool declined;
    struct claim *next, **at; /* list of the guard */
};

struct rp_replay_guard {
    struct rp_loop *loop;
    struct rp_store *store;
    const struct rp_sealer *sealers[SECRETS];
    size_t sealer_count;
    uint32_t timeout_ms, doubt_ms;
    uint64_t ttl_ms, certain_ms; /* certain_ms: claims are reliable from then on (loop's clock) */
    uint64_t (*now_ms)(void);
    struct rp_replay_guard_counters *counters, own;
    /* The mark identifies the store's content and its age: the first host to find none adds it. */
    uint8_t mark[MARK_SIZE], random[MARK_RANDOM];
    bool has_mark;
    struct claim *claims, *spare; /* spare: preallocated, used if the next claim must wait */
};

/* -- times at which claims are unreliable */

static bool is_certain(const struct rp_replay_guard *guard)
{
    return rp_loop_now(guard->loop) >= guard->certain_ms;
}

static void doubt_for(struct rp_replay_guard *guard, uint64_t ms)
{
    uint64_t until = rp_loop_now(guard->loop) + ms;

    if (ms > 0 && guard->certain_ms < until)
        guard->certain_ms = until;
}

void rp_replay_guard_doubt(struct rp_replay_guard *guard)
{
    doubt_for(guard, guard->doubt_ms);
}

static void make_mark(const struct rp_replay_guard *guard, uint8_t mark[MARK_SIZE])
{
    memcpy(mark, guard->random, MARK_RANDOM);
    rp_store_uint(mark + MARK_RANDOM, guard->now_ms(), 8);
}

/* A new mark: claims from before its creation are unknown. The clock of the host that created it
 * may be slow; a time in the future is ignored. */
static uint64_t doubt_of(const struct rp_replay_guard *guard, const uint8_t mark[MARK_SIZE])
{
    uint64_t made = rp_load_uint(mark + MARK_RANDOM, 8), now = guard->now_ms(), age;

    age = now > made && now - made > CLOCKS_MS ? now - made - CLOCKS_MS : 0;
    return age < guard->doubt_ms ? guard->doubt_ms - age : 0;
}

/* -- the end of a claim */

static void forget(struct claim *c)
{
    struct rp_replay_guard *guard = c->guard;

    for (size_t i = 0; i < CALLS; i++)
        if (c->calls[i].store != NULL)
            rp_store_cancel(&c->calls[i]);
    rp_timer_stop(&c->deadline);
    if (c->at != NULL) {
        *c->at = c->next;
        if (c->next != NULL)
            c->next->at = c->at;
    }
    *c = (struct claim){.guard = guard};
    if (guard->spare == NULL)
        guard->spare = c;
    else if (guard->spare != c)
        free(c);
}

/* The answer continues the handshake; its listeners may destroy everything but the guard. */
static void answer(struct rp_replay_guard *guard, struct rp_request *request, bool accept)
{
    guard->counters->claimed += accept;
    rp_request_answer_early_data(request, accept);
}

/* Reject with the first bad answer, accept with the last good one. The claim stays until all calls
 * are answered, since the mark matters for later claims. */
static void go_on(struct claim *c)
{
    struct rp_replay_guard *guard = c->guard;
    struct rp_request *request = c->request;
    bool declined = c->declined;

    if (c->open > 0 && !declined)
        return;
    c->request = NULL;
    if (c->open == 0)
        forget(c);
    if (request == NULL)
        return;
    answer(guard, request, !declined);
    rp_request_unref(request);
}

static void give_up(struct claim *c)
{
    c->declined = true;
    c->open = 0;
    go_on(c);
}

static uint64_t *fault_of_add(struct rp_replay_guard *guard, enum rp_store_status status)
{
    if (status == RP_STORE_OK)
        return NULL;
    return status == RP_STORE_EXISTS ? &guard->counters->seen : &guard->counters->failed;
}

/* Whether the mark is unchanged. If this claim added it, the store had lost it. A concurrent claim
 * may have noticed the change first; this claim is unreliable nevertheless. */
static uint64_t *fault_of_mark(const struct claim *c, const struct rp_store_reply *reply)
{
    struct rp_replay_guard *guard = c->guard;
    bool added = reply->status == RP_STORE_OK;
    const uint8_t *found = added ? c->mark : reply->value.bytes;

    if (!added && (reply->status != RP_STORE_EXISTS || reply->value.len != MARK_SIZE))
        return &guard->counters->failed;
    if (added || (guard->has_mark && memcmp(found, guard->mark, MARK_SIZE) != 0))
        rp_replay_guard_doubt(guard);
    else if (!guard->has_mark)
        doubt_for(guard, doubt_of(guard, found));
    memcpy(guard->mark, found, MARK_SIZE);
    guard->has_mark = true;
    return is_certain(guard) ? NULL : &guard->counters->doubted;
}

/* Count a claim by its first fault. */
static void hear(struct claim *c, size_t call, const struct rp_store_reply *reply)
{
    uint64_t *fault =
        call == MARK ? fault_of_mark(c, reply) : fault_of_add(c->guard, reply->status);

    if (fault != NULL && !c->declined)
        (*fault)++;
    c->declined |= fault != NULL;
}

static void on_added(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct claim *c = call->arg;

    hear(c, (size_t)(call - c->calls), reply);
    c->open--;
    go_on(c);
}

static void on_deadline(struct rp_timer *timer)
{
    struct claim *c = timer->arg;

    c->guard->counters->late += !c->declined;
    give_up(c);
}

/* -- starting a claim */

/* NULL: no memory. */
static struct claim *spare_of(struct rp_replay_guard *guard)
{
    if (guard->spare == NULL) {
        guard->spare = calloc(1, sizeof *guard->spare);
        if (guard->spare != NULL)
            guard->spare->guard = guard;
    }
    return guard->spare;
}

static enum rp_store_status add(struct claim *c, size_t call, struct rp_bytes binder,
                                struct rp_store_reply *reply)
{
    static const char is_there[] = "1", mark[] = "mark of a time";
    const struct rp_replay_guard *guard = c->guard;
    uint8_t key[RP_SEAL_KEY_SIZE];
    struct rp_bytes name = call == MARK ? (struct rp_bytes){mark, sizeof mark} : binder;
    struct rp_bytes value =
        call == MARK ? (struct rp_bytes){c->mark, MARK_SIZE} : (struct rp_bytes){is_there, 1};

    *reply = (struct rp_store_reply){.status = RP_STORE_FAILED};
    if (!rp_seal_name(guard->sealers[call == MARK ? 0 : call], name, key))
        return RP_STORE_FAILED;
    reply->status = rp_store_add(guard->store, (struct rp_bytes){key, sizeof key}, value,
                                 call == MARK ? 0 : guard->ttl_ms, reply, &c->calls[call]);
    return reply->status;
}

static void ask(struct claim *c, size_t call, struct rp_bytes binder)
{
    struct rp_store_reply reply;

    c->calls[call] = (struct rp_store_call){.done = on_added, .arg = c};
    if (add(c, call, binder, &reply) == RP_STORE_LATER)
        c->open++;
    else
        hear(c, call, &reply);
}

/* Earlier calls may be answered inside a later one: keep the claim open until all calls are
 * made. */
static void claim(struct claim *c, struct rp_bytes binder)
{
    c->open = 1;
    for (size_t i = 0; i < c->guard->sealer_count; i++)
        ask(c, i, binder);
    make_mark(c->guard, c->mark);
    ask(c, MARK, binder);
    c->open--;
}

static void wait_for(struct claim *c)
{
    struct rp_replay_guard *guard = c->guard;

    guard->spare = NULL;
    c->next = guard->claims;
    c->at = &guard->claims;
    if (c->next != NULL)
        c->next->at = &c->next;
    guard->claims = c;
    c->deadline.fire = on_deadline;
    c->deadline.arg = c;
    rp_timer_start(guard->loop, &c->deadline, guard->timeout_ms);
}

static void on_early_data(const struct rp_event *event, void *arg)
{
    struct rp_replay_guard *guard = arg;
    struct rp_request *request = event->early_data.request;
    struct claim *c = spare_of(guard);
    bool certain = is_certain(guard);

    guard->counters->offered++;
    if (c == NULL || !certain) {
        *(certain ? &guard->counters->failed : &guard->counters->doubted) += 1;
        answer(guard, request, false);
        return;
    }
    claim(c, (struct rp_bytes){event->early_data.binder, event->early_data.binder_len});
    if (c->open > 0)
        wait_for(c);
    c->request = rp_request_ref(request);
    go_on(c);
}

/* Ask for the mark without a claim, so that it is old enough when the first early data arrives. */
static void look_at_mark(struct rp_replay_guard *guard)
{
    struct claim *c = spare_of(guard);

    if (c == NULL)
        return;
    c->declined = true;
    make_mark(guard, c->mark);
    ask(c, MARK, (struct rp_bytes){NULL, 0});
    if (c->open > 0)
        wait_for(c);
    go_on(c);
}

/* -- lifetime */

static void take_sealers(struct rp_replay_guard *guard, const struct rp_sealers *sealers)
{
    guard->sealers[guard->sealer_count++] = sealers->current;
    if (sealers->former != NULL)
        guard->sealers[guard->sealer_count++] = sealers->former;
}

struct rp_replay_guard *rp_replay_guard_new(struct rp_loop *loop,
                                            const struct rp_replay_guard_options *o,
                                            struct rp_error *err)
{
    struct rp_replay_guard *guard = calloc(1, sizeof *guard);
    uint32_t life_s = o->session_timeout_s > CLAIM_LIFE_S ? o->session_timeout_s : CLAIM_LIFE_S;

    if (guard == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for the replay guard");
        return NULL;
    }
    guard->loop = loop;
    guard->store = o->store;
    guard->timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : DEFAULT_MS;
    guard->doubt_ms = o->doubt_ms > 0 ? o->doubt_ms : DOUBT_MS;
    guard->ttl_ms = life_s * UINT64_C(1000);
    guard->now_ms = o->now_ms != NULL ? o->now_ms : rp_wall_ms;
    guard->counters = o->counters != NULL ? o->counters : &guard->own;
    take_sealers(guard, o->sealers);
    if (rp_seal_random(guard->random, MARK_RANDOM))
        return guard;
    rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED",
                 "no random bytes available for the replay guard");
    rp_replay_guard_free(guard);
    return NULL;
}

void rp_replay_guard_free(struct rp_replay_guard *guard)
{
    if (guard == NULL)
        return;
    while (guard->claims != NULL)
        give_up(guard->claims);
    free(guard->spare);
    free(guard);
}

bool rp_replay_guard_attach(struct rp_replay_guard *guard, struct rp_server *server)
{
    if (!guard->has_mark)
        look_at_mark(guard);
    return rp_server_on(server, RP_EV_EARLY_DATA, on_early_data, guard);
}
