/* SPDX-License-Identifier: MIT
 *
 * session_handle.c - a client's session as a handle: OpenSSL's own object under another name. The
 * danger: OpenSSL marks a session as not resumable when it was used in TLS 1.3, when a newer ticket
 * arrived, or when its connection ended without close_notify. So a connection that offers a session
 * uses a copy of it. */
#include <openssl/ssl.h>

#include <reprise/session.h>

#include "lib/base/args.h"
#include "lib/tls/engine/session.h"
#include "lib/tls/engine/session_bond.h"
#include "lib/tls/context/versions.h"

/* OpenSSL's getters take non-const pointers, but do not modify. */
SSL_SESSION *rp_session_inside(const struct rp_session *s)
{
    return (SSL_SESSION *)(uintptr_t)s;
}

struct rp_session *rp_session_handle(SSL_SESSION *session)
{
    return (struct rp_session *)session;
}

SSL_SESSION *rp_session_copy(const struct rp_session *s)
{
    return SSL_SESSION_dup(rp_session_inside(s));
}

struct rp_session *rp_session_ref(struct rp_session *s)
{
    if (s != NULL)
        SSL_SESSION_up_ref(rp_session_inside(s));
    return s;
}

void rp_session_unref(struct rp_session *s)
{
    SSL_SESSION_free(rp_session_inside(s));
}

struct rp_session *rp_session_from_der(const void *der, size_t len, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(der, "der", err))
        return NULL;
    SSL_SESSION *session = rp_session_import(der, len);

    if (session == NULL)
        rp_error_set(
            err, "ERR_INVALID_ARG_VALUE",
            "not a TLS session; pass the bytes of RP_EV_SESSION or of node's 'session' event");
    return rp_session_handle(session);
}

size_t rp_session_to_der(struct rp_session *s, uint8_t *bytes, size_t capacity)
{
    if (s == NULL)
        return 0;
    int len = i2d_SSL_SESSION(rp_session_inside(s), NULL);

    if (len > 0 && bytes != NULL && (size_t)len <= capacity)
        len = i2d_SSL_SESSION(rp_session_inside(s), &bytes);
    return len > 0 ? (size_t)len : 0;
}

const char *rp_session_protocol(const struct rp_session *s)
{
    return s != NULL ? rp_version_name(SSL_SESSION_get_protocol_version(rp_session_inside(s)))
                     : NULL;
}

size_t rp_session_ticket(const struct rp_session *s, const uint8_t **bytes)
{
    const uint8_t *ticket = NULL;
    size_t len = 0;

    if (s == NULL)
        return 0;
    SSL_SESSION_get0_ticket(rp_session_inside(s), &ticket, &len);
    if (bytes != NULL)
        *bytes = ticket;
    return len;
}

uint32_t rp_session_lifetime(const struct rp_session *s)
{
    return s != NULL ? (uint32_t)SSL_SESSION_get_ticket_lifetime_hint(rp_session_inside(s)) : 0;
}
