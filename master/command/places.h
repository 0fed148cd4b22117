/* SPDX-License-Identifier: MIT
 *
 * places.h - the directories and the log that a start would make or open, judged without doing it.
 */
#ifndef PLACES_H
#define PLACES_H

#include "conf/conf.h"
#include "master/generation/user.h"

/* Says what the start would say, of state-dir (which `user` must own), run-dir and the log. */
bool places_check(const struct conf *, const struct user *, struct rp_error *);

#endif
