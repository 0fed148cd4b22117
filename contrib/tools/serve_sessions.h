/* SPDX-License-Identifier: MIT
 *
 * serve_sessions.h - sessions by id in memory, for newSession and resumeSession. */
#ifndef SERVE_SESSIONS_H
#define SERVE_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

/* Store a session; if the ring is full, it replaces the oldest. */
void serve_session_put(const uint8_t *id, size_t id_len, const uint8_t *der, size_t len);
/* Borrowed until the next put; NULL: not found. */
const uint8_t *serve_session_get(const uint8_t *id, size_t id_len, size_t *len);

#endif
