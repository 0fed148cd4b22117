/* SPDX-License-Identifier: MIT
 *
 * psk.c - pre-shared keys, of servers and clients (J10 to J13). The danger: keys. Copies are wiped,
 * and no message contains one (unlike node's). The peer chooses the identity, which in TLS 1.3 may
 * be a ticket: only valid UTF-8 is passed to the program. */
#include <string.h>

#include <openssl/crypto.h>

#include "lib/base/text.h"
#include "lib/tls/server_internal.h"
#include "lib/tls/socket_internal.h"

static bool is_utf8(const char *text)
{
    size_t left = strlen(text);
    bool valid = true;

    while (valid && left > 0) {
        size_t len = rp_utf8_sequence((const uint8_t *)text, left, &valid);

        text += len;
        left -= len;
    }
    return valid;
}

/* Copy the program's key for OpenSSL; 0 = none. */
static unsigned hand_over(struct rp_socket *s, uint8_t key[RP_PSK_MAX], size_t len,
                          unsigned char *out, unsigned max)
{
    struct rp_error error;
    unsigned given = 0;

    if (len > max || len > RP_PSK_MAX) {
        rp_error_set(&error, "ERR_INVALID_ARG_VALUE", "Pre-shared key exceeds %u bytes",
                     max < RP_PSK_MAX ? max : RP_PSK_MAX);
        rp_socket_fail(s, &error);
    } else if (!s->stream.destroyed) {
        memcpy(out, key, len);
        given = (unsigned)len;
    }
    OPENSSL_cleanse(key, RP_PSK_MAX);
    return given;
}

static unsigned on_identity(SSL *ssl, const char *identity, unsigned char *out, unsigned max)
{
    struct rp_socket *s = rp_socket_of_engine(rp_engine_of(ssl));
    const struct rp_server_options *o = &s->server->options;
    uint8_t key[RP_PSK_MAX];
    unsigned len;

    if (identity == NULL || s->stream.destroyed || !is_utf8(identity))
        return 0;
    len = hand_over(s, key, o->psk_callback(s, identity, key, o->arg), out, max);
    if (len > 0 && SSL_version(ssl) == TLS1_3_VERSION)
        s->engine.resumption = RP_RESUMED_PSK;
    return len;
}

static unsigned on_hint(SSL *ssl, const char *hint, char *identity, unsigned identity_max,
                        unsigned char *out, unsigned max)
{
    struct rp_socket *s = rp_socket_of_engine(rp_engine_of(ssl));
    char name[RP_PSK_IDENTITY_MAX + 1] = "";
    uint8_t key[RP_PSK_MAX];
    size_t len = rp_client_key(s, hint, name, key), name_len = strnlen(name, sizeof name);
    struct rp_error error;

    if (len == 0 || s->stream.destroyed) {
        OPENSSL_cleanse(key, sizeof key);
        return 0;
    }
    if (name_len >= sizeof name || name_len > identity_max) {
        OPENSSL_cleanse(key, sizeof key);
        rp_error_set(&error, "ERR_INVALID_ARG_VALUE", "PSK identity exceeds %u bytes",
                     RP_PSK_IDENTITY_MAX);
        rp_socket_fail(s, &error);
        return 0;
    }
    memcpy(identity, name, name_len); /* OpenSSL's is zeroed and one byte longer than stated */
    return hand_over(s, key, len, out, max);
}

bool rp_psk_serve(struct rp_socket *s)
{
    SSL_set_psk_server_callback(s->engine.ssl, on_identity);
    return s->server->psk_hint == NULL ||
           SSL_use_psk_identity_hint(s->engine.ssl, s->server->psk_hint) == 1;
}

void rp_psk_use(struct rp_socket *s)
{
    SSL_set_psk_client_callback(s->engine.ssl, on_hint);
}
