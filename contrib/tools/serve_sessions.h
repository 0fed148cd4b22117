/* SPDX-License-Identifier: MIT
 *
 * serve_sessions.h - sessions by id in memory, for newSession and resumeSession. */
#ifndef SERVE_SESSIONS_H
#define SERVE_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

/* The oldest goes when there are many. */
void serve_session_put(const uint8_t *id, size_t id_len, const uint8_t *der, size_t len);
/* Borrowed until the next put; NULL: not there. */
const uint8_t *serve_session_get(const uint8_t *id, size_t id_len, size_t *len);

#endif
