/* SPDX-License-Identifier: MIT
 *
 * store_tiered.c - a near store before a far one; see store_tiered.h.
 * Nothing is remembered of what the far store did not have: the next lookup may be for a session
 * that another host stored a moment ago, and there is no time so short that it could not have been.
 * But a lookup may stand behind one that is under way: when that one finds something, it is for
 * all; when it does not, those who came after it was sent are asked for once more, together. So
 * every lookup is answered by a question that was put after it came, and however many ask for one
 * key, one question at a time is under way.
 * The danger: a call may be cancelled, or the store closed, from inside any answer. So a question
 * is ours, the calls that wait for it stand in a list that they can leave at any time, and what is
 * being answered is freed by who answers. */
#include "cache/store/store_tiered.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 };

/* A call that waits, in its own private_ words. */
struct waiting {
    struct rp_store_call *next, **at;
};

struct tiered;
/* What the far store was asked. */
struct question {
    struct rp_store_call call; /* the far store's */
    struct tiered *tiered;     /* NULL: closed, while this is being answered */
    struct question *next, **at;
    struct question *in_bucket, **at_bucket; /* at_bucket NULL: no lookup may join */
    struct rp_store_call *waiting, *behind;  /* behind: came when it was under way */
    enum rp_store_status near; /* put: what the near store said; RP_STORE_FAILED otherwise */
    bool get, fallback;        /* fallback: when there is no answer, the near store's counts */
    bool answering;
    size_t key_len;
    uint8_t key[RP_STORE_KEY_MAX];
};

struct tiered {
    struct rp_store base;   /* for sessions; first */
    struct rp_store shared; /* for what all hosts must agree on */
    struct rp_store *near, *far;
    bool borrows_far;
    struct question *questions;
    struct question *buckets[BUCKETS]; /* lookups that others may join */
};

static struct tiered *tiered_of(struct rp_store *store)
{
    return (struct tiered *)store;
}

static struct tiered *tiered_of_shared(struct rp_store *store)
{
    return (struct tiered *)(void *)((char *)store - offsetof(struct tiered, shared));
}

/* -- calls that wait */

static struct waiting *waiting_of(struct rp_store_call *call)
{
    return (struct waiting *)(void *)call->private_;
}

static void wait_in(struct rp_store_call **list, struct rp_store_call *call, struct rp_store *store)
{
    struct waiting *w = waiting_of(call);

    call->store = store;
    *w = (struct waiting){.next = *list, .at = list};
    if (*list != NULL)
        waiting_of(*list)->at = &w->next;
    *list = call;
}

static void leave(struct rp_store_call *call)
{
    struct waiting *w = waiting_of(call);

    if (w->next != NULL)
        waiting_of(w->next)->at = w->at;
    *w->at = w->next; /* NOLINT: whoever waits stands in a list */
    *w = (struct waiting){.next = NULL};
}

static void cancel(struct rp_store_call *call)
{
    leave(call);
}

static void move(struct rp_store_call **to, struct rp_store_call **from)
{
    *to = *from;
    *from = NULL;
    if (*to != NULL)
        waiting_of(*to)->at = to;
}

static void forget_all(struct rp_store_call **list)
{
    while (*list != NULL) { /* NOLINT: leave() has changed it */
        struct rp_store_call *call = *list;

        leave(call);
        call->store = NULL;
    }
}

/* -- questions */

static struct rp_bytes key_of(const struct question *q)
{
    return (struct rp_bytes){q->key, q->key_len};
}

/* Keys are HMACs, or as good. */
static struct question **bucket_of(struct tiered *t, struct rp_bytes key)
{
    const uint8_t *bytes = key.bytes;
    unsigned sum = 0;

    for (size_t i = 0; i < key.len; i++)
        sum = sum * 31 + bytes[i];
    return &t->buckets[sum % BUCKETS];
}

static struct question *under_way(struct tiered *t, struct rp_bytes key)
{
    struct question *q = *bucket_of(t, key);

