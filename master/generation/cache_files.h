/* SPDX-License-Identifier: MIT
 *
 * cache_files.h - what the cache block of a configuration names: stores, and ticket keys that are
 * given. One rule for `check` and for who serves. */
#ifndef CACHE_FILES_H
#define CACHE_FILES_H

#include "conf/conf.h"
#include <reprise/ticket_keys.h>

struct rp_log;

/* Can the stores' URIs be read, and the files that they name? Nobody is asked. */
bool cache_files_check(const struct conf *, struct rp_error *);
/* Fill `keys` from ticket-keys, if it is given. */
bool cache_files_read_keys(const struct conf *, struct rp_ticket_keys *keys, struct rp_error *);
/* A process died inside the store's file, at `place`, and the next one would, too: put the file
 * aside, so that it begins anew, and log it. false: that failed. */
bool cache_files_set_aside(const struct conf *, uint64_t place, struct rp_log *);

#endif
