/* SPDX-License-Identifier: MIT
 *
 * key_epochs.h - which ticket key is for which epoch: the pure core of key_ring.h, without a clock
 * or a store of its own.
 * Several keys may be known for one epoch: the one that the store has; one that this host made when
 * it could not ask; and those that hosts without the store derive, each from the last key it had
 * (a chain). All of them decrypt; which one mints, every host decides alike.
 * A rotation by hand begins a turn, which is known by its moment (ms): from then on, and in all
 * epochs to come, keys of that turn mint. Those of former turns decrypt for as long as ever.
 * The danger is a key that is kept: what was a secret of a past epoch is erased here in time. */
#ifndef RP_KEY_EPOCHS_H
#define RP_KEY_EPOCHS_H

#include <reprise/ticket_keys.h>

enum {
    RP_CHAIN_MAX = 4,        /* epochs that hosts without the store are followed by those with it */
    RP_KEY_GRACE_MS = 60000, /* clocks of hosts may differ by so much */
    RP_KEY_MATERIAL = 80,    /* bytes of a key: as rp_ticket_key_encode has them */
};

struct rp_known_key {
    uint64_t epoch, turn; /* turn 0: there was no rotation by hand */
    uint64_t origin;      /* < epoch: derived from a key of that epoch */
    bool shared;          /* the store has it */
    bool stepped;         /* the one derived from it is known */
    struct rp_ticket_key key;
};
struct rp_key_epochs {
    uint64_t epoch_ms, session_timeout_ms;
    struct rp_known_key known[RP_TICKET_KEYS_MAX]; /* newest epoch first; minting ones foremost */
    size_t count;
};

static inline uint64_t rp_key_epoch_at(const struct rp_key_epochs *e, uint64_t now_ms)
{
    return now_ms / e->epoch_ms;
}
/* Clocks differ: the oldest epoch that a host may be in by its own, and the newest whose key is to
 * be ready (the next one, at least). */
uint64_t rp_key_epoch_behind(const struct rp_key_epochs *, uint64_t now_ms);
uint64_t rp_key_epoch_ahead(const struct rp_key_epochs *, uint64_t now_ms);
/* From when on a key of this epoch is nowhere any more. */
uint64_t rp_key_erased_ms(const struct rp_key_epochs *, uint64_t epoch);
/* The oldest epoch whose key is still of use. */
uint64_t rp_key_oldest(const struct rp_key_epochs *, uint64_t now_ms);

/* Know a key; what is known stays, and may become `shared`. */
void rp_key_epochs_learn(struct rp_key_epochs *, uint64_t epoch, uint64_t turn, bool shared,
                         const struct rp_ticket_key *);
/* The key of an epoch and a turn that the store has, or else one that this host has made, or NULL.
 */
const struct rp_known_key *rp_key_epochs_find(const struct rp_key_epochs *, uint64_t epoch,
                                              uint64_t turn);
/* Erase what is past, derive what comes next. Returns whether anything changed. */
bool rp_key_epochs_advance(struct rp_key_epochs *, uint64_t now_ms);
/* The key that mints at this moment; NULL: none. */
const struct rp_known_key *rp_key_epochs_minting(const struct rp_key_epochs *, uint64_t now_ms);
void rp_key_epochs_wipe(struct rp_key_epochs *);

#endif
