/* SPDX-License-Identifier: MIT
 *
 * socket.h - tls.TLSSocket: one TLS connection over TCP, a Unix socket or any stream.
 * A TLS socket is a stream (rp_socket_stream); the functions here are what TLS adds. A getter may
 * be called at any time: before the handshake and after the end it returns "none" (false, 0 or
 * NULL; D11, D12). See sections D, E and K. */
#ifndef RP_SOCKET_H
#define RP_SOCKET_H

#include <reprise/secure_context.h>
#include <reprise/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_socket;
struct rp_server;
struct rp_x509;

/* -- pre-shared keys (J10 to J13). They need a cipher suite with PSK in TLS 1.2, which the default
 * list does not contain, and a suite with SHA-256 in TLS 1.3. */
enum { RP_PSK_MAX = 512, RP_PSK_IDENTITY_MAX = 256 }; /* bytes */
/* A client's callback: write the key to `key` and its name to `identity`, and return the length of
 * the key in bytes; 0 = no key. `hint` is the server's identity hint, NULL if it sent none and in
 * TLS 1.3. The library wipes its copy of the key. Called inside the handshake: it must not block.
 */
typedef size_t rp_client_psk(struct rp_socket *, const char *hint,
                             char identity[RP_PSK_IDENTITY_MAX + 1], uint8_t key[RP_PSK_MAX],
                             void *arg);
/* A server's callback: write the key of `identity`, which is valid UTF-8, to `key` and return its
 * length in bytes; 0 = unknown identity. Called inside the handshake: it must not block. */
typedef size_t rp_server_psk(struct rp_socket *, const char *identity, uint8_t key[RP_PSK_MAX],
                             void *arg);
/* A client's check of the server's certificate: return whether it is valid for `hostname`; if not,
 * set *err. The chain is available with rp_x509_issuer_certificate. `cert` is NULL if the server
 * was authenticated by a pre-shared key (E7, E8). */
typedef bool rp_check_identity(const char *hostname, const struct rp_x509 *cert, void *arg,
                               struct rp_error *err);

/* -- tls.connect (section E) */
struct rp_connect_options {
    struct rp_secure_context *context; /* a reference is taken; NULL: created from ... */
    const struct rp_secure_context_options *context_options; /* ... these; NULL = all defaults */
    struct rp_net_options *net; /* the destination; not used with `stream` */
    /* An open stream to use TLS over, for example after STARTTLS; a reference is taken. */
    struct rp_stream *stream;
    /* The name for SNI, which the certificate must be valid for (E4, E6). NULL = no SNI: the
     * certificate must then be valid for the host of `net`, or for the host or address that
     * `stream` was connected to; for "localhost" if there is none (a path alone, a descriptor, a
     * stream of the program's own). */
    const char *servername;
    const char *const *alpn_protocols; /* NULL-terminated, in order of preference; copied */
    /* A session to resume, from RP_EV_SESSION; len 0 = none. It is offered only if a full handshake
     * would verify the same things (session.h). Error: ERR_INVALID_ARG_VALUE (D29). */
    struct rp_bytes session;
    struct rp_session *session_handle; /* the same as a handle; takes precedence; a reference is
                                          taken */
    /* Offer the session even if a full handshake would verify other things (session.h), such as
     * another name or other authorities. `authorized` is then the result of the handshake that
     * created the session. For programs that test servers; not together with psk_callback. */
    bool session_anywhere;
    bool want_handles;       /* SESSION has only a handle, no DER, which takes less time */
    bool allow_unauthorized; /* accept an invalid certificate: node's rejectUnauthorized: false */
    bool request_ocsp;       /* ask for an OCSP staple: RP_EV_OCSP_RESPONSE (J14) */
    uint32_t min_dh_size;    /* bits; 0 = 1024; smaller DH parameters: ERR_TLS_DH_PARAM_SIZE (E7) */
    /* Milliseconds from rp_connect until the handshake is complete, including name lookup and
     * connecting; then ERROR with ERR_TLS_HANDSHAKE_TIMEOUT. 0 = 120000; RP_NO_TIMEOUT = no limit,
     * as in node. */
    uint32_t handshake_timeout_ms;
    /* Send early data (0-RTT): up to 16 KiB of what is written in the same iteration of the loop as
     * rp_connect is sent with the ClientHello, if `session` allows it: not more than its server
     * announced, under the same name and ALPN protocol. If the server rejects it, it is sent again
     * after the handshake, so the server reads it once and in order. Whoever captures early data
     * can send it again, so use it only for what is safe to repeat. Only the server that issued the
     * session can read it. If the server supports only TLS 1.2 by now, the connection fails;
     * connect again without early_data. See rp_socket_early_data (RFC 8446 section 2.3). */
    bool early_data;
    rp_check_identity *check_server_identity; /* NULL = rp_check_server_identity (E7, E8) */
    rp_client_psk *psk_callback;
    void *arg; /* passed to both callbacks */
    struct rp_stream_options stream_options;
};
/* Connect. Returns the connecting socket at once; it is the caller's (rp_socket_unref).
 * SECURE_CONNECT, or ERROR and CLOSE, are emitted later, never inside this call. NULL on failure:
 * the errors of rp_secure_context_new and rp_net_connect, ERR_MISSING_ARGS (neither `net` nor
 * `stream`), ERR_INVALID_ARG_VALUE (session, ALPN protocol), ERR_OUT_OF_RANGE (ALPN protocol),
 * ERR_STREAM_DESTROYED, ENOMEM. */