    while (q != NULL && (q->key_len != key.len || memcmp(q->key, key.bytes, key.len) != 0))
        q = q->in_bucket;
    return q;
}

static void let_join(struct question *q)
{
    struct question **bucket = bucket_of(q->tiered, key_of(q));

    q->in_bucket = *bucket;
    q->at_bucket = bucket;
    if (*bucket != NULL)
        (*bucket)->at_bucket = &q->in_bucket;
    *bucket = q;
}

static void let_nobody_join(struct question *q)
{
    if (q->at_bucket == NULL)
        return;
    if (q->in_bucket != NULL)
        q->in_bucket->at_bucket = q->at_bucket;
    *q->at_bucket = q->in_bucket;
    q->in_bucket = NULL;
    q->at_bucket = NULL;
}

/* What is asked for this key from now on must see what is written now. */
static void written(struct tiered *t, struct rp_bytes key)
{
    struct question *q = under_way(t, key);

    if (q != NULL)
        let_nobody_join(q);
}

static void unlink_question(struct question *q)
{
    let_nobody_join(q);
    if (q->next != NULL)
        q->next->at = q->at;
    *q->at = q->next;
}

/* The first of those who wait; false: the store was closed. */
static bool answer_one(struct question *q, struct rp_store_call **list,
                       const struct rp_store_reply *reply)
{
    struct rp_store_call *call = *list;

    leave(call);
    if (q->get && reply->status == RP_STORE_OK)
        call->store->counted->hits++;
    rp_store_answer(call, reply);
    return q->tiered != NULL;
}

/* false: the store was closed, and q is to be freed by us. */
static bool answer_all(struct question *q, const struct rp_store_reply *reply)
{
    while (q->waiting != NULL)
        if (!answer_one(q, &q->waiting, reply))
            return false;
    while (q->behind != NULL && reply->status != RP_STORE_MISSING)
        if (!answer_one(q, &q->behind, reply))
            return false;
    return true;
}

/* The answer, with what the near store has to say about it. */
static struct rp_store_reply weigh(struct question *q, const struct rp_store_reply *far)
{
    struct rp_store_reply out = *far, near;

    if (far->status == RP_STORE_OK && q->get)
        out.far = true;
    if (far->status != RP_STORE_FAILED)
        return out;
    if (q->near == RP_STORE_OK)
        out.status = RP_STORE_OK;
    else if (q->fallback && rp_store_get(q->tiered->near, key_of(q), &near, NULL) == RP_STORE_OK)
        out = near;
    return out;
}

static enum rp_store_status ask_far(struct question *q, struct rp_store_reply *now)
{
    enum rp_store_status status = rp_store_get(q->tiered->far, key_of(q), now, &q->call);

    now->far = status == RP_STORE_OK;
    return status;
}

/* Those who came while it was under way: the far store is asked once more. */
static bool ask_again(struct question *q)
{
    struct rp_store_reply now;

    if (q->tiered == NULL || q->behind == NULL)
        return false;
    move(&q->waiting, &q->behind);
    if (ask_far(q, &now) == RP_STORE_LATER)
        return true;
    let_nobody_join(q);
    answer_all(q, &now);
    return false;
}

static void on_answer(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct question *q = call->arg;
    struct rp_store_reply out = weigh(q, reply);

    q->answering = true;
    if (reply->status != RP_STORE_MISSING)
        let_nobody_join(q);
    answer_all(q, &out);
    if (ask_again(q)) {
        q->answering = false;
        return;
    }
    if (q->tiered != NULL)
        unlink_question(q);
    free(q);
}

static struct question *question_new(struct tiered *t, struct rp_bytes key)
{
    struct question *q = calloc(1, sizeof *q);

    if (q == NULL)
        return NULL;
    q->call = (struct rp_store_call){.done = on_answer, .arg = q};
    q->tiered = t;
    q->near = RP_STORE_FAILED;
    q->key_len = key.len;
    memcpy(q->key, key.bytes, key.len);
    q->next = t->questions;
    q->at = &t->questions;
    if (q->next != NULL)
        q->next->at = &q->next;
    t->questions = q;
    return q;
}

