/* SPDX-License-Identifier: MIT
 *
 * session.c - resumption on a server: tickets, ids, stateful tickets. The danger: a session
 * authenticates its client. It resumes only under the policy of its full handshake (the session-id
 * context), if its client certificate would still be accepted, and for a limited time. Any fault of
 * a ticket or a stored session leads to a full handshake. */
#include "lib/tls/engine/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "lib/base/cursor.h"
#include "lib/tls/engine/engine.h"
#include "lib/tls/context/compat.h"
#include "lib/tls/context/ticket_crypt.h"

/* Tickets are renewed, but the keys of one full handshake have a limited lifetime (RFC 8446 section
 * 4.6.1). */
enum { LIFE_OF_A_HANDSHAKE = 7 * 24 * 3600 };

/* -- DER */

SSL_SESSION *rp_session_decode(const uint8_t *der, size_t len)
{
    const uint8_t *at = der;
    SSL_SESSION *session;

    if (der == NULL || len == 0 || len > INT32_MAX)
        return NULL;
    ERR_set_mark();
    session = d2i_SSL_SESSION(NULL, &at, (long)len);
    ERR_pop_to_mark();
    if (session != NULL && (at != der + len || !SSL_SESSION_get0_cipher(session))) {
        SSL_SESSION_free(session);
        return NULL;
    }
    return session;
}

uint8_t *rp_session_encode(SSL_SESSION *session, size_t *len)
{
    int need = i2d_SSL_SESSION(session, NULL);
    uint8_t *der, *at;

    if (need <= 0 || need > RP_SESSION_MAX)
        return NULL;
    at = der = malloc((size_t)need);
    if (der == NULL)
        return NULL;
    *len = (size_t)i2d_SSL_SESSION(session, &at);
    return der;
}

/* -- whether a session may resume */

static bool accepts_cipher(SSL *ssl, const SSL_CIPHER *cipher)
{
    return sk_SSL_CIPHER_find(SSL_get_ciphers(ssl), (SSL_CIPHER *)(uintptr_t)cipher) >= 0;
}

/* The stamp in a server's session: the time of the full handshake, and whether its client was
 * verified. OpenSSL keeps the latter as well, but has no function to read it. */
enum { STAMP_TIME = 8, STAMP_SIZE = STAMP_TIME + 1 };
struct stamp {
    uint64_t time; /* seconds; 0: no stamp */
    bool verified;
};

static struct stamp stamp_of(SSL_SESSION *session)
{
    struct stamp stamp = {0};
    struct rp_cursor c;
    void *bytes = NULL;
    size_t len = 0;

    if (SSL_SESSION_get0_ticket_appdata(session, &bytes, &len) != 1 || len != STAMP_SIZE)
        return stamp;
    c = rp_cursor_of(bytes, len);
    stamp.time = rp_cursor_uint(&c, STAMP_TIME);
    stamp.verified = rp_cursor_uint(&c, 1) == 1;
    return stamp;
}

/* Set once, in the full handshake; renewed tickets inherit it. */
static void put_stamp(const struct rp_engine *e, SSL_SESSION *session)
{
    uint64_t now = (uint64_t)time(NULL);
    uint8_t bytes[STAMP_SIZE];

    if (stamp_of(session).time != 0)
        return;
    for (int i = STAMP_TIME - 1; i >= 0; i--, now >>= 8)
        bytes[i] = (uint8_t)now;
    bytes[STAMP_TIME] =
        SSL_SESSION_get0_peer(session) != NULL && SSL_get_verify_result(e->ssl) == X509_V_OK;
    SSL_SESSION_set1_ticket_appdata(session, bytes, sizeof bytes);
}

