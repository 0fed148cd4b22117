/* SPDX-License-Identifier: MIT
 *
 * socket_agreed.c - results of a handshake that OpenSSL holds: certificates, Finished, keys,
 * signature algorithms, exported keys. They are fetched on request, and nothing is stored. */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "lib/base/args.h"
#include "lib/tls/context/compat.h"
#include "lib/tls/socket_internal.h"
#include "lib/x509/openssl_errors.h"
#include "lib/x509/internal.h"

enum { FRAGMENT_MIN = 512, FRAGMENT_MAX = 16384 };

/* -- certificates */

static struct rp_x509 *no_certificate(struct rp_error *err)
{
    if (err != NULL)
        *err = (struct rp_error){0};
    return NULL;
}

struct rp_x509 *rp_socket_peer_x509(const struct rp_socket *s, bool detailed, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(s, "socket", err))
        return NULL;
    SSL *ssl = rp_engine_established(&s->engine);
    X509 *leaf = rp_socket_peer_certificate(s);

    if (leaf == NULL)
        return no_certificate(err);
    if (!detailed)
        return rp_x509_new(leaf, err);
    return rp_x509_new_chain(leaf, SSL_get_peer_cert_chain(ssl),
                             SSL_CTX_get_cert_store(s->context->ssl), err);
}

struct rp_x509 *rp_socket_x509(const struct rp_socket *s, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(s, "socket", err))
        return NULL;
    SSL *ssl = rp_engine_established(&s->engine);
    X509 *leaf = ssl != NULL ? SSL_get_certificate(ssl) : NULL;

    return leaf != NULL ? rp_x509_new(leaf, err) : no_certificate(err);
}

/* -- the handshake */

size_t rp_socket_finished(const struct rp_socket *s, uint8_t bytes[RP_FINISHED_MAX])
{
    if (s == NULL || bytes == NULL)
        return 0;
    const SSL *ssl = rp_engine_established(&s->engine);

    return ssl != NULL ? SSL_get_finished(ssl, bytes, RP_FINISHED_MAX) : 0;
}

size_t rp_socket_peer_finished(const struct rp_socket *s, uint8_t bytes[RP_FINISHED_MAX])
{
    if (s == NULL || bytes == NULL)
        return 0;
    const SSL *ssl = rp_engine_established(&s->engine);

    return ssl != NULL ? SSL_get_peer_finished(ssl, bytes, RP_FINISHED_MAX) : 0;
}

/* As in node: "prime256v1", "X25519". OpenSSL's object names are static text. */
static const char *group_name(const EVP_PKEY *key)
{
    char name[80];

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
        return OBJ_nid2sn(EVP_PKEY_get_base_id(key));
    if (EVP_PKEY_get_group_name(key, name, sizeof name, NULL) != 1)
        return NULL;
    return OBJ_nid2sn(OBJ_txt2nid(name));
}

/* The registered name of TLS; OpenSSL has three names for P-256. */
const char *rp_socket_group(const struct rp_socket *s)
{
    SSL *ssl = s != NULL ? rp_engine_established(&s->engine) : NULL;
    long id = ssl != NULL ? SSL_get_negotiated_group(ssl) : NID_undef;
    const char *name = id > NID_undef ? SSL_group_to_name(ssl, (int)id) : NULL;

    ERR_clear_error();
    return name;
}

/* OpenSSL keeps no peer key of a key encapsulation (X25519MLKEM768). */
static bool encapsulated_key(const struct rp_socket *s, struct rp_ephemeral_key_info *info)
{
    const char *group = rp_socket_group(s);

    if (group == NULL || strstr(group, "MLKEM") == NULL)
        return false;
    *info = (struct rp_ephemeral_key_info){.type = "KEM", .name = group};
    return true;
}

bool rp_socket_ephemeral_key_info(const struct rp_socket *s, struct rp_ephemeral_key_info *info)
{
    if (s == NULL || info == NULL)
        return false;
    SSL *ssl = rp_engine_established(&s->engine);
    EVP_PKEY *key = NULL;
    bool dh;

    if (ssl == NULL || s->client == NULL)
        return false;
    if (SSL_get_peer_tmp_key(ssl, &key) != 1)
        return encapsulated_key(s, info);
    dh = EVP_PKEY_is_a(key, "DH") || EVP_PKEY_is_a(key, "DHX");
    info->type = dh ? "DH" : "ECDH";
    info->name = dh ? NULL : group_name(key);
    info->size = EVP_PKEY_get_bits(key);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return true;
}

