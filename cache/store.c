/* SPDX-License-Identifier: MIT
 *
 * store.c - what all stores have in common: opening by URI, sizes, counts, troubles; see store.h.
 * The danger is the caller: keys and values of a wrong size stop here, so that no implementation
 * ever sees one. */
#include "cache/store.h"

#include <stdlib.h>
#include <string.h>

#include "cache/redis_uri.h"
#include "cache/store_lmdb.h"
#include "cache/store_redis.h"

/* -- by URI */

static bool has_scheme(const char *uri, const char *scheme)
{
    size_t len = strlen(scheme);

    return strncmp(uri, scheme, len) == 0 && uri[len] == ':';
}

static bool unknown_scheme(const char *uri, struct rp_error *err)
{
    return rp_error_set(err, "ERR_STORE_URI",
                        "%.*s is no kind of store; lmdb:PATH?size=256M is one, and "
                        "redis://host:port/db",
                        (int)strcspn(uri, ":"), uri);
}

struct rp_store *rp_store_open(struct rp_loop *loop, const char *uri, const char *directory,
                               struct rp_error *err)
{
    if (has_scheme(uri, "lmdb"))
        return rp_store_lmdb_open(loop, uri, directory, err);
    if (rp_redis_uri_is(uri))
        return rp_store_redis_open(loop, uri, err);
    unknown_scheme(uri, err);
    return NULL;
}

bool rp_store_check_uri(const char *uri, struct rp_error *err)
{
    if (rp_redis_uri_is(uri))
        return rp_store_redis_check(uri, err);
    return has_scheme(uri, "lmdb") ? rp_store_lmdb_check(uri, err) : unknown_scheme(uri, err);
}

bool rp_store_uri_is_remote(const char *uri)
{
    return rp_redis_uri_is(uri);
}

bool rp_store_set_aside(const char *uri, const char *directory, uint64_t found,
                        struct rp_error *err)
{
    if (rp_redis_uri_is(uri))
        return true; /* there is no file */
    return has_scheme(uri, "lmdb") ? rp_store_lmdb_set_aside(uri, directory, found, err)
                                   : unknown_scheme(uri, err);
}

/* -- troubles */

void rp_store_init(struct rp_store *store, const struct rp_store_ops *ops, struct rp_loop *loop)
{
    store->ops = ops;
    store->loop = loop;
    store->place = &store->nowhere;
}

void rp_store_mark_place(struct rp_store *store, volatile uint64_t *place)
{
    store->place = place;
}

static void tell(struct rp_store *store)
{
    if (store->on_trouble == NULL)
        return;
    store->trouble_told = store->trouble.code[0] != '\0';
    store->on_trouble(store->trouble_told ? &store->trouble : NULL, store->on_trouble_arg);
}

void rp_store_on_trouble(struct rp_store *store, rp_store_trouble *listener, void *arg)
{
    store->on_trouble = listener;
    store->on_trouble_arg = arg;
    if (store->trouble.code[0] != '\0')
        tell(store);
}

void rp_store_trouble_is(struct rp_store *store, const struct rp_error *error)
{
    bool was = store->trouble.code[0] != '\0', is = error != NULL;

    if (was == is)
        return;
    store->trouble = is ? *error : (struct rp_error){.code = ""};
    if (is || store->trouble_told)
        tell(store);
}

/* -- the verbs */

static bool fits(struct rp_bytes key, struct rp_bytes value)
{
    return key.len > 0 && key.len <= RP_STORE_KEY_MAX && value.len <= RP_STORE_VALUE_MAX;
}

static enum rp_store_status counted(struct rp_store *store, enum rp_store_status status)
{
    if (status == RP_STORE_FAILED)
        store->counted.failures++;
    return status;
}

enum rp_store_status rp_store_get(struct rp_store *store, struct rp_bytes key,
                                  struct rp_store_reply *now, struct rp_store_call *later)
{
    struct rp_bytes none = {0};

    *now = (struct rp_store_reply){.status = RP_STORE_FAILED};
    store->counted.gets++;
    if (fits(key, none))
        now->status = store->ops->get(store, key, now, later);
    if (now->status == RP_STORE_OK)
        store->counted.hits++;
    return counted(store, now->status);
}

enum rp_store_status rp_store_put(struct rp_store *store, struct rp_bytes key,
                                  struct rp_bytes value, uint64_t ttl_ms,
                                  struct rp_store_call *later)
{
    store->counted.puts++;
    return counted(store, fits(key, value) ? store->ops->put(store, key, value, ttl_ms, later)
                                           : RP_STORE_FAILED);
}

enum rp_store_status rp_store_add(struct rp_store *store, struct rp_bytes key,
                                  struct rp_bytes value, uint64_t ttl_ms,
                                  struct rp_store_reply *now, struct rp_store_call *later)
{
    *now = (struct rp_store_reply){.status = RP_STORE_FAILED};
    store->counted.adds++;
    if (fits(key, value))
        now->status = store->ops->add(store, key, value, ttl_ms, now, later);
    return counted(store, now->status);
}

enum rp_store_status rp_store_remove(struct rp_store *store, struct rp_bytes key,
                                     struct rp_store_call *later)
{
    struct rp_bytes none = {0};

    store->counted.removes++;
    return counted(store,
                   fits(key, none) ? store->ops->remove(store, key, later) : RP_STORE_FAILED);
}

void rp_store_cancel(struct rp_store_call *call)
{
    if (call->store != NULL)
        call->store->ops->cancel(call);
    call->store = NULL;
}

void rp_store_answer(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct rp_store *store = call->store;

    call->store = NULL;
    counted(store, reply->status);
    call->done(call, reply);
}

void rp_store_stats(struct rp_store *store, struct rp_store_stats *stats)
{
    *stats = store->counted;
    if (store->ops->stats != NULL)
        store->ops->stats(store, stats);
}

const char *rp_store_kind(const struct rp_store *store)
{
    return store->ops->kind;
}

void rp_store_close(struct rp_store *store)
{
    if (store != NULL)
        store->ops->close(store);
}
