/* SPDX-License-Identifier: MIT
 *
 * wrap.h - new tls.TLSSocket(stream, options): TLS over a stream the program already has, as
 * server or client, without tls.Server and without tls.connect; and tls.createSecurePair.
 * A wrapped socket only speaks TLS. It emits SECURE when the handshake is complete, and neither
 * SECURE_CONNECT nor SECURE_CONNECTION; it judges nobody: it is never `authorized`, and no name is
 * compared (D2). What went wrong is an ERROR of the socket. Contract: D1 to D4, Q1, Q2. */
#ifndef RP_WRAP_H
#define RP_WRAP_H

#include <reprise/server.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_socket_options {
    bool is_server;
    /* With is_server: whose context, names, callbacks and events (NEW_SESSION, RESUME_SESSION,
     * OCSP_REQUEST, KEYLOG) serve; a reference is taken. What is below for servers then counts for
     * nothing, but `context`. */
    struct rp_server *server;
    struct rp_secure_context *context; /* a reference is taken; NULL: made from context_options */
    const struct rp_secure_context_options *context_options;
    bool request_cert;        /* server */
    bool reject_unauthorized; /* the peer's chain must verify, or the handshake fails */
    const char *const *alpn_protocols;
    rp_alpn_callback *alpn_callback;    /* server */
    rp_sni_callback *sni_callback;      /* server */
    rp_server_psk *server_psk_callback; /* server */
    const char *psk_identity_hint;      /* server */
    const char *servername;             /* client */
    struct rp_bytes session;            /* client */
    bool request_ocsp;                  /* client */
    rp_client_psk *psk_callback;        /* client */
    void *arg;                          /* handed to the callbacks */
    uint32_t handshake_timeout_ms;      /* 0 = 120000; RP_NO_TIMEOUT = none */
    bool enable_trace;
    struct rp_bytes head; /* what was read from the stream already and belongs to TLS; copied (D3).
                             It may be empty */
    struct rp_stream_options stream_options;
};
/* The stream may still be connecting; what was written to it before leaves first (D3). It is the
 * socket's from now on: a reference is taken, it must not be read or written any more, and each
 * closes with the other (D4). Nothing is read or sent before the next turn of the loop. The
 * caller's is one reference of the socket. Errors: those of a secure context,
 * ERR_STREAM_DESTROYED, ENOMEM; then the stream is as it was. */
struct rp_socket *rp_socket_wrap(struct rp_stream *, const struct rp_socket_options *,
                                 struct rp_error *) __attribute__((warn_unused_result));

/* Q1. Bytes for the peer come out of `encrypted`, the peer's are written to it; `cleartext` is the
 * socket at the other side of TLS. A reference of each is the caller's. */
struct rp_secure_pair {
    struct rp_stream *encrypted;
    struct rp_socket *cleartext;
};
/* A reference of the context is taken; NULL is ERR_TLS_INVALID_CONTEXT. request_cert and
 * reject_unauthorized as in rp_socket_options. */
bool rp_secure_pair_new(struct rp_loop *, struct rp_secure_context *, bool is_server,
                        bool request_cert, bool reject_unauthorized, struct rp_secure_pair *pair,
                        struct rp_error *);
/* Destroys both ends and gives up the caller's references. */
void rp_secure_pair_destroy(struct rp_secure_pair *);

#ifdef __cplusplus
}
#endif

#endif
