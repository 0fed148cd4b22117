/* SPDX-License-Identifier: MIT
 *
 * cache_files.c - check what the cache block names; see cache_files.h. */
#include "master/generation/cache_files.h"

#include "cache/store_open.h"
#include "lib/base/log.h"
#include "master/generation/pinned_keys.h"

bool cache_files_check(const struct conf *conf, struct rp_error *err)
{
    struct rp_error why;

    if (!rp_store_check_uri(conf->cache.store, &why))
        return conf_error(err, &conf->cache.location, "store: %s", why.message);
    return conf->cache.l1[0] == '\0' || rp_store_check_near(conf->cache.l1, &why) ||
           conf_error(err, &conf->cache.location, "l1: %s", why.message);
}

bool cache_files_read_keys(const struct conf *conf, struct rp_ticket_keys *keys,
                           struct rp_error *err)
{
    struct rp_error why;

    return conf->cache.ticket_keys == NULL ||
           pinned_keys_read(keys, conf->cache.ticket_keys, &why) ||
           conf_error(err, &conf->cache.location, "ticket-keys: %s", why.message);
}

bool cache_files_set_aside(const struct conf *conf, uint64_t place, struct rp_log *log)
{
    const char *file = rp_store_file_uri(conf->cache.l1, conf->cache.store);
    struct rp_error error;

    if (file != NULL && !rp_store_set_aside(file, conf->state_dir, place, &error)) {
        rp_log(log, RP_LOG_ERROR, "the store is damaged: %s", error.message);
        return false;
    }
    rp_log(log, RP_LOG_ERROR,
           "the store is damaged and replaced by an empty one; its sessions are lost");
    return true;
}
