/* SPDX-License-Identifier: MIT
 *
 * read.h - from blocks and values to a struct conf; then what no value shows alone. Only conf/
 * includes it. */
#ifndef CONF_READ_H
#define CONF_READ_H

#include "conf/tree.h"

/* Into a conf that has its file's name and nothing else. */
bool conf_read(struct conf *, const struct conf_tree *, struct rp_error *);
/* What contradicts itself, or is missing. */
bool conf_check(const struct conf *, struct rp_error *);
bool conf_strings_add(struct conf_strings *, char *text); /* takes the text, also when it fails */
bool conf_strings_has(const struct conf_strings *, const char *text);
void conf_strings_free(struct conf_strings *);

#endif
