/* SPDX-License-Identifier: MIT
 *
 * key_ring.c - keep a ring of ticket keys up to date with the clock and the store; see key_ring.h.
 * A round first asks the store for the lifetimes in force. Then, for the epochs of each lifetime,
 * it asks for the key of this epoch and the next, for the keys of hosts whose clocks are ahead or
 * behind, and, after an outage of the store, for all previous keys. If the store lacks a key, it is
 * `add`ed: the key that this host knows, or, for its own lifetime, a new one; so a store that lost
 * everything has all keys again after one round. Only one request is open at a time. A failure ends
 * the round, and a timer, which only rp_key_ring_free stops, starts the next one. The danger:
 * encrypting tickets that other hosts cannot decrypt. So a key encrypts only in its own epoch, a
 * whole epoch after it became available to all, and with a new lifetime only after all hosts have
 * received it. */
#include "cache/key_ring_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"

enum {
    ROUND_MS = 10000,     /* maximum time between rounds */
    RETRY_FIRST_MS = 250, /* pause after a failed round; doubled up to ROUND_MS */
    ANSWER_MS = 2000,     /* time limit of each request to the store */
};

static const struct rp_key_epochs *asked_of(const struct rp_key_ring *r)
{
    return &r->epochs[r->of];
}

static bool make_key(struct rp_ticket_key *key)
{
    uint8_t bytes[RP_KEY_MATERIAL];
    bool ok = rp_seal_random(bytes, sizeof bytes) &&
              rp_ticket_key_decode(key, bytes, sizeof bytes, RP_TICKET_KEY_NODE, NULL);

    explicit_bzero(bytes, sizeof bytes);
    return ok;
}

/* -- keys */

static void learn(struct rp_key_ring *r, bool shared, const struct rp_ticket_key *key)
{
    const struct rp_known_key *known = rp_key_epochs_find(asked_of(r), r->asked, r->asked_turn);

    if (known != NULL && known->shared == shared &&
        memcmp(known->key.name, key->name, sizeof key->name) == 0)
        return;
    rp_key_epochs_learn(&r->epochs[r->of], r->asked, r->asked_turn, shared, key);
    rp_key_ring_fill(r);
    rp_key_ring_tell(r, shared, key);
}

/* No key is known and there is no store: create one, which later workers inherit. */
static void start_alone(struct rp_key_ring *r)
{
    struct rp_ticket_key key = {.size = 0};

    r->of = 0;
    r->asked = rp_key_epoch_at(asked_of(r), r->now_ms());
    r->asked_turn = rp_notices_turn_at(r->turns, r->now_ms());
    if (make_key(&key))
        learn(r, false, &key);
    explicit_bzero(&key, sizeof key);
}

/* -- rounds */

static void next_question(struct rp_key_ring *);
static void next_epochs(struct rp_key_ring *);
static void take_answer(struct rp_key_ring *, const struct rp_store_reply *);

static void settle(struct rp_key_ring *r)
{
    void (*settled)(void *) = r->settled;

    r->settled = NULL;
    if (settled != NULL)
        settled(r->arg);
}

/* Until the next epoch of any length, or the next turn, but at most `wait`. */
static uint64_t until_next(const struct rp_key_ring *r, uint64_t wait)
{
    uint64_t now = r->now_ms();

    for (size_t i = 0; i < r->epochs_count; i++) {
        uint64_t left = r->epochs[i].epoch_ms - now % r->epochs[i].epoch_ms;

        wait = left < wait ? left + 1 : wait;
    }
    return r->turns[0] > now && r->turns[0] - now < wait ? r->turns[0] - now + 1 : wait;
}

static void end_round(struct rp_key_ring *r, bool good)
{
    explicit_bzero(&r->offered, sizeof r->offered);
    if (!good && !r->follows && !r->retired && rp_key_ring_minting(r) == NULL)
        start_alone(r);
    rp_key_ring_advance(r);
    r->behind = r->behind && !good;
    r->retry_ms = good                         ? 0
                  : r->retry_ms == 0           ? RETRY_FIRST_MS
                  : r->retry_ms < ROUND_MS / 2 ? r->retry_ms * 2
                                               : ROUND_MS;
    rp_timer_start(r->loop, &r->timer, until_next(r, good ? ROUND_MS : r->retry_ms));
    settle(r);
}

static void on_answer(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct rp_key_ring *r = call->arg;

    rp_timer_stop(&r->deadline);
    take_answer(r, reply);
}

