/* SPDX-License-Identifier: MIT
 *
 * client_internal.h - what only a client's socket has. connect.c makes it and judges the server;
 * client_session.c decides which session is offered, and what a new one is bound to. */
#ifndef RP_CLIENT_INTERNAL_H
#define RP_CLIENT_INTERNAL_H

#include "lib/tls/socket_internal.h"

/* A session that has arrived and waits to be told. */
struct rp_arrival {
    struct rp_arrival *next;
    SSL_SESSION *session;
};

struct rp_client {
    char *servername;     /* SNI; NULL: none */
    char *identity;       /* the name the certificate must be for (E6); NULL: it is not compared */
    char **protocols;     /* NULL-terminated; NULL: none */
    SSL_SESSION *session; /* to resume; NULL: none */
    struct rp_arrival *arrivals;
    char *refusal; /* the code of a check of the program's own, or of the session's verdict */
    rp_check_identity *check;
    rp_client_psk *psk;
    void *arg;
    uint32_t min_dh_size;
    bool allow_unauthorized, request_ocsp, want_handles, early_data, gave_key;
    bool session_anywhere;
    bool judged, by_key; /* a verdict is there; by a pre-shared key, which no session carries on */
};

/* connect.c: is this certificate for the host, as the program's check or node's rules have it?
 * `cert` NULL: there is none. */
bool rp_client_identity_matches(struct rp_socket *, X509 *cert, struct rp_error *);

/* Before the handshake: offer the client's session, or forget it, for a full handshake. false: the
 * program's check has destroyed the socket. */
bool rp_client_offer(struct rp_socket *);
/* After it: was the session that the client offered resumed, and not a pre-shared key? Then *error
 * and authorization_error are what it says, if it says anything. */
enum rp_carried { RP_CARRIED_NOTHING, RP_CARRIED_AUTHORIZED, RP_CARRIED_REFUSED };
enum rp_carried rp_client_carried(struct rp_socket *, struct rp_error *);
/* Bind a session that this connection gave to what was compared and found. */
void rp_client_bind(const struct rp_socket *, SSL_SESSION *);

#endif
