/* SPDX-License-Identifier: MIT
 *
 * gate.c - start all processes of a run together; see gate.h. A process's ends of the pipes close
 * when it exits, so nobody waits for a process that died. */
#include "contrib/load/run/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "contrib/load/load.h"

bool load_gate_make(struct load_gate *g, struct load_start *start, struct rp_error *err)
{
    g->start = start;
    if (pipe2(g->ready, O_CLOEXEC) != 0)
        return rp_error_errno(err, errno, "pipe", "for the load processes");
    if (pipe2(g->go, O_CLOEXEC) == 0)
        return true;
    rp_error_errno(err, errno, "pipe", "for the load processes");
    close(g->ready[0]);
    close(g->ready[1]);
    return false;
}

void load_gate_enter(struct load_gate *g)
{
    close(g->ready[0]);
    close(g->go[1]);
}

uint64_t load_gate_wait(struct load_gate *g)
{
    char byte;

    close(g->ready[1]);
    while (read(g->go[0], &byte, 1) < 0 && errno == EINTR)
        ;
    close(g->go[0]);
    return g->start->begun_us;
}

void load_gate_assemble(struct load_gate *g)
{
    char byte;

    close(g->go[0]);
    close(g->ready[1]);
    while (read(g->ready[0], &byte, 1) < 0 && errno == EINTR)
        ;
    close(g->ready[0]);
}

void load_gate_open(struct load_gate *g, bool begin)
{
    g->start->begun_us = begin ? load_now_us() : 0;
    close(g->go[1]);
}
