/* SPDX-License-Identifier: MIT
 *
 * listeners.h - the listening sockets, which outlive workers, reloads and crashes.
 * The master opens them and keeps them; generations and workers inherit them. A TCP address has a
 * socket for each worker slot (SO_REUSEPORT), so that the kernel spreads connections evenly and a
 * worker is woken for its own only; a Unix socket and a socket handed down (fd:N) is one for all.
 * An address of IPv6 with IPv4 and without are two: a reload from one to the other opens new
 * sockets. What overlaps with sockets of ours is opened beside them; the kernel prefers the
 * narrower one. A configuration takes the sockets it wants and gives them back when it is done; a
 * socket that nobody holds any more is closed. So a reload opens what is new and closes what is no
 * longer wanted, and a reload that fails leaves no trace. */
#ifndef LISTENERS_H
#define LISTENERS_H

#include "conf/conf.h"
#include "master/generation/user.h"
#include "worker/worker.h"

struct listener;
struct listeners { /* zero: none */
    struct listener *first;
    struct user user; /* of the newest configuration: whose rights Unix sockets are made with */
    bool tolerant;    /* a master of ours may have them: only for listeners_check */
};
void listeners_clear(struct listeners *); /* at the end: closes all */

/* What one configuration holds. */
struct listening {                 /* zero: nothing */
    struct worker_listen *sockets; /* for worker_setup.listens */
    size_t socket_count;
    struct listener **held;
    size_t held_count;
    unsigned workers;
};

/* Take every socket that the configuration wants, opening those that aren't there. Nobody can
 * connect to a new one before listeners_begin. On failure nothing was taken; the error names the
 * line and the remedy. */
bool listeners_take(struct listeners *, const struct conf *, unsigned workers, struct listening *,
                    struct rp_error *);
/* Could they be taken? Leaves nothing behind. With `running` a master of ours may have some of
 * them, which is no error. */
bool listeners_check(const struct conf *, bool running, struct rp_error *);
/* Listen on all of them, and let the kernel spread connections over the slots that this
 * configuration has workers for. Call it again for a configuration that is to serve on after all
 * (another one had begun and failed). */
bool listeners_begin(struct listening *, struct rp_error *);
/* The configuration serves: its slots are there to stay. */
void listeners_keep(struct listening *);
/* Give them back: what nobody else holds is closed, a Unix socket's file removed. */
void listeners_give_back(struct listeners *, struct listening *);
/* In a forked process, where the master's list is only a copy: close every descriptor but this
 * configuration's; or those of this configuration, when it accepts no more. */
void listeners_close_others(const struct listeners *, const struct listening *);
void listeners_close_own(struct listening *);

/* Are there connections that could come to either? Sockets of these addresses can only be bound
 * beside each other when all of them share the port (SO_REUSEPORT), as ours do. */
bool listeners_overlap(const struct rp_address *, const struct rp_address *);

#endif
