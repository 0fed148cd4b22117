/* SPDX-License-Identifier: MIT
 *
 * client_session.c - the session that a client offers, and what its new sessions are bound to. The
 * danger: a server that resumes sends no certificate, so the result of the session's full handshake
 * is all there is. It is used only where a full handshake would have the same result: for the same
 * name, trust and requirements (node: CVE-2026-48934). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/sha.h>
#include <openssl/x509.h>

#include "lib/tls/client_internal.h"
#include "lib/tls/engine/session_bond.h"
#include "lib/base/cursor.h"
#include "lib/x509/internal.h"

/* -- what a result depends on, besides the certificate */

enum judge { BY_NAME, BY_PROGRAM, BY_NOBODY };

static struct rp_cursor name_of(const struct rp_socket *s)
{
    const char *name = s->client->identity != NULL ? s->client->identity : "";

    return rp_cursor_of(name, strlen(name));
}

static void digest_trust(const struct rp_socket *s, uint8_t out[RP_TRUST_SIZE])
{
    const struct rp_secure_context *c = s->context;
    enum judge judge = s->bare ? BY_NOBODY : s->client->check != NULL ? BY_PROGRAM : BY_NAME;
    uint8_t all[3 * SHA256_DIGEST_LENGTH + 1 + 1 + 4];
    struct rp_writer w = rp_writer_of(all, sizeof all);

    rp_writer_bytes(&w, c->ca_digest, SHA256_DIGEST_LENGTH);
    rp_writer_bytes(&w, c->crl_digest, SHA256_DIGEST_LENGTH);
    rp_writer_bytes(&w, c->roots_digest, SHA256_DIGEST_LENGTH);
    rp_writer_uint(&w, judge, 1);
    rp_writer_uint(&w, (uint8_t)SSL_CTX_get_security_level(c->ssl), 1);
    rp_writer_uint(&w, s->client->min_dh_size, 4);
    SHA256(all, sizeof all, out);
}

static bool is_digest_of_nothing(const uint8_t digest[SHA256_DIGEST_LENGTH])
{
    uint8_t nothing[SHA256_DIGEST_LENGTH];

    SHA256((const uint8_t *)"", 0, nothing);
    return memcmp(digest, nothing, sizeof nothing) == 0;
}

/* -- sessions of node, which contain only the name */

/* Verify as much as the session contains: it has no intermediate certificates. If only those are
 * missing, node's result is used, as in node. */
static bool certificate_may_be_trusted(const struct rp_secure_context *c, X509 *cert)
{
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    bool ok = store != NULL && !is_digest_of_nothing(c->ca_digest) &&
              X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(c->ssl), cert, NULL) == 1 &&
              X509_STORE_CTX_set_default(store, "ssl_server") == 1;

    if (ok && X509_verify_cert(store) != 1) /* then the dates are not checked yet */
        ok = is_digest_of_nothing(c->crl_digest) &&
             X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY &&
             X509_cmp_current_time(X509_get0_notAfter(cert)) > 0;
    X509_STORE_CTX_free(store);
    return ok;
}

/* -- whether a session may be offered */

/* Call the check that a full handshake would call, if the session has its certificate. */
static bool still_matches(struct rp_socket *s)
{
    X509 *cert = SSL_get0_peer_certificate(s->engine.ssl);
    struct rp_error error;

    return cert != NULL && rp_client_identity_matches(s, cert, &error) && !s->stream.destroyed;
}

static bool says_the_same(struct rp_socket *s, const struct rp_session_bond *bond)
{
    const struct rp_client *c = s->client;
    bool chain_ok = SSL_get_verify_result(s->engine.ssl) == X509_V_OK;
    X509 *cert = SSL_get0_peer_certificate(s->engine.ssl);
    uint8_t trust[RP_TRUST_SIZE];

    if (bond->trust == NULL)
        return !s->bare && chain_ok && cert != NULL &&
               certificate_may_be_trusted(s->context, cert) && still_matches(s);
    digest_trust(s, trust);
    if (memcmp(bond->trust, trust, sizeof trust) != 0)
        return false;
    if (c->check == NULL || !chain_ok)
        return true;
    return rp_cursor_left(&bond->verdict) == 0 && still_matches(s); /* else a full handshake */
}

