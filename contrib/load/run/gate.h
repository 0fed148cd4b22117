/* SPDX-License-Identifier: MIT
 *
 * gate.h - start all processes of a run together, when the last one is ready. The setup of a
 * process is not measured; phases count from the common start. */
#ifndef LOAD_GATE_H
#define LOAD_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include <reprise/error.h>

/* In shared memory. */
struct load_start {
    uint64_t begun_us; /* a time of load_now_us; 0: do not start */
};
struct load_gate {
    int ready[2], go[2]; /* pipes; only their closing is significant */
    struct load_start *start;
};
/* Call before the processes are forked. */
bool load_gate_make(struct load_gate *, struct load_start *, struct rp_error *);

/* -- in the waiting processes */
void load_gate_enter(struct load_gate *); /* call first in a child */
/* Report that this process is ready, and wait. Returns the start time; 0: do not start. */
uint64_t load_gate_wait(struct load_gate *);

/* -- in the process that opens the gate */
/* Wait until all entered processes are ready or have exited. */
void load_gate_assemble(struct load_gate *);
void load_gate_open(struct load_gate *, bool begin);

#endif
