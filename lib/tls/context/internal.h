/* SPDX-License-Identifier: MIT
 *
 * internal.h - the inside of struct rp_secure_context.
 * The SSL_CTX in it carries what OpenSSL takes from a context while a connection runs:
 * certificates, trust, cipher lists, callbacks. What OpenSSL copies into a connection at its birth
 * is kept beside it, and rp_context_apply puts it on the connection once the context is chosen: the
 * birth comes before the ClientHello, and SSL_set_SSL_CTX would leave the first context's policy in
 * force. */
#ifndef RP_CONTEXT_H
#define RP_CONTEXT_H

#include <openssl/ssl.h>

#include <reprise/secure_context.h>

#include "lib/tls/context/versions.h"

enum { RP_SID_CONTEXT_MAX = 32 };

struct rp_secure_context {
    unsigned refs;
    SSL_CTX *ssl;
    BIO_METHOD *bio_method; /* one BIO stands between all connections and their bytes: */
    BIO *bio;               /* only one of them is at work at a time (engine.c)        */
    struct rp_ticket_keys *keys;
    struct rp_versions versions;
    uint64_t options; /* SSL_OP_*, complete */
    enum rp_toggle honor_cipher_order;
    enum rp_client_auth client_auth;
    uint32_t session_timeout, tickets_per_connection, max_early_data;
    bool tickets;
    char *groups; /* NULL = OpenSSL's */
    char **names;
    size_t name_count;
    /* What binds a session to names and policy, for each enum rp_client_auth. */
    uint8_t sid_context[RP_CLIENT_AUTH_REQUIRE + 1][RP_SID_CONTEXT_MAX];
    uint8_t sid_context_len;
    uint8_t ca_digest[32], crl_digest[32]; /* of the sets, whatever their order */
    /* For a client's sessions: which default roots, and when the first CRL is out of date. */
    uint8_t roots_digest[32];
    uint64_t crl_until; /* seconds; UINT64_MAX: never */
};

/* -- parts of making one, in this order (B: "which error wins") */
bool rp_context_set_trust(struct rp_secure_context *, const struct rp_secure_context_options *,
                          struct rp_error *);
bool rp_context_set_identity(struct rp_secure_context *, const struct rp_secure_context_options *,
                             struct rp_error *);
bool rp_context_set_engine_key(struct rp_secure_context *, const struct rp_secure_context_options *,
                               struct rp_error *);
bool rp_context_set_client_engine(struct rp_secure_context *,
                                  const struct rp_secure_context_options *, struct rp_error *);
bool rp_context_set_crypto(struct rp_secure_context *, const struct rp_secure_context_options *,
                           struct rp_error *);
/* Add to the error which option is wrong, and its value unless NULL. Returns false. */
bool rp_context_blame(struct rp_error *, const char *option, const char *value);
bool rp_context_set_crls(struct rp_secure_context *, const struct rp_secure_context_options *,
                         struct rp_error *);
bool rp_context_set_pfx(struct rp_secure_context *, const struct rp_secure_context_options *,
                        struct rp_error *);
/* After the certificates are in: send what completes their chains without looking for it at each
 * handshake. */
void rp_context_complete_chains(struct rp_secure_context *);
bool rp_context_set_names(struct rp_secure_context *, struct rp_error *);
bool rp_context_set_sid_context(struct rp_secure_context *,
                                const struct rp_secure_context_options *, struct rp_error *);
/* Chains of peers are judged by what the connection was told with rp_context_apply. */
void rp_context_install_judge(SSL_CTX *);
/* A certificate of ours, in turn; NULL after the last. Begin with first = true. */
X509 *rp_context_next_certificate(struct rp_secure_context *, bool first);

/* What a server asks of a client that uses this context, when it itself asks for `servers`. */
enum rp_client_auth rp_context_client_auth(const struct rp_secure_context *,
                                           enum rp_client_auth servers);
/* Put the whole policy of a context on a connection, after that of `former`; NULL: it was made of
 * this one. `auth` is not INHERIT; for a client REQUIRE means "refuse a bad server", anything else
 * "go on". */
bool rp_context_apply(const struct rp_secure_context *, const struct rp_secure_context *former,
                      SSL *, bool server, enum rp_client_auth auth);

#endif