/* Call after SSL_set_session, so that the connection has the session's data. */
static bool may_be_offered(struct rp_socket *s)
{
    const struct rp_client *c = s->client;
    struct rp_cursor name = name_of(s);
    size_t len = rp_cursor_left(&name);
    struct rp_session_bond bond;

    if (c->session_anywhere && c->psk == NULL)
        return true;
    return rp_session_read_bond(c->session, &bond) && rp_cursor_left(&bond.name) == len &&
           memcmp(bond.name.at, name.at, len) == 0 && (uint64_t)time(NULL) < bond.until &&
           (rp_cursor_left(&bond.verdict) == 0 || c->allow_unauthorized) && says_the_same(s, &bond);
}

bool rp_client_offer(struct rp_socket *s)
{
    struct rp_client *c = s->client;
    bool may;

    if (c->session == NULL)
        return true;
    rp_stream_ref(&s->stream);
    may = SSL_set_session(s->engine.ssl, c->session) == 1 && may_be_offered(s);
    if (!may && !s->stream.destroyed) {
        SSL_set_session(s->engine.ssl, NULL);
        SSL_set_verify_result(s->engine.ssl, X509_V_OK);
        SSL_SESSION_free(c->session);
        c->session = NULL;
    }
    may = !s->stream.destroyed;
    rp_stream_unref(&s->stream);
    return may;
}

/* -- after the handshake */

enum rp_carried rp_client_carried(struct rp_socket *s, struct rp_error *error)
{
    struct rp_client *c = s->client;
    SSL *ssl = s->engine.ssl;
    struct rp_session_bond bond;

    if (c->session == NULL || !SSL_session_reused(ssl) ||
        !rp_session_read_bond(SSL_get_session(ssl), &bond))
        return RP_CARRIED_NOTHING;
    if (rp_cursor_left(&bond.verdict) == 0)
        return RP_CARRIED_AUTHORIZED;
    free(c->refusal);
    c->refusal = strndup((const char *)bond.verdict.at, rp_cursor_left(&bond.verdict));
    s->authorization_error = c->refusal != NULL ? c->refusal : "ENOMEM";
    rp_error_set(error, s->authorization_error,
                 "the server was not authorized when the session was made: %s",
                 s->authorization_error);
    return RP_CARRIED_REFUSED;
}

/* The time (seconds since 1970) at which the first certificate of a verified chain, or the first
 * CRL, expires. A session with a refusal does not expire this way. */
static uint64_t expiry_of(const struct rp_socket *s)
{
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(s->engine.ssl);
    uint64_t until = s->context->crl_until;

    for (int i = 0; i < sk_X509_num(chain); i++) {
        uint64_t end = rp_x509_seconds(X509_get0_notAfter(sk_X509_value(chain, i)));

        until = end < until ? end : until;
    }
    return until;
}

void rp_client_bind(const struct rp_socket *s, SSL_SESSION *session)
{
    const struct rp_client *c = s->client;
    const char *verdict = s->bare ? rp_socket_verify_error(s) : s->authorization_error;
    uint8_t trust[RP_TRUST_SIZE];

    if (SSL_session_reused(s->engine.ssl)) /* inherits the bond of the resumed session */
        return;
    if (c->by_key || (!c->judged && !s->bare))
        return;
    digest_trust(s, trust);
    verdict = verdict != NULL ? verdict : "";
    rp_session_bind(session, &(struct rp_session_bond){
                                 .name = name_of(s),
                                 .verdict = rp_cursor_of(verdict, strlen(verdict)),
                                 .trust = trust,
                                 .until = *verdict == '\0' ? expiry_of(s) : UINT64_MAX,
                             });
}
