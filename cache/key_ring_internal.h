/* SPDX-License-Identifier: MIT
 *
 * key_ring_internal.h - shared by the files of the key ring: key_ring.c (rounds, lifetime),
 * key_schedules.c (the epochs of all lifetimes), key_records.c (records in the store), key_follow.c
 * (followers, and the public view). */
#ifndef RP_KEY_RING_INTERNAL_H
#define RP_KEY_RING_INTERNAL_H

#include "cache/key_epochs.h"
#include "cache/key_ring.h"
#include "cache/seal.h"

struct rp_key_ring {
    struct rp_loop *loop;
    struct rp_store *store;             /* NULL: none */
    const struct rp_sealer *sealers[2]; /* of the current secret; of the other one, or NULL */
    struct rp_ticket_keys *keys;
    uint64_t (*now_ms)(void);
    /* The epochs of each length in force in the cluster; the first are our own, whose keys
     * encrypt. */
    struct rp_key_epochs epochs[RP_KEY_LIFETIMES_MAX];
    size_t epochs_count;
    struct rp_key_lifetimes lifetimes;
    uint64_t turns[RP_NOTICES_TURNS];
    uint8_t filled[16]; /* name of the current key in `keys`; zeros: none */
    struct rp_timer timer, deadline;
    /* state of the round: */
    struct rp_store_call call;
    bool of_lifetimes;          /* asking for the lifetimes, not for a key */
    size_t of;                  /* index of the epochs asked for */
    uint64_t asked, asked_turn; /* the requested epoch and turn */
    unsigned questions;         /* number of requests for these epochs */
    bool back;                  /* this epoch and later ones are done; now the previous ones */
    size_t under;               /* index of the sealer that names the record */
    bool behind;                /* all previous keys are needed */
    bool adding, replaced;
    bool retired;
    bool follows; /* has no store and creates no keys: follows another process */
    void (*learned)(const uint8_t *note, void *arg);
    void (*lifetimes_changed)(const struct rp_key_lifetimes *, void *arg);
    uint64_t retry_ms;
    void (*settled)(void *arg); /* NULL: already called, or not wanted */
    void *arg;
    struct rp_ticket_key offered; /* the key to `add` */
};

/* -- key_ring.c */

struct rp_key_ring *rp_key_ring_blank(struct rp_loop *, struct rp_store *, struct rp_ticket_keys *,
                                      struct rp_error *);
/* A copy of a ring's keys, for another ring to continue with. */
void rp_key_ring_go_on_with(struct rp_key_ring *, const struct rp_key_ring *from);
void rp_key_ring_begin_round(struct rp_key_ring *);

/* -- key_schedules.c */

/* Update for the current time and install the keys: always, or only after a change. */
void rp_key_ring_fill(struct rp_key_ring *);
void rp_key_ring_advance(struct rp_key_ring *);
/* The epochs of this length, existing or new; NULL: too many. */
struct rp_key_epochs *rp_key_ring_epochs_of(struct rp_key_ring *, uint64_t epoch_ms);
/* Have epochs for exactly the lifetimes in force. For new ones previous keys are needed, too. */
void rp_key_ring_follow_lifetimes(struct rp_key_ring *);
/* The current key, or NULL. */
const struct rp_known_key *rp_key_ring_minting(const struct rp_key_ring *);
/* The store has answered for the lifetimes: merge other hosts' lifetimes, announce ours. */
void rp_key_ring_take_lifetimes(struct rp_key_ring *, const struct rp_store_reply *);

/* -- key_records.c: for the requested record */

bool rp_key_record_name(const struct rp_key_ring *, uint8_t key[RP_SEAL_KEY_SIZE]);
bool rp_key_record_unseal(const struct rp_key_ring *, struct rp_bytes sealed,
                          struct rp_ticket_key *);
/* Returns its length; `out` has room for RP_KEY_MATERIAL and a seal. */
size_t rp_key_record_seal(const struct rp_key_ring *, const struct rp_ticket_key *, uint8_t *out);
/* This host's own file may have what the shared store has lost. */
bool rp_key_record_recall(const struct rp_key_ring *, struct rp_ticket_key *);
/* Keep a copy in this host's file, for a start while the shared store is unavailable. */
void rp_key_record_keep(const struct rp_key_ring *, struct rp_bytes sealed);
/* The lifetimes in the record; none if it is not ours. */
void rp_key_record_lifetimes(const struct rp_key_ring *, struct rp_bytes sealed,
                             struct rp_key_lifetimes *);
void rp_key_record_put_lifetimes(const struct rp_key_ring *);

/* -- key_follow.c */

void rp_key_ring_tell(const struct rp_key_ring *, bool shared, const struct rp_ticket_key *);

#endif
