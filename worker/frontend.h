/* SPDX-License-Identifier: MIT
 *
 * frontend.h - one frontend in one worker: its TLS server and its listening sockets. */
#ifndef FRONTEND_H
#define FRONTEND_H

#include "worker/refusals.h"
#include "worker/worker_internal.h"

struct frontend {
    struct worker *process;
    const struct frontend_plan *plan;
    size_t index; /* into conf->frontends */
    struct rp_server *server;
    struct frontend_listen *listens;
    size_t counted_as; /* its index in the shared counters */
    struct refusals refusals[REASON_COUNT];
};

bool frontend_open(struct frontend *, struct worker *, size_t index, struct rp_error *);
/* Accept on the sockets of this slot (-1: those of all slots). */
bool frontend_listen(struct frontend *, int fd, int slot, struct rp_error *);
/* Stop accepting on the sockets of this slot. */
void frontend_unlisten(struct frontend *, int slot);
/* Stop accepting. */
void frontend_close(struct frontend *);
void frontend_free(struct frontend *);

/* The site for this connection's server name. */
const struct site *frontend_site(const struct frontend *, const struct rp_socket *);
/* A connection of this frontend has ended; `counted`: it was counted for its source, too. */
void frontend_left(struct frontend *, const struct rp_address *remote, bool counted);
const char *frontend_resumption(enum rp_resumption); /* "ticket", "session id"...; "no" */
const char *frontend_early_data(enum rp_early_data); /* "accepted", "rejected"; "no" */

#endif
