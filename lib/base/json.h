/* SPDX-License-Identifier: MIT
 *
 * json.h - write JSON exactly as JSON.stringify does without an indent. Commas and colons are
 * written automatically; the caller must close what it opens. Strings may be any bytes: malformed
 * UTF-8 becomes U+FFFD, so the result is always valid JSON. A zero-initialised struct is ready for
 * use; a failure is sticky (text.h), and rp_json_take reports it. */
#ifndef RP_JSON_H
#define RP_JSON_H

#include "lib/base/text.h"

struct rp_json {
    struct rp_text text;
    bool comma; /* the next value or key needs a comma before it */
};

void rp_json_begin_object(struct rp_json *);
void rp_json_end_object(struct rp_json *);
void rp_json_begin_array(struct rp_json *);
void rp_json_end_array(struct rp_json *);
void rp_json_key(struct rp_json *, const char *key); /* its value must follow */
void rp_json_key_bytes(struct rp_json *, const char *key, size_t len);

void rp_json_string(struct rp_json *, const char *string); /* NULL becomes null */
void rp_json_string_bytes(struct rp_json *, const void *bytes, size_t len);
void rp_json_hex(struct rp_json *, const void *bytes, size_t len); /* "0a1b" */
void rp_json_int(struct rp_json *, int64_t value);
void rp_json_bool(struct rp_json *, bool value);
void rp_json_null(struct rp_json *);

/* The document, which the caller must free(); NULL: memory ran out. */
char *rp_json_take(struct rp_json *, size_t *len) __attribute__((warn_unused_result));

#endif
