/* SPDX-License-Identifier: MIT
 *
 * key_ring.c - keep a ring of ticket keys in step with the clock and the store; see key_ring.h.
 * A round asks the store for the key of this epoch and the next, for those that hosts mint with
 * whose clocks are ahead or behind, and, after a time without the store, for the others of the
 * past. A key that the store lacks is given to it with `add`: the one we know, or a new one; so a
 * store that lost everything has all keys again within a round. One question at a time; whatever
 * fails ends the round, and the next one comes by the timer, which nothing but rp_key_ring_free
 * stops. The danger: minting what others cannot read. So a key mints only in its own epoch, one
 * whole epoch after it was there for all. */
#include "cache/key_ring.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "cache/key_epochs.h"
#include "cache/seal.h"

enum {
    ROUND_MS = 10000,     /* at most, between rounds */
    RETRY_FIRST_MS = 250, /* after a round that failed, doubled up to ROUND_MS */
    ANSWER_MS = 2000,     /* the store has so long for one question */
};

struct rp_key_ring {
    struct rp_loop *loop;
    struct rp_store *store;       /* NULL: none */
    struct rp_sealer *sealers[2]; /* of the secret in use; of the other one, or NULL */
    struct rp_secret secret;      /* of the ring alone */
    struct rp_ticket_keys *keys;
    uint64_t (*now_ms)(void);
    struct rp_key_epochs epochs;
    uint64_t turns[RP_NOTICES_TURNS];
    uint64_t filled_for, filled_turn; /* the epoch and the turn that mint in `keys` */
    struct rp_timer timer, deadline;
    /* the round: */
    struct rp_store_call call;
    uint64_t asked, asked_turn; /* the epoch and the turn that the store is asked for */
    unsigned questions;         /* of this round */
    bool back;                  /* this epoch and those to come were asked for; now the former */
    size_t under;               /* by which of the sealers its record is named */
    bool behind;                /* all of the past is of interest */
    bool adding, replaced;
    bool follows; /* it has no store and makes no key: another process tells it all */
    void (*learned)(const uint8_t *note, void *arg);
    uint64_t retry_ms;
    void (*settled)(void *arg); /* NULL: told, or nobody is to be */
    void *arg;
    struct rp_ticket_key offered; /* what we `add` */
};

/* -- records */

struct record_name {
    uint8_t bytes[24];
};

/* Of the record that is asked for: length of an epoch, its number, and the turn if there is one. */
static struct rp_bytes name_of(const struct rp_key_ring *r, struct record_name *n)
{
    uint64_t parts[3] = {r->epochs.epoch_ms, r->asked, r->asked_turn};

    for (size_t part = 0; part < 3; part++)
        for (int i = 7; i >= 0; i--, parts[part] >>= 8)
            n->bytes[8 * part + (size_t)i] = (uint8_t)parts[part];
    return (struct rp_bytes){n->bytes, r->asked_turn != 0 ? 24 : 16};
}

static bool unseal(const struct rp_key_ring *r, struct rp_bytes sealed, struct rp_ticket_key *key)
{
    uint8_t bytes[RP_KEY_MATERIAL + RP_SEAL_OVERHEAD];
    struct record_name name;
    struct rp_bytes none = {0};
    uint64_t expires;
    size_t len = 0;
    bool ok;

    if (sealed.len <= sizeof bytes)
        len = rp_unseal(r->sealers[r->under], name_of(r, &name), none, r->now_ms(), sealed, bytes,
                        &expires);
    ok = len == RP_KEY_MATERIAL && rp_ticket_key_decode(key, bytes, len, RP_TICKET_KEY_NODE, NULL);
    explicit_bzero(bytes, sizeof bytes);
    return ok;
}

static size_t seal(const struct rp_key_ring *r, const struct rp_ticket_key *key, uint8_t *out)
{
    uint8_t bytes[RP_TICKET_KEYS_LONG];
    struct record_name name;
    struct rp_bytes none = {0};
    struct rp_bytes plain = {bytes, rp_ticket_key_encode(key, bytes)};
    size_t len = rp_seal(r->sealers[0], name_of(r, &name), none,
                         rp_key_erased_ms(&r->epochs, r->asked), plain, out);

    explicit_bzero(bytes, sizeof bytes);
    return len;
}

static bool make_key(struct rp_ticket_key *key)
{
    uint8_t bytes[RP_KEY_MATERIAL];
    bool ok = rp_seal_random(bytes, sizeof bytes) &&
              rp_ticket_key_decode(key, bytes, sizeof bytes, RP_TICKET_KEY_NODE, NULL);

    explicit_bzero(bytes, sizeof bytes);
    return ok;
}

