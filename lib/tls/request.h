/* SPDX-License-Identifier: MIT
 *
 * request.h - the members of struct rp_request: one question of a handshake. It is in its socket's
 * list while the handshake waits for it. Afterwards `socket` is NULL, so a late or second answer
 * has no effect. */
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
    bool asking;              /* the event is being emitted; the answer is used afterwards */
    bool told;                /* STORE: the event was emitted */
    struct rp_socket *socket; /* NULL: answered, or no longer needed */
    struct rp_request *next;  /* in the socket's list */
    SSL_SESSION *session;     /* STORE: what to store. SESSION: the answer */
    uint8_t *bytes;           /* STAPLE: the answer; NULL = none */
    size_t len;
    struct rp_secure_context *context; /* CONTEXT: the answer, if any */
    bool unrecognized_name;            /* CONTEXT: the answer is a refusal */
    bool accepted;                     /* EARLY: the answer */
};

/* Append a question to a socket's list, which holds the only reference. NULL: no memory. */
struct rp_request *rp_request_new(struct rp_socket *, enum rp_request_kind);
enum { RP_REQUEST_OWN_REFS = 2 }; /* of the list, and of the function that asks */
/* No listener took a reference, so there will be no answer. */
static inline bool rp_request_forgotten(const struct rp_request *r)
{
    return r->refs == RP_REQUEST_OWN_REFS;
}
/* Remove it from the list and release the list's reference. */
void rp_request_drop(struct rp_request *);

#endif
