/* SPDX-License-Identifier: MIT
 *
 * json.c - write JSON as JSON.stringify does. The danger: a peer's string that closes its quotes
 * and adds JSON of its own; so every string and key is written by json_escape. Uses text.h only. */
#include "lib/base/json.h"

#include <inttypes.h>
#include <string.h>

/* Before a value or key: the comma, if something precedes it in the same object or array. */
static struct rp_text *json_next(struct rp_json *j)
{
    if (j->comma)
        rp_text_add(&j->text, ",", 1);
    j->comma = true;
    return &j->text;
}

static void json_begin(struct rp_json *j, const char *bracket)
{
    rp_text_add(json_next(j), bracket, 1);
    j->comma = false;
}

static void json_end(struct rp_json *j, const char *bracket)
{
    rp_text_add(&j->text, bracket, 1);
    j->comma = true;
}

void rp_json_begin_object(struct rp_json *j)
{
    json_begin(j, "{");
}

void rp_json_end_object(struct rp_json *j)
{
    json_end(j, "}");
}

void rp_json_begin_array(struct rp_json *j)
{
    json_begin(j, "[");
}

void rp_json_end_array(struct rp_json *j)
{
    json_end(j, "]");
}

static bool must_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void json_escape(struct rp_text *t, uint8_t c)
{
    static const char shorts[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *found = c ? strchr(shorts, c) : NULL;

    if (found)
        rp_text_printf(t, "\\%c", letters[found - shorts]);
    else
        rp_text_printf(t, "\\u%04x", c);
}

static void json_quote(struct rp_text *t, const char *bytes, size_t len)
{
    size_t at = 0;

    rp_text_add(t, "\"", 1);
    while (at < len) {
        size_t plain = at;

        while (at < len && !must_escape((uint8_t)bytes[at]))
            at++;
        rp_text_utf8(t, bytes + plain, at - plain);
        if (at < len)
            json_escape(t, (uint8_t)bytes[at++]);
    }
    rp_text_add(t, "\"", 1);
}

void rp_json_key_bytes(struct rp_json *j, const char *key, size_t len)
{
    json_quote(json_next(j), key, len);
    rp_text_add(&j->text, ":", 1);
    j->comma = false;
}

void rp_json_key(struct rp_json *j, const char *key)
{
    rp_json_key_bytes(j, key, strlen(key));
}

void rp_json_string_bytes(struct rp_json *j, const void *bytes, size_t len)
{
    json_quote(json_next(j), bytes, len);
}

void rp_json_string(struct rp_json *j, const char *string)
{
    if (string)
        rp_json_string_bytes(j, string, strlen(string));
    else
        rp_json_null(j);
}

void rp_json_hex(struct rp_json *j, const void *bytes, size_t len)
{
    rp_text_add(json_next(j), "\"", 1);
    rp_text_hex(&j->text, bytes, len);
    rp_text_add(&j->text, "\"", 1);
}

void rp_json_int(struct rp_json *j, int64_t value)
{
    rp_text_printf(json_next(j), "%" PRId64, value);
}

void rp_json_bool(struct rp_json *j, bool value)
{
    rp_text_puts(json_next(j), value ? "true" : "false");
}

void rp_json_null(struct rp_json *j)
{
    rp_text_puts(json_next(j), "null");
}

char *rp_json_take(struct rp_json *j, size_t *len)
{
    j->comma = false;
    return rp_text_take(&j->text, len);
}
