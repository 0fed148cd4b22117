/* SPDX-License-Identifier: MIT
 *
 * socket.h - tls.TLSSocket: one TLS connection over TCP, a Unix socket or any stream.
 * It is a stream (rp_socket_stream); what is here is what TLS adds. Getters may be called at any
 * time: before the handshake and after the end they say "none" instead of failing (D11, D12).
 * Contract: sections D, E, K. */
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

/* -- pre-shared keys (J10 to J13). They need cipher suites with PSK in TLS 1.2, which the default
 * list has not, and one with SHA-256 in TLS 1.3. */
enum { RP_PSK_MAX = 512, RP_PSK_IDENTITY_MAX = 256 };
/* A client's key: put it into `key` and its name into `identity`, return the length of the key; 0 =
 * none. `hint` is the server's, NULL when it gave none, and always in TLS 1.3. The library wipes
 * its copy. Called from inside the handshake: not the place to block. */
typedef size_t rp_client_psk(struct rp_socket *, const char *hint,
                             char identity[RP_PSK_IDENTITY_MAX + 1], uint8_t key[RP_PSK_MAX],
                             void *arg);
/* A server's key for an identity, which is valid UTF-8: its length, 0 = unknown. */
typedef size_t rp_server_psk(struct rp_socket *, const char *identity, uint8_t key[RP_PSK_MAX],
                             void *arg);
/* E7, E8: is this certificate for `hostname`? Its chain hangs below it. `cert` is NULL when the
 * server proved itself with a pre-shared key. To refuse return false, with *err saying why. */
typedef bool rp_check_identity(const char *hostname, const struct rp_x509 *cert, void *arg,
                               struct rp_error *err);

/* -- tls.connect (section E) */
struct rp_connect_options {
    struct rp_secure_context *context; /* a reference is taken; NULL: made from ... */
    const struct rp_secure_context_options *context_options; /* ... these; NULL = all defaults */
    struct rp_net_options *net;                              /* where to; ignored with `stream` */
    struct rp_stream
        *stream; /* an open stream to speak TLS over (STARTTLS); a reference is taken */
    /* SNI, and the name that the certificate has to be for (E4, E6). NULL = no SNI, and compared is
     * the host that `net` or the stream was to connect to, an address as an address; "localhost"
     * where nobody named one: a Unix socket, a descriptor, a stream of the program's own. */
    const char *servername;
    const char *const *alpn_protocols; /* NULL-terminated */
    /* D29: from RP_EV_SESSION; len 0 = none. What is not a session is ERR_INVALID_ARG_VALUE. It is
     * offered only where a full handshake would find what it is bound to (session.h). */
    struct rp_bytes session;
    struct rp_session *session_handle; /* or this, which wins: a reference is taken (session.h) */
    /* Offer the session whatever it is bound to (session.h): under another name, with other trust,
     * or when it says nothing of the kind. Then `authorized` is what was found when it was made.
     * For programs that test servers. Not together with psk_callback. */
    bool session_anywhere;
    bool want_handles;       /* RP_EV_SESSION has the handle only, which costs less */
    bool allow_unauthorized; /* node's rejectUnauthorized: false */
    bool request_ocsp;       /* J14 */
    uint32_t min_dh_size;    /* E7: bits; 0 = 1024 */
    /* From the call until the handshake is complete, name lookup and connecting included; then
     * ERR_TLS_HANDSHAKE_TIMEOUT. 0 = 120000; RP_NO_TIMEOUT = none, as node. */
    uint32_t handshake_timeout_ms;
    /* Early data (0-RTT): what is written in the same turn of the loop as rp_connect leaves with
     * the ClientHello, up to 16 KiB, if `session` allows it: as much as its server said, and under
     * the same name and protocol. A server that declines gets it again after the handshake, so it
     * is read once and in order either way; but whoever captures it may send it again, so it has to
     * be harmless to do twice. Only the server that the session is with can read it. See
     * rp_socket_early_data. A server that has gone back to TLS 1.2 since fails the connection: try
     * again without. */
    bool early_data;
    rp_check_identity *check_server_identity; /* NULL: rp_check_server_identity */
    rp_client_psk *psk_callback;
    void *arg; /* handed to both */
    struct rp_stream_options stream_options;
};
/* Returns the connecting socket at once, owned by the caller; secureConnect, or error and close,
 * come later, never from inside this call. */
struct rp_socket *rp_connect(struct rp_loop *, const struct rp_connect_options *, struct rp_error *)
    __attribute__((warn_unused_result));

/* tls.checkServerIdentity: is the certificate for this host? If not, *err is node's error, with its
 * reason: ERR_TLS_CERT_ALTNAME_INVALID or ERR_TLS_CERT_ALTNAME_FORMAT. Contract: section F. */
bool rp_check_server_identity(const char *hostname, const struct rp_x509 *, struct rp_error *);

