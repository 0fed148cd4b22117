/* SPDX-License-Identifier: MIT
 *
 * engine.c - handshakes between two engines, however the bytes are cut. */
#include "tests/memory/engines.h"
#include "tests/memory/memory.h"
#include "tests/unit/unit.h"

#include <openssl/err.h>

static struct rp_loop *loop;
static struct cert leaf;
static struct rp_secure_context *server_context, *client_context;

static struct rp_secure_context *context_of(const struct cert *c,
                                            struct rp_secure_context_options o)
{
    struct rp_error err = {0};
    struct rp_pem cert = {c->pem, 0, NULL}, key = {c->key_pem, 0, NULL};
    struct rp_secure_context *context;

    o.cert = &cert;
    o.key = &key;
    o.cert_count = o.key_count = 1;
    context = rp_secure_context_new(&o, &err);
    ck_assert_msg(context != NULL, "%s: %s", err.code, err.message);
    return context;
}

static void setup(void)
{
    loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(loop);
    leaf = cert_make((struct cert_request){.cn = "a.example", .alt = "DNS:a.example"});
    server_context = context_of(&leaf, (struct rp_secure_context_options){0});
    client_context =
        rp_secure_context_new(&(struct rp_secure_context_options){.empty_ca = true}, NULL);
    ck_assert_ptr_nonnull(client_context);
}

static void teardown(void)
{
    rp_secure_context_unref(server_context);
    rp_secure_context_unref(client_context);
    cert_free(&leaf);
    rp_loop_free(loop);
}

static struct end client, server;

static void open_pair(struct rp_secure_context *c, struct rp_secure_context *s)
{
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    ck_assert(end_open(&client, loop, c, false, RP_CLIENT_AUTH_NONE));
    ck_assert(end_open(&server, loop, s, true, RP_CLIENT_AUTH_NONE));
}

static void close_pair(void)
{
    end_close(&client);
    end_close(&server);
}

START_TEST(engines_complete_a_handshake_and_exchange_data)
{
    static const uint8_t hello[] = "hello";

    open_pair(client_context, server_context);
    ends_run(&client, &server, SIZE_MAX);
    ck_assert(client.done && server.done);
    ck_assert_int_eq(client.status, RP_ENGINE_WANT);
    ck_assert_uint_eq(client.sessions, 1);
    ck_assert_uint_eq(server.sessions, 0);
    ck_assert_int_eq(rp_engine_write(&client.engine, hello, 5, NULL), RP_ENGINE_OK);
    ends_run(&client, &server, SIZE_MAX);
    ck_assert_uint_eq(server.received_len, 5);
    rp_engine_send_close(&client.engine);
    ends_run(&client, &server, SIZE_MAX);
    ck_assert_int_eq(server.status, RP_ENGINE_END);
    close_pair();
}
END_TEST

Suite *suite(void);
Suite *suite(void)
{
    Suite *s = suite_create("engine");
    TCase *t = tcase_create("engine");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, engines_complete_a_handshake_and_exchange_data);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    if (!memory_init())
        return 1;
    return unit_run(suite());
}
