/* SPDX-License-Identifier: MIT
 *
 * link.h - one connection to one Redis: commands go out in a pipeline, replies come back in
 * order. It connects by itself, greets (AUTH, SELECT, PING), and comes back after a failure with
 * growing, jittered pauses. While it is not up nobody is made to wait: sending is refused, but for
 * the first attempt, behind whose greeting commands may stand already.
 * A reply that is late ends the connection, since all others wait behind it: that is the breaker,
 * and the next greeting that is answered closes it. So does a reply that says that this is no
 * master (any more).
 * It knows what is wrong: that it is not up, or that commands of a kind are refused (OOM, NOPERM,
 * nonsense...). The latter lasts until one of that kind succeeds; each second one is tried. */
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
    const size_t *lens; /* NULL: they are strings */
};
/* As bytes for the wire, malloc'ed. NULL: no memory. */
char *rp_redis_command_format(const struct rp_redis_command *, size_t *len);

struct rp_redis_link;
/* reply NULL: there will be none. Borrowed. */
typedef void rp_redis_replied(const redisReply *reply, void *arg);
struct rp_redis_link_ops {
    void (*changed)(void *arg); /* up, down, or refusals began or are over. Also for each attempt
                                   that fails. Before those that wait for replies are told;
                                   never inside rp_redis_link_new */
    /* A key for trials, of this node. NULL: the prefix and "probe". */
    void (*probe_key)(char key[RP_REDIS_TEXT], void *arg);
};

/* What it does to make sure that it is in the right place, before it is up. */
enum rp_redis_proof {
    RP_REDIS_ANY,      /* nothing: a sentinel, or a node of a cluster, which would say MOVED */
    RP_REDIS_WRITABLE, /* DEL, which a read-only replica refuses */
    RP_REDIS_MASTER,   /* ROLE */
};
struct rp_redis_link_options {
    const char *what;                       /* "redis", "sentinel": static, for people */
    const struct rp_redis_host *host;       /* copied */
    const struct rp_redis_place *place;     /* borrowed as long as the link, as the next */
    const struct rp_redis_account *account; /* of the place */
    struct rp_secure_context *context;      /* over TLS; a reference is taken. NULL: plain */
    enum rp_redis_proof proof;
    const struct rp_redis_link_ops *ops;
    void *arg;
};
struct rp_redis_link *rp_redis_link_new(struct rp_loop *, const struct rp_redis_link_options *,
                                        struct rp_error *) __attribute__((warn_unused_result));
/* What waits for a reply is forgotten, not told. NULL ok. May be called from any callback. */
void rp_redis_link_free(struct rp_redis_link *);
bool rp_redis_link_is_up(const struct rp_redis_link *);
bool rp_redis_link_is_idle(const struct rp_redis_link *); /* nobody waits for a reply */
/* What is wrong, or NULL. Not yet connected for the first time is not wrong. */
const struct rp_error *rp_redis_link_trouble(const struct rp_redis_link *);
/* What this link has answered, with the remedy: for commands of kind RP_REDIS_OTHER, whose errors
 * are no trouble of the link. */
void rp_redis_link_explain(const struct rp_redis_link *, const redisReply *, struct rp_error *);
/* false: not up, or no memory; then `replied` is never called. Otherwise once, later. */
bool rp_redis_link_send(struct rp_redis_link *, const struct rp_redis_command *,
                        rp_redis_replied *replied, void *arg);
/* The same with a command that was formatted. */
bool rp_redis_link_send_bytes(struct rp_redis_link *, enum rp_redis_kind, const char *bytes,
                              size_t len, rp_redis_replied *replied, void *arg);
/* The next attempt goes there. */
void rp_redis_link_aim(struct rp_redis_link *, const struct rp_redis_host *);
/* There, at once. Those who wait for replies are told that there will be none. */
void rp_redis_link_move(struct rp_redis_link *, const struct rp_redis_host *);

#endif
