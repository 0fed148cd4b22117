/* SPDX-License-Identifier: MIT
 *
 * store_redis.c - the four operations as Redis commands; see store_redis.h. get is GET, put SET PX,
 * remove DEL. add is SET NX PX followed by a GET, which returns the existing value; so old versions
 * of Redis are supported. The danger: a call may be cancelled, and its struct freed, before its
 * reply arrives; so the reply belongs to a struct of this file. */
#include "cache/redis/store_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/redis/router.h"

struct redis_store {
    struct rp_store store; /* must be first */
    struct rp_redis_router *router;
    struct asked *asked; /* all that wait for replies */
};

enum verb { GET, PUT, ADD, REMOVE };

/* The operation that a reply belongs to; freed with its last reply. An add has two replies, which
 * may arrive in any order if a cluster redirects one of them. */
struct asked {
    struct redis_store *store;  /* NULL: closed meanwhile */
    struct rp_store_call *call; /* NULL: cancelled, or no result wanted */
    struct asked *next, **at;
    enum verb verb;
    unsigned due; /* number of missing replies */
    bool set;     /* add: SET has succeeded */
};

/* -- replies */

static void forget(struct asked *a)
{
    if (a->next != NULL)
        a->next->at = a->at;
    *a->at = a->next;
    free(a);
}

static void one_less_due(struct asked *a)
{
    if (--a->due == 0)
        forget(a);
}

static struct rp_store_reply meaning(struct asked *a, const redisReply *reply)
{
    struct rp_store_reply out = {.status = RP_STORE_FAILED};

    if (reply == NULL)
        return out;
    /* A value of another program under our key: it cannot be opened. */
    if ((a->verb == GET || a->verb == ADD) && rp_redis_reply_says(reply, "WRONGTYPE")) {
        out.status = a->verb == GET ? RP_STORE_OK : RP_STORE_EXISTS;
        out.value = (struct rp_bytes){"", 0};
        return out;
    }
    if (reply->type == REDIS_REPLY_ERROR)
        return out;
    if (a->verb == PUT || a->verb == REMOVE) {
        out.status = RP_STORE_OK;
    } else if (a->verb == ADD && a->set) {
        out.status = RP_STORE_OK;
    } else if (reply->type == REDIS_REPLY_STRING && reply->len <= RP_STORE_VALUE_MAX) {
        out.status = a->verb == GET ? RP_STORE_OK : RP_STORE_EXISTS;
        out.value = (struct rp_bytes){reply->str, reply->len};
    } else if (reply->type == REDIS_REPLY_NIL && a->verb == GET) {
        out.status = RP_STORE_MISSING;
    }
    return out;
}

static void on_reply(const redisReply *reply, void *arg)
{
    struct asked *a = arg;
    struct rp_store_call *call = a->call;
    struct rp_store_reply out;

    /* While the result of an add's SET is unknown, the existing value means nothing. */
    out = meaning(a, a->due == 1 ? reply : NULL);
    if (out.status == RP_STORE_OK && a->verb == GET)
        a->store->store.counted->hits++;
    a->call = NULL;
    one_less_due(a);
    if (call != NULL)
        rp_store_answer(call, &out);
}

/* The SET of an add; its GET follows, unless it could not be sent, or was already answered. */
static void on_added(const redisReply *reply, void *arg)
{
    struct asked *a = arg;

    a->set = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    one_less_due(a);
}

/* -- commands */

static struct asked *ask(struct redis_store *s, enum verb verb, struct rp_store_call *call)
{
    struct asked *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->store = s;
    a->verb = verb;
    a->due = 1;
    a->call = call;
    a->next = s->asked;
    a->at = &s->asked;
    if (a->next != NULL)
        a->next->at = &a->next;
    s->asked = a;
    return a;
}

static enum rp_store_status under_way(struct redis_store *s, struct rp_store_call *call)
{
    if (call == NULL)
        return RP_STORE_OK;
    call->store = &s->store;
    return RP_STORE_LATER;
}

/* prefix and key, concatenated */
static size_t name_of(const struct redis_store *s, struct rp_bytes key,
                      char name[RP_REDIS_PREFIX_MAX + RP_STORE_KEY_MAX])
{
    const char *before = rp_redis_router_place(s->router)->prefix;
    size_t prefix = strlen(before);

    memcpy(name, before, prefix);
    memcpy(name + prefix, key.bytes, key.len);
    return prefix + key.len;
}

/* A command with a key and no further argument. */
static bool send_plain(struct redis_store *s, enum rp_redis_kind kind, struct rp_bytes key,
                       rp_redis_replied *replied, void *arg)
{
    char name[RP_REDIS_PREFIX_MAX + RP_STORE_KEY_MAX];
    const char *words[] = {kind == RP_REDIS_GET ? "GET" : "DEL", name};
    size_t lens[] = {3, name_of(s, key, name)};
    struct rp_redis_command c = {.kind = kind, .argc = 2, .argv = words, .lens = lens};

    return rp_redis_router_send(s->router, &c, replied, arg);
}

