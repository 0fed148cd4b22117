/* SPDX-License-Identifier: MIT
 *
 * names.h - map server names to values: exact names, and wildcards of one label. The cost of a
 * lookup does not depend on the number of names; it allocates nothing. Case and one trailing dot
 * are ignored (RFC 6066 section 3, RFC 4343). */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { NAMES_MAX = 253 }; /* bytes of a name (RFC 1035 section 2.3.4) */

struct names;
struct names *names_new(void) __attribute__((warn_unused_result)); /* NULL: no memory */
void names_free(struct names *); /* NULL ok; the values are the caller's */

/* Write `name` in lower case without its trailing dot to out; returns its length. 0: it is not a
 * host name: an empty label or one over 63 bytes, more than 253 bytes in all, or bytes other than
 * letters, digits, '-' and '_'. */
size_t names_normalise(const char *name, char out[NAMES_MAX + 1]);
/* Whether names_add accepts this pattern: a host name, or "*." and a host name. */
bool names_valid_pattern(const char *pattern);

enum names_added { NAMES_ADDED, NAMES_PRESENT, NAMES_INVALID, NAMES_NO_MEMORY };
/* Add a pattern; `value` must not be NULL. An existing value is kept. */
enum names_added names_add(struct names *, const char *pattern, void *value);
/* The value of exactly this pattern; NULL: none. */
void *names_get(const struct names *, const char *pattern);
/* The value for a name that a client sent: of the exact name, else of the wildcard for its parent;
 * NULL: none. NULL for a NULL name. */
void *names_find(const struct names *, const char *name);
size_t names_count(const struct names *);

#endif
