/* SPDX-License-Identifier: MIT
 *
 * serve_early.h - which flights of early data this process has seen. */
#ifndef SERVE_EARLY_H
#define SERVE_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is this its first time, for sure? A binder that may have been forgotten is not. now_ms never goes
 * back. */
bool serve_early_is_first(const uint8_t *binder, size_t len, uint64_t now_ms);

#endif
