/* SPDX-License-Identifier: MIT
 *
 * uri.h - where a Redis is, and who we are there, as a URI says it:
 *     redis://[user:password@]host[:port][/db][?OPTIONS]
 *     redis+unix:PATH[?OPTIONS], redis+unix://[user:password@]/PATH[?OPTIONS]
 *     redis+sentinel://[user:password@]host[:port],host[:port].../MASTER[?OPTIONS]
 *     redis+cluster://[user:password@]host[:port],host[:port]...[?OPTIONS]
 * and rediss, rediss+sentinel, rediss+cluster: the same, each connection over TLS.
 * Options: prefix=, timeout= (ms), user=, password-file=, db= (no cluster has it); over TLS ca=,
 * cert=, key=, servername=; with sentinels sentinel-user=, sentinel-password-file=. The danger is
 * the password: it is in no error and in no log, and is wiped. */
#ifndef RP_REDIS_URI_H
#define RP_REDIS_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

enum {
    RP_REDIS_TEXT = 256,
    RP_REDIS_HOSTS_MAX = 16,
    RP_REDIS_PREFIX_MAX = 32,
    RP_REDIS_TIMEOUT_MS = 250,
};

struct rp_redis_host {
    char name[RP_REDIS_TEXT]; /* name or address; with port 0 the path of a Unix socket */
    uint16_t port;
};
struct rp_redis_account {
    char user[RP_REDIS_TEXT], password[RP_REDIS_TEXT], password_file[RP_REDIS_TEXT]; /* "": none */
};

enum rp_redis_form {
    RP_REDIS_ALONE,    /* hosts[0] is the Redis */
    RP_REDIS_SENTINEL, /* hosts are sentinels, which know the address of `master` */
    RP_REDIS_CLUSTER,  /* hosts are nodes, which know all nodes */
};
struct rp_redis_place {
    enum rp_redis_form form;
    struct rp_redis_host hosts[RP_REDIS_HOSTS_MAX];
    size_t host_count;
    char master[RP_REDIS_TEXT];
    struct rp_redis_account account, sentinel; /* for a Redis; for a sentinel */
    char ca[RP_REDIS_TEXT], cert[RP_REDIS_TEXT], key[RP_REDIS_TEXT], servername[RP_REDIS_TEXT];
    char prefix[RP_REDIS_PREFIX_MAX + 1]; /* precedes each key */
    uint32_t timeout_ms, db;
    bool tls;
};

/* Whether the scheme of this URI is one of the above. */
bool rp_redis_uri_is(const char *uri);
/* Errors: ERR_STORE_URI, whose message names the mistake and the correct form. */
bool rp_redis_place_parse(struct rp_redis_place *, const char *uri, struct rp_error *);
bool rp_redis_host_equal(const struct rp_redis_host *, const struct rp_redis_host *);
/* "10.0.0.1:6379", "[::1]:6379" or a path, for messages. Returns `text`. */
const char *rp_redis_host_format(const struct rp_redis_host *, char text[RP_REDIS_TEXT + 16]);

#endif
