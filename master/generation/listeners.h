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
struct listeners { /* zero-initialised: none */
    struct listener *first;
    struct user user; /* of the newest configuration; Unix sockets are created with its rights */
    bool tolerant;    /* for listeners_check: a running master may have the addresses */
};
void listeners_clear(struct listeners *); /* at exit: closes all */

/* The sockets of one configuration. */
struct listening {                 /* zero-initialised: none */
    struct worker_listen *sockets; /* for worker_setup.listens */
    size_t socket_count;
    struct listener **held;
    size_t held_count;
    unsigned workers;
};

/* Take every socket that the configuration needs, and open the missing ones. Clients cannot connect
 * to a new one before listeners_begin. On failure nothing is taken; the error names the line and
 * the remedy. */
bool listeners_take(struct listeners *, const struct conf *, unsigned workers, struct listening *,
                    struct rp_error *);
/* Whether they could be taken; changes nothing. With `running` a running master may have some of
 * the addresses, which is no error. */
bool listeners_check(const struct conf *, bool running, struct rp_error *);
/* Listen on all sockets, and let the kernel distribute connections over the slots of this
 * configuration's workers. Call it again for a configuration that continues to serve because a
 * newer one failed. */
bool listeners_begin(struct listening *, struct rp_error *);
/* The configuration serves: its slots stay open. */
void listeners_keep(struct listening *);
/* Release the sockets: those that no other configuration holds are closed, and Unix socket files
 * are removed. */
void listeners_give_back(struct listeners *, struct listening *);
/* In a forked process, whose list is a copy: close all descriptors except this configuration's; or
 * this configuration's, when it accepts no more. */
void listeners_close_others(const struct listeners *, const struct listening *);
void listeners_close_own(struct listening *);

/* Whether connections could match either address. Sockets of such addresses can be bound together
 * only if all of them use SO_REUSEPORT, as ours do. */
bool listeners_overlap(const struct rp_address *, const struct rp_address *);

#endif
