/* SPDX-License-Identifier: MIT
 *
 * secure_context.h - tls.SecureContext: certificates, keys, trust and protocol settings, made
 * once, immutable afterwards, shared by reference among any number of servers and sockets (B2).
 * A failure to make one is complete: nothing partially usable is returned. Contract: section B. */
#ifndef RP_SECURE_CONTEXT_H
#define RP_SECURE_CONTEXT_H

#include <reprise/stream.h>
#include <reprise/ticket_keys.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes with a length; as an option: both, or neither. */
struct rp_bytes {
    const void *bytes;
    size_t len;
};
/* One certificate chain, key, PFX or CRL. For PEM text len may be 0: then it is strlen.
 * `passphrase` for keys and PFX that have their own, `file` for errors to name: where the bytes are
 * from. Both may be NULL. */
struct rp_pem {
    const void *bytes;
    size_t len;
    const char *passphrase;
    const char *file;
};

/* What a server asks of clients that use this context; the default is what the server says. */
enum rp_client_auth {
    RP_CLIENT_AUTH_INHERIT,
    RP_CLIENT_AUTH_NONE,
    RP_CLIENT_AUTH_REQUEST, /* ask; go on without, or with a bad one, and say so (authorized) */
    RP_CLIENT_AUTH_REQUIRE, /* ask; refuse whoever has none, or a bad one */
};

/* Zero means node's default. Everything is read during the call only. Lists have a count: a list
 * without its count, and a count without its list, is ERR_INVALID_ARG_VALUE. */
struct rp_secure_context_options {
    const struct rp_pem *cert, *key, *pfx, *ca, *crl; /* B13, B15, B16, B18, B19 */
    size_t cert_count, key_count, pfx_count, ca_count, crl_count;
    bool empty_ca; /* an empty trust store instead of the default roots (ca: []) */
    /* Q3: trusted besides the default roots, and like them named to no client; counts for nothing
     * with `ca` or `empty_ca`. Text that holds no certificate adds none. */
    const struct rp_pem *extra_ca;
    size_t extra_ca_count;
    const char *passphrase;  /* B17: for keys and PFX without their own */
    const char *ciphers;     /* B10: TLS 1.3 and older names in one list; NULL = default */
    const char *sigalgs;     /* B20 */
    const char *ecdh_curve;  /* B21: NULL or "auto" = OpenSSL's list */
    const char *dhparam;     /* B22: "auto", or PEM */
    const char *min_version; /* B5: "TLSv1" .. "TLSv1.3" */
    const char *max_version;
    const char *secure_protocol;        /* B7 */
    uint64_t secure_options;            /* B8: SSL_OP_* bits */
    bool no_renegotiation;              /* as SSL_OP_NO_RENEGOTIATION: refuse it to the peer */
    enum rp_toggle honor_cipher_order;  /* B9, C6: default on for servers */
    bool allow_partial_trust_chain;     /* B14 */
    const void *session_id_context;     /* B23: up to 32 bytes. NULL: a server uses a hash */
    size_t session_id_context_len;      /*   of names, client auth, CA set and CRLs        */
    uint32_t session_timeout;           /* B24: seconds; 0 = 300 */
    struct rp_ticket_keys *ticket_keys; /* B25: a reference is taken; NULL: random keys */
    enum rp_toggle tickets;             /* off: stateful sessions only, in every version */
    uint32_t tickets_per_connection;    /* TLS 1.3; 0 = 1. RFC 9149 requests go up to 4 */
    /* A server: how many bytes a client that resumes may send with its ClientHello; its tickets say
     * so. 0 = none. See EARLY_DATA in server.h. */
    uint32_t max_early_data;
    /* B26: ids of OpenSSL engines, or paths of their libraries. The identifier names the private
     * key that stands in for `key`. Errors: ERR_CRYPTO_ENGINE_UNKNOWN, ERR_SSL_ENGINE_LIB,
     * ERR_CRYPTO_OPERATION_FAILED, ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED. */
    const char *private_key_engine, *private_key_identifier, *client_cert_engine;
    enum rp_client_auth client_auth; /* overrides the server's request_cert */
};

struct rp_secure_context;
/* Errors: ERR_INVALID_ARG_VALUE, ERR_TLS_INVALID_PROTOCOL_VERSION, ERR_SSL_NO_CIPHER_MATCH,
 * ERR_OSSL_X509_KEY_VALUES_MISMATCH... as in goldens and rows B5 to B27. The message ends with the
 * option that was wrong, its index and its file: "...; option cert[1], file x.pem". Never asks a
 * terminal for a passphrase. */
struct rp_secure_context *rp_secure_context_new(const struct rp_secure_context_options *,
                                                struct rp_error *)
    __attribute__((warn_unused_result));
/* One reference more; it goes with the last (B2). */
struct rp_secure_context *rp_secure_context_ref(struct rp_secure_context *);
void rp_secure_context_unref(struct rp_secure_context *); /* NULL ok */

/* The ring its tickets are made with (borrowed). */
struct rp_ticket_keys *rp_secure_context_ticket_keys(const struct rp_secure_context *);
uint32_t rp_secure_context_session_timeout(const struct rp_secure_context *); /* seconds */

/* The names the certificates of the context are valid for: each DNS name of the leaf certificates'
 * subjectAltName in lower case (the CN where there is none), every name once, in their order.
 * `index` counts from 0; NULL past the end. Borrowed. */
const char *rp_secure_context_name(const struct rp_secure_context *, size_t index);
/* The types of its private keys, as node's asymmetricKeyType has them: "rsa", "rsa-pss", "ec",
 * "ed25519", "ed448", "dsa"; NULL past the end. Static text. */
const char *rp_secure_context_key_type(const struct rp_secure_context *, size_t index);

#ifdef __cplusplus
}
#endif

#endif
