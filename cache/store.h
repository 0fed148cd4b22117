/* SPDX-License-Identifier: MIT
 *
 * store.h - what a cluster shares: four verbs over binary keys and values with a time to live.
 * An operation may finish at once (LMDB) or later (Redis). The caller learns which from what the
 * verb returns: RP_STORE_LATER, or the outcome itself; a callback never runs inside the call.
 * The danger: a store may be slow, full, damaged, hostile or gone. Nothing that comes out of it
 * is believed (seal.h), and no failure of it may reach a client. */
#ifndef RP_STORE_H
#define RP_STORE_H

#include <reprise/loop.h>
#include <reprise/secure_context.h> /* struct rp_bytes */

enum { RP_STORE_KEY_MAX = 64, RP_STORE_VALUE_MAX = 16384 };

enum rp_store_status {
    RP_STORE_OK,      /* get: found; put, add, remove: done           */
    RP_STORE_MISSING, /* get: nothing there                           */
    RP_STORE_EXISTS,  /* add: something was there; the reply has it   */
    RP_STORE_FAILED,  /* the store can't: full, gone, damaged, late   */
    RP_STORE_LATER,   /* the call's `done` will tell                  */
};

struct rp_store_reply {
    enum rp_store_status status;
    struct rp_bytes value; /* of get, and of add that found something; borrowed: until the next call
                              to this store, or until `done` returns */
};

/* A call under way; the caller's, zeroed, kept until done ran or it was cancelled. */
struct rp_store_call {
    void (*done)(struct rp_store_call *, const struct rp_store_reply *);
    void *arg;
    struct rp_store *store; /* NULL when not under way */
    void *private_[6];
};

struct rp_store;
/* Open by URI (design: section 4), in the process that will use it: after the fork.
 * `directory` is where relative paths of an lmdb: URI begin. */
struct rp_store *rp_store_open(struct rp_loop *, const char *uri, const char *directory,
                               struct rp_error *) __attribute__((warn_unused_result));
/* Is this a URI that rp_store_open understands? Touches nothing. */
bool rp_store_check_uri(const char *uri, struct rp_error *);
/* Is the store of this URI shared by several hosts (so that its cluster secret must be given)? */
bool rp_store_uri_is_remote(const char *uri);
void rp_store_close(struct rp_store *); /* NULL ok; calls under way are forgotten, not answered */

/* `later` NULL: nobody wants to know (put, remove). With ttl_ms 0 an entry never expires. */
enum rp_store_status rp_store_get(struct rp_store *, struct rp_bytes key,
                                  struct rp_store_reply *now, struct rp_store_call *later);
enum rp_store_status rp_store_put(struct rp_store *, struct rp_bytes key, struct rp_bytes value,
                                  uint64_t ttl_ms, struct rp_store_call *later);
/* Store only if absent, atomically over all processes; else give what is there. */
enum rp_store_status rp_store_add(struct rp_store *, struct rp_bytes key, struct rp_bytes value,
                                  uint64_t ttl_ms, struct rp_store_reply *now,
                                  struct rp_store_call *later);
enum rp_store_status rp_store_remove(struct rp_store *, struct rp_bytes key,
                                     struct rp_store_call *later);
void rp_store_cancel(struct rp_store_call *); /* its done will not run */

struct rp_store_stats {
    uint64_t gets, hits, puts, adds, removes, failures, expired, evicted;
    uint64_t entries, bytes_used, bytes_size; /* as of now; 0 where unknown */
};
void rp_store_stats(struct rp_store *, struct rp_store_stats *);
const char *rp_store_kind(const struct rp_store *); /* "lmdb", "redis", ... */

/* -- for implementations */
struct rp_store_ops {
    const char *kind;
    enum rp_store_status (*get)(struct rp_store *, struct rp_bytes key, struct rp_store_reply *,
                                struct rp_store_call *);
    enum rp_store_status (*put)(struct rp_store *, struct rp_bytes key, struct rp_bytes value,
                                uint64_t ttl_ms, struct rp_store_call *);
    enum rp_store_status (*add)(struct rp_store *, struct rp_bytes key, struct rp_bytes value,
                                uint64_t ttl_ms, struct rp_store_reply *, struct rp_store_call *);
    enum rp_store_status (*remove)(struct rp_store *, struct rp_bytes key, struct rp_store_call *);
    void (*cancel)(struct rp_store_call *);
    void (*stats)(struct rp_store *, struct rp_store_stats *); /* fills entries and bytes */
    void (*close)(struct rp_store *);
};
struct rp_store { /* first member of each implementation */
    const struct rp_store_ops *ops;
    struct rp_loop *loop;
    struct rp_store_stats counted;
};

#endif
