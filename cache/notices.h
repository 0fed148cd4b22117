/* SPDX-License-Identifier: MIT
 *
 * notices.h - what is announced to a whole cluster: rotations of ticket keys, and revocations of
 * sessions. They are one sealed record in the store, which every process reads once a second, and
 * which a process that knows more replaces. So an announcement reaches all hosts, survives a store
 * that lost it, and two concurrent ones are both kept. The danger is a lost revocation:
 * announcements are only added, until the sessions that they concern have expired; if there is no
 * room, more is revoked than was requested, never less. */
#ifndef RP_NOTICES_H
#define RP_NOTICES_H

#include "cache/seal.h"
#include "cache/store/store.h"
#include "lib/base/cursor.h"

enum {
    RP_NOTICES_MAX = 3072,  /* maximum encoded length in bytes */
    RP_NOTICES_HOSTS = 64,  /* names */
    RP_NOTICES_TURNS = 4,   /* maximum number of rotations */
    RP_NOTICES_NAME = 253,  /* maximum length of a host name */
    RP_NOTICES_LEAD = 3000, /* ms from the announcement of a rotation to its start: all hosts have
                               received it by then */
};

struct rp_notices {
    /* Times (ms, newest first, 0 = none) from which new ticket keys are used. */
    uint64_t turns[RP_NOTICES_TURNS];
    uint64_t all_before_ms; /* sessions created earlier are revoked */
    size_t host_count;
    struct rp_notices_host {
        uint64_t before_ms;
        char name[RP_NOTICES_NAME + 1]; /* lower case, without a trailing dot */
    } hosts[RP_NOTICES_HOSTS];
};

/* -- without I/O */
void rp_notices_add_turn(struct rp_notices *, uint64_t at_ms);
/* false: not a host name. */
bool rp_notices_add_host(struct rp_notices *, const char *name, uint64_t before_ms);
/* Merge both; what is no longer needed at now_ms is dropped. */
void rp_notices_merge(struct rp_notices *, const struct rp_notices *from, uint64_t now_ms);
/* Whether it contains everything in `part`. */
bool rp_notices_cover(const struct rp_notices *, const struct rp_notices *part);
/* Whether a session is revoked that was created at this second for this name (NULL: no name). */
bool rp_notices_forget(const struct rp_notices *, const char *servername, uint64_t time_s);
/* The current turn: the newest that has begun; 0 = none. */
uint64_t rp_notices_turn_at(const uint64_t turns[RP_NOTICES_TURNS], uint64_t now_ms);
size_t rp_notices_encode(const struct rp_notices *, uint8_t out[RP_NOTICES_MAX]);
/* false: malformed; the notices are empty then. */
bool rp_notices_decode(struct rp_notices *, struct rp_cursor);

/* -- in the store */
struct rp_notice_board_options {
    struct rp_store *store;           /* borrowed; NULL: none */
    const struct rp_sealers *sealers; /* borrowed */
    const struct rp_notices *known;   /* notices that are known already; NULL: none. Copied */
    uint64_t (*now_ms)(void);         /* wall clock, for tests; NULL = the system's */
    /* Called for new notices; not inside rp_notice_board_new. */
    void (*changed)(const struct rp_notices *, void *arg);
    void *arg;
};
struct rp_notice_board;
/* Reads at once if the store answers at once. */
struct rp_notice_board *rp_notice_board_new(struct rp_loop *,
                                            const struct rp_notice_board_options *,
                                            struct rp_error *) __attribute__((warn_unused_result));
void rp_notice_board_free(struct rp_notice_board *); /* NULL is allowed */
/* Announce. FAILED: the store is unavailable; it is tried again every second. LATER: `posted` is
 * called within two seconds, or at the next announcement, and says whether the shared store has it;
 * posted may be NULL. */
enum rp_store_status rp_notice_board_post(struct rp_notice_board *, const struct rp_notices *,
                                          void (*posted)(bool shared, void *arg), void *arg);
const struct rp_notices *rp_notice_board_read(const struct rp_notice_board *);

#endif