/* A requested client certificate must still be acceptable. */
static bool certificate_fits(const struct rp_engine *e, SSL_SESSION *session, bool verified)
{
    X509 *peer = SSL_SESSION_get0_peer(session);

    if (e->auth == RP_CLIENT_AUTH_NONE)
        return true;
    if (e->auth == RP_CLIENT_AUTH_REQUIRE && (peer == NULL || !verified))
        return false;
    return peer == NULL || X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

/* Call accept_session; a session of another program has no stamp, but a time. */
static bool is_welcome(struct rp_engine *e, SSL_SESSION *session, uint64_t stamped)
{
    int64_t made = RP_SESSION_TIME(session);

    return e->ops->accept_session == NULL || e->ops->accept_session(e, session,
                                                                    stamped != 0 ? stamped
                                                                    : made > 0   ? (uint64_t)made
                                                                                 : 0);
}

bool rp_session_fits(struct rp_engine *e, SSL_SESSION *session)
{
    const SSL_CIPHER *cipher = SSL_SESSION_get0_cipher(session);
    struct stamp stamp = stamp_of(session);
    uint64_t now = (uint64_t)time(NULL);
    int version = SSL_version(e->ssl);

    if (cipher == NULL || SSL_SESSION_get_protocol_version(session) != version)
        return false;
    /* TLS 1.3 requires only the same hash, which OpenSSL checks. In older versions OpenSSL refuses
     * a client whose hello lacks the session's suite (RFC 5246 section 7.4.1.2); if this server
     * lacks it, a full handshake follows. */
    if (version != TLS1_3_VERSION && !accepts_cipher(e->ssl, cipher))
        return false;
    if (stamp.time != 0 && now > stamp.time + LIFE_OF_A_HANDSHAKE)
        return false;
    return certificate_fits(e, session, stamp.verified) && is_welcome(e, session, stamp.time);
}

/* -- tickets */

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                         EVP_MAC_CTX *mac, int encrypt)
{
    struct rp_engine *e = rp_engine_of(ssl);
    struct rp_ticket_keys *keys = e->context->keys;
    enum rp_ticket_key_use use;
    int answer;

    ERR_set_mark();
    if (encrypt) {
        answer = rp_ticket_keys_encrypt(keys, name, iv, cipher, mac);
    } else {
        use = rp_ticket_keys_decrypt(keys, name, iv, cipher, mac);
        if (use == RP_TICKET_KEY_UNKNOWN)
            answer = 0;
        else if (SSL_version(ssl) == TLS1_3_VERSION)
            answer = 2; /* tickets are used once, so a resumed client gets a new one */
        else
            answer = use == RP_TICKET_KEY_PAST && rp_ticket_keys_mints(keys) ? 2 : 1;
    }
    ERR_pop_to_mark();
    return answer;
}

/* Called before a ticket of either kind is created. OpenSSL has set the lifetime of the
 * connection's first context. */
static int on_ticket_made(SSL *ssl, void *arg)
{
    const struct rp_engine *e = rp_engine_of(ssl);
    SSL_SESSION *session = SSL_get_session(ssl);

    (void)arg;
    SSL_SESSION_set_timeout(session, (long)e->context->session_timeout);
    put_stamp(e, session);
    return 1;
}

static SSL_TICKET_RETURN on_ticket_read(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                        size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
    struct rp_engine *e = rp_engine_of(ssl);

    (void)name, (void)name_len, (void)arg;
    if (status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW) {
        if (!rp_session_fits(e, session))
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        e->resumption = RP_RESUMED_TICKET;
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    }
    /* The ticket has an unknown key, but a session was found by id: ignore the ticket, so that
     * OpenSSL looks up the id. */
    if (status == SSL_TICKET_NO_DECRYPT && e->offered != NULL)
        return SSL_TICKET_RETURN_IGNORE;
    return SSL_TICKET_RETURN_IGNORE_RENEW;
}

/* -- ids */

static int on_make_id(SSL *ssl, unsigned char *id, unsigned int *len)
{
    struct rp_engine *e = rp_engine_of(ssl);

    if (SSL_version(ssl) == TLS1_3_VERSION && (SSL_get_options(ssl) & SSL_OP_NO_TICKET) == 0) {
        *id = 0; /* a stateless ticket needs no id */
        *len = 1;
        return 1;
    }
    if (e->ops->make_session_id != NULL && e->ops->make_session_id(e, id, *len))
        return 1;
    return RAND_bytes(id, (int)*len) == 1;
}

/* Called again after a HelloRetryRequest, so the session stays in place. */
static SSL_SESSION *on_get_session(SSL *ssl, const unsigned char *id, int len, int *copy)
{
    struct rp_engine *e = rp_engine_of(ssl);
    const unsigned char *own;
    unsigned own_len;

    *copy = 1;
    if (e->offered == NULL)
        return NULL;
    own = SSL_SESSION_get_id(e->offered, &own_len);
    if (own_len != (unsigned)len || CRYPTO_memcmp(own, id, own_len) != 0 ||
        !rp_session_fits(e, e->offered))
        return NULL;
    e->resumption = SSL_version(ssl) == TLS1_3_VERSION ? RP_RESUMED_STATEFUL_TICKET : RP_RESUMED_ID;
    return e->offered;
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct rp_engine *e = rp_engine_of(ssl);

    if (e->ops->session == NULL)
        return 0;
    /* A stateless ticket contains its session, which is never looked up by id. */
    if (e->server && SSL_version(ssl) == TLS1_3_VERSION &&
        (SSL_get_options(ssl) & SSL_OP_NO_TICKET) == 0)
        return 0;
    if (e->server) {
        SSL_SESSION_set_timeout(session, (long)e->context->session_timeout);
        put_stamp(e, session);
    }
    e->ops->session(e, session);
    return 0;
}

void rp_session_install(SSL_CTX *ctx)
{
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_BOTH | SSL_SESS_CACHE_NO_INTERNAL |
                                            SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket_key);
    SSL_CTX_set_session_ticket_cb(ctx, on_ticket_made, on_ticket_read, NULL);
    SSL_CTX_set_generate_session_id(ctx, on_make_id);
    SSL_CTX_sess_set_get_cb(ctx, on_get_session);
    SSL_CTX_sess_set_new_cb(ctx, on_new_session);
}
