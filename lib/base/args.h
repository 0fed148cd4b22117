/* SPDX-License-Identifier: MIT
 *
 * args.h - checks of the arguments of public functions, and additions to an error.
 * A public function that takes an rp_error first calls rp_error_clear, then checks each pointer
 * that it needs. */
#ifndef RP_ARGS_H
#define RP_ARGS_H

#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

/* Whether an argument is not NULL; if it is, *err names it. */
bool rp_given(const void *argument, const char *name, struct rp_error *err);
/* Whether an option that consists of a list and its count, or bytes and their length, has both or
 * neither; if not, *err names it, since a forgotten count must not be ignored. */
bool rp_given_list(const void *list, size_t count, const char *name, struct rp_error *err);
/* Whether an option of an enum type, whose values are 0 to `last`, has one of them; if not, *err
 * names it. */
bool rp_given_choice(unsigned value, unsigned last, const char *name, struct rp_error *err);

/* Whether a descriptor is open; if not, *err is EBADF. The event loop would abort the process. */
bool rp_given_fd(int fd, struct rp_error *err);

/* Append to the message. Always returns false. */
bool rp_error_add(struct rp_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Set the reason only. */
void rp_error_reason(struct rp_error *err, const char *reason);

#endif