static void on_deadline(struct rp_timer *timer)
{
    struct rp_key_ring *r = timer->arg;

    rp_store_cancel(&r->call);
    end_round(r, false);
}

static void ask_get(struct rp_key_ring *r, struct rp_bytes key)
{
    struct rp_store_reply reply;

    if (rp_store_get(r->store, key, &reply, &r->call) == RP_STORE_LATER)
        rp_timer_start(r->loop, &r->deadline, ANSWER_MS);
    else
        take_answer(r, &reply);
}

static void ask_add(struct rp_key_ring *r, struct rp_bytes key)
{
    uint8_t sealed[RP_KEY_MATERIAL + RP_SEAL_OVERHEAD];
    size_t len = rp_key_record_seal(r, &r->offered, sealed);
    uint64_t ttl_ms = rp_key_erased_ms(asked_of(r), r->asked) - r->now_ms();
    struct rp_store_reply reply;

    if (len == 0)
        end_round(r, false);
    else if (rp_store_add(r->store, key, (struct rp_bytes){sealed, len}, ttl_ms, &reply,
                          &r->call) == RP_STORE_LATER)
        rp_timer_start(r->loop, &r->deadline, ANSWER_MS);
    else
        take_answer(r, &reply);
}

static void put_question(struct rp_key_ring *r, bool add)
{
    uint8_t key[RP_SEAL_KEY_SIZE];

    r->adding = add;
    r->call = (struct rp_store_call){.done = on_answer, .arg = r};
    if (!rp_key_record_name(r, key))
        end_round(r, false);
    else if (add)
        ask_add(r, (struct rp_bytes){key, sizeof key});
    else
        ask_get(r, (struct rp_bytes){key, sizeof key});
}

/* During a change of the secret, look first for the record under the other secret, so that an
 * existing key is also stored under ours. */
static void ask(struct rp_key_ring *r)
{
    r->under = r->sealers[1] != NULL ? 1 : 0;
    put_question(r, false);
}

/* Whether this epoch is current by the clock of any host. */
static bool is_present(const struct rp_key_ring *r)
{
    return !r->back || r->asked >= rp_key_epoch_behind(asked_of(r), r->now_ms());
}

static void recall(struct rp_key_ring *r)
{
    struct rp_ticket_key key = {.size = 0};

    if (rp_key_record_recall(r, &key))
        learn(r, false, &key);
    explicit_bzero(&key, sizeof key);
}

/* The store has no key for this epoch: add ours. Keys are not created for past epochs, nor for
 * other lifetimes than our own. */
static void offer(struct rp_key_ring *r)
{
    const struct rp_known_key *known = rp_key_epochs_find(asked_of(r), r->asked, r->asked_turn);

    if (known == NULL) {
        recall(r);
        known = rp_key_epochs_find(asked_of(r), r->asked, r->asked_turn);
    }
    if (known == NULL && (r->of > 0 || r->retired || !is_present(r))) {
        next_question(r);
        return;
    }
    if (known != NULL)
        r->offered = known->key;
    else if (!make_key(&r->offered)) {
        end_round(r, false);
        return;
    }
    put_question(r, true);
}

/* The record does not decrypt: it is damaged or forged. Replace it, once in a round; `add` ensures
 * that all hosts that do so get the same key. */
static void replace(struct rp_key_ring *r)
{
    uint8_t key[RP_SEAL_KEY_SIZE];

    if (r->replaced || r->back || r->of > 0 || !rp_key_record_name(r, key)) {
        r->back || r->of > 0 ? next_question(r) : end_round(r, false);
        return;
    }
    r->replaced = true;
    rp_store_remove(r->store, (struct rp_bytes){key, sizeof key}, NULL);
    offer(r);
}

static void keep_offered(struct rp_key_ring *r)
{
    uint8_t sealed[RP_KEY_MATERIAL + RP_SEAL_OVERHEAD];
    size_t len = rp_key_record_seal(r, &r->offered, sealed);

    if (len > 0)
        rp_key_record_keep(r, (struct rp_bytes){sealed, len});
}

static void take_key(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
    struct rp_ticket_key key = {.size = 0};

    if (rp_key_record_unseal(r, reply->value, &key)) {
        if (reply->far)
            rp_key_record_keep(r, reply->value);
        learn(r, true, &key);
        next_question(r);
    } else {
        replace(r);
    }
    explicit_bzero(&key, sizeof key);
}

