/* SPDX-License-Identifier: MIT
 *
 * admin.h - metrics and status over HTTP: GET /metrics for Prometheus, GET /status as JSON.
 * Whoever can connect may read them; so it listens on loopback or a Unix socket, unless told
 * otherwise. Nothing can be changed by it. */
#ifndef ADMIN_H
#define ADMIN_H

#include "conf/conf.h"
#include "lib/base/text.h"
#include "worker/stats.h"
#include <reprise/loop.h>

enum {
    ADMIN_CLIENTS = 16,     /* at a time; one more gets the place of another */
    ADMIN_RESERVE = 4,      /* places for new connections while evicted ones close */
    ADMIN_LIMIT_MS = 10000, /* of a connection, from its first byte to its last */
    ADMIN_LOG_MS = 60000,   /* between two calls of `refused` */
};
enum admin_page { ADMIN_METRICS, ADMIN_STATUS };
/* Requests were refused for their Host header, which is hostile: so many since the last call, of
 * which there is at most one a minute. `host` is the last one's. */
typedef void admin_refused(const char *host, uint64_t count, void *arg);
/* Write a page, from inside the loop. */
typedef void admin_asked(enum admin_page, struct rp_text *out, void *arg);

struct admin_options {
    const char *address; /* host:port or unix:/path */
    const char *beside;  /* what one of ours listens on that this one replaces; NULL: none */
    const char *user;    /* whose rights a Unix socket is made with (unix_file.h); NULL = ours */
    const struct conf_strings *(*hosts)(
        void *arg);         /* further right hosts (admin_host.h); NULL ok */
    admin_refused *refused; /* NULL ok */
    admin_asked *asked;
    void *arg;
    struct stats_admin *counters;
    unsigned limit_ms; /* 0 = ADMIN_LIMIT_MS */
};
struct admin;
struct admin *admin_new(struct rp_loop *, const struct admin_options *, struct rp_error *)
    __attribute__((warn_unused_result));
void admin_free(struct admin *); /* NULL ok */
/* In a forked process: close all descriptors of it, and nothing else. NULL ok. */
void admin_close_here(struct admin *);
const char *admin_address(const struct admin *); /* NULL for NULL */
/* Is it one that only this host can reach? */
bool admin_is_local(const char *address);
/* Could it be listened on? With `running` a master of ours may do so, which is no error. */
bool admin_check(const char *address, const char *user, bool running, struct rp_error *);

#endif
