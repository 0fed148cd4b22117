/* SPDX-License-Identifier: MIT
 *
 * engine.c - OpenSSL behind a BIO of our own; see engine.h for the danger. All connections of a
 * context share one BIO, whose data points to the active engine: calls into OpenSSL begin with
 * enter() and end with leave(), and nest like them. */
#include "lib/tls/engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "lib/x509/openssl_errors.h"

/* Limit of input without application data: some 10,000 key updates, or as many bytes of warnings,
 * empty records and refused renegotiations. */
enum { UNPRODUCTIVE_MAX = 256 * 1024 };

/* -- the BIO */

static int bio_read(BIO *bio, char *bytes, int len)
{
    struct rp_engine *e = BIO_get_data(bio);
    size_t want = (size_t)len, got = 0, here;
    const uint8_t *from;

    BIO_clear_retry_flags(bio);
    while (got < want && (from = rp_queue_peek(&e->saved, &here)) != NULL) {
        here = here < want - got ? here : want - got;
        memcpy(bytes + got, from, here);
        rp_queue_consume(&e->saved, e->loop, here);
        got += here;
    }
    here = (size_t)(e->in_end - e->in);
    here = here < want - got ? here : want - got;
    if (here > 0) {
        memcpy(bytes + got, e->in, here);
        e->in += here;
        got += here;
    }
    if (got > 0)
        return (int)got;
    BIO_set_retry_read(bio);
    return -1;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct rp_engine *e = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (e->closing)
        return len; /* a listener has closed the connection: drop the output */
    return rp_queue_append(e->out, e->loop, bytes, (size_t)len) ? len : -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

bool rp_engine_make_bio(struct rp_secure_context *c)
{
    c->bio_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "reprise");
    if (c->bio_method == NULL || BIO_meth_set_read(c->bio_method, bio_read) != 1 ||
        BIO_meth_set_write(c->bio_method, bio_write) != 1 ||
        BIO_meth_set_ctrl(c->bio_method, bio_ctrl) != 1)
        return false;
    c->bio = BIO_new(c->bio_method);
    if (c->bio == NULL)
        return false;
    BIO_set_init(c->bio, 1);
    return true;
}

struct rp_engine *rp_engine_of(const SSL *ssl)
{
    return BIO_get_data(SSL_get_rbio(ssl));
}

/* -- calls */

static void *enter(struct rp_engine *e)
{
    void *outer = BIO_get_data(e->born->bio);

    BIO_set_data(e->born->bio, e);
    e->calls++;
    if (ERR_peek_error() != 0)
        ERR_clear_error(); /* SSL_get_error must not see older errors */
    return outer;
}

