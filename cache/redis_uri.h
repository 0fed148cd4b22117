/* SPDX-License-Identifier: MIT
 *
 * redis_uri.h - where a Redis is, and who we are there, as a URI says it:
 *     redis://[user:password@]host[:port][/db][?OPTIONS]     rediss:// the same over TLS
 *     redis+unix:PATH[?OPTIONS]
 * Options: prefix=, timeout= (ms), user=, password-file=, db=; with rediss ca=, cert=, key=,
 * servername=. The danger is the password: it is in no error and in no log, and is wiped. */
#ifndef RP_REDIS_URI_H
#define RP_REDIS_URI_H

#include <stdbool.h>
#include <stdint.h>

#include <reprise/error.h>

enum { RP_REDIS_TEXT = 256, RP_REDIS_PREFIX_MAX = 32, RP_REDIS_TIMEOUT_MS = 250 };

struct rp_redis_place {
    char host[RP_REDIS_TEXT]; /* "" with a path */
    char path[RP_REDIS_TEXT]; /* of a Unix socket; "" with a host */
    char user[RP_REDIS_TEXT], password[RP_REDIS_TEXT], password_file[RP_REDIS_TEXT]; /* "": none */
    char ca[RP_REDIS_TEXT], cert[RP_REDIS_TEXT], key[RP_REDIS_TEXT], servername[RP_REDIS_TEXT];
    char prefix[RP_REDIS_PREFIX_MAX + 1]; /* before each key */
    uint32_t timeout_ms, db;
    uint16_t port;
    bool tls;
};

/* Errors: ERR_STORE_URI, with what is wrong and what would be right. */
bool rp_redis_place_parse(struct rp_redis_place *, const char *uri, struct rp_error *);
/* "redis at 127.0.0.1:6379": for people, without secrets. Returns `text`. */
const char *rp_redis_place_name(const struct rp_redis_place *, char text[RP_REDIS_TEXT + 32]);

#endif
