/* SPDX-License-Identifier: MIT
 *
 * load_response.h - where one HTTP/1.1 response ends, as its bytes come in, whatever their cuts. */
#ifndef LOAD_RESPONSE_H
#define LOAD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESPONSE_HEAD_MAX = 4096 };

struct load_response {
    bool in_body, until_end; /* until_end: no length was told */
    uint64_t left;           /* of the body */
    size_t head_len;
    char head[RESPONSE_HEAD_MAX];
};

void load_response_begin(struct load_response *);
enum load_response_state { RESPONSE_MORE, RESPONSE_DONE, RESPONSE_BAD };
/* Bytes after a complete response are ignored: nothing is asked before it is there. */
enum load_response_state load_response_feed(struct load_response *, const uint8_t *, size_t len);

#endif
