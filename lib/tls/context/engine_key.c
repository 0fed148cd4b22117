/* SPDX-License-Identifier: MIT
 *
 * engine_key.c - private keys and client certificates of an OpenSSL engine (B26). The danger: an
 * engine is code that its name loads into the process, so the name must come from the program,
 * never from a peer. Engines are deprecated since OpenSSL 3.0; if OpenSSL was built without them, a
 * name is an error. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/tls/context/internal.h"

#include <string.h>

#include "lib/tls/context/compat.h"
#include "lib/x509/openssl_errors.h"

#ifdef RP_SSL_ENGINES

/* A functional reference, which the caller releases with ENGINE_finish. */
static ENGINE *start(const char *id, struct rp_error *err)
{
    ENGINE *engine = ENGINE_by_id(id);
    bool ok;

    if (engine == NULL) {
        engine = ENGINE_by_id("dynamic"); /* as in node, a name may be a library's path */
        ok = engine != NULL && ENGINE_ctrl_cmd_string(engine, "SO_PATH", id, 0) == 1 &&
             ENGINE_ctrl_cmd_string(engine, "LOAD", NULL, 0) == 1;
        if (!ok) {
            ENGINE_free(engine);
            ERR_clear_error();
            rp_error_set(err, "ERR_CRYPTO_ENGINE_UNKNOWN",
                         "could not load the shared library of the engine \"%.80s\"", id);
            return NULL;
        }
    }
    ok = ENGINE_init(engine) == 1;
    ENGINE_free(engine);
    if (ok)
        return engine;
    rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED", "Failure to initialize engine");
    return NULL;
}

static bool use_private_key(struct rp_secure_context *c, const char *id, const char *identifier,
                            struct rp_error *err)
{
    ENGINE *engine = start(id, err);
    EVP_PKEY *key;
    bool ok;

    if (engine == NULL)
        return false;
    key = ENGINE_load_private_key(engine, identifier, NULL, NULL);
    ENGINE_finish(engine);
    if (key == NULL)
        return rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED",
                                "the engine has no such private key");
    ok = SSL_CTX_use_PrivateKey(c->ssl, key) == 1 ||
         rp_error_openssl(err, "ERR_CRYPTO_OPERATION_FAILED",
                          "the engine's private key cannot be used");
    EVP_PKEY_free(key);
    return ok;
}

static bool use_client_certs(struct rp_secure_context *c, const char *id, struct rp_error *err)
{
    ENGINE *engine = start(id, err);
    bool ok;

    if (engine == NULL)
        return false;
    ok = SSL_CTX_set_client_cert_engine(c->ssl, engine) == 1 ||
         rp_error_openssl(err, "ERR_SSL_ENGINE_LIB", "the engine has no client certificates");
    ENGINE_finish(engine);
    return ok;
}

#else

static bool no_engines(struct rp_error *err)
{
    return rp_error_set(err, "ERR_CRYPTO_CUSTOM_ENGINE_NOT_SUPPORTED",
                        "this OpenSSL was built without engines");
}

static bool use_private_key(struct rp_secure_context *c, const char *id, const char *identifier,
                            struct rp_error *err)
{
    (void)c, (void)id, (void)identifier;
    return no_engines(err);
}

static bool use_client_certs(struct rp_secure_context *c, const char *id, struct rp_error *err)
{
    (void)c, (void)id;
    return no_engines(err);
}

#endif

bool rp_context_set_engine_key(struct rp_secure_context *c,
                               const struct rp_secure_context_options *o, struct rp_error *err)
{
    if (o->private_key_identifier == NULL)
        return true;
    if (o->private_key_engine == NULL)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "The property 'options.privateKeyEngine' is invalid. Received none");
    if (o->key_count > 0)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "The property 'options.privateKeyIdentifier' is invalid: "
                            "options.key is also set");
    return use_private_key(c, o->private_key_engine, o->private_key_identifier, err);
}

bool rp_context_set_client_engine(struct rp_secure_context *c,
                                  const struct rp_secure_context_options *o, struct rp_error *err)
{
    return o->client_cert_engine == NULL || use_client_certs(c, o->client_cert_engine, err);
}
