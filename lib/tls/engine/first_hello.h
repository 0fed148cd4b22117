/* SPDX-License-Identifier: MIT
 *
 * first_hello.h - has a whole ClientHello arrived? Asked before there is an SSL. */
#ifndef RP_FIRST_HELLO_H
#define RP_FIRST_HELLO_H

#include "lib/tls/engine/engine.h"

/* How far the input was looked at; zeros at the beginning. What was looked at stays in the input.
 */
struct rp_first_hello {
    uint32_t at;      /* bytes of whole records */
    uint32_t payload; /* ... and in them of handshake messages */
    uint8_t header[4];
};

/* true: OpenSSL has all that it needs for a decision. false: more is to come. */
bool rp_first_hello_ready(struct rp_first_hello *, const struct rp_engine *);

#endif