/* A record under the other secret: use its key, but do not change it. */
static void take_other(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
    struct rp_ticket_key key = {.size = 0};

    if (reply->status == RP_STORE_FAILED) {
        end_round(r, false);
        return;
    }
    if (reply->status == RP_STORE_OK && rp_key_record_unseal(r, reply->value, &key))
        learn(r, true, &key);
    explicit_bzero(&key, sizeof key);
    r->under = 0;
    put_question(r, false);
}

static void begin_epochs(struct rp_key_ring *, size_t of);

/* If the store fails, the known lifetimes stay in force. The next request, for the keys, then ends
 * the round. */
static void take_lifetimes(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
    rp_key_ring_take_lifetimes(r, reply);
    if (r->under == 0) {
        begin_epochs(r, 0);
        return;
    }
    r->under = 0;
    put_question(r, false);
}

static void take_answer(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
    if (r->of_lifetimes) {
        take_lifetimes(r, reply);
        return;
    }
    if (r->under == 1) {
        take_other(r, reply);
        return;
    }
    switch (reply->status) {
    case RP_STORE_OK:
        if (r->adding) {
            keep_offered(r);
            learn(r, true, &r->offered);
            next_question(r);
            return;
        }
        take_key(r, reply);
        return;
    case RP_STORE_EXISTS:
        take_key(r, reply);
        return;
    case RP_STORE_MISSING:
        offer(r);
        return;
    default:
        end_round(r, false);
    }
}

/* Ask next for the previous turn with keys of that epoch; if no turn is left, for the previous
 * epoch, with the last turn that began in it or earlier. false: nothing is left. */
static bool go_back(struct rp_key_ring *r, uint64_t oldest)
{
    const uint64_t *turns = r->turns;

    if (r->asked_turn != 0 && rp_key_epoch_at(asked_of(r), r->asked_turn) == r->asked) {
        r->asked_turn = rp_notices_turn_at(turns, r->asked_turn - 1);
        return true;
    }
    if (r->asked == 0 || r->asked <= oldest)
        return false;
    r->asked_turn = rp_notices_turn_at(turns, r->asked * asked_of(r)->epoch_ms - 1);
    r->asked--;
    return true;
}

/* For a turn that has ended, later epochs are not needed. */
static uint64_t last_ahead(const struct rp_key_ring *r, uint64_t now)
{
    uint64_t ahead = rp_key_epoch_ahead(asked_of(r), now),
             turns = rp_key_epoch_at(asked_of(r), r->turns[0]);

    return r->asked_turn != r->turns[0] && turns < ahead ? turns : ahead;
}

/* First this epoch and later ones, under the current turn and then under one that is announced;
 * then the previous ones, as far back as a host's clock may be, or as tickets may still arrive. */
static void next_question(struct rp_key_ring *r)
{
    uint64_t now = r->now_ms(), oldest = r->behind ? rp_key_oldest(asked_of(r), now)
                                                   : rp_key_epoch_behind(asked_of(r), now);

    if (++r->questions >= RP_TICKET_KEYS_MAX) {
        next_epochs(r);
        return;
    }
    if (!r->back && r->asked < last_ahead(r, now)) {
        r->asked++;
        ask(r);
        return;
    }
    if (!r->back && r->asked_turn != r->turns[0]) {
        r->asked_turn = r->turns[0];
        r->asked = rp_key_epoch_at(asked_of(r), now);
        ask(r);
        return;
    }
    if (!r->back) {
        r->back = true;
        r->asked = rp_key_epoch_at(asked_of(r), now);
        r->asked_turn = rp_notices_turn_at(r->turns, now);
    }
    go_back(r, oldest) ? ask(r) : next_epochs(r);
}

static void begin_epochs(struct rp_key_ring *r, size_t of)
{
    r->of_lifetimes = false;
    r->of = of;
    r->questions = 0;
    r->back = false;
    r->asked = rp_key_epoch_at(asked_of(r), r->now_ms());
    r->asked_turn = rp_notices_turn_at(r->turns, r->now_ms());
    ask(r);
}

static void next_epochs(struct rp_key_ring *r)
{
    if (r->of + 1 < r->epochs_count)
        begin_epochs(r, r->of + 1);
    else
        end_round(r, true);
}

