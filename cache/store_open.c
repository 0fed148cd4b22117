/* SPDX-License-Identifier: MIT
 *
 * store_open.c - from a store's URI to a store; the one file that knows all kinds of them. */
#include "cache/store_open.h"

#include <stdio.h>
#include <string.h>

#include "cache/redis/store_redis.h"
#include "cache/redis/uri.h"
#include "cache/store/store_keys.h"
#include "cache/store/store_lmdb.h"
#include "cache/store/store_tiered.h"

static bool has_scheme(const char *uri, const char *scheme)
{
    size_t len = strlen(scheme);

    return strncmp(uri, scheme, len) == 0 && uri[len] == ':';
}

/* What stands before no colon, or is no word, may be a part of a password: it is not shown. */
static bool unknown_scheme(const char *uri, struct rp_error *err)
{
    enum { SCHEME_MAX = 20 };
    size_t len = strspn(uri, "abcdefghijklmnopqrstuvwxyz+");

    return rp_error_set(err, "ERR_STORE_URI",
                        "%.*s is not a kind of store; use lmdb:PATH?size=256M or "
                        "redis://host:port/db",
                        len < SCHEME_MAX && uri[len] == ':' ? (int)len : 4,
                        len < SCHEME_MAX && uri[len] == ':' ? uri : "this");
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

/* A near tier that can't be opened is a trouble of its own; the far one works without it. */
static struct rp_store *open_both(struct rp_loop *loop, const char *near_uri, const char *far_uri,
                                  const char *directory, struct rp_error *err)
{
    struct rp_store *far = rp_store_open(loop, far_uri, directory, err);
    struct rp_store *near =
        far != NULL ? rp_store_lmdb_open_anyway(loop, near_uri, directory, err) : NULL;
    struct rp_store *both = near != NULL ? rp_store_tiered_new(loop, near, far, err) : NULL;

    if (both == NULL) {
        rp_store_close(near);
        rp_store_close(far);
    }
    return both;
}

struct rp_store *rp_store_open_tiers(struct rp_loop *loop, const char *near, const char *uri,
                                     const char *directory, struct rp_error *err)
{
    if (!rp_store_uri_is_remote(uri) || near == NULL || near[0] == '\0')
        return rp_store_open(loop, uri, directory, err);
    return open_both(loop, near, uri, directory, err);
}

struct rp_store *rp_store_open_keys(struct rp_loop *loop, const char *near, const char *uri,
                                    const char *directory, struct rp_store *store,
                                    struct rp_error *err)
{
    const char *file = rp_store_file_uri(near, uri);
    struct rp_store *far = store != NULL ? rp_store_far(store) : NULL, *keys, *both;
    char path[RP_LMDB_PATH_MAX + 8];
    struct rp_lmdb_place place;

    *err = (struct rp_error){.code = ""};
    if (file == NULL || !rp_lmdb_place_parse(&place, file, directory, err))
        return NULL;
    snprintf(path, sizeof path, "%s-keys", place.path);
    keys = rp_store_keys_open(loop, path, NULL, err);
    if (keys == NULL || far == NULL)
        return keys;
    both = rp_store_tiered_over(loop, keys, far, err);
    if (both == NULL)
        rp_store_close(keys);
    return both;
}

bool rp_store_check_near(const char *uri, struct rp_error *err)
{
    if (rp_store_uri_is_remote(uri))
        return rp_error_set(err, "ERR_STORE_URI",
                            "it must be a local store; use for example "
                            "lmdb:sessions?size=256M");
    return rp_store_check_uri(uri, err);
}

const char *rp_store_file_uri(const char *near, const char *uri)
{
    if (!rp_store_uri_is_remote(uri))
        return uri;
    return near != NULL && near[0] != '\0' ? near : NULL;
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
