/* SPDX-License-Identifier: MIT
 *
 * notices.h - what is announced to a whole cluster: from when on ticket keys are new ones, and
 * which sessions are forgotten. One sealed record in the store, which every process reads once a
 * second, and which whoever knows more than it says puts there anew; so an announcement reaches
 * all, survives a store that lost it, and two at the same time become both.
 * The danger is to forget one: announcements only ever grow, until the sessions they are about
 * have long expired; where there is no room, more is forgotten than was asked for, never less. */
#ifndef RP_NOTICES_H
#define RP_NOTICES_H

#include "cache/seal.h"
#include "cache/store/store.h"
#include "lib/base/cursor.h"

enum {
    RP_NOTICES_MAX = 3072, /* bytes of all notices, encoded */
    RP_NOTICES_HOSTS = 64, /* names */
    RP_NOTICES_TURNS = 4,  /* rotations that are remembered */
    RP_NOTICES_NAME = 253, /* characters of a host name */
    RP_NOTICES_LEAD =
        3000, /* ms from announcing a rotation to its moment: all have heard by then */
};

struct rp_notices {
    /* From these moments (ms, newest first, 0 = none) on, ticket keys are new ones. */
    uint64_t turns[RP_NOTICES_TURNS];
    uint64_t all_before_ms; /* sessions begun earlier are forgotten */
    size_t host_count;
    struct rp_notices_host {
        uint64_t before_ms;
        char name[RP_NOTICES_NAME + 1]; /* lower case, without a dot at the end */
    } hosts[RP_NOTICES_HOSTS];
};

/* -- pure */
void rp_notices_add_turn(struct rp_notices *, uint64_t at_ms);
/* false: this is no host name. */
bool rp_notices_add_host(struct rp_notices *, const char *name, uint64_t before_ms);
/* Know what both know; what is of no use any more at now_ms is dropped. */
void rp_notices_merge(struct rp_notices *, const struct rp_notices *from, uint64_t now_ms);
/* Is all of `part` in it, too? */
bool rp_notices_cover(const struct rp_notices *, const struct rp_notices *part);
/* Is a session forgotten that began at this second, for this name (NULL: none was given)? */
bool rp_notices_forget(const struct rp_notices *, const char *servername, uint64_t time_s);
/* The turn that is in force: the newest that is not to come; 0 = there was none. */
uint64_t rp_notices_turn_at(const uint64_t turns[RP_NOTICES_TURNS], uint64_t now_ms);
size_t rp_notices_encode(const struct rp_notices *, uint8_t out[RP_NOTICES_MAX]);
/* false: these bytes are none; the notices are empty then. */
bool rp_notices_decode(struct rp_notices *, struct rp_cursor);

/* -- in the store */
struct rp_notice_board_options {
    struct rp_store *store;           /* borrowed; NULL: none */
    const struct rp_sealers *sealers; /* borrowed */
    const struct rp_notices *known;   /* what is known already; NULL: nothing. Copied */
    uint64_t (*now_ms)(void);         /* wall clock, for tests; NULL = the system's */
    /* There is something new; not from inside rp_notice_board_new. */
    void (*changed)(const struct rp_notices *, void *arg);
    void *arg;
};
struct rp_notice_board;
/* Reads at once what the store answers at once. */
struct rp_notice_board *rp_notice_board_new(struct rp_loop *,
                                            const struct rp_notice_board_options *,
                                            struct rp_error *) __attribute__((warn_unused_result));
void rp_notice_board_free(struct rp_notice_board *); /* NULL ok */
/* Announce. FAILED: the store does not take it at this moment; it is tried again every second.
 * LATER: `posted` is told within two seconds, or with the next announcement, whether the store of
 * all hosts has it; posted NULL: nobody asks. */
enum rp_store_status rp_notice_board_post(struct rp_notice_board *, const struct rp_notices *,
                                          void (*posted)(bool shared, void *arg), void *arg);
const struct rp_notices *rp_notice_board_read(const struct rp_notice_board *);

#endif
