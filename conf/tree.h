/* SPDX-License-Identifier: MIT
 *
 * tree.h - the text of a configuration as blocks and values, by libconfuse and the schema.
 * Only conf/ includes it, and only tree.c knows libconfuse. Every value keeps its line. */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include "conf/value.h"

struct cfg_t; /* libconfuse's: a block */
struct conf_tree {
    struct cfg_t *cfg; /* NULL: a block that is not in the file */
    const char *file;  /* borrowed, as in all places of it */
};

/* Words that the schema does not know, or text that is no configuration, end it here. */
bool conf_tree_parse(struct conf_tree *, const char *text, const char *file, struct rp_error *);
void conf_tree_free(struct conf_tree *);

/* The index-th value of an option; false: there is none (any more). */
bool conf_tree_value(const struct conf_tree *, const char *option, size_t index,
                     struct conf_value *);
/* The index-th block of a name; false: there is none (any more). Its tree is borrowed. */
bool conf_tree_block(const struct conf_tree *, const char *name, size_t index, struct conf_tree *);
const char *conf_tree_title(const struct conf_tree *);
/* Where its first option stands. */
struct conf_place conf_tree_place(const struct conf_tree *);

#endif
