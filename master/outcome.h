/* SPDX-License-Identifier: MIT
 *
 * outcome.h - what became of reloads, for `reprise reload` to read: a small file in run-dir.
 * Attempts are counted; one that runs is told apart from one that is over, so that whoever asks for
 * a reload knows which outcome is the one he asked for. Written whole and renamed into place. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <reprise/error.h>
#include <stdint.h>

struct outcome {
    uint64_t done;       /* number of the last attempt that is over; the start is number 1 */
    uint64_t running;    /* number of the attempt under way; 0 = none */
    uint64_t generation; /* number of the generation that serves */
    bool ok;             /* of `done` */
    char message[256];   /* of `done`: why it failed */
};

bool outcome_write(const char *run_dir, const struct outcome *, struct rp_error *);
bool outcome_read(const char *run_dir, struct outcome *, struct rp_error *);
void outcome_remove(const char *run_dir);
/* The number of the attempt that a reload requested at this moment belongs to. */
uint64_t outcome_next(const struct outcome *);

#endif
