/* SPDX-License-Identifier: MIT
 *
 * keys_report.h - the report for `reprise keys`: ids, ages and epochs of the ticket keys. A
 * generation, which has the keys, writes it without them; the master converts it to JSON. */
#ifndef KEYS_REPORT_H
#define KEYS_REPORT_H

#include "cache/key_ring.h"
#include "lib/base/cursor.h"
#include "lib/base/ipc.h"
#include "lib/base/json.h"

enum {
    KEYS_REPORT_HEAD = 8 + 8 + 2, /* question, key-lifetime in ms (0: pinned), number of keys */
    KEYS_REPORT_KEY = 4 + 8 + 8 + 8 + 1,
    KEYS_REPORT_KEYS = 100, /* maximum number of keys in a report */
    KEYS_REPORT_MAX = KEYS_REPORT_HEAD + KEYS_REPORT_KEYS * KEYS_REPORT_KEY,
};
_Static_assert((int)KEYS_REPORT_MAX < (int)RP_IPC_MAX, "a report is one message");

/* `ring` NULL: the keys are pinned. Returns the length. */
size_t keys_report_write(uint8_t out[KEYS_REPORT_MAX], uint64_t question,
                         const struct rp_key_ring *ring, const struct rp_ticket_keys *keys);
/* false: malformed. The JSON becomes part of an answer. */
bool keys_report_read(struct rp_cursor report, uint64_t now_ms, uint64_t *question,
                      struct rp_json *json);

#endif
