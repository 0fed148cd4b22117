/* SPDX-License-Identifier: MIT
 *
 * client_hello.h - the extensions of a ClientHello on which a server's decisions depend. */
#ifndef RP_CLIENT_HELLO_H
#define RP_CLIENT_HELLO_H

#include <openssl/ssl.h>

#include "lib/base/cursor.h"

/* All cursors point into OpenSSL's copy of the hello, and are valid as long as that. */
struct rp_client_hello {
    struct rp_cursor session_id;
    struct rp_cursor ciphers;
    struct rp_cursor servername; /* empty: no SNI */
    struct rp_cursor alpn;       /* a list of names, each after its length; empty: no ALPN */
    struct rp_cursor ticket;     /* TLS 1.2; empty: none */
    struct rp_cursor identities; /* TLS 1.3; see rp_hello_next_identity */
    struct rp_cursor binder;     /* of the first identity */
    bool offers_tls13, offers_tickets, offers_early_data, asks_ticket_count, asks_staple;
    uint8_t new_tickets, resumed_tickets; /* RFC 9149; if asks_ticket_count */
};

/* Read one extension's body. A malformed one changes nothing and returns false: OpenSSL, which
 * parses the hello afterwards, sends the right alert. */
bool rp_client_hello_take(struct rp_client_hello *, unsigned type, struct rp_cursor body);
/* Read all extensions of the hello at which a connection is paused. */
void rp_client_hello_read(struct rp_client_hello *, SSL *);
/* Read the name only; empty: none. */
struct rp_cursor rp_client_hello_servername(SSL *);
/* The next PSK identity; false: no more. */
bool rp_hello_next_identity(struct rp_cursor *identities, struct rp_cursor *identity);
/* The next ALPN name; false: no more. */
bool rp_hello_next_protocol(struct rp_cursor *alpn, struct rp_cursor *name);

#endif
