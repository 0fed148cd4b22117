/* SPDX-License-Identifier: MIT
 *
 * generation_process.h - the process of a generation, and what it and the master say to each other.
 *
 *   message      from        when                     content
 *   PREPARED     generation  all is read              -
 *   START        master      the sockets listen       -
 *   READY        generation  all workers are up       -
 *   FAILED       generation  before READY             exit status (1 byte), one line of text
 *   REOPEN_LOG   master      any time                 -
 *   LIST_KEYS    master      any time                 question (8 bytes)
 *   POST         master      any time                 question, notices (cache/notices.h)
 *   POSTED       generation  to POST                  question, 1: the store has them, 0: not yet
 *   HEARD        generation  any time                 notices that it knows
 *   KEYS         generation  to LIST_KEYS             a report (keys_report.h)
 *   END_WITHIN   master      any time                 ms (4 bytes): drain, then cut off
 *   LEAVE        master      any time                 -
 *
 * "Disconnect" on the channel (or the master's death) means: drain. Anything else is answered by
 * ending the process that said it. */
#ifndef GENERATION_PROCESS_H
#define GENERATION_PROCESS_H

#include "master/generation/listeners.h"
#include "master/generation/user.h"

enum generation_message {
    GENERATION_PREPARED = 1,
    GENERATION_START,
    GENERATION_READY,
    GENERATION_FAILED,
    GENERATION_REOPEN_LOG,
    GENERATION_LEAVE,
    GENERATION_LIST_KEYS,
    GENERATION_KEYS,
    GENERATION_POST,
    GENERATION_POSTED,
    GENERATION_HEARD,
    GENERATION_END_WITHIN,
};

/* In memory that the process shares with the master. */
struct generation_page {
    uint64_t store_place; /* rp_store_mark_place */
    uint64_t beats;       /* worker/heartbeat.h */
};

struct generation_setup {
    const struct conf *conf;
    struct listening *listening;
    const struct user *user;
    struct stats *stats;
    struct rp_log *log;
    struct generation_page *page;
    const struct rp_notices *notices; /* what was announced before */
    unsigned number, workers;
};

/* The whole life of the process; the result is its exit status. */
int generation_process_run(struct rp_worker *, struct rp_loop *, const struct generation_setup *);

#endif
