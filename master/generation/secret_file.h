/* SPDX-License-Identifier: MIT
 *
 * secret_file.h - the cluster secret that a configuration names, or must name.
 * The danger: hosts that share a store, each with a secret of its own, would look well and know
 * nobody; so a secret is made only for a store that no other host sees. */
#ifndef SECRET_FILE_H
#define SECRET_FILE_H

#include "cache/secret.h"
#include "conf/conf.h"

/* Read the file that is named. When none is named: false with the remedy if the store is shared by
 * hosts; else `made_here` is true, *secret untouched, and its file is state-dir/secret. */
bool secret_file_read(const struct conf *, struct rp_secret *secret, bool *made_here,
                      struct rp_error *);

#endif
