/* SPDX-License-Identifier: MIT
 *
 * read.h - convert blocks and values to a struct conf; check how its options fit together. Only
 * conf/ includes it. */
#ifndef CONF_READ_H
#define CONF_READ_H

#include "conf/tree.h"

/* Fill a conf in which only the file's name is set. */
bool conf_read(struct conf *, const struct conf_tree *, struct rp_error *);
/* Are required options missing, or do options contradict each other? False: err is set. */
bool conf_check(const struct conf *, struct rp_error *);
bool conf_strings_add(struct conf_strings *,
                      char *text); /* takes ownership of the text, also on failure */
bool conf_strings_has(const struct conf_strings *, const char *text);
void conf_strings_free(struct conf_strings *);

#endif
