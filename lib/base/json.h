/* SPDX-License-Identifier: MIT
 *
 * json.h - write JSON, exactly as JSON.stringify without an indent would.
 * Commas and colons come by themselves; nesting is the caller's to balance. Strings may be any
 * bytes: what is not UTF-8 becomes U+FFFD, so the result is always valid JSON. Zero-initialised it
 * is ready; failure is sticky (text.h) and shows in rp_json_take. */
#ifndef RP_JSON_H
#define RP_JSON_H

#include "lib/base/text.h"

struct rp_json {
    struct rp_text text;
    bool comma; /* the next value or key has one before it */
};

void rp_json_begin_object(struct rp_json *);
void rp_json_end_object(struct rp_json *);
void rp_json_begin_array(struct rp_json *);
void rp_json_end_array(struct rp_json *);
void rp_json_key(struct rp_json *, const char *key); /* then its value */
void rp_json_key_bytes(struct rp_json *, const char *key, size_t len);

void rp_json_string(struct rp_json *, const char *string); /* NULL becomes null */
void rp_json_string_bytes(struct rp_json *, const void *bytes, size_t len);
void rp_json_hex(struct rp_json *, const void *bytes, size_t len); /* "0a1b" */
void rp_json_int(struct rp_json *, int64_t value);
void rp_json_bool(struct rp_json *, bool value);
void rp_json_null(struct rp_json *);

/* The document, owned by the caller (free), or NULL when memory ran out on the way. */
char *rp_json_take(struct rp_json *, size_t *len) __attribute__((warn_unused_result));

#endif
