/* SPDX-License-Identifier: MIT
 *
 * client_internal.h - the members that only a client's socket has. connect.c creates it and
 * verifies the server; client_session.c selects the session to offer, and binds new ones. */
#ifndef RP_CLIENT_INTERNAL_H
#define RP_CLIENT_INTERNAL_H

#include "lib/tls/socket_internal.h"

/* A received session whose event is pending. */
struct rp_arrival {
    struct rp_arrival *next;
    SSL_SESSION *session;
};

struct rp_client {
    char *servername; /* SNI; NULL: none */
    char *identity;   /* the name that the certificate must be valid for (E6); NULL: not compared */
    char **protocols; /* NULL-terminated; NULL: none */
    SSL_SESSION *session; /* to resume; NULL: none */
    struct rp_arrival *arrivals;
    char *refusal; /* the error code of the program's check, or of the session's verdict */
    rp_check_identity *check;
    rp_client_psk *psk;
    void *arg;
    uint32_t min_dh_size;
    bool allow_unauthorized, request_ocsp, want_handles, early_data, gave_key;
    bool session_anywhere;
    bool judged, by_key; /* verified; by a pre-shared key, so its sessions have no verdict */
};

/* connect.c: whether the certificate is valid for the host, by the program's check or node's rules.
 * `cert` NULL: there is none. */
bool rp_client_identity_matches(struct rp_socket *, X509 *cert, struct rp_error *);

/* Before the handshake: offer the client's session, or drop it for a full handshake. false: the
 * program's check has destroyed the socket. */
bool rp_client_offer(struct rp_socket *);
/* After the handshake: whether the offered session was resumed (not a pre-shared key). Then *error
 * and authorization_error are those of the session, if it has any. */
enum rp_carried { RP_CARRIED_NOTHING, RP_CARRIED_AUTHORIZED, RP_CARRIED_REFUSED };
enum rp_carried rp_client_carried(struct rp_socket *, struct rp_error *);
/* Bind a session of this connection to the compared name and the result. */
void rp_client_bind(const struct rp_socket *, SSL_SESSION *);

#endif
