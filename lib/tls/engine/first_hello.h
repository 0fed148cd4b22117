/* SPDX-License-Identifier: MIT
 *
 * first_hello.h - whether a whole ClientHello has arrived; used before an SSL is created. */
#ifndef RP_FIRST_HELLO_H
#define RP_FIRST_HELLO_H

#include "lib/tls/engine/engine.h"

/* The part of the input that was checked; zero-initialised. The input is kept. */
struct rp_first_hello {
    uint32_t at;      /* bytes of complete records */
    uint32_t payload; /* bytes of handshake messages in them */
    uint8_t header[4];
};

/* true: pass the input to OpenSSL. false: wait for more. */
bool rp_first_hello_ready(struct rp_first_hello *, const struct rp_engine *);

#endif
