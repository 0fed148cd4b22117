/* SPDX-License-Identifier: MIT
 *
 * first_hello.c - find out whether a whole ClientHello has arrived. The danger: OpenSSL allocates
 * memory for a message when it has read its length, up to 128 KB, and some 20 KB before that. A
 * client that sends a few bytes and waits must not cost that, so a server's engine is created when
 * the whole message has arrived. Bytes that cannot start a ClientHello go to OpenSSL at once, which
 * sends the right alert. */
#include "lib/tls/engine/first_hello.h"
#include "lib/base/cursor.h"

enum {
    RECORD_HEADER = 5,
    RECORD_MAX = 16384,
    HANDSHAKE = 22,
    CLIENT_HELLO = 1,
    CLIENT_HELLO_MAX = 131396, /* OpenSSL's limit; a larger message gets an alert */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Check the available part of a record's header. */
static bool may_be_handshake(const uint8_t *header, size_t len)
{
    return len == 0 || (header[0] == HANDSHAKE && (len == 1 || header[1] == 3));
}

static size_t message_length(const uint8_t header[4])
{
    return (size_t)rp_load_uint(header + 1, 3);
}

/* Skip one record that has arrived completely. */
static void walk(struct rp_first_hello *h, const struct rp_engine *e, size_t len)
{
    if (h->payload < sizeof h->header)
        rp_engine_peek(e, h->at + RECORD_HEADER, h->header + h->payload,
                       least(len, sizeof h->header - h->payload));
    h->payload += (uint32_t)len;
    h->at += (uint32_t)(RECORD_HEADER + len);
}

/* Nothing more to wait for: the hello is complete, or the bytes are invalid. */
static bool is_decided(const struct rp_first_hello *h)
{
    size_t len = message_length(h->header);

    if (h->payload > 0 && h->header[0] != CLIENT_HELLO)
        return true;
    return h->payload >= sizeof h->header &&
           (len > CLIENT_HELLO_MAX || h->payload >= sizeof h->header + len);
}

bool rp_first_hello_ready(struct rp_first_hello *h, const struct rp_engine *e)
{
    size_t left = rp_engine_left(e);

    while (!is_decided(h)) {
        uint8_t header[RECORD_HEADER];
        size_t got = rp_engine_peek(e, least(h->at, left), header, sizeof header), len;

        if (!may_be_handshake(header, got))
            return true;
        if (got < sizeof header)
            return false;
        len = (size_t)rp_load_uint(header + 3, 2);
        if (len == 0 || len > RECORD_MAX)
            return true;
        if (left - h->at < RECORD_HEADER + len)
            return false;
        walk(h, e, len);
    }
    return true;
}
