/* SPDX-License-Identifier: MIT
 *
 * response.h - find the end of an HTTP/1.1 response in bytes that arrive in pieces: by its length,
 * by chunks, by the end of the connection, or with its head (204, 304). Interim responses (1xx) are
 * skipped. */
#ifndef LOAD_RESPONSE_H
#define LOAD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESPONSE_HEAD_MAX = 16384 };

struct load_response {
    enum {
        RESPONSE_HEAD,
        RESPONSE_LENGTH, /* `left` bytes remain */
        RESPONSE_UNTIL_END,
        RESPONSE_CHUNK_SIZE,
        RESPONSE_CHUNK,
        RESPONSE_CHUNK_END,
        RESPONSE_TRAILER,
        RESPONSE_COMPLETE,
    } state;
    unsigned status;
    bool closes;         /* the server accepts no further requests on this connection */
    uint64_t left, body; /* remaining bytes of the body or chunk; total of the body */
    size_t line_len;     /* bytes in `text`: of the head, or of a line */
    char text[RESPONSE_HEAD_MAX];
};

void load_response_begin(struct load_response *);
enum load_response_result { RESPONSE_MORE, RESPONSE_DONE, RESPONSE_BAD };
/* Bytes after a complete response are ignored: the next request is not sent before it. */
enum load_response_result load_response_feed(struct load_response *, const uint8_t *, size_t len);

#endif