/* -- the keys in use */

static void fill(struct rp_key_ring *r)
{
    uint64_t now = r->now_ms();

    /* Without memory the keys stay as they are, until the next round. */
    if (!rp_key_epochs_fill(&r->epochs, now, r->keys, NULL))
        return;
    r->filled_for = rp_key_epoch_at(&r->epochs, now);
    r->filled_turn = rp_notices_turn_at(r->turns, now);
}

static void advance(struct rp_key_ring *r)
{
    uint64_t now = r->now_ms();

    if (rp_key_epochs_advance(&r->epochs, now) ||
        r->filled_for != rp_key_epoch_at(&r->epochs, now) ||
        r->filled_turn != rp_notices_turn_at(r->turns, now))
        fill(r);
}

static uint8_t *put_number(uint8_t *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
    return at + 8;
}

static void tell(const struct rp_key_ring *r, bool shared, const struct rp_ticket_key *key)
{
    uint8_t note[RP_KEY_NOTE], *at = put_number(note, r->epochs.epoch_ms);

    if (r->learned == NULL)
        return;
    at = put_number(put_number(at, r->asked), r->asked_turn);
    *at = shared;
    rp_ticket_key_encode(key, at + 1);
    r->learned(note, r->arg);
    explicit_bzero(note, sizeof note);
}

static void learn(struct rp_key_ring *r, bool shared, const struct rp_ticket_key *key)
{
    const struct rp_known_key *known = rp_key_epochs_find(&r->epochs, r->asked, r->asked_turn);

    if (known != NULL && known->shared == shared &&
        memcmp(known->key.name, key->name, sizeof key->name) == 0)
        return;
    rp_key_epochs_learn(&r->epochs, r->asked, r->asked_turn, shared, key);
    rp_key_epochs_advance(&r->epochs, r->now_ms());
    fill(r);
    tell(r, shared, key);
}

/* Nothing is known and nobody to ask: a key of our own, which workers to come inherit. */
static void start_alone(struct rp_key_ring *r)
{
    struct rp_ticket_key key = {.size = 0};

    r->asked = rp_key_epoch_at(&r->epochs, r->now_ms());
    r->asked_turn = rp_notices_turn_at(r->turns, r->now_ms());
    if (make_key(&key))
        learn(r, false, &key);
    explicit_bzero(&key, sizeof key);
}

/* -- rounds */

static void next_question(struct rp_key_ring *);
static void take_answer(struct rp_key_ring *, const struct rp_store_reply *);

static void settle(struct rp_key_ring *r)
{
    void (*settled)(void *) = r->settled;

    r->settled = NULL;
    if (settled != NULL)
        settled(r->arg);
}

static void end_round(struct rp_key_ring *r, bool good)
{
    uint64_t now = r->now_ms(), until_epoch = r->epochs.epoch_ms - now % r->epochs.epoch_ms, wait;

    explicit_bzero(&r->offered, sizeof r->offered);
    if (rp_key_epochs_minting(&r->epochs, now) == NULL && !good && !r->follows)
        start_alone(r);
    r->behind = r->behind && !good;
    r->retry_ms = good                         ? 0
                  : r->retry_ms == 0           ? RETRY_FIRST_MS
                  : r->retry_ms < ROUND_MS / 2 ? r->retry_ms * 2
                                               : ROUND_MS;
    wait = good ? ROUND_MS : r->retry_ms;
    wait = wait < until_epoch ? wait : until_epoch + 1;
    if (r->turns[0] > now && r->turns[0] - now < wait)
        wait = r->turns[0] - now + 1;
    rp_timer_start(r->loop, &r->timer, wait);
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
    size_t len = seal(r, &r->offered, sealed);
    uint64_t ttl_ms = rp_key_erased_ms(&r->epochs, r->asked) - r->now_ms();
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
    struct record_name name;
    uint8_t key[RP_SEAL_KEY_SIZE];

    r->adding = add;
    r->call = (struct rp_store_call){.done = on_answer, .arg = r};
    if (!rp_seal_name(r->sealers[r->under], name_of(r, &name), key))
        end_round(r, false);
    else if (add)
        ask_add(r, (struct rp_bytes){key, sizeof key});
    else
        ask_get(r, (struct rp_bytes){key, sizeof key});
}

/* While the secret is changed over, first what was stored under the other one: so the key that is
 * there already is the one that is given to the store under ours. */
static void ask(struct rp_key_ring *r)
{
    r->under = r->sealers[1] != NULL ? 1 : 0;
    put_question(r, false);
}