/* What the far store said to a question at once. */
static enum rp_store_status asked(struct question *q, enum rp_store_status far,
                                  struct rp_store *store, struct rp_store_call *call)
{
    if (far == RP_STORE_LATER) {
        wait_in(&q->waiting, call, store);
        return RP_STORE_LATER;
    }
    unlink_question(q);
    free(q);
    return far;
}

/* -- the verbs, for sessions */

static enum rp_store_status get(struct rp_store *store, struct rp_bytes key,
                                struct rp_store_reply *now, struct rp_store_call *call)
{
    struct tiered *t = tiered_of(store);
    struct question *q;
    enum rp_store_status status = rp_store_get(t->near, key, now, NULL);

    if (status == RP_STORE_OK || call == NULL)
        return status;
    q = under_way(t, key);
    if (q != NULL) {
        wait_in(&q->behind, call, store);
        return RP_STORE_LATER;
    }
    q = question_new(t, key);
    if (q == NULL)
        return RP_STORE_FAILED;
    q->get = true;
    status = ask_far(q, now);
    if (status == RP_STORE_LATER)
        let_join(q);
    return asked(q, status, store, call);
}

static enum rp_store_status put_far(struct tiered *t, struct rp_store *store, struct rp_bytes key,
                                    struct rp_bytes value, uint64_t ttl_ms,
                                    enum rp_store_status near, struct rp_store_call *call)
{
    struct question *q = call != NULL ? question_new(t, key) : NULL;

    if (q == NULL)
        return rp_store_put(t->far, key, value, ttl_ms, NULL);
    q->near = near;
    return asked(q, rp_store_put(t->far, key, value, ttl_ms, &q->call), store, call);
}

static enum rp_store_status put(struct rp_store *store, struct rp_bytes key, struct rp_bytes value,
                                uint64_t ttl_ms, struct rp_store_call *call)
{
    struct tiered *t = tiered_of(store);
    enum rp_store_status near = rp_store_put(t->near, key, value, ttl_ms, NULL), far;

    written(t, key);
    far = put_far(t, store, key, value, ttl_ms, near, call);
    return far == RP_STORE_FAILED ? near : far;
}

static enum rp_store_status add_far(struct tiered *t, struct rp_store *store, struct rp_bytes key,
                                    struct rp_bytes value, uint64_t ttl_ms,
                                    struct rp_store_reply *now, struct rp_store_call *call)
{
    struct question *q = call != NULL ? question_new(t, key) : NULL;

    written(t, key);
    if (q == NULL)
        return rp_store_add(t->far, key, value, ttl_ms, now, NULL);
    return asked(q, rp_store_add(t->far, key, value, ttl_ms, now, &q->call), store, call);
}

static enum rp_store_status add(struct rp_store *store, struct rp_bytes key, struct rp_bytes value,
                                uint64_t ttl_ms, struct rp_store_reply *now,
                                struct rp_store_call *call)
{
    return add_far(tiered_of(store), store, key, value, ttl_ms, now, call);
}

static enum rp_store_status remove_both(struct tiered *t, struct rp_store *store,
                                        struct rp_bytes key, struct rp_store_call *call)
{
    struct question *q = call != NULL ? question_new(t, key) : NULL;

    rp_store_remove(t->near, key, NULL);
    written(t, key);
    if (q == NULL)
        return rp_store_remove(t->far, key, NULL);
    return asked(q, rp_store_remove(t->far, key, &q->call), store, call);
}

static enum rp_store_status remove_(struct rp_store *store, struct rp_bytes key,
                                    struct rp_store_call *call)
{
    return remove_both(tiered_of(store), store, key, call);
}

/* -- the verbs, for what all hosts must agree on */

