/* SPDX-License-Identifier: MIT
 *
 * secret_file.c - see secret_file.h; used by `run` and `check`, so that both agree. */
#include "master/generation/secret_file.h"

#include "cache/store_open.h"

bool secret_file_read(const struct conf *conf, struct rp_secret *secret, bool *made_here,
                      struct rp_error *err)
{
    struct rp_error why;

    *made_here = false;
    if (conf->secret_file != NULL)
        return rp_secret_read(secret, conf->secret_file, &why) ||
               rp_error_set(err, why.code, "%s: secret-file: %s", conf->file, why.message);
    if (rp_store_uri_is_remote(conf->cache.store))
        return conf_error(err, &conf->cache.location,
                          "store: a store shared by hosts requires the same secret on all of them; "
                          "make it with head -c 32 /dev/urandom and set secret-file");
    *made_here = true;
    return true;
}
