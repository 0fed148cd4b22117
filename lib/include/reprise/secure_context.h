/* SPDX-License-Identifier: MIT
 *
 * secure_context.h - tls.SecureContext: certificates, keys, trust and protocol settings.
 * A context is created once, immutable afterwards, and shared by reference among any number of
 * servers and sockets (B2). If creating one fails, nothing remains of it (section B). */
#ifndef RP_SECURE_CONTEXT_H
#define RP_SECURE_CONTEXT_H

#include <reprise/stream.h>
#include <reprise/ticket_keys.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes with a length. In an option set both, or neither. */
struct rp_bytes {
    const void *bytes;
    size_t len;
};
/* One certificate chain, key, PFX or CRL. For PEM text len may be 0, which means strlen(bytes).
 * `passphrase` decrypts this key or PFX; `file` is the file name that error messages show. Both may
 * be NULL. */
struct rp_pem {
    const void *bytes;
    size_t len;
    const char *passphrase;
    const char *file;
};

/* Whether a server asks the clients of this context for a certificate. */
enum rp_client_auth {
    RP_CLIENT_AUTH_INHERIT, /* as the server's request_cert and allow_unauthorized say */
    RP_CLIENT_AUTH_NONE,
    RP_CLIENT_AUTH_REQUEST, /* ask; accept a missing or invalid one (rp_socket_authorized: false) */
    RP_CLIENT_AUTH_REQUIRE, /* ask; refuse a missing or invalid one */
};

/* Zero means node's default. All options are read during the call only. A list without a count, or
 * a count without a list, is the error ERR_INVALID_ARG_VALUE. */
struct rp_secure_context_options {
    /* Certificate chains, leaf first (B15); private keys (B16); PKCS #12 files (B18); trusted
     * authorities, which replace the default roots (B13); CRLs (B19). */
    const struct rp_pem *cert, *key, *pfx, *ca, *crl;
    size_t cert_count, key_count, pfx_count, ca_count, crl_count;
    bool no_ca_names; /* a server sends clients no names of `ca`; they choose a certificate
                         themselves */
    bool empty_ca; /* trust nobody, instead of the default roots: node's `ca: []`; not with `ca` */
    /* Authorities that are trusted in addition to the default roots. They have no effect with `ca`
     * or `empty_ca`, and are not named to clients. Text without a certificate adds none (Q3). */
    const struct rp_pem *extra_ca;
    size_t extra_ca_count;
    const char *passphrase;      /* decrypts keys and PFX that have none of their own (B17) */
    const char *ciphers;         /* TLS 1.3 and older suites in one list; NULL = default (B10) */
    const char *sigalgs;         /* signature algorithms, "RSA-PSS+SHA256:..." (B20) */
    const char *ecdh_curve;      /* groups, "X25519:P-256"; NULL or "auto" = OpenSSL's list (B21) */
    const char *dhparam;         /* DH parameters: PEM, or "auto"; NULL = no DHE suites (B22) */
    const char *min_version;     /* "TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3" (B5) */
    const char *max_version;     /* likewise */
    const char *secure_protocol; /* "TLSv1_2_method", ...; excludes min/max_version (B7) */
    uint64_t secure_options;     /* a set of SSL_OP_* bits (B8) */
    bool no_renegotiation;       /* refuse the peer's renegotiation: SSL_OP_NO_RENEGOTIATION */
    enum rp_toggle honor_cipher_order; /* the server's order decides; default on for servers (B9) */
    bool allow_partial_trust_chain;    /* intermediates in `ca` are trust anchors, too (B14) */
    /* Up to 32 bytes; a session resumes only under the context that it was created under. NULL: a
     * server uses a hash of the names, client authentication, CA set and CRLs (B23). */
    const void *session_id_context;
    size_t session_id_context_len;
    uint32_t session_timeout;           /* seconds; 0 = 300 (B24) */
    struct rp_ticket_keys *ticket_keys; /* a reference is taken; NULL: random keys (B25) */
    enum rp_toggle tickets;             /* RP_OFF: sessions are stored, in every version */
    uint32_t tickets_per_connection;    /* TLS 1.3; 0 = 1. An RFC 9149 request gets up to 4 */
    /* Server: how many bytes of early data (0-RTT) a resuming client may send, which its tickets
     * say; 0 = none. See EARLY_DATA in server.h. */
    uint32_t max_early_data;
    /* OpenSSL engines: ids, or paths of their libraries. private_key_identifier names the private
     * key that is used instead of `key`. Errors: ERR_CRYPTO_ENGINE_UNKNOWN, ERR_SSL_ENGINE_LIB,
     * ERR_CRYPTO_OPERATION_FAILED, ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED (B26). */
    const char *private_key_engine, *private_key_identifier, *client_cert_engine;
    enum rp_client_auth client_auth; /* overrides the server's request_cert */
};

struct rp_secure_context;
/* Create a context from options; NULL = all defaults. The result is the caller's. A passphrase is
 * never asked for on a terminal. NULL on failure (B5 to B27):
 * - ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE: an option has an invalid value, also one that is not
 *   a value of its enum; or `ca` is given with empty_ca
 * - ERR_TLS_INVALID_PROTOCOL_VERSION, ERR_TLS_INVALID_PROTOCOL_METHOD,
 *   ERR_TLS_PROTOCOL_VERSION_CONFLICT: min_version, max_version or secure_protocol
 * - ERR_SSL_NO_CIPHER_MATCH: ciphers
 * - ERR_OSSL_*, ERR_SSL_*, ERR_CRYPTO_OPERATION_FAILED: OpenSSL refused a certificate, key, PFX,
 *   CRL, curve or DH parameter, for example ERR_OSSL_X509_KEY_VALUES_MISMATCH
 * - the errors of engines above; ENOMEM
 * The message ends with the name of the option, its index and its file: "...; option cert[1], file
 * x.pem". */
struct rp_secure_context *rp_secure_context_new(const struct rp_secure_context_options *,
                                                struct rp_error *)
    __attribute__((warn_unused_result));
/* Take a reference; returns the context (B2). */
struct rp_secure_context *rp_secure_context_ref(struct rp_secure_context *);
/* Give up a reference; the last one frees the context. NULL is allowed. */
void rp_secure_context_unref(struct rp_secure_context *);

/* The ring of session-ticket keys that the context uses; borrowed. */
struct rp_ticket_keys *rp_secure_context_ticket_keys(const struct rp_secure_context *);
/* The session timeout in seconds. */
uint32_t rp_secure_context_session_timeout(const struct rp_secure_context *);

/* The name at `index`, from 0, that the certificates of the context are valid for; NULL past the
 * end. Names are the DNS names of the leaf certificates' subjectAltName in lower case (the CN if
 * there are none), each once, in their order. Borrowed. */
const char *rp_secure_context_name(const struct rp_secure_context *, size_t index);
/* The type of the private key at `index`, from 0, as node's asymmetricKeyType: "rsa", "rsa-pss",
 * "ec", "ed25519", "ed448" or "dsa"; NULL past the end. Static text. */
const char *rp_secure_context_key_type(const struct rp_secure_context *, size_t index);

#ifdef __cplusplus
}
#endif

#endif