static const char *signature_name(int nid)
{
    switch (nid) {
    case EVP_PKEY_RSA:
        return "RSA";
    case EVP_PKEY_RSA_PSS:
        return "RSA-PSS";
    case EVP_PKEY_DSA:
        return "DSA";
    case EVP_PKEY_EC:
        return "ECDSA";
    case EVP_PKEY_ED25519:
        return "Ed25519";
    case EVP_PKEY_ED448:
        return "Ed448";
    default:
        return OBJ_nid2sn(nid);
    }
}

bool rp_socket_shared_sigalg(const struct rp_socket *s, size_t index, char name[RP_SIGALG_NAME_MAX])
{
    if (s == NULL || name == NULL)
        return false;
    SSL *ssl = rp_engine_established(&s->engine);
    int sign, hash, count;

    if (ssl == NULL || index > INT32_MAX)
        return false;
    count = SSL_get_shared_sigalgs(ssl, (int)index, &sign, &hash, NULL, NULL, NULL);
    if (count <= 0 || index >= (size_t)count)
        return false;
    snprintf(name, RP_SIGALG_NAME_MAX, "%s+%s", signature_name(sign), OBJ_nid2sn(hash));
    return true;
}

bool rp_socket_export_keying_material(const struct rp_socket *s, uint8_t *bytes, size_t len,
                                      const char *label, const uint8_t *context, size_t context_len,
                                      struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(s, "socket", err) || !rp_given(bytes, "bytes", err) ||
        !rp_given(label, "label", err))
        return false;
    SSL *ssl = rp_engine_established(&s->engine);

    if (len < 1 || len > UINT32_MAX)
        return rp_error_set(err, "ERR_OUT_OF_RANGE",
                            "The value of \"length\" is out of range. It must be >= 1 && <= "
                            "4294967295. Received %zu",
                            len);
    if (ssl == NULL)
        return rp_error_set(err, "ERR_TLS_INVALID_STATE",
                            "TLS socket connection must be securely established");
    ERR_clear_error();
    return SSL_export_keying_material(ssl, bytes, len, label, strlen(label), context, context_len,
                                      context != NULL) == 1 ||
           rp_error_handshake(err, "ERR_CRYPTO_OPERATION_FAILED",
                              "keying material could not be exported");
}

/* -- settings */

bool rp_socket_set_max_send_fragment(struct rp_socket *s, int size)
{
    if (s == NULL)
        return false;
    if (size < FRAGMENT_MIN || size > FRAGMENT_MAX || s->stream.destroyed)
        return false;
    s->max_send_fragment = (uint16_t)size;
    return s->engine.ssl == NULL || SSL_set_max_send_fragment(s->engine.ssl, size) == 1;
}

void rp_socket_trace(struct rp_socket *s)
{
    SSL_set_msg_callback(s->engine.ssl, RP_SSL_TRACE);
    SSL_set_msg_callback_arg(s->engine.ssl, s->trace);
}

bool rp_socket_enable_trace(struct rp_socket *s)
{
    if (s == NULL)
        return false;
    void (*tracer)(int, int, int, const void *, size_t, SSL *, void *) = RP_SSL_TRACE;

    if (s->stream.destroyed || s->trace != NULL)
        return true;
    s->trace = tracer != NULL ? BIO_new_fp(stderr, BIO_NOCLOSE | BIO_FP_TEXT) : NULL;
    if (s->trace != NULL && s->engine.ssl != NULL)
        rp_socket_trace(s);
    return s->trace != NULL;
}

void rp_socket_on_keylog(struct rp_engine *e, const char *line)
{
    struct rp_socket *s = rp_socket_of_engine(e);
    struct rp_event event = {.type = RP_EV_KEYLOG};
    char text[512]; /* the longest line has a label, and 32 and 64 bytes in hex */
    int len = snprintf(text, sizeof text, "%s\n", line);

    if (len < 0 || (size_t)len >= sizeof text)
        return;
    event.keylog.line = text;
    event.keylog.len = (size_t)len;
    event.keylog.socket = s;
    rp_stream_ref(&s->stream);
    rp_stream_emit(&s->stream, &event);
    if (s->server != NULL)
        rp_server_emit(s->server, &event);
    rp_stream_unref(&s->stream);
    OPENSSL_cleanse(text, sizeof text);
}
