/* SPDX-License-Identifier: MIT
 *
 * pages.h - metrics and status over HTTP, at the address of the configuration that serves. */
#ifndef PAGES_H
#define PAGES_H

#include "master/master_internal.h"

/* Listen where the next configuration wants it, beside the current address. */
bool pages_prepare(struct master *, const struct conf *next, struct rp_error *);
/* The next configuration serves (`ready`), or has failed: close what is not wanted any more. */
void pages_settle(struct master *, bool ready);

#endif
