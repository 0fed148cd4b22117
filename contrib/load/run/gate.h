/* SPDX-License-Identifier: MIT
 *
 * gate.h - the processes of a run begin at one moment: when the last of them is ready. What
 * each needs until then is no part of what is measured, and phases count from there. */
#ifndef LOAD_GATE_H
#define LOAD_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include <reprise/error.h>

/* In memory that all of them share. */
struct load_start {
    uint64_t begun_us; /* of load_now_us; 0: it is not to begin at all */
};
struct load_gate {
    int ready[2], go[2]; /* pipes of which only the ends count */
    struct load_start *start;
};
/* Before the processes are forked. */
bool load_gate_make(struct load_gate *, struct load_start *, struct rp_error *);

/* -- whoever waits */
void load_gate_enter(struct load_gate *); /* first of all in a child */
/* It is ready. When all may begin; 0: nobody. */
uint64_t load_gate_wait(struct load_gate *);

/* -- whoever opens it */
/* Until all who entered are ready or have ended. */
void load_gate_assemble(struct load_gate *);
void load_gate_open(struct load_gate *, bool begin);

#endif