struct rp_socket *rp_connect(struct rp_loop *, const struct rp_connect_options *, struct rp_error *)
    __attribute__((warn_unused_result));

/* tls.checkServerIdentity: whether a certificate is valid for a host name or address. If not, *err
 * is node's error with its `reason`: ERR_TLS_CERT_ALTNAME_INVALID, or ERR_TLS_CERT_ALTNAME_FORMAT
 * for a malformed subjectAltName; ENOMEM (section F). */
bool rp_check_server_identity(const char *hostname, const struct rp_x509 *, struct rp_error *);

/* Take a reference. A socket and its stream share one count; an open socket lives until it has
 * closed. */
struct rp_socket *rp_socket_ref(struct rp_socket *);
/* Release a reference: that of rp_connect or rp_socket_wrap, or one of rp_socket_ref. A socket that
 * is open goes on until it has closed. NULL is allowed. */
void rp_socket_unref(struct rp_socket *);

/* -- as a stream */
/* The socket as a stream, for reading, writing, ending and events; borrowed. */
struct rp_stream *rp_socket_stream(struct rp_socket *);
/* The TLS socket of a stream; NULL if the stream is not a TLS socket. Borrowed. */
struct rp_socket *rp_socket_from_stream(struct rp_stream *);
/* Whether the socket is the server's side of the handshake. */
bool rp_socket_is_server(const struct rp_socket *);
/* The server that accepted the connection; NULL for any other socket. Borrowed. */
struct rp_server *rp_socket_server(const struct rp_socket *);
/* Attach a pointer of the program's own. */
void rp_socket_set_data(struct rp_socket *, void *data);
/* The attached pointer; NULL at first. */
void *rp_socket_data(const struct rp_socket *);

/* -- what was negotiated */
/* Whether the handshake, including verification, is not complete yet (D10). */
bool rp_socket_secure_connecting(const struct rp_socket *);
/* Whether the peer was verified. On a server that does not ask for certificates: false (D6). */
bool rp_socket_authorized(const struct rp_socket *);
/* Why the peer was not verified: a code such as "CERT_HAS_EXPIRED"; NULL if it was, or before that
 * is known. Borrowed (D7, K7). */
const char *rp_socket_authorization_error(const struct rp_socket *);
/* The ALPN protocol; NULL = none, or not known yet (D8). Borrowed. */
const char *rp_socket_alpn_protocol(const struct rp_socket *);
/* The SNI name; NULL = none. A server knows it from the ClientHello on, a client from the end of
 * the handshake on (D9). Borrowed. */
