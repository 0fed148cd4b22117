/* SPDX-License-Identifier: MIT
 *
 * key_epochs.c - which ticket key belongs to which epoch; see key_epochs.h. Only computes, and
 * wipes keys. */
#include "cache/key_epochs.h"

#include <stdlib.h>
#include <string.h>

#include "cache/secret.h"

uint64_t rp_key_epoch_behind(const struct rp_key_epochs *e, uint64_t now_ms)
{
    return now_ms < RP_KEY_GRACE_MS ? 0 : rp_key_epoch_at(e, now_ms - RP_KEY_GRACE_MS);
}

/* A host whose clock is ahead by at most an epoch already encrypts with the next key. */
uint64_t rp_key_epoch_ahead(const struct rp_key_epochs *e, uint64_t now_ms)
{
    uint64_t next = rp_key_epoch_at(e, now_ms) + 1,
             first = rp_key_epoch_at(e, now_ms + RP_KEY_GRACE_MS);

    return first > next ? first : next;
}

uint64_t rp_key_erased_ms(const struct rp_key_epochs *e, uint64_t epoch)
{
    return (epoch + 1) * e->epoch_ms + e->session_timeout_ms + RP_KEY_GRACE_MS;
}

uint64_t rp_key_oldest(const struct rp_key_epochs *e, uint64_t now_ms)
{
    uint64_t life = e->session_timeout_ms + RP_KEY_GRACE_MS;

    return now_ms < life ? 0 : rp_key_epoch_at(e, now_ms - life);
}

/* -- the list */

static bool is_same_key(const struct rp_ticket_key *a, const struct rp_ticket_key *b)
{
    return memcmp(a->name, b->name, sizeof a->name) == 0;
}

/* Choose the current key of an epoch: the one of the later turn; of these the store's; else one
 * that was created, not derived; else the one with the most recent origin. Hosts that know the same
 * keys make the same choice. */
static int compare(const struct rp_known_key *a, const struct rp_known_key *b)
{
    if (a->epoch != b->epoch)
        return a->epoch > b->epoch ? -1 : 1;
    if (a->turn != b->turn)
        return a->turn > b->turn ? -1 : 1;
    if (a->shared != b->shared)
        return a->shared ? -1 : 1;
    if (a->origin != b->origin)
        return a->origin > b->origin ? -1 : 1;
    return memcmp(a->key.name, b->key.name, sizeof a->key.name);
}

static void erase(struct rp_key_epochs *e, size_t index)
{
    e->count--;
    memmove(&e->known[index], &e->known[index + 1], (e->count - index) * sizeof e->known[0]);
    explicit_bzero(&e->known[e->count], sizeof e->known[0]);
}

/* The oldest key that was derived in case the store's is lost; else the oldest key. */
static void make_room(struct rp_key_epochs *e)
{
    size_t at = e->count;

    while (at > 0 && e->known[at - 1].origin == e->known[at - 1].epoch)
        at--;
    erase(e, at > 0 ? at - 1 : e->count - 1);
}

static void insert(struct rp_key_epochs *e, const struct rp_known_key *known)
{
    size_t at = 0;

    if (e->count == RP_TICKET_KEYS_MAX)
        make_room(e);
    while (at < e->count && compare(&e->known[at], known) < 0)
        at++;
    memmove(&e->known[at + 1], &e->known[at], (e->count - at) * sizeof e->known[0]);
    e->known[at] = *known;
    e->count++;
}

/* The store has one key for each epoch and turn, so an earlier one that it lost is no longer
 * shared. */
static void supersede(struct rp_key_epochs *e, const struct rp_known_key *by)
{
    for (size_t i = 0; i < e->count; i++) {
        struct rp_known_key former = e->known[i];

        if (former.shared && former.epoch == by->epoch && former.turn == by->turn &&
            !is_same_key(&former.key, &by->key)) {
            former.shared = false;
            erase(e, i);
            insert(e, &former);
            i = (size_t)-1; /* the list has moved */
        }
        explicit_bzero(&former, sizeof former);
    }
}

