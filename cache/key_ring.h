/* SPDX-License-Identifier: MIT
 *
 * key_ring.h - ticket keys by epochs, made together by all processes without a leader.
 * Time (UTC) is cut into epochs of equal length. The key of an epoch is random, sealed and
 * `add`ed to the store by whoever comes first, as soon as the epoch before it begins. So a process
 * holds: next (decrypts), current (mints), and the previous ones (decrypt) for as long as a
 * session lives; then a key is erased everywhere, in memory too. When the store stays away for
 * more than an epoch the next key is derived from the last by a one-way step, alike on all hosts,
 * and the old one is erased in its turn. No valid key means no ticket, never a failed handshake.
 * A rotation by hand (a turn) is announced to the cluster (notices.h) a few seconds before its
 * moment; its keys are records of their own, `add`ed and fetched in that time, and mint from then
 * on. So all hosts change at once, and none mints what another cannot read.
 * Hosts may differ in the length of their epochs, and a reload may change it: each host mints by
 * its own and holds the keys of all lengths that are in force (key_lifetimes.h), until their
 * tickets have expired. The pure part is key_epochs.h. */
#ifndef RP_KEY_RING_H
#define RP_KEY_RING_H

#include "cache/key_lifetimes.h"
#include "cache/notices.h"
#include "cache/seal.h"
#include "cache/store/store.h"
#include <reprise/ticket_keys.h>

/* What is told of a key to who follows: lifetime, epoch, turn, whether the store has it, the key.
 */
enum { RP_KEY_NOTE = 3 * 8 + 1 + 80 };

struct rp_key_ring_options {
    struct rp_store *store;           /* borrowed; NULL: nothing shared yet, attach one later */
    const struct rp_sealers *sealers; /* borrowed */
    struct rp_ticket_keys *keys;      /* the ring to keep filled; a reference is taken */
    uint64_t epoch_ms;                /* key-lifetime */
    const uint64_t *turns;            /* as of rp_key_ring_turn; NULL: none */
    uint64_t session_timeout_ms;      /* how long tickets of a past key are accepted */
    uint64_t (*now_ms)(void);         /* wall clock, for tests; NULL = the system's */
    /* Told once: the store was asked for all keys that there are, or can't be. Within seconds, and
     * maybe inside rp_key_ring_new. NULL: nobody waits for it. */
    void (*settled)(void *arg);
    /* A key was learned: a note of it, for those who follow. NULL: nobody does. */
    void (*learned)(const uint8_t note[RP_KEY_NOTE], void *arg);
    /* Other lifetimes are in force in the cluster than were: ours first. NULL: nobody asks. */
    void (*lifetimes_changed)(const struct rp_key_lifetimes *, void *arg);
    void *arg;
};
struct rp_key_ring;
/* Fills `keys` at once where the store answers at once; otherwise as answers come. */
struct rp_key_ring *rp_key_ring_new(struct rp_loop *, const struct rp_key_ring_options *,
                                    struct rp_error *) __attribute__((warn_unused_result));
void rp_key_ring_free(struct rp_key_ring *); /* NULL ok; wipes */
/* In a forked child that is to have neither the store's keys nor a secret: a ring that goes on with
 * what the parent's knew, and with what it is told of it later. The parent's is wiped and freed,
 * also on failure; so this comes before its store is closed. */
struct rp_key_ring *rp_key_ring_follow(struct rp_key_ring *parents, struct rp_loop *,
                                       struct rp_error *) __attribute__((warn_unused_result));
/* For one that follows; false: this is no note, or no lifetimes (rp_key_lifetimes_encode). */
bool rp_key_ring_hear(struct rp_key_ring *, struct rp_cursor note);
bool rp_key_ring_hear_lifetimes(struct rp_key_ring *, struct rp_cursor);

/* Nobody is to mint by it any more: it makes no keys and announces no lifetime. It goes on knowing.
 */
void rp_key_ring_retire(struct rp_key_ring *);

/* Rotations by hand (rp_notices' turns: moments, newest first; copied): from a turn's moment on,
 * keys of its own mint, which are made and fetched now. */
void rp_key_ring_turn(struct rp_key_ring *, const uint64_t turns[RP_NOTICES_TURNS]);

/* What a status page or `reprise keys` shows; never a key. */
struct rp_key_info {
    uint64_t epoch;         /* its number: wall clock / epoch_ms */
    uint8_t name_prefix[4]; /* the first bytes of the key's public name */
    enum rp_key_role { RP_KEY_NEXT, RP_KEY_CURRENT, RP_KEY_PREVIOUS } role;
    bool mints;                    /* the one that tickets are made with now */
    bool derived;                  /* made by the one-way step, not found in the store */
    uint64_t begins_ms, erased_ms; /* wall clock */
    uint64_t turn;                 /* of the rotation by hand it belongs to; 0 = none */
};
size_t rp_key_ring_list(const struct rp_key_ring *, struct rp_key_info *out, size_t capacity);
uint64_t rp_key_ring_epoch_ms(const struct rp_key_ring *);
uint64_t rp_key_ring_epoch(const struct rp_key_ring *); /* the current one's number */

#endif