static enum rp_store_status shared_get(struct rp_store *store, struct rp_bytes key,
                                       struct rp_store_reply *now, struct rp_store_call *call)
{
    struct tiered *t = tiered_of_shared(store);
    struct question *q = call != NULL ? question_new(t, key) : NULL;
    enum rp_store_status status = RP_STORE_FAILED;

    if (q != NULL) {
        q->get = q->fallback = true;
        status = asked(q, ask_far(q, now), store, call);
    }
    if (status == RP_STORE_FAILED && rp_store_get(t->near, key, now, NULL) == RP_STORE_OK)
        status = RP_STORE_OK;
    return status;
}

static enum rp_store_status shared_put(struct rp_store *store, struct rp_bytes key,
                                       struct rp_bytes value, uint64_t ttl_ms,
                                       struct rp_store_call *call)
{
    struct tiered *t = tiered_of_shared(store);

    rp_store_put(t->near, key, value, ttl_ms, NULL);
    written(t, key);
    return put_far(t, store, key, value, ttl_ms, RP_STORE_FAILED, call);
}

static enum rp_store_status shared_add(struct rp_store *store, struct rp_bytes key,
                                       struct rp_bytes value, uint64_t ttl_ms,
                                       struct rp_store_reply *now, struct rp_store_call *call)
{
    return add_far(tiered_of_shared(store), store, key, value, ttl_ms, now, call);
}

static enum rp_store_status shared_remove(struct rp_store *store, struct rp_bytes key,
                                          struct rp_store_call *call)
{
    return remove_both(tiered_of_shared(store), store, key, call);
}

/* -- life */

static struct rp_store *tier(struct rp_store *store, bool far)
{
    return far ? tiered_of(store)->far : tiered_of(store)->near;
}

static struct rp_store *shared_tier(struct rp_store *store, bool far)
{
    return tier(&tiered_of_shared(store)->base, far);
}

static struct rp_store *shared(struct rp_store *store)
{
    return &tiered_of(store)->shared;
}

/* What there is to be known is known of the file. */
static void stats(struct rp_store *store, struct rp_store_stats *stats)
{
    struct rp_store_stats near;

    rp_store_stats(tiered_of(store)->near, &near);
    stats->entries = near.entries;
    stats->bytes_used = near.bytes_used;
    stats->bytes_size = near.bytes_size;
}

static void close_(struct rp_store *store)
{
    struct tiered *t = tiered_of(store);

    while (t->questions != NULL) {
        struct question *q = t->questions;

        rp_store_cancel(&q->call);
        forget_all(&q->waiting);
        forget_all(&q->behind);
        unlink_question(q);
        q->tiered = NULL;
        if (!q->answering)
            free(q);
    }
    rp_store_close(t->near);
    if (!t->borrows_far)
        rp_store_close(t->far);
    free(t);
}

struct rp_store *rp_store_tiered_new(struct rp_loop *loop, struct rp_store *near,
                                     struct rp_store *far, struct rp_error *err)
{
    static const struct rp_store_ops ops = {
        .kind = "tiered",
        .get = get,
        .put = put,
        .add = add,
        .remove = remove_,
        .cancel = cancel,
        .stats = stats,
        .close = close_,
        .tier = tier,
        .shared = shared,
    };
    static const struct rp_store_ops shared_ops = {
        .kind = "tiered",
        .get = shared_get,
        .put = shared_put,
        .add = shared_add,
        .remove = shared_remove,
        .cancel = cancel,
        .tier = shared_tier,
    };
    struct tiered *t = calloc(1, sizeof *t);

    if (t == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a store");
        return NULL;
    }
    rp_store_init(&t->base, &ops, loop);
    rp_store_init(&t->shared, &shared_ops, loop);
    t->near = near;
    t->far = far;
    return &t->base;
}

struct rp_store *rp_store_tiered_over(struct rp_loop *loop, struct rp_store *near,
                                      struct rp_store *far, struct rp_error *err)
{
    struct rp_store *store = rp_store_tiered_new(loop, near, far, err);

    if (store != NULL)
        tiered_of(store)->borrows_far = true;
    return store;
}