/* -- as a stream: read, write, end, destroy, events */
struct rp_stream *rp_socket_stream(struct rp_socket *);
/* The TLS socket that a stream is, or NULL for any other stream. */
struct rp_socket *rp_socket_from_stream(struct rp_stream *);
/* The role it has in the handshake. */
bool rp_socket_is_server(const struct rp_socket *);
struct rp_server *rp_socket_server(const struct rp_socket *); /* NULL if none */
/* A word of the program's own, NULL at first. */
void rp_socket_set_data(struct rp_socket *, void *data);
/* That word. */
void *rp_socket_data(const struct rp_socket *);

/* -- what was agreed */
bool rp_socket_secure_connecting(const struct rp_socket *);          /* D10 */
bool rp_socket_authorized(const struct rp_socket *);                 /* D6 */
const char *rp_socket_authorization_error(const struct rp_socket *); /* D7: a code, or NULL */
const char *
rp_socket_alpn_protocol(const struct rp_socket *); /* D8: NULL = none (node's null and false) */
/* D9: the name for SNI; NULL = none. A server has it from the ClientHello on, a client from the end
 * of the handshake on. */
const char *rp_socket_servername(const struct rp_socket *);
const char *rp_socket_protocol(const struct rp_socket *); /* D14: "TLSv1.3"; NULL after close */
struct rp_cipher_info {
    const char *name, *standard_name, *version; /* D13: static text */
};
/* The suite in use; false: none yet, or no longer. */
bool rp_socket_cipher(const struct rp_socket *, struct rp_cipher_info *);
/* What became of the peer's chain, for a socket that judges nobody (wrap.h): NULL = it verifies, or
 * there is none that had to; else the code, static text. K7 */
const char *rp_socket_verify_error(const struct rp_socket *);
bool rp_socket_session_reused(const struct rp_socket *); /* D19 */
enum rp_resumption {
    RP_NOT_RESUMED,
    RP_RESUMED_TICKET,          /* the session came along in it */
    RP_RESUMED_ID,              /* TLS 1.2: it was stored */
    RP_RESUMED_STATEFUL_TICKET, /* TLS 1.3: it was stored */
    RP_RESUMED_PSK              /* a pre-shared key, which is no resumption */
};
/* How a server's connection was resumed, for statistics and status pages. */
enum rp_resumption rp_socket_resumption(const struct rp_socket *);
/* Server, inside SECURE_CONNECTION: the id of the stored session that was resumed, as
 * RESUME_SESSION told it; borrowed until the listener returns. false: none was. The client has
 * proved that it has the session, so it may be taken out of a store now, if it is to be used once.
 */
bool rp_socket_resumed_id(const struct rp_socket *, const uint8_t **id, size_t *len);
enum rp_early_data {
    RP_EARLY_DATA_NONE, /* the client offered none */
    RP_EARLY_DATA_ACCEPTED,
    RP_EARLY_DATA_REJECTED
};
/* What became of early data, once the connection is open. */
enum rp_early_data rp_socket_early_data(const struct rp_socket *);
/* Is the handshake complete? On a server that took early data false at first: what has been read is
 * from a client that once had this session, but may have been sent again by somebody else. */
bool rp_socket_handshake_confirmed(const struct rp_socket *);
/* The session-id context in force: what binds a session to names and policy. Returns its length. */
size_t rp_socket_session_id_context(const struct rp_socket *, uint8_t context[32]);
struct rp_secure_context *
rp_socket_context(const struct rp_socket *); /* borrowed; the SNI choice */

/* From `end` on: did TCP alone say that the peer's data is over, and not TLS? Then somebody between
 * may have cut it short, which TLS 1.2 and 1.3 call an error; node, and so `end`, takes it for an
 * end. False while nothing has ended. N8 */
bool rp_socket_truncated(const struct rp_socket *);
/* End so that the peer can tell this: what was written is sent, then TCP's end, and no
 * close_notify. For whoever passes on what broke. Once rp_stream_end was called it is too late.
 * node has no such thing. RFC 8446 6.1 */
void rp_socket_end_truncated(struct rp_socket *);

/* -- sessions and tickets: copies. Return the length; 0 = none. With bytes NULL or capacity too
 * small nothing is copied and the length needed is returned. */
/* The session in DER. A client's is one to resume with only once the server has given it: in
 * TLS 1.3 that is after the handshake, so RP_EV_SESSION is the surer way. A secret. D17 */
size_t rp_socket_session(const struct rp_socket *, uint8_t *bytes, size_t capacity);
/* The ticket of a client's session. D18 */
size_t rp_socket_ticket(const struct rp_socket *, uint8_t *bytes, size_t capacity);

/* -- certificates, DER. Return the length, 0 = none; the bytes are borrowed, and valid while the
 * socket is. */
/* The peer's. D23 */
size_t rp_socket_peer_certificate_der(struct rp_socket *, const uint8_t **der);
/* The one used in this connection. D22 */
size_t rp_socket_certificate_der(struct rp_socket *, const uint8_t **der);

