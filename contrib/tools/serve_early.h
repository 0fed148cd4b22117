/* SPDX-License-Identifier: MIT
 *
 * serve_early.h - the early data that this process has accepted. */
#ifndef SERVE_EARLY_H
#define SERVE_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this binder is certainly new. A binder that may have been dropped is not. now_ms must
 * never decrease. */
bool serve_early_is_first(const uint8_t *binder, size_t len, uint64_t now_ms);

#endif
