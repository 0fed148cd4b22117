/* SPDX-License-Identifier: MIT
 *
 * secret_file.h - the cluster secret that a configuration names, or must name. The danger: hosts
 * that share a store but have different secrets would seem to work, but share no session; so a
 * secret is created only for a store that no other host uses. */
#ifndef SECRET_FILE_H
#define SECRET_FILE_H

#include "cache/secret.h"
#include "conf/conf.h"

/* Read the file that is named. If none is named and hosts share the store: false, with the remedy.
 * If none is named otherwise: `made_here` is true, *secret is unchanged, and the file is
 * state-dir/secret. */
bool secret_file_read(const struct conf *, struct rp_secret *secret, bool *made_here,
                      struct rp_error *);

#endif
