/* SPDX-License-Identifier: MIT
 *
 * client_hello.h - what a server decides on, read from the extensions of a ClientHello. */
#ifndef RP_CLIENT_HELLO_H
#define RP_CLIENT_HELLO_H

#include <openssl/ssl.h>

#include "lib/base/cursor.h"

/* All cursors point into OpenSSL's copy of the hello and die with it. */
struct rp_client_hello {
    struct rp_cursor session_id;
    struct rp_cursor ciphers;
    struct rp_cursor servername; /* empty: none */
    struct rp_cursor alpn;       /* a list of names, each behind its length; empty: none */
    struct rp_cursor ticket;     /* of TLS 1.2; empty: none */
    struct rp_cursor identities; /* of TLS 1.3: see rp_hello_next_identity */
    struct rp_cursor binder;     /* of the first identity */
    bool offers_tls13, offers_tickets, offers_early_data, asks_ticket_count, asks_staple;
    uint8_t new_tickets, resumed_tickets; /* RFC 9149; if asks_ticket_count */
};

/* Read one extension's body. A malformed one leaves no trace and gives false: OpenSSL, which parses
 * the hello after us, ends the handshake with the right alert. */
bool rp_client_hello_take(struct rp_client_hello *, unsigned type, struct rp_cursor body);
/* Everything from the hello that a connection is paused at. */
void rp_client_hello_read(struct rp_client_hello *, SSL *);
/* The name alone; empty: none. */
struct rp_cursor rp_client_hello_servername(SSL *);
/* The next PSK identity; false after the last. */
bool rp_hello_next_identity(struct rp_cursor *identities, struct rp_cursor *identity);
/* The next ALPN name; false after the last. */
bool rp_hello_next_protocol(struct rp_cursor *alpn, struct rp_cursor *name);

#endif