static void release(struct rp_engine *e)
{
    /* Other connections may use the client's session, too (session_handle.c): a close without
     * close_notify must not mark it as invalid. */
    if (!e->server && e->ssl != NULL)
        SSL_set_shutdown(e->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(e->ssl);
    SSL_SESSION_free(e->offered);
    for (size_t i = 0; e->staple != NULL && i < e->staple->count; i++)
        free(e->staple->answers[i].bytes);
    free(e->staple);
    e->staple = NULL;
    rp_secure_context_unref(e->context);
    rp_secure_context_unref(e->born);
    e->ssl = NULL;
    e->offered = NULL;
    e->context = e->born = NULL;
}

static void leave(struct rp_engine *e, void *outer)
{
    BIO_set_data(e->born->bio, outer);
    if (--e->calls == 0 && e->closing)
        release(e);
}

static enum rp_engine_status failed(struct rp_engine *e, struct rp_error *err)
{
    if (e->hello == RP_HELLO_UNRECOGNIZED_NAME && !e->established) {
        ERR_clear_error();
        rp_error_set(err, "ERR_TLS_UNRECOGNIZED_NAME", "no certificate for this server name");
    } else {
        rp_error_handshake(err, "ENOMEM", "no memory for the connection");
    }
    return RP_ENGINE_FAILED;
}

/* Translate the result of a failed call. */
static enum rp_engine_status status_of(struct rp_engine *e, int returned, struct rp_error *err)
{
    switch (SSL_get_error(e->ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return RP_ENGINE_WANT;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
        return RP_ENGINE_HELLO;
    case SSL_ERROR_WANT_X509_LOOKUP:
        return RP_ENGINE_STAPLE;
    case SSL_ERROR_ZERO_RETURN:
        return RP_ENGINE_END;
    default:
        return failed(e, err);
    }
}

/* -- lifetime */

/* OpenSSL 3.2 and later allocate a new record layer here, and report a failure only in the error
 * queue, which is empty before. */
static bool take_side(SSL *ssl, bool server)
{
    if (server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    return ERR_peek_error() == 0;
}

bool rp_engine_open(struct rp_engine *e, struct rp_secure_context *context, bool server,
                    enum rp_client_auth auth, struct rp_error *err)
{
    SSL *ssl;

    if (ERR_peek_error() != 0)
        ERR_clear_error();
    ssl = SSL_new(context->ssl);
    if (ssl == NULL)
        return rp_error_handshake(err, "ENOMEM", "no memory for the connection");
    BIO_up_ref(context->bio);
    SSL_set_bio(ssl, context->bio, context->bio);
    if (!take_side(ssl, server)) {
        SSL_free(ssl);
        return rp_error_handshake(err, "ENOMEM", "no memory for the connection");
    }
    e->ssl = ssl;
    e->server = server;
    e->born = rp_secure_context_ref(context);
    if (rp_engine_use(e, context, auth, err))
        return true;
    release(e);
    return false;
}

static void on_keylog(const SSL *ssl, const char *line)
{
    struct rp_engine *e = rp_engine_of(ssl);

    if (e->ops->keylog != NULL)
        e->ops->keylog(e, line);
}

bool rp_engine_use(struct rp_engine *e, struct rp_secure_context *context, enum rp_client_auth auth,
                   struct rp_error *err)
{
    struct rp_secure_context *former = e->context;
    bool ok;

    e->context = rp_secure_context_ref(context);
    e->auth = (uint8_t)auth;
    if (e->ops->keylog != NULL)
        SSL_CTX_set_keylog_callback(context->ssl, on_keylog);
    ok = rp_context_apply(context, former, e->ssl, e->server, auth) ||
         rp_error_handshake(err, "ENOMEM", "no memory for the connection");
    rp_secure_context_unref(former);
    return ok;
}

void rp_engine_close(struct rp_engine *e)
{
    e->closing = true;
    e->in = e->in_end = NULL;
    rp_queue_clear(&e->saved, e->loop);
    if (e->calls == 0)
        release(e);
}

void rp_engine_show(struct rp_engine *e, const uint8_t *bytes, size_t len)
{
    e->in = bytes;
    e->in_end = bytes + len;
}

bool rp_engine_save(struct rp_engine *e)
{
    bool ok = rp_queue_keep(&e->saved, e->loop, e->in, (size_t)(e->in_end - e->in));

    e->in = e->in_end = NULL;
    return ok;
}

size_t rp_engine_peek(const struct rp_engine *e, size_t from, uint8_t *to, size_t most)
{
    size_t got = rp_queue_copy(&e->saved, from, to, most), here;
    const uint8_t *in = e->in;

    if (from > e->saved.len)
        in += from - e->saved.len;
    here = in < e->in_end ? (size_t)(e->in_end - in) : 0;
    here = here < most - got ? here : most - got;
    if (here > 0)
        memcpy(to + got, in, here);
    return got + here;
}

/* -- handshake and data */

/* Send the tickets that a resumed client requested, except the one that the handshake sends. */
static void send_extra_tickets(struct rp_engine *e)
{
    if (!e->server || !SSL_session_reused(e->ssl) || SSL_version(e->ssl) != TLS1_3_VERSION)
        return;
    for (int i = 1; i < e->resumed_tickets; i++)
        SSL_new_session_ticket(e->ssl);
    if (e->resumed_tickets > 1)
        SSL_do_handshake(e->ssl);
}

static enum rp_engine_status complete(struct rp_engine *e, struct rp_error *err)
{
    int returned = SSL_do_handshake(e->ssl);

    if (returned != 1)
        return status_of(e, returned, err);
    if (rp_engine_is_early(e))
        rp_engine_early_to(e, RP_EARLY_OVER);
    e->established = true;
    send_extra_tickets(e);
    return RP_ENGINE_OK;
}

void rp_engine_forget_offered(struct rp_engine *e)
{
    SSL_SESSION_free(e->offered);
    e->offered = NULL;
}

/* Continue up to accepted early data. OpenSSL returns the first bytes in the same call: one byte is
 * kept for the first read. */
static enum rp_engine_status accept_early(struct rp_engine *e, struct rp_error *err)
{
    size_t len;
    int returned = SSL_read_early_data(e->ssl, &e->early_byte, 1, &len);
    bool accepted = SSL_get_early_data_status(e->ssl) == SSL_EARLY_DATA_ACCEPTED;
    enum rp_engine_status status = RP_ENGINE_OK;

    if (returned == SSL_READ_EARLY_DATA_ERROR) {
        status = status_of(e, 0, err);
        if (status != RP_ENGINE_WANT || !accepted)
            return status;
    }
    e->has_early_byte = returned == SSL_READ_EARLY_DATA_SUCCESS;
    rp_engine_early_to(e, !accepted                                ? RP_EARLY_OVER
                          : returned == SSL_READ_EARLY_DATA_FINISH ? RP_EARLY_FINISHING
                                                                   : RP_EARLY_READING);
    e->established = accepted;
    return RP_ENGINE_OK;
}

enum rp_engine_status rp_engine_handshake(struct rp_engine *e, struct rp_error *err)
{
    void *outer = enter(e);
    enum rp_engine_status status = RP_ENGINE_OK;

    if (rp_early_state_is_undecided(e->early))
        status = accept_early(e, err);
    if (status == RP_ENGINE_OK && !rp_engine_is_early(e))
        status = complete(e, err);
    leave(e, outer);
    return status;
}

/* Sends only: input that has arrived may be application data, which OpenSSL accepts between
 * handshake messages only while reading. */
static int send_first_message(struct rp_engine *e)
{
    struct rp_queue saved = e->saved;
    const uint8_t *in = e->in, *in_end = e->in_end;
    int returned;

    e->saved = (struct rp_queue){0};
    e->in = e->in_end = NULL;
    returned = SSL_do_handshake(e->ssl);
    if (e->closing) {
        rp_queue_clear(&saved, e->loop);
        return returned;
    }
    e->saved = saved;
    e->in = in;
    e->in_end = in_end;
    return returned;
}

bool rp_engine_renegotiate(struct rp_engine *e, struct rp_error *err)
{
    void *outer = enter(e);
    bool ok = SSL_renegotiate(e->ssl) == 1;
    int returned = ok ? send_first_message(e) : 0;

    ok = ok && (returned == 1 || SSL_get_error(e->ssl, returned) == SSL_ERROR_WANT_READ);
    if (!ok)
        rp_error_handshake(err, "ERR_SSL_NO_RENEGOTIATION", "no renegotiation");
    leave(e, outer);
    return ok;
}

/* Whether the peer sends too much input without application data. */
static bool floods(struct rp_engine *e, size_t before, struct rp_error *err)
{
    e->unproductive += before - rp_engine_left(e);
    if (e->unproductive <= UNPRODUCTIVE_MAX)
        return false;
    rp_error_set(err, "ERR_TLS_PROTOCOL_FLOOD",
                 "the peer sends too many messages without application data");
    return true;
}

/* Read early data, and after it the rest of the handshake: then OK with *len 0. */
static enum rp_engine_status read_early(struct rp_engine *e, uint8_t *bytes, size_t capacity,
                                        size_t *len, struct rp_error *err)
{
    enum rp_engine_status status = RP_ENGINE_OK;
    size_t had = e->has_early_byte, more = 0;
    int returned;

    if (e->early == RP_EARLY_FINISHING)
        return complete(e, err);
    bytes[0] = e->early_byte;
    e->has_early_byte = false;
    returned = SSL_read_early_data(e->ssl, bytes + had, capacity - had, &more);
    if (returned == SSL_READ_EARLY_DATA_ERROR)
        status = status_of(e, 0, err);
    else if (returned == SSL_READ_EARLY_DATA_FINISH)
        rp_engine_early_to(e, RP_EARLY_FINISHING);
    *len = had + (returned == SSL_READ_EARLY_DATA_SUCCESS ? more : 0);
    if (status == RP_ENGINE_WANT && had > 0)
        return RP_ENGINE_OK;
    if (status == RP_ENGINE_OK && *len == 0)
        return complete(e, err);
    return status;
}

enum rp_engine_status rp_engine_read(struct rp_engine *e, uint8_t *bytes, size_t capacity,
                                     size_t *len, struct rp_error *err)
{
    void *outer = enter(e);
    size_t before = rp_engine_left(e);
    enum rp_engine_status status = RP_ENGINE_OK;

    *len = 0;
    if (rp_engine_is_early(e))
        status = read_early(e, bytes, capacity, len, err);
    if (status == RP_ENGINE_OK && *len == 0 && SSL_read_ex(e->ssl, bytes, capacity, len) != 1)
        status = status_of(e, 0, err);
    if (status == RP_ENGINE_OK)
        e->unproductive = 0;
    else if (status == RP_ENGINE_WANT && floods(e, before, err))
        status = RP_ENGINE_FAILED;
    leave(e, outer);
    return status;
}

enum rp_engine_status rp_engine_write(struct rp_engine *e, const uint8_t *bytes, size_t len,
                                      struct rp_error *err)
{
    void *outer;
    size_t written;
    int returned;
    enum rp_engine_status status = RP_ENGINE_OK;

    if (len == 0)
        return RP_ENGINE_OK; /* OpenSSL would send an empty record (L4) */
    outer = enter(e);
    if (rp_engine_is_early(e)) /* to a client whose handshake is not complete */
        returned = SSL_write_early_data(e->ssl, bytes, len, &written);
    else
        returned = SSL_write_ex(e->ssl, bytes, len, &written);
    if (returned != 1)
        status = failed(e, err);
    leave(e, outer);
    return status;
}

enum rp_engine_status rp_engine_write_early(struct rp_engine *e, const uint8_t *bytes, size_t len,
                                            struct rp_error *err)
{
    void *outer = enter(e);
    size_t written;
    enum rp_engine_status status = RP_ENGINE_OK;

    if (SSL_write_early_data(e->ssl, bytes, len, &written) != 1)
        status = failed(e, err);
    leave(e, outer);
    return status;
}

void rp_engine_send_close(struct rp_engine *e)
{
    void *outer;

    if (!e->established || e->sent_close)
        return;
    e->sent_close = true;
    outer = enter(e);
    SSL_shutdown(e->ssl);
    leave(e, outer);
}