static bool send_set(struct redis_store *s, struct rp_bytes key, struct rp_bytes value,
                     uint64_t ttl_ms, bool only_if_absent, rp_redis_replied *replied, void *arg)
{
    char name[RP_REDIS_PREFIX_MAX + RP_STORE_KEY_MAX], ttl[24];
    const char *words[6] = {"SET", name, value.bytes};
    size_t lens[6] = {3, name_of(s, key, name), value.len};
    struct rp_redis_command c = {.kind = RP_REDIS_SET, .argc = 3, .argv = words, .lens = lens};

    if (ttl_ms > 0) {
        words[c.argc] = "PX";
        lens[c.argc++] = 2;
        words[c.argc] = ttl;
        lens[c.argc++] = (size_t)snprintf(ttl, sizeof ttl, "%llu", (unsigned long long)ttl_ms);
    }
    if (only_if_absent) {
        words[c.argc] = "NX";
        lens[c.argc++] = 2;
    }
    return rp_redis_router_send(s->router, &c, replied, arg);
}

static enum rp_store_status sent(struct redis_store *s, struct asked *a, bool ok,
                                 struct rp_store_call *call)
{
    if (ok)
        return under_way(s, call);
    forget(a);
    return RP_STORE_FAILED;
}

static enum rp_store_status redis_get(struct rp_store *store, struct rp_bytes key,
                                      struct rp_store_reply *now, struct rp_store_call *call)
{
    struct redis_store *s = (struct redis_store *)store;
    struct asked *a = call != NULL ? ask(s, GET, call) : NULL;

    (void)now;
    if (a == NULL)
        return RP_STORE_FAILED;
    return sent(s, a, send_plain(s, RP_REDIS_GET, key, on_reply, a), call);
}

static enum rp_store_status redis_put(struct rp_store *store, struct rp_bytes key,
                                      struct rp_bytes value, uint64_t ttl_ms,
                                      struct rp_store_call *call)
{
    struct redis_store *s = (struct redis_store *)store;
    struct asked *a = ask(s, PUT, call);

    if (a == NULL)
        return RP_STORE_FAILED;
    return sent(s, a, send_set(s, key, value, ttl_ms, false, on_reply, a), call);
}

static enum rp_store_status redis_add(struct rp_store *store, struct rp_bytes key,
                                      struct rp_bytes value, uint64_t ttl_ms,
                                      struct rp_store_reply *now, struct rp_store_call *call)
{
    struct redis_store *s = (struct redis_store *)store;
    struct asked *a = ask(s, ADD, call);

    (void)now;
    if (a == NULL)
        return RP_STORE_FAILED;
    if (!send_set(s, key, value, ttl_ms, true, on_added, a))
        return sent(s, a, false, call);
    if (send_plain(s, RP_REDIS_GET, key, on_reply, a)) {
        a->due = 2;
        return under_way(s, call);
    }
    a->call = NULL; /* the reply to SET still arrives here */
    return RP_STORE_FAILED;
}

static enum rp_store_status redis_remove(struct rp_store *store, struct rp_bytes key,
                                         struct rp_store_call *call)
{
    struct redis_store *s = (struct redis_store *)store;
    struct asked *a = ask(s, REMOVE, call);

    if (a == NULL)
        return RP_STORE_FAILED;
    return sent(s, a, send_plain(s, RP_REDIS_DEL, key, on_reply, a), call);
}

static void redis_cancel(struct rp_store_call *call)
{
    struct redis_store *s = (struct redis_store *)call->store;

    for (struct asked *a = s->asked; a != NULL; a = a->next)
        if (a->call == call)
            a->call = NULL;
}

/* -- lifetime */

static void on_changed(void *arg)
{
    struct redis_store *s = arg;

    rp_store_trouble_is(&s->store, rp_redis_router_trouble(s->router));
}

static void redis_close(struct rp_store *store)
{
    struct redis_store *s = (struct redis_store *)store;

    rp_redis_router_close(s->router);
    while (s->asked != NULL) {
        if (s->asked->call != NULL) /* NOLINT: forget() removes it from the list */
            s->asked->call->store = NULL;
        forget(s->asked);
    }
    free(s);
}

bool rp_store_redis_check(const char *uri, struct rp_error *err)
{
    return rp_redis_router_check(uri, err);
}

struct rp_store *rp_store_redis_open(struct rp_loop *loop, const char *uri, struct rp_error *err)
{
    static const struct rp_store_ops ops = {
        .kind = "redis",
        .get = redis_get,
        .put = redis_put,
        .add = redis_add,
        .remove = redis_remove,
        .cancel = redis_cancel,
        .close = redis_close,
    };
    struct redis_store *s = calloc(1, sizeof *s);

    if (s == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a redis store");
        return NULL;
    }
    rp_store_init(&s->store, &ops, loop);
    s->store.far = true;
    s->router = rp_redis_router_open(loop, uri, on_changed, s, err);
    if (s->router != NULL)
        return &s->store;
    free(s);
    return NULL;
}
