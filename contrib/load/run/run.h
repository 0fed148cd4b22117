/* SPDX-License-Identifier: MIT
 *
 * run.h - the members of one process of the load: slots, each with one connection after another.
 * run.c decides when a connection starts; connection.c handles its events. */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "contrib/load/load.h"
#include "contrib/load/run/response.h"
#include "contrib/load/run/sessions.h"
#include "contrib/load/options/words.h"

enum { FRESH_MOST = 4 }; /* OpenSSL, nginx and node send two */

struct slot {
    struct run *run;
    struct slot *next; /* of the list of idle slots */
    struct rp_socket *socket;
    struct load_session offered;           /* handle NULL: none, or a pre-shared key */
    struct load_session fresh[FRESH_MOST]; /* received sessions, the newest of them */
    unsigned fresh_count;
    unsigned target, name, version, origin; /* indices; origin: of the offered session */
    enum load_kind asked_kind;              /* of the offered session */
    enum load_kind kind;                    /* of the offered session, then of the handshake */
    bool offers;                            /* the offer was sent */
    bool resumed, secure, done, failed;
    bool asks;  /* the request was sent, as early data or later */
    bool heard; /* the first byte of the response has arrived */
    unsigned requests;
    uint64_t due_us, begun_us, asked_us;
    uint64_t unsent, awaited; /* bytes to send of a body; bytes to receive of an echo */
    struct load_response response;
};

struct run {
    const struct load_options *o;
    struct load_stats *stats;
    struct rp_loop *loop;
    struct rp_secure_context *contexts[2]; /* one for each version */
    struct load_sessions *sessions;
    unsigned usual[LOAD_TARGETS][2][2]; /* sessions received: [target][version][resumed] */
    struct load_words *words;           /* one for each name, or without names for each target */
    struct slot *slots, *idle;
    struct rp_timer stop, pace, watch;
    struct rp_signal term;
    unsigned share, slot_count, active;
    uint64_t count, begun_us, second_us, random, turn;
    double arrival; /* number of the next arrival in the schedule of all processes */
    struct {
        uint64_t begun_us, cpu_us, queued_us, late;
    } watched; /* since the last check: CPU time, time in the run queue, late arrivals */
    bool over, stopped, crowded;
};

/* A random number from 0 to 1, without 1 (splitmix64): the same seed gives the same sequence. */
double load_random(struct run *);
static inline unsigned load_random_below(struct run *r, unsigned n)
{
    return (unsigned)(load_random(r) * n);
}

/* Start a connection in a slot that is not idle. It was due at due_us. false: it has failed
 * already, and the slot is idle. */
bool load_connection_begin(struct slot *, uint64_t due_us);
/* Close a connection; it counts as failed unless it was complete. */
void load_connection_cut(struct slot *, const char *why, enum load_class);
/* Whether its handshake has timed out. */
bool load_connection_is_stuck(const struct slot *, uint64_t now_us);
/* A connection has ended: its slot is idle ... */
void load_run_freed(struct slot *);
/* ... and the next connection may start. */
void load_run_next(struct run *);

static inline const struct load_words *load_words_of(const struct slot *s)
{
    return &s->run->words[s->run->o->sni_count > 0 ? s->name : s->target];
}

/* open.c: open the connection that a slot has chosen. false with *err set. */
bool load_connection_open(struct slot *, rp_listener *on_event, struct rp_error *err);

/* slices.c: count in the current second and in the current phase. */
void load_slices_handshake(struct run *, bool resumed, bool declined, uint64_t took_us);
void load_slices_failed(struct run *);
void load_slices_request(struct run *);
void load_slices_bytes(struct run *, uint64_t bytes);

/* negotiated.c: count the properties of a handshake. */
void load_negotiated_note(struct load_stats *, struct rp_socket *);

/* context.c: create the secure context of one version. NULL with *err set. */
struct rp_secure_context *load_context_new(const struct load_options *, const char *version,
                                           struct rp_error *err);

#endif
