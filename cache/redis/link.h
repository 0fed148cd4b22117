/* SPDX-License-Identifier: MIT
 *
 * link.h - one connection to one Redis: commands are pipelined, replies arrive in order. The link
 * connects by itself, greets (AUTH, SELECT, PING), and reconnects after a failure with growing,
 * random pauses. While it is down, requests are refused at once; only during the first attempt they
 * are queued behind the greeting. A late reply closes the connection, since all other replies wait
 * behind it (circuit breaker); the next successful greeting restores it. A reply that shows that
 * the server is not a master also closes it. The link reports its errors: it is down, or commands
 * of a kind are refused (OOM, NOPERM, unexpected replies, ...). The latter lasts until a command of
 * that kind succeeds; one is tried each second. */
#ifndef RP_REDIS_LINK_H
#define RP_REDIS_LINK_H

#include "cache/redis/reply.h"
#include "cache/redis/uri.h"
#include <reprise/secure_context.h>
#include <reprise/stream.h>

enum rp_redis_kind { RP_REDIS_GET, RP_REDIS_SET, RP_REDIS_DEL, RP_REDIS_OTHER };
struct rp_redis_command {
    enum rp_redis_kind kind;
    int argc;
    const char **argv;  /* [1] is the key */
    const size_t *lens; /* NULL: the strings are NUL-terminated */
};
/* Encode a command, in malloc'ed memory. NULL: no memory. */
char *rp_redis_command_format(const struct rp_redis_command *, size_t *len);

struct rp_redis_link;
/* reply NULL: there will be none. Borrowed. */
typedef void rp_redis_replied(const redisReply *reply, void *arg);
struct rp_redis_link_ops {
    void (*changed)(void *arg); /* Called when the link goes up or down, or when refusals begin or
                                   end; also for each failed attempt. Called before waiting
                                   requesters are notified; never inside rp_redis_link_new. */
    /* A key of this node for probes. NULL: the prefix and "probe". */
    void (*probe_key)(char key[RP_REDIS_TEXT], void *arg);
};

/* How the link checks the role of the server before it is up. */
enum rp_redis_proof {
    RP_REDIS_ANY,      /* no check: a sentinel, or a node of a cluster, which would reply MOVED */
    RP_REDIS_WRITABLE, /* DEL, which a read-only replica refuses */
    RP_REDIS_MASTER,   /* ROLE */
};
struct rp_redis_link_options {
    const char *what;                   /* "redis", "sentinel": static text for messages */
    const struct rp_redis_host *host;   /* copied */
    const struct rp_redis_place *place; /* borrowed as long as the link, as is the next member */
    const struct rp_redis_account *account; /* for this place */
    struct rp_secure_context *context;      /* for TLS; a reference is taken. NULL: no TLS */
    enum rp_redis_proof proof;
    const struct rp_redis_link_ops *ops;
    void *arg;
};
struct rp_redis_link *rp_redis_link_new(struct rp_loop *, const struct rp_redis_link_options *,
                                        struct rp_error *) __attribute__((warn_unused_result));
/* Waiting requesters are not notified. NULL is allowed. May be called in any callback. */
void rp_redis_link_free(struct rp_redis_link *);
bool rp_redis_link_is_up(const struct rp_redis_link *);
bool rp_redis_link_is_idle(const struct rp_redis_link *); /* no request waits for a reply */
/* The current error, or NULL. A first attempt in progress is not an error. */
const struct rp_error *rp_redis_link_trouble(const struct rp_redis_link *);
/* An error reply with the remedy: for commands of kind RP_REDIS_OTHER, whose errors are not errors
 * of the link. */
void rp_redis_link_explain(const struct rp_redis_link *, const redisReply *, struct rp_error *);
/* false: down, or no memory; `replied` is never called. Otherwise it is called once, later. */
bool rp_redis_link_send(struct rp_redis_link *, const struct rp_redis_command *,
                        rp_redis_replied *replied, void *arg);
/* Likewise for an encoded command. */
bool rp_redis_link_send_bytes(struct rp_redis_link *, enum rp_redis_kind, const char *bytes,
                              size_t len, rp_redis_replied *replied, void *arg);
/* Use this host from the next attempt on. */
void rp_redis_link_aim(struct rp_redis_link *, const struct rp_redis_host *);
/* Reconnect to this host at once. Waiting requesters get no reply. */
void rp_redis_link_move(struct rp_redis_link *, const struct rp_redis_host *);

#endif
