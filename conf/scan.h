/* SPDX-License-Identifier: MIT
 *
 * scan.h - what libconfuse takes without a word, though nobody can mean it: a comment, a string or
 * a block without an end, and a variable that is not set, which would be nothing. Only tree.c
 * includes it. Pure, but for the environment. */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include "conf/schema.h"

/* false: err says where and what. *open_block is the line of the block that has no end, 0 if all
 * have one; what else is wrong with it is of more use. */
bool conf_scan(const char *text, const char *file, unsigned *open_block, struct rp_error *err);

#endif
