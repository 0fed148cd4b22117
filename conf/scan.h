/* SPDX-License-Identifier: MIT
 *
 * scan.h - find the errors that libconfuse accepts: a comment, a string or a block without an end,
 * a variable that is not set, and an empty list, which could not be told from an unset option. Only
 * tree.c includes it. It reads nothing but the text and the environment. */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include "conf/schema.h"

/* false: *err has the location and the error. *late is the error, or cleared, that holds if
 * libconfuse finds none: a block without an end or an empty list, which another error may explain.
 */
bool conf_scan(const char *text, const char *file, struct rp_error *late, struct rp_error *err);

#endif
