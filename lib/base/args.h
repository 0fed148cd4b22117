/* SPDX-License-Identifier: MIT
 *
 * args.h - errors of what a caller handed in, and words to add to an error.
 * A public function that takes an rp_error begins with rp_error_clear, then asks for each pointer
 * that it needs. */
#ifndef RP_ARGS_H
#define RP_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

/* true: it is there. Else *err says that the argument of this name is NULL. */
bool rp_given(const void *argument, const char *name, struct rp_error *err);
/* The same for the parts of an option: a list and its count, or bytes and their length. Both are
 * given, or neither: who forgets the count must hear of it. */
bool rp_given_list(const void *list, size_t count, const char *name, struct rp_error *err);

/* Append to the message. Returns false always. */
bool rp_error_add(struct rp_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Set the reason, and nothing else. */
void rp_error_reason(struct rp_error *err, const char *reason);

#endif