const char *rp_socket_servername(const struct rp_socket *);
/* The protocol version, "TLSv1.3"; NULL after close. Static text (D14). */
const char *rp_socket_protocol(const struct rp_socket *);
/* A cipher suite: OpenSSL's name, the RFC's name, and the lowest protocol version that has it;
 * static text (D13). */
struct rp_cipher_info {
    const char *name, *standard_name, *version;
};
/* Get the cipher suite in use; false: there is none before the handshake and after close. */
bool rp_socket_cipher(const struct rp_socket *, struct rp_cipher_info *);
/* The result of verifying the peer's chain, for a wrapped socket (wrap.h), which does not act on
 * it: NULL = valid, or no certificate was required; else the code, static text (K7). */
const char *rp_socket_verify_error(const struct rp_socket *);
/* Why the peer's chain did not verify: the error of rp_socket_authorization_error, and the
 * certificate that it is about. Texts are borrowed as long as the socket lives. */
struct rp_verify_failure {
    const char *code, *text; /* "CERT_HAS_EXPIRED", "certificate has expired" */
    const char *subject;     /* as in RFC 2253: "CN=alice,O=Example"; the peer chose it */
    int depth;               /* 0 = the peer's own certificate, 1 = its issuer, ... */
};
/* Get it; false: the chain verified, or the peer sent none. Known also after the handshake has
 * failed. This library's own; node has no equivalent. */
bool rp_socket_verify_failure(const struct rp_socket *, struct rp_verify_failure *);
/* The fatal alert that was sent to the peer: "unknown_ca" (RFC 8446 section 6); "unknown" for an
 * unassigned number. NULL = none. Known also after the connection has failed. Static text. This
 * library's own. */
const char *rp_socket_alert_sent(const struct rp_socket *);
/* The fatal alert that was received from the peer, likewise. */
const char *rp_socket_alert_received(const struct rp_socket *);
/* Server: whether the client has sent any byte; a complete preface (server.h) does not count. A
 * client that has not, and has closed, only probed the port. This library's own. */
bool rp_socket_received(const struct rp_socket *);
/* Whether a session was resumed, or a pre-shared key was used (D19). */
bool rp_socket_session_reused(const struct rp_socket *);
enum rp_resumption {
    RP_NOT_RESUMED,
    RP_RESUMED_TICKET,          /* a ticket that contains the session */
    RP_RESUMED_ID,              /* TLS 1.2: a session that the server stored */
    RP_RESUMED_STATEFUL_TICKET, /* TLS 1.3: a session that the server stored */
    RP_RESUMED_PSK              /* no session: a pre-shared key */
};
/* How a server's connection was resumed, for statistics. */
enum rp_resumption rp_socket_resumption(const struct rp_socket *);
/* Server, inside SECURE_CONNECTION: get the id of the stored session that was resumed, as in
 * RESUME_SESSION. *id is borrowed until the listener returns. false: no stored session was resumed.
 * The client has proved that it has the session, so a program that allows one use of each session
 * may delete it now. */
bool rp_socket_resumed_id(const struct rp_socket *, const uint8_t **id, size_t *len);
enum rp_early_data {
    RP_EARLY_DATA_NONE, /* the client offered none */
    RP_EARLY_DATA_ACCEPTED,
    RP_EARLY_DATA_REJECTED
};
/* Whether early data was accepted; known once the connection is open (RFC 8446 section 4.2.10). */
enum rp_early_data rp_socket_early_data(const struct rp_socket *);
/* Whether the handshake is complete. On a server that accepted early data it is false at first:
 * what was read until then may be a replay of what the client sent earlier. */
bool rp_socket_handshake_confirmed(const struct rp_socket *);
/* Copy the session-id context in use, which binds sessions to names and policy; returns its length
 * in bytes, 0 = none. */
