/* SPDX-License-Identifier: MIT
 *
 * key_ring.h - ticket keys by epochs, created together by all processes without a leader. Time
 * (UTC) is divided into epochs of equal length. The key of an epoch is random; the first process
 * that needs it seals it and `add`s it to the store, as soon as the previous epoch begins. So a
 * process holds the next key (decrypts), the current key (encrypts), and previous keys (decrypt)
 * for as long as a session lives; then a key is erased everywhere, in memory too. If the store is
 * unavailable for more than an epoch, all hosts derive the next key from the last one by the same
 * one-way step, and erase the old one in time. Without a valid key no tickets are issued, but no
 * handshake fails. A rotation by command (a turn) is announced to the cluster (notices.h) a few
 * seconds before it takes effect; its keys are separate records, `add`ed and fetched in that time,
 * and encrypt from then on. So all hosts switch at once, and none issues tickets that another
 * cannot decrypt. Hosts may have different lengths of epochs, and a reload may change the length:
 * each host encrypts by its own, and holds the keys of all lengths in force (key_lifetimes.h) until
 * their tickets have expired. key_epochs.h is the part without I/O. */
#ifndef RP_KEY_RING_H
#define RP_KEY_RING_H

#include "cache/key_lifetimes.h"
#include "cache/notices.h"
#include "cache/seal.h"
#include "cache/store/store.h"
#include <reprise/ticket_keys.h>

/* The bytes that describe a key to followers: lifetime, epoch, turn, whether the store has it,
 * key. */
enum { RP_KEY_NOTE = 3 * 8 + 1 + 80 };

struct rp_key_ring_options {
    struct rp_store *store;           /* borrowed; NULL: none yet, attach one later */
    const struct rp_sealers *sealers; /* borrowed */
    struct rp_ticket_keys *keys;      /* the ring to fill; a reference is taken */
    uint64_t epoch_ms;                /* key-lifetime */
    const uint64_t *turns;            /* as for rp_key_ring_turn; NULL: none */
    uint64_t session_timeout_ms;      /* how long tickets of a previous key are accepted */
    uint64_t (*now_ms)(void);         /* wall clock, for tests; NULL = the system's */
    /* Called once, when the store was asked for all keys, or is unavailable. Within seconds, and
     * possibly inside rp_key_ring_new. May be NULL. */
    void (*settled)(void *arg);
    /* Called for each new key, with its description for followers. May be NULL. */
    void (*learned)(const uint8_t note[RP_KEY_NOTE], void *arg);
    /* Called when the lifetimes in force in the cluster change; ours is first. May be NULL. */
    void (*lifetimes_changed)(const struct rp_key_lifetimes *, void *arg);
    void *arg;
};
struct rp_key_ring;
/* Fills `keys` at once if the store answers at once; otherwise as answers arrive. */
struct rp_key_ring *rp_key_ring_new(struct rp_loop *, const struct rp_key_ring_options *,
                                    struct rp_error *) __attribute__((warn_unused_result));
void rp_key_ring_free(struct rp_key_ring *); /* NULL is allowed; wipes */
/* For a forked child that must not have the store's keys or a secret: create a ring that continues
 * with the keys of the parent's, and with what it receives later. The child's copy of the parent's
 * ring is wiped and freed, also on failure; so call this before its store is closed. */
struct rp_key_ring *rp_key_ring_follow(struct rp_key_ring *parents, struct rp_loop *,
                                       struct rp_error *) __attribute__((warn_unused_result));
/* For a follower; false: malformed description, or malformed lifetimes
 * (rp_key_lifetimes_encode). */
bool rp_key_ring_hear(struct rp_key_ring *, struct rp_cursor note);
bool rp_key_ring_hear_lifetimes(struct rp_key_ring *, struct rp_cursor);

/* The ring no longer encrypts: it creates no keys and announces no lifetime, but still learns
 * keys. */
void rp_key_ring_retire(struct rp_key_ring *);

/* Set the rotations by command (rp_notices' turns: times, newest first; copied). From a turn's time
 * on its own keys encrypt; they are created and fetched now. */
void rp_key_ring_turn(struct rp_key_ring *, const uint64_t turns[RP_NOTICES_TURNS]);

/* What status pages and `reprise keys` show; never a key. */
struct rp_key_info {
    uint64_t epoch;         /* its number: wall clock / epoch_ms */
    uint8_t name_prefix[4]; /* the first bytes of the key's public name */
    enum rp_key_role { RP_KEY_NEXT, RP_KEY_CURRENT, RP_KEY_PREVIOUS } role;
    bool mints;                    /* this key encrypts new tickets */
    bool derived;                  /* derived by the one-way step, not from the store */
    uint64_t begins_ms, erased_ms; /* wall clock */
    uint64_t turn;                 /* of its rotation by command; 0 = none */
};
size_t rp_key_ring_list(const struct rp_key_ring *, struct rp_key_info *out, size_t capacity);
uint64_t rp_key_ring_epoch_ms(const struct rp_key_ring *);
uint64_t rp_key_ring_epoch(const struct rp_key_ring *); /* number of the current epoch */

#endif
