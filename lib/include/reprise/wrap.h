/* SPDX-License-Identifier: MIT
 *
 * wrap.h - new tls.TLSSocket(stream, options): TLS over an existing stream, as server or client,
 * without tls.Server and without tls.connect; and tls.createSecurePair.
 * A wrapped socket emits SECURE when the handshake is complete, but neither SECURE_CONNECT nor
 * SECURE_CONNECTION. It makes no decision about the peer: it is never `authorized`, and no name is
 * compared with the certificate (D2). A failed handshake is an ERROR of the socket (D1 to D4, Q1,
 * Q2). */
#ifndef RP_WRAP_H
#define RP_WRAP_H

#include <reprise/server.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_socket_options {
    bool is_server;
    /* With is_server: use the context, names, callbacks and listeners (NEW_SESSION, RESUME_SESSION,
     * OCSP_REQUEST, KEYLOG) of this server; a reference is taken. Of the server options below only
     * `context` then has an effect. */
    struct rp_server *server;
    struct rp_secure_context
        *context; /* a reference is taken; NULL: created from context_options */
    const struct rp_secure_context_options *context_options;
    bool request_cert;        /* server */
    bool reject_unauthorized; /* fail the handshake if the peer's chain is invalid */
    const char *const *alpn_protocols;
    rp_alpn_callback *alpn_callback;    /* server */
    rp_sni_callback *sni_callback;      /* server */
    rp_server_psk *server_psk_callback; /* server */
    const char *psk_identity_hint;      /* server */
    const char *servername;             /* client */
    struct rp_bytes session;            /* client */
    bool request_ocsp;                  /* client */
    rp_client_psk *psk_callback;        /* client */
    void *arg;                          /* passed to the callbacks */
    uint32_t handshake_timeout_ms;      /* 0 = 120000; RP_NO_TIMEOUT = none */
    bool enable_trace;
    struct rp_bytes head; /* TLS bytes that were read from the stream before this call; copied.
                             May be empty (D3) */
    struct rp_stream_options stream_options;
};
/* Wrap a stream, which may still be connecting. Bytes that were written to it before leave first
 * (D3). The socket takes a reference of the stream, which must not be read or written any more;
 * each is closed with the other (D4). Nothing is read or sent before the next iteration of the
 * loop. The socket is the caller's. NULL on failure, and the stream is unchanged: the errors of
 * rp_secure_context_new, rp_server_new (with is_server) or rp_connect, and ERR_STREAM_DESTROYED. */
struct rp_socket *rp_socket_wrap(struct rp_stream *, const struct rp_socket_options *,
                                 struct rp_error *) __attribute__((warn_unused_result));

/* The two ends of TLS without a transport: what `encrypted` emits is to be sent to the peer, and
 * what the peer sends is to be written to it; `cleartext` is the TLS socket. Both are the caller's
 * (Q1). */
struct rp_secure_pair {
    struct rp_stream *encrypted;
    struct rp_socket *cleartext;
};
/* Create a secure pair; a reference of the context is taken. request_cert and reject_unauthorized
 * are as in rp_socket_options. Errors: ERR_TLS_INVALID_CONTEXT (context is NULL), ENOMEM (Q1). */
bool rp_secure_pair_new(struct rp_loop *, struct rp_secure_context *, bool is_server,
                        bool request_cert, bool reject_unauthorized, struct rp_secure_pair *pair,
                        struct rp_error *);
/* Destroy both ends and give up the caller's references. */
void rp_secure_pair_destroy(struct rp_secure_pair *);

#ifdef __cplusplus
}
#endif

#endif
