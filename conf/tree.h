/* SPDX-License-Identifier: MIT
 *
 * tree.h - the text of a configuration as blocks and values, parsed by libconfuse.
 * Only conf/ includes it, and only tree.c uses libconfuse. Each value has its line. */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include "conf/value.h"

struct cfg_t; /* libconfuse's: a block */
struct conf_tree {
    struct cfg_t *cfg; /* NULL: the block is not in the file */
    const char *file;  /* the file's name, borrowed */
};

/* An unknown option or block, or a syntax error, is an error here. */
bool conf_tree_parse(struct conf_tree *, const char *text, const char *file, struct rp_error *);
void conf_tree_free(struct conf_tree *);

/* The value of an option with this index; false: the option has fewer values. */
bool conf_tree_value(const struct conf_tree *, const char *option, size_t index,
                     struct conf_value *);
/* The block of this name with this index; false: fewer exist. Its tree is borrowed. */
bool conf_tree_block(const struct conf_tree *, const char *name, size_t index, struct conf_tree *);
const char *conf_tree_title(const struct conf_tree *);
/* The location of the block's first option. */
struct conf_location conf_tree_location(const struct conf_tree *);

#endif
