/* SPDX-License-Identifier: MIT
 *
 * master_internal.h - the state of the master process: one struct, passed to everything in it. */
#ifndef MASTER_INTERNAL_H
#define MASTER_INTERNAL_H

#include "master/admin.h"
#include "master/control.h"
#include "master/generation/generation.h"
#include "master/orphans.h"
#include "master/outcome.h"
#include "master/pid_file.h"

enum { MASTER_SIGNALS = 6 };

struct leaving { /* generations that drain, any number of them */
    struct leaving *next;
    struct generation *generation;
    bool cut_off; /* its connections are to end now */
};

struct master {
    const char *conf_path;
    char *run_dir;
    struct rp_loop *loop;
    struct stats *stats;
    struct listeners listeners;
    struct pid_file pid_file;
    struct control *control;
    struct admin *admin, *next_admin; /* next_admin: of `next`, when it wants another address */
    uint64_t started_s;
    struct rp_notices notices; /* what was announced through us, or heard by a generation */
    struct outcome outcome;
    struct generation *current; /* serves; NULL only at the start and at the end */
    struct generation *next;    /* gets ready to take over */
    struct leaving *leaving;
    struct rp_signal signals[MASTER_SIGNALS];
    struct orphans orphans;
    struct rp_timer run_dir_look;
    char run_dir_trouble[RP_ERROR_TEXT]; /* logged last; "": none */
    unsigned generations;                /* how many there have been */
    bool reload_wanted, stopping;
    int status;
};

/* The log of the configuration that serves; NULL: there is none. */
struct rp_log *master_log(const struct master *);

#endif