/* Is it in this epoch, by the clock of some host? */
static bool is_present(const struct rp_key_ring *r)
{
    return !r->back || r->asked >= rp_key_epoch_behind(&r->epochs, r->now_ms());
}

/* The file of this host may know what the store of all hosts has lost. */
static void recall(struct rp_key_ring *r)
{
    struct rp_store *near = rp_store_near(r->store);
    struct rp_ticket_key key = {.size = 0};
    struct record_name name;
    uint8_t record[RP_SEAL_KEY_SIZE];
    struct rp_store_reply reply;

    if (near != NULL && near != r->store &&
        rp_seal_name(r->sealers[r->under], name_of(r, &name), record) &&
        rp_store_get(near, (struct rp_bytes){record, sizeof record}, &reply, NULL) == RP_STORE_OK &&
        unseal(r, reply.value, &key))
        learn(r, false, &key);
    explicit_bzero(&key, sizeof key);
}

/* The store has no key for this epoch: give it ours. For the past none is made. */
static void offer(struct rp_key_ring *r)
{
    const struct rp_known_key *known = rp_key_epochs_find(&r->epochs, r->asked, r->asked_turn);

    if (known == NULL) {
        recall(r);
        known = rp_key_epochs_find(&r->epochs, r->asked, r->asked_turn);
    }
    if (known == NULL && !is_present(r)) {
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

/* What is there does not open: damaged, or put there by somebody else. Once in a round it is
 * replaced; `add` sees to it that all who do so agree. */
static void replace(struct rp_key_ring *r)
{
    struct record_name name;
    uint8_t key[RP_SEAL_KEY_SIZE];

    if (r->replaced || r->back || !rp_seal_name(r->sealers[r->under], name_of(r, &name), key)) {
        r->back ? next_question(r) : end_round(r, false);
        return;
    }
    r->replaced = true;
    rp_store_remove(r->store, (struct rp_bytes){key, sizeof key}, NULL);
    offer(r);
}

/* So that we know it when we start while the store of all hosts is away. */
static void keep(struct rp_key_ring *r, struct rp_bytes sealed)
{
    struct record_name name;
    uint8_t key[RP_SEAL_KEY_SIZE];
    uint64_t now = r->now_ms(), erased = rp_key_erased_ms(&r->epochs, r->asked);

    if (erased > now && rp_seal_name(r->sealers[r->under], name_of(r, &name), key))
        rp_store_keep(r->store, (struct rp_bytes){key, sizeof key}, sealed, erased - now);
}

static void keep_offered(struct rp_key_ring *r)
{
    uint8_t sealed[RP_KEY_MATERIAL + RP_SEAL_OVERHEAD];
    size_t len = seal(r, &r->offered, sealed);

    if (len > 0)
        keep(r, (struct rp_bytes){sealed, len});
}

static void take_key(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
    struct rp_ticket_key key = {.size = 0};

    if (unseal(r, reply->value, &key)) {
        if (reply->far)
            keep(r, reply->value);
        learn(r, true, &key);
        next_question(r);
    } else {
        replace(r);
    }
    explicit_bzero(&key, sizeof key);
}

/* Of the other secret: what is there is good to know, and left alone. */
static void take_other(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
    struct rp_ticket_key key = {.size = 0};

    if (reply->status == RP_STORE_FAILED) {
        end_round(r, false);
        return;
    }
    if (reply->status == RP_STORE_OK && unseal(r, reply->value, &key))
        learn(r, true, &key);
    explicit_bzero(&key, sizeof key);
    r->under = 0;
    put_question(r, false);
}

static void take_answer(struct rp_key_ring *r, const struct rp_store_reply *reply)
{
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

/* The turn before this one that had keys of that epoch, too, is asked for next; when there is none,
 * the epoch before, with the last turn that began in it or earlier. false: that is all. */
static bool go_back(struct rp_key_ring *r, uint64_t oldest)
{
    const uint64_t *turns = r->turns;

    if (r->asked_turn != 0 && rp_key_epoch_at(&r->epochs, r->asked_turn) == r->asked) {
        r->asked_turn = rp_notices_turn_at(turns, r->asked_turn - 1);
        return true;
    }
    if (r->asked == 0 || r->asked <= oldest)
        return false;
    r->asked_turn = rp_notices_turn_at(turns, r->asked * r->epochs.epoch_ms - 1);
    r->asked--;
    return true;
}

/* Of a turn that ends with the next one no epochs are of interest that begin after it. */
static uint64_t last_ahead(const struct rp_key_ring *r, uint64_t now)
{
    uint64_t ahead = rp_key_epoch_ahead(&r->epochs, now),
             turns = rp_key_epoch_at(&r->epochs, r->turns[0]);

    return r->asked_turn != r->turns[0] && turns < ahead ? turns : ahead;
}

/* This epoch and those to come, first under the turn that mints, then under one that is announced;
 * and the former ones: as far as a host may be behind, or all whose tickets may still come. */
static void next_question(struct rp_key_ring *r)
{
    uint64_t now = r->now_ms(), oldest = r->behind ? rp_key_oldest(&r->epochs, now)
                                                   : rp_key_epoch_behind(&r->epochs, now);

    if (++r->questions >= RP_TICKET_KEYS_MAX) {
        end_round(r, true);
        return;
    }
    if (!r->back && r->asked < last_ahead(r, now)) {
        r->asked++;
        ask(r);
        return;
    }
    if (!r->back && r->asked_turn != r->turns[0]) {
        r->asked_turn = r->turns[0];
        r->asked = rp_key_epoch_at(&r->epochs, now);
        ask(r);
        return;
    }
    if (!r->back) {
        r->back = true;
        r->asked = rp_key_epoch_at(&r->epochs, now);
        r->asked_turn = rp_notices_turn_at(r->turns, now);
    }
    go_back(r, oldest) ? ask(r) : end_round(r, true);
}

static void begin_round(struct rp_key_ring *r)
{
    advance(r);
    r->replaced = false;
    if (r->store == NULL) {
        end_round(r, false);
        return;
    }
    r->questions = 0;
    r->back = false;
    r->asked = rp_key_epoch_at(&r->epochs, r->now_ms());
    r->asked_turn = rp_notices_turn_at(r->turns, r->now_ms());
    ask(r);
}

static void on_timer(struct rp_timer *timer)
{
    begin_round(timer->arg);
}

/* -- life */

static struct rp_key_ring *ring_new(struct rp_loop *loop, struct rp_store *store,
                                    struct rp_ticket_keys *keys, struct rp_error *err)
{
    struct rp_key_ring *r = calloc(1, sizeof *r);

    if (r == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a ring of ticket keys");
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

/* A turn far ahead is the work of a clock that is wrong, and ignored. */
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

static bool take_secret(struct rp_key_ring *r, struct rp_error *err)
{
    struct rp_secret other;

    r->sealers[0] = rp_sealer_new(&r->secret, "ticket key", err);
    if (r->sealers[0] != NULL && rp_secret_former(&r->secret, &other)) {
        r->sealers[1] = rp_sealer_new(&other, "ticket key", err);
        rp_secret_wipe(&other);
        return r->sealers[1] != NULL;
    }
    return r->sealers[0] != NULL;
}

static bool derive(struct rp_key_ring *r, const struct rp_secret *secret, struct rp_error *err)
{
    static const char label[] = "key ring";
    struct rp_secret *own = &r->secret, other;
    bool ok = rp_secret_derive(secret, label, NULL, 0, own->key, sizeof own->key);

    own->has_former = rp_secret_former(secret, &other);
    if (ok && own->has_former)
        ok = rp_secret_derive(&other, label, NULL, 0, own->former, sizeof own->former);
    rp_secret_wipe(&other);
    return ok || rp_error_set(err, "ENOMEM", "no memory for the secret of the key ring");
}

struct rp_key_ring *rp_key_ring_new(struct rp_loop *loop, const struct rp_key_ring_options *o,
                                    struct rp_error *err)
{
    struct rp_key_ring *r = ring_new(loop, o->store, o->keys, err);

    if (r == NULL)
        return NULL;
    r->now_ms = o->now_ms != NULL ? o->now_ms : rp_wall_ms;
    r->epochs.epoch_ms = o->epoch_ms;
    r->epochs.session_timeout_ms = o->session_timeout_ms;
    r->settled = o->settled;
    r->learned = o->learned;
    r->arg = o->arg;
    if (o->turns != NULL)
        take_turns(r, o->turns);
    if (!derive(r, o->secret, err) || !take_secret(r, err)) {
        rp_key_ring_free(r);
        return NULL;
    }
    begin_round(r);
    return r;
}

static void go_on_with(struct rp_key_ring *r, const struct rp_key_ring *from)
{
    r->now_ms = from->now_ms;
    r->epochs = from->epochs;
    r->filled_for = from->filled_for;
    r->filled_turn = from->filled_turn;
    memcpy(r->turns, from->turns, sizeof r->turns);
}

struct rp_key_ring *rp_key_ring_forked(struct rp_key_ring *from, struct rp_loop *loop,
                                       struct rp_store *store, struct rp_error *err)
{
    struct rp_key_ring *r = ring_new(loop, store, from->keys, err);

    if (r == NULL)
        return NULL;
    go_on_with(r, from);
    r->secret = from->secret;
    if (!take_secret(r, err)) {
        rp_key_ring_free(r);
        return NULL;
    }
    begin_round(r);
    return r;
}

struct rp_key_ring *rp_key_ring_follow(struct rp_key_ring *parents, struct rp_loop *loop,
                                       struct rp_error *err)
{
    struct rp_key_ring *r = ring_new(loop, NULL, parents->keys, err);

    if (r != NULL) {
        go_on_with(r, parents);
        r->follows = true;
    }
    rp_key_ring_free(parents);
    if (r != NULL)
        begin_round(r);
    return r;
}

bool rp_key_ring_hear(struct rp_key_ring *r, struct rp_cursor note)
{
    uint64_t lifetime = rp_cursor_uint(&note, 8), epoch = rp_cursor_uint(&note, 8),
             turn = rp_cursor_uint(&note, 8);
    bool shared = rp_cursor_uint(&note, 1) == 1,
         ok = lifetime == r->epochs.epoch_ms && rp_cursor_left(&note) == RP_KEY_MATERIAL;
    struct rp_ticket_key key = {.size = 0};

    ok = ok && rp_ticket_key_decode(&key, note.at, RP_KEY_MATERIAL, RP_TICKET_KEY_NODE, NULL);
    if (ok) {
        rp_key_epochs_learn(&r->epochs, epoch, turn, shared, &key);
        rp_key_epochs_advance(&r->epochs, r->now_ms());
        fill(r);
    }
    explicit_bzero(&key, sizeof key);
    return ok;
}

void rp_key_ring_turn(struct rp_key_ring *r, const uint64_t turns[RP_NOTICES_TURNS])
{
    if (!take_turns(r, turns))
        return;
    rp_store_cancel(&r->call);
    rp_timer_stop(&r->deadline);
    begin_round(r);
}

void rp_key_ring_free(struct rp_key_ring *r)
{
    if (r == NULL)
        return;
    rp_timer_stop(&r->timer);
    rp_timer_stop(&r->deadline);
    rp_store_cancel(&r->call);
    rp_sealer_free(r->sealers[0]);
    rp_sealer_free(r->sealers[1]);
    rp_ticket_keys_unref(r->keys);
    rp_key_epochs_wipe(&r->epochs);
    rp_secret_wipe(&r->secret);
    explicit_bzero(&r->offered, sizeof r->offered);
    free(r);
}

/* -- looking at it */

/* A key of this epoch mints until a turn comes, and no more then. */
static enum rp_key_role role_of(const struct rp_key_ring *r, const struct rp_known_key *known,
                                uint64_t now)
{
    uint64_t current = rp_key_epoch_at(&r->epochs, now), turn = rp_notices_turn_at(r->turns, now);

    if (known->epoch != current)
        return known->epoch > current ? RP_KEY_NEXT : RP_KEY_PREVIOUS;
    return known->turn > turn    ? RP_KEY_NEXT
           : known->turn == turn ? RP_KEY_CURRENT
                                 : RP_KEY_PREVIOUS;
}

size_t rp_key_ring_list(const struct rp_key_ring *r, struct rp_key_info *out, size_t capacity)
{
    uint64_t now = r->now_ms();
    const struct rp_known_key *minting = rp_key_epochs_minting(&r->epochs, now);
    size_t count = r->epochs.count < capacity ? r->epochs.count : capacity;

    for (size_t i = 0; i < count; i++) {
        const struct rp_known_key *known = &r->epochs.known[i];

        out[i] = (struct rp_key_info){
            .epoch = known->epoch,
            .role = role_of(r, known, now),
            .mints = known == minting,
            .derived = known->origin != known->epoch,
            .begins_ms = known->epoch * r->epochs.epoch_ms > known->turn
                             ? known->epoch * r->epochs.epoch_ms
                             : known->turn,
            .turn = known->turn,
            .erased_ms = rp_key_erased_ms(&r->epochs, known->epoch),
        };
        memcpy(out[i].name_prefix, known->key.name, sizeof out[i].name_prefix);
    }
    return count;
}

uint64_t rp_key_ring_epoch_ms(const struct rp_key_ring *r)
{
    return r->epochs.epoch_ms;
}

uint64_t rp_key_ring_epoch(const struct rp_key_ring *r)
{
    return rp_key_epoch_at(&r->epochs, r->now_ms());
}
