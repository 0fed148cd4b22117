/* SPDX-License-Identifier: MIT
 *
 * response.h - where one HTTP/1.1 response ends, as its bytes come in, whatever their cuts.
 * By its length, by chunks, by the end of the connection, or with its head (204, 304); interim ones
 * (1xx) are passed over. */
#ifndef LOAD_RESPONSE_H
#define LOAD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESPONSE_HEAD_MAX = 16384 };

struct load_response {
    enum {
        RESPONSE_HEAD,
        RESPONSE_LENGTH, /* so many bytes are left */
        RESPONSE_UNTIL_END,
        RESPONSE_CHUNK_SIZE,
        RESPONSE_CHUNK,
        RESPONSE_CHUNK_END,
        RESPONSE_TRAILER,
        RESPONSE_COMPLETE,
    } state;
    unsigned status;
    bool closes;         /* the server takes no more requests on this connection */
    uint64_t left, body; /* of the body or the chunk; how much of a body there was */
    size_t line_len;     /* of what is in text: the head, or a line */
    char text[RESPONSE_HEAD_MAX];
};

void load_response_begin(struct load_response *);
enum load_response_result { RESPONSE_MORE, RESPONSE_DONE, RESPONSE_BAD };
/* Bytes after a complete response are ignored: nothing is asked before it is there. */
enum load_response_result load_response_feed(struct load_response *, const uint8_t *, size_t len);

#endif