/* The peer's certificate: a new reference, the caller's to rp_x509_unref. With
 * `detailed` the peer's chain hangs below it as issuer certificates, as far as the peer sent it or
 * the context trusts it (G12). NULL: there is none (then err->code is ""), or no memory. May be
 * asked again and again. A client that resumed was shown none (G13). D22, D23, N1. */
struct rp_x509 *rp_socket_peer_x509(const struct rp_socket *, bool detailed, struct rp_error *)
    __attribute__((warn_unused_result));
/* Our own certificate in this connection, likewise. D22 */
struct rp_x509 *rp_socket_x509(const struct rp_socket *, struct rp_error *)
    __attribute__((warn_unused_result));

/* -- more of what was agreed; all of it "none" before the handshake and after the end */
enum { RP_FINISHED_MAX = 64, RP_SIGALG_NAME_MAX = 32 };
/* The Finished messages of both sides: the length, 12 in TLS 1.2, that of the hash in TLS 1.3;
 * 0 = none. D16 */
size_t rp_socket_finished(const struct rp_socket *, uint8_t bytes[RP_FINISHED_MAX]);
/* The peer's, likewise. */
size_t rp_socket_peer_finished(const struct rp_socket *, uint8_t bytes[RP_FINISHED_MAX]);
struct rp_ephemeral_key_info {
    const char *type, *name; /* "ECDH" or "DH"; name NULL for DH. Static text */
    int size;                /* bits */
};
/* The server's ephemeral key, for clients. false: none, as in RSA key exchange. D15 */
bool rp_socket_ephemeral_key_info(const struct rp_socket *, struct rp_ephemeral_key_info *);
/* The signature algorithms that both sides have: "RSA-PSS+SHA256"..., in order of preference,
 * counted from 0. A client learns of them only when it is asked for a certificate. false past the
 * end. D20 */
bool rp_socket_shared_sigalg(const struct rp_socket *, size_t index, char name[RP_SIGALG_NAME_MAX]);
/* RFC 5705 and RFC 8446 section 7.5: `len` bytes that both sides can make and nobody else.
 * `context` NULL is none, which in TLS 1.2 differs from an empty one. Errors: ERR_OUT_OF_RANGE,
 * ERR_TLS_INVALID_STATE, ERR_SSL_TLS_ILLEGAL_EXPORTER_LABEL. D21 */
bool rp_socket_export_keying_material(const struct rp_socket *, uint8_t *bytes, size_t len,
                                      const char *label, const uint8_t *context, size_t context_len,
                                      struct rp_error *);

/* -- settings of one connection */
/* The most plain bytes in one record from now on: 512 to 16384; false for anything else, and on a
 * socket that is destroyed. D27 */
bool rp_socket_set_max_send_fragment(struct rp_socket *, int size);
/* Write every message from now on to the standard error, in words, for people who debug. false: no
 * memory, or an OpenSSL without that. Does nothing on a socket that is destroyed. D30 */
bool rp_socket_enable_trace(struct rp_socket *);
/* -- renegotiation, which TLS 1.3 has not (D24 to D26). A server allows its clients three in a row
 * (rp_tls_defaults); the next is ERR_TLS_SESSION_ATTACK, and the connection ends. With
 * SSL_OP_NO_RENEGOTIATION among a context's secure_options there is none. */
/* From now on a client that begins one is refused: ERR_TLS_RENEGOTIATION_DISABLED. D24 */
void rp_socket_disable_renegotiation(struct rp_socket *);
/* Called once, when it is complete (error NULL) or the socket was closed before; what a server
 * then thinks of its client is in rp_socket_authorized. A client's SECURE_CONNECT does not come
 * again (N3). */
typedef void rp_renegotiated(struct rp_socket *, const struct rp_error *error, void *arg);
struct rp_renegotiate_options {
    enum rp_toggle request_cert;        /* a server; default: as it was */
    enum rp_toggle reject_unauthorized; /* default: as it was */
};
/* Begin one; `options` and `done` may be NULL. What is written meanwhile waits. Errors:
 * ERR_SSL_WRONG_SSL_VERSION in TLS 1.3, ERR_SSL_NO_RENEGOTIATION, ERR_TLS_INVALID_STATE (not open
 * both ways, or one is under way); the connection goes on. D25 */
bool rp_socket_renegotiate(struct rp_socket *, const struct rp_renegotiate_options *options,
                           rp_renegotiated *done, void *arg, struct rp_error *);
/* For a client that has not begun: another name for SNI, or another session to resume. Errors:
 * ERR_TLS_SNI_FROM_SERVER, ERR_TLS_INVALID_STATE (a server, or too late), ENOMEM. D28 */
bool rp_socket_set_servername(struct rp_socket *, const char *name, struct rp_error *);
/* Another session to resume, as RP_EV_SESSION gave it; copied. len 0 = none. Errors as above, and
 * ERR_INVALID_ARG_VALUE for what is not a session. D29 */
bool rp_socket_set_session(struct rp_socket *, const uint8_t *der, size_t len, struct rp_error *);

#ifdef __cplusplus
}
#endif

#endif
