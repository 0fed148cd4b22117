/* SPDX-License-Identifier: MIT
 *
 * key_epochs.h - which ticket key belongs to which epoch: the computing part of key_ring.h, without
 * a clock or a store. An epoch may have several keys: the store's; one that this host created while
 * it could not ask the store; and keys that hosts without the store derive, each from its last key
 * (a chain). All of them decrypt; all hosts choose the same current key, which encrypts. A rotation
 * by command begins a turn, identified by its time (ms): from then on, in this epoch and all later
 * ones, keys of that turn encrypt. Keys of former turns decrypt for their normal lifetime. The
 * danger is a key that is kept too long: keys of past epochs are erased here in time. */
#ifndef RP_KEY_EPOCHS_H
#define RP_KEY_EPOCHS_H

#include <reprise/ticket_keys.h>

enum {
    RP_CHAIN_MAX = 4, /* number of epochs for which hosts with the store follow hosts without it */
    RP_KEY_GRACE_MS = 60000, /* maximum difference between the clocks of hosts */
    RP_KEY_MATERIAL = 80,    /* bytes of a key, in the format of rp_ticket_key_encode */
};

struct rp_known_key {
    uint64_t epoch, turn; /* turn 0: no rotation by command */
    uint64_t origin;      /* < epoch: derived from the key of that epoch */
    bool shared;          /* the store has this key */
    bool stepped;         /* the key derived from this one is known */
    struct rp_ticket_key key;
};
struct rp_key_epochs {
    uint64_t epoch_ms, session_timeout_ms;
    struct rp_known_key known[RP_TICKET_KEYS_MAX]; /* newest epoch first; current key first */
    size_t count;
};

static inline uint64_t rp_key_epoch_at(const struct rp_key_epochs *e, uint64_t now_ms)
{
    return now_ms / e->epoch_ms;
}
/* Since clocks differ: the oldest epoch that another host may be in, and the newest epoch whose key
 * must be ready (at least the next one). */
uint64_t rp_key_epoch_behind(const struct rp_key_epochs *, uint64_t now_ms);
uint64_t rp_key_epoch_ahead(const struct rp_key_epochs *, uint64_t now_ms);
/* The time at which a key of this epoch is erased everywhere. */
uint64_t rp_key_erased_ms(const struct rp_key_epochs *, uint64_t epoch);
/* The oldest epoch whose key is still needed. */
uint64_t rp_key_oldest(const struct rp_key_epochs *, uint64_t now_ms);

/* Add a key; existing keys stay, and may become `shared`. */
void rp_key_epochs_learn(struct rp_key_epochs *, uint64_t epoch, uint64_t turn, bool shared,
                         const struct rp_ticket_key *);
/* The key of an epoch and a turn that the store has, or else one that this host created, or
 * NULL. */
const struct rp_known_key *rp_key_epochs_find(const struct rp_key_epochs *, uint64_t epoch,
                                              uint64_t turn);
/* Erase expired keys and derive the next ones. Returns whether anything changed. */
bool rp_key_epochs_advance(struct rp_key_epochs *, uint64_t now_ms);
/* The key that encrypts at this time; NULL: none. */
const struct rp_known_key *rp_key_epochs_minting(const struct rp_key_epochs *, uint64_t now_ms);
void rp_key_epochs_wipe(struct rp_key_epochs *);

#endif
