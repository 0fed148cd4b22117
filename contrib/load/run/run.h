/* SPDX-License-Identifier: MIT
 *
 * run.h - the inside of one process of the load: slots, each with a connection after the
 * other. load_run.c decides when one begins, load_connection.c what happens on it. */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "contrib/load/load.h"
#include "contrib/load/run/response.h"
#include "contrib/load/run/sessions.h"
#include "contrib/load/options/words.h"

enum { FRESH_MOST = 4 }; /* OpenSSL and nginx bring two, node two */

struct slot {
    struct run *run;
    struct slot *next; /* of the idle ones */
    struct rp_socket *socket;
    struct load_session offered;           /* its handle NULL: none, or a key */
    struct load_session fresh[FRESH_MOST]; /* those that came, the newest of them */
    unsigned fresh_count;
    unsigned target, name, version, origin; /* where to; as whom; whose session was offered */
    enum load_kind asked_kind;              /* of what was offered */
    enum load_kind kind;                    /* of what was offered, then of what was made */
    bool offers;                            /* it went out */
    bool resumed, secure, done, failed;
    bool asks;  /* the request is under way, as early data or later */
    bool heard; /* the first byte of the response */
    unsigned requests;
    uint64_t due_us, begun_us, asked_us;
    uint64_t unsent, awaited; /* of a body; of an echo */
    struct load_response response;
};

struct run {
    const struct load_options *o;
    struct load_stats *stats;
    struct rp_loop *loop;
    struct rp_secure_context *contexts[2]; /* for each version */
    struct load_sessions *sessions;
    unsigned usual[LOAD_TARGETS][2][2]; /* sessions of a connection: [target][version][resumed] */
    struct load_words *words;           /* for each name, or without names for each target */
    struct slot *slots, *idle;
    struct rp_timer stop, pace, watch;
    struct rp_signal term;
    unsigned share, slot_count, active;
    uint64_t count, begun_us, second_us, random, turn;
    double arrival; /* the number of the next one in the schedule of all processes */
    struct {
        uint64_t begun_us, cpu_us, queued_us, late;
    } watched; /* since the last look: CPU time, time in the run queue, late arrivals */
    bool over, stopped, crowded;
};

/* splitmix64: the same seed, the same choices. Evenly from 0 to 1, without 1. */
double load_random(struct run *);
static inline unsigned load_random_below(struct run *r, unsigned n)
{
    return (unsigned)(load_random(r) * n);
}

/* Begin a connection in a slot that is not idle any more. It was to begin at due_us. false: it has
 * failed already, and the slot is free. */
bool load_connection_begin(struct slot *, uint64_t due_us);
/* End a connection, which has failed unless all was said on it. */
void load_connection_cut(struct slot *, const char *why, enum load_class);
/* Its handshake has had its time. */
bool load_connection_is_stuck(const struct slot *, uint64_t now_us);
/* One is over: its slot is free ... */
void load_run_freed(struct slot *);
/* ... and another may begin. */
void load_run_next(struct run *);

static inline const struct load_words *load_words_of(const struct slot *s)
{
    return &s->run->words[s->run->o->sni_count > 0 ? s->name : s->target];
}

/* load_slices.c: count in the second and in the phase that it is now. */
void load_slices_handshake(struct run *, bool resumed, bool declined, uint64_t took_us);
void load_slices_failed(struct run *);
void load_slices_request(struct run *);
void load_slices_bytes(struct run *, uint64_t bytes);

/* negotiated.c: count what a handshake agreed on. */
void load_negotiated_note(struct load_stats *, struct rp_socket *);

/* load_context.c: what the clients of one version are. NULL with *err set. */
struct rp_secure_context *load_context_new(const struct load_options *, const char *version,
                                           struct rp_error *err);

#endif
