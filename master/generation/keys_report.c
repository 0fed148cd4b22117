/* SPDX-License-Identifier: MIT
 *
 * keys_report.c - write and read the report on ticket keys; see keys_report.h. The danger: the
 * process that writes it has the keys. Only the first bytes of their names, which every ticket
 * contains in plain text, are included. */
#include "master/generation/keys_report.h"

#include <string.h>

enum { ID = 4, ROLES = 3, MINTS = 4, DERIVED = 8 }; /* in the last byte: bits 0-1 a role */

/* -- in the generation's process */

static void put_key(struct rp_writer *w, const struct rp_key_info *key)
{
    rp_writer_bytes(w, key->name_prefix, ID);
    rp_writer_uint(w, key->epoch, 8);
    rp_writer_uint(w, key->begins_ms, 8);
    rp_writer_uint(w, key->erased_ms, 8);
    rp_writer_uint(w, (uint8_t)key->role | (key->mints ? MINTS : 0) | (key->derived ? DERIVED : 0),
                   1);
}

static void put_pinned(struct rp_writer *w, const struct rp_ticket_keys *keys, size_t index)
{
    struct rp_key_info info = {.role = RP_KEY_CURRENT, .mints = index == 0};
    struct rp_ticket_key key;

    if (!rp_ticket_keys_get(keys, index, &key))
        return;
    memcpy(info.name_prefix, key.name, ID);
    explicit_bzero(&key, sizeof key);
    put_key(w, &info);
}

size_t keys_report_write(uint8_t out[KEYS_REPORT_MAX], uint64_t question,
                         const struct rp_key_ring *ring, const struct rp_ticket_keys *keys)
{
    struct rp_writer w = rp_writer_of(out, KEYS_REPORT_MAX);
    struct rp_key_info list[KEYS_REPORT_KEYS];
    size_t all = rp_ticket_keys_count(keys), count = all;

    rp_writer_uint(&w, question, 8);
    rp_writer_uint(&w, ring != NULL ? rp_key_ring_epoch_ms(ring) : 0, 8);
    rp_writer_uint(&w, all, 2);
    if (ring != NULL)
        count = rp_key_ring_list(ring, list, KEYS_REPORT_KEYS);
    for (size_t i = 0; i < count && i < KEYS_REPORT_KEYS; i++) {
        if (ring != NULL)
            put_key(&w, &list[i]);
        else
            put_pinned(&w, keys, i);
    }
    return rp_writer_done(&w);
}

/* -- in the master */

static void number(struct rp_json *json, const char *key, uint64_t value)
{
    rp_json_key(json, key);
    rp_json_int(json, (int64_t)value);
}

static void flag(struct rp_json *json, const char *key, bool value)
{
    rp_json_key(json, key);
    rp_json_bool(json, value);
}

/* Times are seconds since 1970. */
static void of_ring(struct rp_json *json, struct rp_cursor *c, uint64_t now_ms)
{
    uint64_t epoch = rp_cursor_uint(c, 8), begins = rp_cursor_uint(c, 8),
             erased = rp_cursor_uint(c, 8);

    number(json, "epoch", epoch);
    number(json, "begins", begins / 1000);
    number(json, "age", now_ms > begins ? (now_ms - begins) / 1000 : 0);
    number(json, "erased", erased / 1000);
}

static void one(struct rp_json *json, struct rp_cursor *c, bool pinned, uint64_t now_ms)
{
    static const char *const roles[ROLES] = {"next", "current", "previous"};
    struct rp_cursor id = rp_cursor_take(c, ID), times = rp_cursor_take(c, 24);
    uint8_t bits = (uint8_t)rp_cursor_uint(c, 1);

    rp_json_begin_object(json);
    rp_json_key(json, "id");
    rp_json_hex(json, id.at, rp_cursor_left(&id));
    rp_json_key(json, "role");
    rp_json_string(json, pinned ? "pinned" : (bits & 3) < ROLES ? roles[bits & 3] : "unknown");
    flag(json, "mints", (bits & MINTS) != 0);
    if (!pinned) {
        of_ring(json, &times, now_ms);
        flag(json, "derived", (bits & DERIVED) != 0);
    }
    rp_json_end_object(json);
}

bool keys_report_read(struct rp_cursor report, uint64_t now_ms, uint64_t *question,
                      struct rp_json *json)
{
    uint64_t lifetime_ms;

    *question = rp_cursor_uint(&report, 8);
    lifetime_ms = rp_cursor_uint(&report, 8);
    rp_json_begin_object(json);
    flag(json, "ok", true);
    flag(json, "pinned", lifetime_ms == 0);
    number(json, "keyLifetime", lifetime_ms / 1000);
    number(json, "count", rp_cursor_uint(&report, 2));
    rp_json_key(json, "keys");
    rp_json_begin_array(json);
    while (rp_cursor_left(&report) > 0)
        one(json, &report, lifetime_ms == 0, now_ms);
    rp_json_end_array(json);
    rp_json_end_object(json);
    return rp_cursor_done(&report);
}
