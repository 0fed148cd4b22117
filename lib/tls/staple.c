/* SPDX-License-Identifier: MIT
 *
 * staple.c - a server's OCSP staple: the question to the program, outside of OpenSSL (J14). It is
 * asked only in a full handshake of a client that requests a staple, before OpenSSL selects a
 * certificate: for each certificate of the context in turn. */
#include <openssl/x509v3.h>

#include "lib/tls/request.h"
#include "lib/tls/socket_internal.h"

/* Find the issuer in the chain that is sent, else in the context's trust store. A reference, or
 * NULL. */
static X509 *issuer_of(SSL *ssl, X509 *cert, X509_STORE *trust)
{
    STACK_OF(X509) *chain = NULL;
    X509_STORE_CTX *search;
    X509 *issuer = NULL;

    SSL_get0_chain_certs(ssl, &chain);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        issuer = sk_X509_value(chain, i);
        if (X509_check_issued(issuer, cert) == X509_V_OK && X509_up_ref(issuer) == 1)
            return issuer;
    }
    issuer = NULL;
    search = X509_STORE_CTX_new();
    if (search != NULL && X509_STORE_CTX_init(search, trust, NULL, NULL) == 1 &&
        X509_STORE_CTX_get1_issuer(&issuer, search, cert) != 1)
        issuer = NULL;
    X509_STORE_CTX_free(search);
    return issuer;
}

static size_t encode(X509 *cert, uint8_t **der)
{
    int len = cert != NULL ? i2d_X509(cert, der) : 0;

    return len > 0 ? (size_t)len : 0;
}

static void emit(struct rp_socket *s, struct rp_request *r, X509 *cert)
{
    X509 *issuer = issuer_of(s->engine.ssl, cert, SSL_CTX_get_cert_store(s->context->ssl));
    struct rp_event event = {.type = RP_EV_OCSP_REQUEST};
    uint8_t *cert_der = NULL, *issuer_der = NULL;

    event.ocsp_request.certificate_len = encode(cert, &cert_der);
    event.ocsp_request.issuer_len = encode(issuer, &issuer_der);
    event.ocsp_request.certificate = cert_der;
    event.ocsp_request.issuer = issuer_der;
    event.ocsp_request.request = r;
    event.ocsp_request.socket = s;
    X509_free(issuer);
    if (cert_der != NULL)
        rp_server_emit(s->server, &event);
    OPENSSL_free(cert_der);
    OPENSSL_free(issuer_der);
}

void rp_staple_use(struct rp_socket *s, struct rp_request *r)
{
    struct rp_staple *staple = s->engine.staple;

    staple->answers[staple->count].bytes = r->bytes;
    staple->answers[staple->count++].len = r->len;
    staple->state = RP_STAPLE_WANTED;
    r->bytes = NULL;
}

/* true: decided. */
static bool ask(struct rp_socket *s, X509 *cert)
{
    struct rp_staple *staple = s->engine.staple;
    struct rp_request *r = rp_request_new(s, RP_REQUEST_STAPLE);
    bool go = false;

    if (r == NULL)
        return true; /* no staple */
    staple->answers[staple->count].cert = cert;
    staple->state = RP_STAPLE_ASKING;
    rp_request_ref(r);
    r->asking = true;
    emit(s, r, cert);
    r->asking = false;
    if (!s->stream.destroyed && (r->socket == NULL || rp_request_forgotten(r))) {
        if (r->socket != NULL)
            rp_request_drop(r);
        rp_staple_use(s, r);
        go = true;
    }
    rp_request_unref(r);
    return go;
}

/* Select the next certificate of the context; false: there is none. */
static bool next_certificate(SSL *ssl, struct rp_staple *staple)
{
    if (staple->count == RP_STAPLES_MAX || SSL_set_current_cert(ssl, SSL_CERT_SET_FIRST) != 1)
        return false;
    for (size_t i = 0; i < staple->seen; i++)
        if (SSL_set_current_cert(ssl, SSL_CERT_SET_NEXT) != 1)
            return false;
    staple->seen++;
    return true;
}

bool rp_staple_ask(struct rp_socket *s)
{
    SSL *ssl = s->engine.ssl;
    struct rp_staple *staple = s->engine.staple;

    while (next_certificate(ssl, staple))
        if (!ask(s, SSL_get_certificate(ssl)))
            return false;
    staple->state = RP_STAPLE_ANSWERED;
    return true;
}
