/* SPDX-License-Identifier: MIT
 *
 * generation.h - one configuration at work, as the master sees it: what it holds (text, sockets,
 * log) and the process that it forked for it.
 * That process (generation_process.c) reads certificates and keys and forks the workers; the master
 * has neither. It is a cluster of one: it is replaced, with backoff, when it dies while it serves;
 * one that fails before that is not tried again. */
#ifndef GENERATION_H
#define GENERATION_H

#include "cache/notices.h"
#include "master/generation/generation_state.h"
#include "master/generation/listeners.h"

struct generation;

/* What the owner hears, each with the generation, which may be freed there and then. */
struct generation_hooks {
    void (*ready)(struct generation *); /* it serves; again after each replacement */
    /* It will not serve: why, in one line, and the exit status that this deserves (1 or 2). */
    void (*failed)(struct generation *, int status, const char *why);
    void (*gone)(struct generation *); /* drained */
    /* A report (keys_report.h), which was asked for; the bytes live for the call. */
    void (*keys)(struct generation *, struct rp_cursor report);
    /* An announcement is in force on this host; `shared`: the store has it. */
    void (*posted)(struct generation *, uint64_t question, bool shared);
    /* What it has heard of announcements, of its own and of other hosts. */
    void (*heard)(struct generation *, const struct rp_notices *);
    /* In its new process, before anything else: let go of what is the master's. */
    void (*forked)(struct generation *);
};

struct generation_options {
    struct rp_loop *loop;
    struct conf *conf; /* taken over, also on failure */
    struct listeners *listeners;
    struct stats *stats;
    const struct rp_notices *notices; /* what was announced; read at each fork of its process */
    unsigned number;
    const struct generation_hooks *hooks;
    void *arg;
};

/* Takes the sockets, opens the log, makes the directories; forks as soon as the loop runs. The
 * error is one line for people. */
struct generation *generation_new(const struct generation_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* Kills what still runs; gives the sockets back. NULL ok. */
void generation_free(struct generation *);

/* Accept no more, finish what is open, leave; within drain-timeout. Then hooks->gone. */
void generation_drain(struct generation *);
/* One that drains: what is open after so many ms is cut off. Of several limits the first counts. */
void generation_end_within(struct generation *, uint32_t ms);
/* One that drains is to leave at once, whatever is open. Then hooks->gone. */
void generation_leave(struct generation *);
/* Let go of the master's own copies of its sockets, since nothing is to serve them again. */
void generation_close_sockets(struct generation *);
/* Log files were renamed: go on in new ones, here, in its process and in its workers. */
void generation_reopen_log(struct generation *);
/* Have it report its ticket keys: hooks->keys comes later. false: its process is not there. */
bool generation_ask_keys(struct generation *, uint64_t question);
/* Announce to its workers and to the cluster; the master's own list of notices (in the options)
 * holds it already. With a question other than 0 hooks->posted comes later. */
bool generation_post(struct generation *, uint64_t question, const struct rp_notices *);
/* In the process of another generation: close what isn't needed there. */
void generation_forget(struct generation *);

/* Of its process; 0 when there is none. */
pid_t generation_pid(const struct generation *);
enum generation_state generation_state(const struct generation *);
/* Its process does not respond (worker/heartbeat.h). */
bool generation_stuck(const struct generation *);
unsigned generation_number(const struct generation *);
unsigned generation_workers(const struct generation *);
const struct conf *generation_conf(const struct generation *);
struct listening *generation_listening(struct generation *);
struct rp_log *generation_log(const struct generation *);
void *generation_arg(const struct generation *);

#endif
