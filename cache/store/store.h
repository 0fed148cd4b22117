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
    struct rp_bytes value; /* of get, and of add that found something; borrowed: what was given at
                              once, until the next call to this store; else until `done` returns */
    bool far;              /* it came from the far tier of two: see rp_store_keep */
};

/* A call under way; the caller's, zeroed, kept until done ran or it was cancelled. Set by the store
 * only when a verb returned RP_STORE_LATER. */
struct rp_store_call {
    void (*done)(struct rp_store_call *, const struct rp_store_reply *);
    void *arg;
    struct rp_store *store; /* NULL when not under way */
    void *private_[6];
};

struct rp_store;
void rp_store_close(struct rp_store *); /* NULL ok; calls under way are forgotten, not answered */

/* -- tiers. A store of one tier is its own. */

/* The tier of this host, or the one that hosts share; NULL: there is none. Borrowed: for counts and
 * troubles, not for verbs. */
struct rp_store *rp_store_near(struct rp_store *);
struct rp_store *rp_store_far(struct rp_store *);
/* The store as all hosts see it: the far tier decides, and the near one is looked into only when
 * that can't answer. For what must be the same everywhere: ticket keys, announcements, and what is
 * to be used once. It is the store's, and is closed with it. */
struct rp_store *rp_store_shared(struct rp_store *);
/* What was found far and is good: have it near, too, for the time it has left to live. Not for what
 * may be used once. Does nothing when there is one tier. */
void rp_store_keep(struct rp_store *, struct rp_bytes key, struct rp_bytes value, uint64_t ttl_ms);

/* For the log: what goes wrong with the store itself, once when it begins, again when the reason
 * has changed (not more often than every ten seconds), and once, with error NULL, when it is over.
 * A failure to open the store is reported from inside this call, later ones from inside any other
 * function of the store, so the listener must not call the store. With two tiers these are the
 * failures of the shared one; those of the local tier go to the listener of rp_store_near. */
typedef void rp_store_trouble(const struct rp_error *error, void *arg);
void rp_store_on_trouble(struct rp_store *, rp_store_trouble *, void *arg);

/* A damaged file can bring down whoever looks into it. While the store is inside a library that
 * might, *place (in shared memory) is not 0; so who finds the process dead can tell why, and has
 * the file put aside. Around rp_store_open (store_open.h), which comes before this call, the caller
 * does it himself: RP_STORE_OPENING before, 0 after. */
enum { RP_STORE_OPENING = 1 };
void rp_store_mark_place(struct rp_store *, volatile uint64_t *place);
/* `later` NULL: nobody wants to know (put, remove). With ttl_ms 0 an entry never expires.
 * A put or remove that is answered later is seen by all later verbs of this process at once, and by
 * other processes when `done` runs. */
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
void rp_store_cancel(struct rp_store_call *); /* its done will not run; what it does may happen */

struct rp_store_counters { /* plain counters, the owner may place them in shared memory */
    uint64_t gets, hits, puts, adds, removes, failures, expired, evicted;
    uint64_t outages, probes; /* times a trouble began; what was tried during troubles */
};
struct rp_store_stats {
    struct rp_store_counters counted;
    uint64_t entries, bytes_used, bytes_size; /* as of now; 0 where unknown */
};
void rp_store_stats(struct rp_store *, struct rp_store_stats *);
/* Count there, in what must outlive the store, what was counted so far included. Of two tiers each
 * counts for itself. */
void rp_store_count_in(struct rp_store *, struct rp_store_counters *);
const char *rp_store_kind(const struct rp_store *); /* "lmdb", "redis", ... */

/* -- for implementations. store.c has checked sizes and counts calls and immediate answers. */
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
    /* of two tiers; NULL: there is one */
    struct rp_store *(*tier)(struct rp_store *, bool far);
    struct rp_store *(*shared)(struct rp_store *);
};
struct rp_store { /* first member of each implementation */
    const struct rp_store_ops *ops;
    struct rp_loop *loop;
    struct rp_store_counters *counted, own; /* counted: never NULL */
    bool far;                               /* hosts share it */
    volatile uint64_t *place;               /* never NULL */
    rp_store_trouble *on_trouble;
    void *on_trouble_arg;
    struct rp_error trouble; /* code "" = none */
    bool trouble_told, reason_changed;
    uint64_t told_ms;
    uint64_t nowhere; /* what place points to when nobody wants to know */
};
void rp_store_init(struct rp_store *, const struct rp_store_ops *, struct rp_loop *);
/* Answer a call that was answered RP_STORE_LATER; the reply of a get is counted here. */
void rp_store_answer(struct rp_store_call *, const struct rp_store_reply *);
/* Something is wrong from now on, for this reason, until it is well again; error NULL: it is well.
 */
void rp_store_trouble_is(struct rp_store *, const struct rp_error *);

#endif
