/* SPDX-License-Identifier: MIT
 *
 * key_ring_internal.h - what the files of the key ring share: key_ring.c (rounds, life),
 * key_schedules.c (the epochs of all lifetimes), key_records.c (records in the store), key_follow.c
 * (who follows, and who looks at it). */
#ifndef RP_KEY_RING_INTERNAL_H
#define RP_KEY_RING_INTERNAL_H

#include "cache/key_epochs.h"
#include "cache/key_ring.h"
#include "cache/seal.h"

struct rp_key_ring {
    struct rp_loop *loop;
    struct rp_store *store;             /* NULL: none */
    const struct rp_sealer *sealers[2]; /* of the secret in use; of the other one, or NULL */
    struct rp_ticket_keys *keys;
    uint64_t (*now_ms)(void);
    /* Epochs of each length that is in force in the cluster; the first are our own, and mint. */
    struct rp_key_epochs epochs[RP_KEY_LIFETIMES_MAX];
    size_t epochs_count;
    struct rp_key_lifetimes lifetimes;
    uint64_t turns[RP_NOTICES_TURNS];
    uint8_t filled[16]; /* the name of the key that mints in `keys`; zeros: none does */
    struct rp_timer timer, deadline;
    /* the round: */
    struct rp_store_call call;
    bool of_lifetimes;          /* the store is asked for the lifetimes, not for a key */
    size_t of;                  /* which epochs it is asked for */
    uint64_t asked, asked_turn; /* the epoch and the turn */
    unsigned questions;         /* of these epochs */
    bool back;                  /* this epoch and those to come were asked for; now the former */
    size_t under;               /* by which of the sealers its record is named */
    bool behind;                /* all of the past is of interest */
    bool adding, replaced;
    bool retired;
    bool follows; /* it has no store and makes no key: another process tells it all */
    void (*learned)(const uint8_t *note, void *arg);
    void (*lifetimes_changed)(const struct rp_key_lifetimes *, void *arg);
    uint64_t retry_ms;
    void (*settled)(void *arg); /* NULL: told, or nobody is to be */
    void *arg;
    struct rp_ticket_key offered; /* what we `add` */
};

/* -- key_ring.c */

struct rp_key_ring *rp_key_ring_blank(struct rp_loop *, struct rp_store *, struct rp_ticket_keys *,
                                      struct rp_error *);
/* What one ring knows, for another to go on with. */
void rp_key_ring_go_on_with(struct rp_key_ring *, const struct rp_key_ring *from);
void rp_key_ring_begin_round(struct rp_key_ring *);

/* -- key_schedules.c */

/* Move with the clock, and have what is known in use: in any case, or if it has changed. */
void rp_key_ring_fill(struct rp_key_ring *);
void rp_key_ring_advance(struct rp_key_ring *);
/* Epochs of this length: those that are known, or new ones; NULL: there are too many. */
struct rp_key_epochs *rp_key_ring_epochs_of(struct rp_key_ring *, uint64_t epoch_ms);
/* Have epochs of all lifetimes that are in force, and no others. Of those that are new here the
 * past is of interest, too. */
void rp_key_ring_follow_lifetimes(struct rp_key_ring *);
/* The key that mints now, or NULL. */
const struct rp_known_key *rp_key_ring_minting(const struct rp_key_ring *);
/* The store was asked for the lifetimes: learn those of others, announce ours. */
void rp_key_ring_take_lifetimes(struct rp_key_ring *, const struct rp_store_reply *);

/* -- key_records.c: of the record that is asked for */

bool rp_key_record_name(const struct rp_key_ring *, uint8_t key[RP_SEAL_KEY_SIZE]);
bool rp_key_record_unseal(const struct rp_key_ring *, struct rp_bytes sealed,
                          struct rp_ticket_key *);
/* Returns its length; `out` has room for RP_KEY_MATERIAL and a seal. */
size_t rp_key_record_seal(const struct rp_key_ring *, const struct rp_ticket_key *, uint8_t *out);
/* The file of this host may know what the store of all hosts has lost. */
bool rp_key_record_recall(const struct rp_key_ring *, struct rp_ticket_key *);
/* Have it in this host's file, too, so that we know it when we start while the store of all hosts
 * is away. */
void rp_key_record_keep(const struct rp_key_ring *, struct rp_bytes sealed);
/* The lifetimes that its record says; none, if it is not ours. */
void rp_key_record_lifetimes(const struct rp_key_ring *, struct rp_bytes sealed,
                             struct rp_key_lifetimes *);
void rp_key_record_put_lifetimes(const struct rp_key_ring *);

/* -- key_follow.c */

void rp_key_ring_tell(const struct rp_key_ring *, bool shared, const struct rp_ticket_key *);

#endif
