/* SPDX-License-Identifier: MIT
 *
 * internal.h - the members of struct rp_secure_context. Its SSL_CTX holds what OpenSSL reads from a
 * context while a connection runs: certificates, trust, cipher lists, callbacks. Settings that
 * OpenSSL copies when it creates a connection are stored beside it, and rp_context_apply sets them
 * once the context is selected: connections are created before the ClientHello arrives, and
 * SSL_set_SSL_CTX alone would keep the settings of the first context. */
#ifndef RP_CONTEXT_H
#define RP_CONTEXT_H

#include <openssl/ssl.h>

#include <reprise/secure_context.h>

#include "lib/tls/context/versions.h"

enum { RP_SID_CONTEXT_MAX = 32 };

struct rp_secure_context {
    unsigned refs;
    SSL_CTX *ssl;
    BIO_METHOD *bio_method; /* all connections share one BIO: */
    BIO *bio;               /* only one of them is active at a time (engine.c) */
    struct rp_ticket_keys *keys;
    struct rp_versions versions;
    uint64_t options; /* all SSL_OP_* bits */
    enum rp_toggle honor_cipher_order;
    enum rp_client_auth client_auth;
    uint32_t session_timeout, tickets_per_connection, max_early_data;
    bool tickets;
    char *groups; /* NULL = OpenSSL's default */
    char **names;
    size_t name_count;
    /* The session-id context, which binds sessions to names and policy, for each rp_client_auth. */
    uint8_t sid_context[RP_CLIENT_AUTH_REQUIRE + 1][RP_SID_CONTEXT_MAX];
    uint8_t sid_context_len;
    uint8_t ca_digest[32], crl_digest[32]; /* of the sets; independent of the order */
    /* For a client's sessions: identifies the default roots; and when the first CRL expires. */
    uint8_t roots_digest[32];
    uint64_t crl_until; /* seconds; UINT64_MAX: never */
};

/* -- the steps of creating a context, in this order (B: "which error wins") */
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
/* Add to the error the faulty option, and its value unless NULL. Returns false. */
bool rp_context_blame(struct rp_error *, const char *option, const char *value);
bool rp_context_set_crls(struct rp_secure_context *, const struct rp_secure_context_options *,
                         struct rp_error *);
bool rp_context_set_pfx(struct rp_secure_context *, const struct rp_secure_context_options *,
                        struct rp_error *);
/* Call when all certificates are loaded: completes their chains once, not in each handshake. */
void rp_context_complete_chains(struct rp_secure_context *);
bool rp_context_set_names(struct rp_secure_context *, struct rp_error *);
bool rp_context_set_sid_context(struct rp_secure_context *,
                                const struct rp_secure_context_options *, struct rp_error *);
/* Install the callback that verifies peers' chains by the settings of rp_context_apply. */
void rp_context_install_judge(SSL_CTX *);
/* The next certificate of this side; NULL after the last. Start with first = true. */
X509 *rp_context_next_certificate(struct rp_secure_context *, bool first);

/* The client authentication of this context; `servers` if it inherits the server's setting. */
enum rp_client_auth rp_context_client_auth(const struct rp_secure_context *,
                                           enum rp_client_auth servers);
/* Apply the settings of a context to a connection, which had those of `former`; NULL: it was
 * created from this context. `auth` must not be INHERIT. For a client REQUIRE means "refuse an
 * invalid server", any other value "continue". */
bool rp_context_apply(const struct rp_secure_context *, const struct rp_secure_context *former,
                      SSL *, bool server, enum rp_client_auth auth);

#endif