static void know(struct rp_key_epochs *e, const struct rp_known_key *known)
{
    struct rp_known_key better = *known;

    if (known->shared)
        supersede(e, known);
    for (size_t i = 0; i < e->count; i++) {
        if (e->known[i].epoch != known->epoch || !is_same_key(&e->known[i].key, &known->key))
            continue;
        better.shared |= e->known[i].shared;
        better.stepped |= e->known[i].stepped;
        erase(e, i);
        break;
    }
    insert(e, &better);
    explicit_bzero(&better, sizeof better);
}

void rp_key_epochs_learn(struct rp_key_epochs *e, uint64_t epoch, uint64_t turn, bool shared,
                         const struct rp_ticket_key *key)
{
    struct rp_known_key known = {
        .epoch = epoch, .turn = turn, .origin = epoch, .shared = shared, .key = *key};

    know(e, &known);
    explicit_bzero(&known, sizeof known);
}

const struct rp_known_key *rp_key_epochs_find(const struct rp_key_epochs *e, uint64_t epoch,
                                              uint64_t turn)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->known[i].epoch == epoch && e->known[i].turn == turn)
            return e->known[i].origin == epoch ? &e->known[i] : NULL;
    return NULL;
}

/* -- time */

/* HKDF is one-way: the key of an epoch reveals nothing about earlier keys. */
static bool step(const struct rp_known_key *from, struct rp_known_key *to)
{
    struct rp_secret secret;
    uint8_t bytes[RP_KEY_MATERIAL];
    bool ok;

    memcpy(secret.key, from->key.hmac, sizeof secret.key);
    ok = rp_secret_derive(&secret, "ticket key of the next epoch", from->key.aes,
                          sizeof from->key.aes, bytes, sizeof bytes) &&
         rp_ticket_key_decode(&to->key, bytes, sizeof bytes, RP_TICKET_KEY_NODE, NULL);
    to->epoch = from->epoch + 1;
    to->turn = from->turn;
    to->origin = from->origin;
    explicit_bzero(bytes, sizeof bytes);
    rp_secret_wipe(&secret);
    return ok;
}

static bool knows_epoch(const struct rp_key_epochs *e, uint64_t epoch)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->known[i].epoch == epoch)
            return true;
    return false;
}

/* A host without the store follows its own chain for as long as it has no store, unless it was
 * suspended; other hosts follow it only so far. */
static bool ends_here(const struct rp_key_epochs *e, const struct rp_known_key *last, uint64_t next)
{
    return last->epoch - last->origin >= RP_CHAIN_MAX &&
           (last->epoch + RP_CHAIN_MAX < next || knows_epoch(e, last->epoch + 1));
}

/* Extend each chain to the next epoch before the key that it starts from is erased. */
static bool extend(struct rp_key_epochs *e, uint64_t next)
{
    bool changed = false;

    for (size_t i = 0; i < e->count; i++) {
        struct rp_known_key *from = &e->known[i], to = {0};

        if (from->stepped || from->epoch >= next || ends_here(e, from, next))
            continue;
        from->stepped = true;
        if (step(from, &to)) {
            know(e, &to);
            changed = true;
            i = (size_t)-1; /* the list has moved */
        }
        explicit_bzero(&to, sizeof to);
    }
    return changed;
}

bool rp_key_epochs_advance(struct rp_key_epochs *e, uint64_t now_ms)
{
    bool changed = extend(e, rp_key_epoch_at(e, now_ms) + 1);

    while (e->count > 0 && now_ms >= rp_key_erased_ms(e, e->known[e->count - 1].epoch)) {
        erase(e, e->count - 1);
        changed = true;
    }
    return changed;
}

/* -- the current key */

const struct rp_known_key *rp_key_epochs_minting(const struct rp_key_epochs *e, uint64_t now_ms)
{
    uint64_t current = rp_key_epoch_at(e, now_ms);
    const struct rp_known_key *early = NULL;

    for (size_t i = 0; i < e->count; i++) {
        if (e->known[i].epoch != current)
            continue;
        if (e->known[i].turn <= now_ms)
            return &e->known[i];
        if (early == NULL || e->known[i].turn < early->turn)
            early = &e->known[i];
    }
    return early; /* better than none: all hosts have this key, or receive it soon */
}

void rp_key_epochs_wipe(struct rp_key_epochs *e)
{
    explicit_bzero(e->known, sizeof e->known);
    e->count = 0;
}
