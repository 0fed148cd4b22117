/* SPDX-License-Identifier: MIT
 *
 * names.h - from a server name to what serves it: exact names, and wildcards of one label.
 * A lookup costs the same however many names there are, and allocates nothing. Names compare
 * without regard to case and to one trailing dot (RFC 6066 section 3, RFC 4343). */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_MAX = 253 }; /* bytes of a name (RFC 1035 section 2.3.4) */

struct names;
struct names *names_new(void) __attribute__((warn_unused_result)); /* NULL: no memory */
void names_free(struct names *); /* NULL ok; the values are the caller's */

/* Lower-case `name` without its trailing dot into out; its length, or 0 when it is no host name:
 * an empty label or one over 63 bytes, more than 253 in all, bytes other than letters, digits, '-'
 * and '_'. */
size_t names_normalise(const char *name, char out[NAMES_MAX + 1]);
/* Is this something names_add takes: a host name, or "*." and a host name? */
bool names_valid_pattern(const char *pattern);

enum names_added { NAMES_ADDED, NAMES_PRESENT, NAMES_INVALID, NAMES_NO_MEMORY };
/* `value` is never NULL. What stands there already stays. */
enum names_added names_add(struct names *, const char *pattern, void *value);
/* The value of exactly this pattern, or NULL. */
void *names_get(const struct names *, const char *pattern);
/* The value for a name that a client sent: of the exact name, else of the wildcard one label up,
 * else NULL. NULL for a NULL name. */
void *names_find(const struct names *, const char *name);
size_t names_count(const struct names *);

#endif