void rp_key_ring_begin_round(struct rp_key_ring *r)
{
    rp_key_ring_advance(r);
    r->replaced = false;
    if (r->store == NULL) {
        end_round(r, false);
        return;
    }
    r->of_lifetimes = true;
    ask(r);
}

static void on_timer(struct rp_timer *timer)
{
    rp_key_ring_begin_round(timer->arg);
}

/* -- lifetime */

struct rp_key_ring *rp_key_ring_blank(struct rp_loop *loop, struct rp_store *store,
                                      struct rp_ticket_keys *keys, struct rp_error *err)
{
    struct rp_key_ring *r = calloc(1, sizeof *r);

    if (r == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for the ticket-key ring");
        return NULL;
    }
    r->loop = loop;
    r->store = store;
    r->keys = rp_ticket_keys_ref(keys);
    r->timer.fire = on_timer;
    r->timer.arg = r;
    r->deadline.fire = on_deadline;
    r->deadline.arg = r;
    r->behind = true;
    return r;
}

/* Ignore a turn far in the future: some host's clock is wrong. */
static bool take_turns(struct rp_key_ring *r, const uint64_t turns[RP_NOTICES_TURNS])
{
    uint64_t latest = r->now_ms() + RP_NOTICES_LEAD + RP_KEY_GRACE_MS,
             taken[RP_NOTICES_TURNS] = {0};
    size_t count = 0;

    for (size_t i = 0; i < RP_NOTICES_TURNS; i++)
        if (turns[i] <= latest)
            taken[count++] = turns[i];
    if (memcmp(taken, r->turns, sizeof taken) == 0)
        return false;
    memcpy(r->turns, taken, sizeof taken);
    return true;
}

static void start_own(struct rp_key_ring *r, uint64_t epoch_ms, uint64_t session_timeout_ms)
{
    struct rp_key_lifetime own = {.epoch_ms = epoch_ms,
                                  .session_timeout_ms = session_timeout_ms,
                                  .since_ms = r->now_ms(),
                                  .until_ms = r->now_ms()};

    rp_key_ring_epochs_of(r, epoch_ms)->session_timeout_ms = session_timeout_ms;
    rp_key_lifetimes_own(&r->lifetimes, &own);
}

struct rp_key_ring *rp_key_ring_new(struct rp_loop *loop, const struct rp_key_ring_options *o,
                                    struct rp_error *err)
{
    struct rp_key_ring *r = rp_key_ring_blank(loop, o->store, o->keys, err);

    if (r == NULL)
        return NULL;
    r->now_ms = o->now_ms != NULL ? o->now_ms : rp_wall_ms;
    start_own(r, o->epoch_ms, o->session_timeout_ms);
    r->settled = o->settled;
    r->learned = o->learned;
    r->lifetimes_changed = o->lifetimes_changed;
    r->arg = o->arg;
    if (o->turns != NULL)
        take_turns(r, o->turns);
    r->sealers[0] = o->sealers->current;
    r->sealers[1] = o->sealers->former;
    rp_key_ring_begin_round(r);
    return r;
}

void rp_key_ring_go_on_with(struct rp_key_ring *r, const struct rp_key_ring *from)
{
    r->now_ms = from->now_ms;
    for (size_t i = 0; i < from->epochs_count; i++)
        r->epochs[i] = from->epochs[i];
    r->epochs_count = from->epochs_count;
    r->lifetimes = from->lifetimes;
    memcpy(r->filled, from->filled, sizeof r->filled);
    memcpy(r->turns, from->turns, sizeof r->turns);
}

void rp_key_ring_retire(struct rp_key_ring *r)
{
    r->retired = true;
}

void rp_key_ring_turn(struct rp_key_ring *r, const uint64_t turns[RP_NOTICES_TURNS])
{
    if (!take_turns(r, turns))
        return;
    rp_store_cancel(&r->call);
    rp_timer_stop(&r->deadline);
    rp_key_ring_begin_round(r);
}

void rp_key_ring_free(struct rp_key_ring *r)
{
    if (r == NULL)
        return;
    rp_timer_stop(&r->timer);
    rp_timer_stop(&r->deadline);
    rp_store_cancel(&r->call);
    rp_ticket_keys_unref(r->keys);
    for (size_t i = 0; i < r->epochs_count; i++)
        rp_key_epochs_wipe(&r->epochs[i]);
    explicit_bzero(&r->offered, sizeof r->offered);
    free(r);
}
