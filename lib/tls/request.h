/* SPDX-License-Identifier: MIT
 *
 * request.h - the inside of struct rp_request: one question of a handshake.
 * It belongs to its socket's list while the handshake waits for it, and is nobody's afterwards:
 * an answer that comes late, twice, or after the socket finds `socket` NULL. */
#ifndef RP_REQUEST_H
#define RP_REQUEST_H

#include <openssl/ssl.h>

#include <reprise/server.h>

enum rp_request_kind {
    RP_REQUEST_CONTEXT, /* the SNI callback     */
    RP_REQUEST_SESSION, /* RP_EV_RESUME_SESSION */
    RP_REQUEST_STORE,   /* RP_EV_NEW_SESSION    */
    RP_REQUEST_STAPLE,  /* RP_EV_OCSP_REQUEST   */
    RP_REQUEST_EARLY,   /* RP_EV_EARLY_DATA     */
};

struct rp_request {
    unsigned refs;
    enum rp_request_kind kind;
    bool asking;              /* the event is under way: the answer is looked at after it */
    bool told;                /* STORE: the event was emitted */
    struct rp_socket *socket; /* NULL: answered, or too late */
    struct rp_request *next;  /* of the socket's */
    SSL_SESSION *session;     /* STORE: what to store. SESSION: the answer */
    uint8_t *bytes;           /* STAPLE: the answer; NULL = none */
    size_t len;
    struct rp_secure_context *context; /* CONTEXT: the answer, if any */
    bool unrecognized_name;            /* CONTEXT: the answer is a refusal */
    bool accepted;                     /* EARLY: the answer */
};

/* A question of a socket, at the end of its list, which holds the one reference. NULL: no memory.
 */
struct rp_request *rp_request_new(struct rp_socket *, enum rp_request_kind);
enum { RP_REQUEST_OWN_REFS = 2 }; /* the list's, and that of the function that asks */
/* No listener took a reference: nobody will answer. */
static inline bool rp_request_forgotten(const struct rp_request *r)
{
    return r->refs == RP_REQUEST_OWN_REFS;
}
/* Take it out of the list and give up the list's reference. */
void rp_request_drop(struct rp_request *);

#endif