size_t rp_socket_session_id_context(const struct rp_socket *, uint8_t context[32]);
/* The secure context in use, on a server the one that SNI selected; borrowed. */
struct rp_secure_context *rp_socket_context(const struct rp_socket *);

/* From END on: whether the connection ended without close_notify. An attacker may have cut it short
 * then. TLS 1.2 and 1.3 call this an error; node, and so END, does not. false before END (N8). */
bool rp_socket_truncated(const struct rp_socket *);
/* End this side without close_notify: what was written is sent, then FIN. A proxy passes on a
 * broken connection with it. It has no effect after rp_stream_end. node has no equivalent (RFC 8446
 * section 6.1). */
void rp_socket_end_truncated(struct rp_socket *);

/* -- sessions and tickets. These functions copy, and return the length in bytes; 0 = none. If
 * `bytes` is NULL or `capacity` is too small, nothing is copied and the required length is
 * returned. */
/* The session as DER; it contains secrets. A client can resume it only after the server has issued
 * it, in TLS 1.3 after the handshake; RP_EV_SESSION says when (D17). */
size_t rp_socket_session(const struct rp_socket *, uint8_t *bytes, size_t capacity);
/* The ticket of a client's session (D18). */
size_t rp_socket_ticket(const struct rp_socket *, uint8_t *bytes, size_t capacity);

/* -- certificates as DER. These functions return the length in bytes, 0 = none, and set *der, which
 * is borrowed and valid as long as the socket. */
/* The peer's certificate (D23). */
size_t rp_socket_peer_certificate_der(struct rp_socket *, const uint8_t **der);
/* This side's certificate in this connection (D22). */
size_t rp_socket_certificate_der(struct rp_socket *, const uint8_t **der);

/* The peer's certificate; the caller's to rp_x509_unref. With `detailed` the issuer certificates
 * are attached to it, as far as the peer sent them or the context trusts them (G12). NULL: there is
 * none (err->code is "" then), or ENOMEM. A client that resumed a session has none (G13). May be
 * called any number of times (D22, D23, N1). */
struct rp_x509 *rp_socket_peer_x509(const struct rp_socket *, bool detailed, struct rp_error *)
    __attribute__((warn_unused_result));
/* This side's certificate in this connection; the caller's to rp_x509_unref. NULL: there is none
 * (err->code is "" then), or ENOMEM (D22). */
struct rp_x509 *rp_socket_x509(const struct rp_socket *, struct rp_error *)
    __attribute__((warn_unused_result));

/* -- more of what was negotiated */
enum { RP_FINISHED_MAX = 64, RP_SIGALG_NAME_MAX = 32 }; /* bytes */
/* Copy the Finished message that this side sent; returns its length in bytes: 12 in TLS 1.2, that
 * of the hash in TLS 1.3; 0 = none (D16). */
size_t rp_socket_finished(const struct rp_socket *, uint8_t bytes[RP_FINISHED_MAX]);
/* Copy the Finished message that the peer sent, likewise (D16). */
size_t rp_socket_peer_finished(const struct rp_socket *, uint8_t bytes[RP_FINISHED_MAX]);
/* The group of the key exchange by its registered name: "x25519", "secp256r1", "X25519MLKEM768"; on
 * both sides. On a connection that resumed without a key exchange of its own (TLS 1.2) it is the
 * group of the full handshake. NULL: none, as with RSA key exchange, before the handshake and after
 * close. Static text. This library's own; node has no equivalent. */
const char *rp_socket_group(const struct rp_socket *);
struct rp_ephemeral_key_info {
    const char *type, *name; /* "ECDH", "DH" or "KEM"; `name` is NULL for DH. Static text */
    int size;                /* bits; 0 for "KEM" */
};
/* Client: get the server's ephemeral key. false: none, as with RSA key exchange. A hybrid group
 * with ML-KEM is {"KEM", its name, 0}, where node returns {} (D15). */
bool rp_socket_ephemeral_key_info(const struct rp_socket *, struct rp_ephemeral_key_info *);
/* Copy the name of the signature algorithm at `index`, from 0, of those that both sides support, in
 * order of preference: "RSA-PSS+SHA256". A client knows them only if the server asks it for a
 * certificate. false past the end (D20). */
