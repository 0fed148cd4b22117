/* SPDX-License-Identifier: MIT
 *
 * engine_key.c - private keys from an OpenSSL engine (B26); the engine is made here. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/pem.h>

#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static EVP_PKEY *load_key(ENGINE *engine, const char *id, UI_METHOD *ui, void *arg)
{
    BIO *bio;
    EVP_PKEY *key;

    (void)engine, (void)ui, (void)arg;
    if (strcmp(id, "slot 1") != 0)
        return NULL;
    bio = BIO_new_mem_buf(linked.leaf.key_pem, -1);
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

static void add_engine(void)
{
    ENGINE *engine = ENGINE_new();

    ck_assert(ENGINE_set_id(engine, "drawer") && ENGINE_set_name(engine, "keys in a drawer") &&
              ENGINE_set_load_privkey_function(engine, load_key) && ENGINE_add(engine));
    ENGINE_free(engine);
}

START_TEST(key_of_an_engine_serves)
{
    link_prepare();
    add_engine();
    linked.server_tls.key = NULL;
    linked.server_tls.key_count = 0;
    linked.server_tls.private_key_engine = "drawer";
    linked.server_tls.private_key_identifier = "slot 1";
    link_open();
    ck_assert(rp_socket_authorized(linked.client));
    link_close();
}
END_TEST

static const struct {
    struct rp_secure_context_options options;
    const char *code;
} mistakes[] = {
    {{.client_cert_engine = "nope"}, "ERR_CRYPTO_ENGINE_UNKNOWN"},
    {{.client_cert_engine = "drawer"}, "ERR_SSL_NO_CLIENT_CERT_METHOD"},
    {{.private_key_identifier = "slot 1"}, "ERR_INVALID_ARG_VALUE"},
    {{.private_key_engine = "nope", .private_key_identifier = "slot 1"},
     "ERR_CRYPTO_ENGINE_UNKNOWN"},
    {{.private_key_engine = "drawer", .private_key_identifier = "slot 2"},
     "ERR_OSSL_FAILED_LOADING_PRIVATE_KEY"},
    {{.private_key_engine = "nope"}, ""}, /* alone it is not looked at */
};

START_TEST(engine_that_fails_says_why)
{
    struct rp_error err = {0};
    struct rp_secure_context *c;

    link_prepare();
    add_engine();
    c = rp_secure_context_new(&mistakes[_i].options, &err);
    ck_assert_int_eq(c == NULL, mistakes[_i].code[0] != '\0');
    ck_assert_str_eq(err.code, mistakes[_i].code);
    rp_secure_context_unref(c);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}
END_TEST

START_TEST(key_beside_that_of_an_engine_is_refused)
{
    struct rp_secure_context_options o;
    struct rp_error err = {0};

    link_prepare();
    add_engine();
    o = linked.server_tls;
    o.private_key_engine = "drawer";
    o.private_key_identifier = "slot 1";
    ck_assert_ptr_null(rp_secure_context_new(&o, &err));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_engine");
    TCase *tc = tcase_create("engine");

    tcase_add_test(tc, key_of_an_engine_serves);
    tcase_add_loop_test(tc, engine_that_fails_says_why, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tc, key_beside_that_of_an_engine_is_refused);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