bool rp_socket_shared_sigalg(const struct rp_socket *, size_t index, char name[RP_SIGALG_NAME_MAX]);
/* Export `len` bytes of keying material, the same on both sides (RFC 5705, RFC 8446 section 7.5).
 * `context` NULL means no context, which in TLS 1.2 differs from an empty one. Errors:
 * ERR_OUT_OF_RANGE (len is 0 or above 4294967295), ERR_TLS_INVALID_STATE (the handshake is not
 * complete), ERR_SSL_TLS_ILLEGAL_EXPORTER_LABEL, ERR_CRYPTO_OPERATION_FAILED (D21). */
bool rp_socket_export_keying_material(const struct rp_socket *, uint8_t *bytes, size_t len,
                                      const char *label, const uint8_t *context, size_t context_len,
                                      struct rp_error *);

/* -- settings of one connection */
/* Set the maximum number of plain bytes in a record, 512 to 16384. false: `size` is out of range,
 * or the socket is destroyed (D27). */
bool rp_socket_set_max_send_fragment(struct rp_socket *, int size);
/* Print every TLS message to standard error from now on, for debugging. false: no memory, the
 * socket is destroyed, or OpenSSL was built without tracing (D30). */
bool rp_socket_enable_trace(struct rp_socket *);

/* -- renegotiation, which TLS 1.3 does not have (D24 to D26). A client may start three in a row
 * (rp_tls_defaults); the next one is the error ERR_TLS_SESSION_ATTACK, which closes the connection.
 * With SSL_OP_NO_RENEGOTIATION in secure_options renegotiation is disabled. */
/* Refuse renegotiation by the client from now on: the socket emits ERROR with
 * ERR_TLS_RENEGOTIATION_DISABLED and closes (D24). */
void rp_socket_disable_renegotiation(struct rp_socket *);
/* Called once: with `error` NULL when the renegotiation is complete, or with the error if the
 * socket was closed before (ERR_SOCKET_CLOSED). On a server rp_socket_authorized then has the new
 * result. A client does not emit SECURE_CONNECT again (N3). */
typedef void rp_renegotiated(struct rp_socket *, const struct rp_error *error, void *arg);
struct rp_renegotiate_options {
    enum rp_toggle request_cert;        /* server; RP_DEFAULT: unchanged */
    enum rp_toggle reject_unauthorized; /* RP_DEFAULT: unchanged */
};
/* Start a renegotiation; `options` and `done` may be NULL. Writes are queued until it is complete.
 * Errors, after which the connection stays open: ERR_SSL_WRONG_SSL_VERSION (TLS 1.3),
 * ERR_SSL_NO_RENEGOTIATION, ERR_TLS_INVALID_STATE (one side has ended, the handshake is not
 * complete, or a renegotiation is in progress) (D25), ERR_INVALID_ARG_VALUE (an option that is no
 * value of enum rp_toggle). */
bool rp_socket_renegotiate(struct rp_socket *, const struct rp_renegotiate_options *options,
                           rp_renegotiated *done, void *arg, struct rp_error *);
/* Client, before the handshake starts: set the SNI name; NULL or "" = no SNI. Errors:
 * ERR_TLS_SNI_FROM_SERVER, ERR_TLS_INVALID_STATE (the handshake has started), ENOMEM (D28). */
bool rp_socket_set_servername(struct rp_socket *, const char *name, struct rp_error *);
/* Client, before the handshake starts: set the session to resume, from RP_EV_SESSION; copied. len 0
 * = none. Errors: ERR_TLS_INVALID_STATE (a server, or the handshake has started),
 * ERR_INVALID_ARG_VALUE (not a session), ENOMEM (D29). */
bool rp_socket_set_session(struct rp_socket *, const uint8_t *der, size_t len, struct rp_error *);

#ifdef __cplusplus
}
#endif

#endif
