/* SPDX-License-Identifier: MIT
 *
 * engine.c - connections between two engines: however the bytes are cut, whichever allocation
 * fails, and what ends them. */
#include "tests/memory/engines.h"
#include "tests/memory/memory.h"
#include "tests/unit/unit.h"

#include <openssl/err.h>

#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 5 }; /* five times slower, so a fifth of them */
#else
enum { STRIDE = 1 };
#endif

enum kind { FULL13, TICKET13, STATEFUL13, FULL12, TICKET12, ID12, KINDS };
static const char *const kind_names[] = {"full 1.3", "ticket 1.3", "stateful 1.3",
                                         "full 1.2", "ticket 1.2", "id 1.2"};

static struct rp_loop *loop;
static struct cert leaf;
static struct rp_ticket_keys *keys;
static struct rp_secure_context *servers[2], *clients[2][2]; /* [tickets off], [1.2][no tickets] */
static struct end client, server;
static SSL_SESSION *session; /* for the resumed kinds */
static uint8_t *stored;
static size_t stored_len;

static struct rp_secure_context *make(struct rp_secure_context_options o, bool identity)
{
    struct rp_error err = {0};
    struct rp_pem cert = {.bytes = leaf.pem}, key = {.bytes = leaf.key_pem};
    struct rp_secure_context *context;

    o.cert = identity ? &cert : NULL;
    o.key = identity ? &key : NULL;
    o.cert_count = o.key_count = identity;
    o.empty_ca = true;
    context = rp_secure_context_new(&o, &err);
    ck_assert_msg(context != NULL, "%s: %s", err.code, err.message);
    return context;
}

static bool is12(enum kind kind)
{
    return kind >= FULL12;
}

static bool is_stateful(enum kind kind)
{
    return kind == STATEFUL13 || kind == ID12;
}

static bool is_resumed(enum kind kind)
{
    return kind != FULL13 && kind != FULL12;
}

/* A copy: OpenSSL spoils a session when its connection ends badly. */
static void offer_session(void)
{
    SSL_SESSION *copy = session != NULL ? SSL_SESSION_dup(session) : NULL;

    if (copy != NULL)
        SSL_set_session(client.engine.ssl, copy);
    SSL_SESSION_free(copy);
}

static void open_pair(enum kind kind)
{
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    if (!end_open(&server, loop, servers[is_stateful(kind)], true, RP_CLIENT_AUTH_NONE) ||
        !end_open(&client, loop, clients[is12(kind)][kind == ID12], false, RP_CLIENT_AUTH_NONE))
        return;
    server.stored = stored;
    server.stored_len = stored_len;
    offer_session();
}

static void close_pair(void)
{
    end_close(&client);
    end_close(&server);
}

/* A first connection gives the session that the kind resumes. */
static void prepare(enum kind kind)
{
    if (!is_resumed(kind))
        return;
    open_pair(kind);
    ends_run(&client, &server, (struct cuts){0});
    ck_assert_msg(client.done && server.done, "%s: %s / %s", kind_names[kind], client.error.message,
                  server.error.message);
    ck_assert_ptr_nonnull(client.kept);
    ck_assert_uint_eq(server.sessions, is_stateful(kind));
    session = client.kept;
    client.kept = NULL;
    if (server.kept != NULL)
        stored = rp_session_encode(server.kept, &stored_len);
    close_pair();
}

static void setup(void)
{
    struct rp_secure_context_options o = {0}, c = {0};

    loop = rp_loop_new(NULL);
    keys = rp_ticket_keys_new(NULL);
    ck_assert(loop != NULL && keys != NULL);
    leaf = cert_make((struct cert_request){.cn = "a.example", .alt = "DNS:a.example"});
    servers[0] = make(o, true);
    o.tickets = RP_OFF;
    servers[1] = make(o, true);
    for (int i = 0; i < 4; i++) {
        c.max_version = i & 2 ? "TLSv1.2" : NULL;
        c.tickets = i & 1 ? RP_OFF : RP_DEFAULT;
        clients[i >> 1][i & 1] = make(c, false);
    }
}

static void teardown(void)
{
    SSL_SESSION_free(session);
    free(stored);
    for (int i = 0; i < 4; i++)
        rp_secure_context_unref(clients[i >> 1][i & 1]);
    rp_secure_context_unref(servers[0]);
    rp_secure_context_unref(servers[1]);
    rp_ticket_keys_unref(keys);
    cert_free(&leaf);
    rp_loop_free(loop);
}

/* -- what a connection does */

static const uint8_t message[] = "what the client has to say";

/* The client writes before it has read anything after its handshake; the server echoes. */
static void converse(struct cuts cuts)
{
    ends_run(&client, &server, cuts);
    if (!client.done || !server.done)
        return;
    rp_engine_write(&client.engine, message, sizeof message, &client.error);
    ends_run(&client, &server, cuts);
    rp_engine_write(&server.engine, server.received, server.received_len, &server.error);
    rp_engine_send_close(&server.engine);
    ends_run(&client, &server, cuts);
}

static void assert_conversed(enum kind kind)
{
    ck_assert_msg(client.status == RP_ENGINE_END, "%s: %s / %s", kind_names[kind],
                  client.error.message, server.error.message);
    ck_assert_uint_eq(client.received_len, sizeof message);
    ck_assert_mem_eq(client.received, message, sizeof message);
    ck_assert_int_eq(SSL_session_reused(server.engine.ssl), is_resumed(kind));
    ck_assert_uint_eq(ERR_peek_error(), 0);
}

START_TEST(connection_is_as_it_was_asked_for)
{
    static const enum rp_resumption how[] = {
        RP_NOT_RESUMED, RP_RESUMED_TICKET, RP_RESUMED_STATEFUL_TICKET,
        RP_NOT_RESUMED, RP_RESUMED_TICKET, RP_RESUMED_ID};
    enum kind kind = (enum kind)_i;

    prepare(kind);
    open_pair(kind);
    converse((struct cuts){0});
    assert_conversed(kind);
    ck_assert_int_eq(SSL_version(server.engine.ssl), is12(kind) ? TLS1_2_VERSION : TLS1_3_VERSION);
    ck_assert_int_eq(server.engine.resumption, how[kind]);
    /* A resumed client of TLS 1.3 gets a fresh ticket; in TLS 1.2 it keeps what it has. */
    ck_assert_uint_eq(client.sessions, is_resumed(kind) && is12(kind) ? 0 : 1);
    close_pair();
}
END_TEST

START_TEST(connection_does_not_care_how_its_bytes_are_cut)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 64, 1000};
    enum kind kind = (enum kind)_i;
    size_t to_server, to_client;

    prepare(kind);
    open_pair(kind);
    converse((struct cuts){0});
    to_server = server.fed;
    to_client = client.fed;
    close_pair();
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        open_pair(kind);
        converse((struct cuts){.piece = pieces[i]});
        assert_conversed(kind);
        close_pair();
    }
    for (size_t cut = 1; cut < to_server || cut < to_client; cut += STRIDE) {
        open_pair(kind);
        converse((struct cuts){.server_cut = cut, .client_cut = cut});
        assert_conversed(kind);
        close_pair();
    }
}
END_TEST

/* Whatever fails, both ends come to an end, nothing crashes, and (says the sanitizer) nothing is
 * lost. */
START_TEST(connection_survives_any_allocation_that_fails)
{
    enum kind kind = (enum kind)_i;
    bool failed = true;

    prepare(kind);
    for (unsigned long n = 1; failed; n += STRIDE) {
        memory_fail_at(n);
        open_pair(kind);
        if (server.engine.ssl != NULL && client.engine.ssl != NULL)
            converse((struct cuts){0});
        failed = memory_calm();
        if (!failed)
            assert_conversed(kind);
        close_pair();
        ERR_clear_error();
    }
}
END_TEST

/* -- tickets that cannot be made or read */

START_TEST(ring_that_is_empty_or_does_not_mint_gives_no_ticket_and_no_failure)
{
    bool v12 = (_i & 1) != 0, mint = (_i & 2) == 0;
    struct rp_ticket_key key = {.size = 16};
    struct rp_secure_context *context =
        make((struct rp_secure_context_options){.ticket_keys = keys}, true);

    memset(key.aes, 1, 16);
    memset(key.hmac, 2, 16);
    ck_assert(rp_ticket_keys_set(keys, &key, mint ? 0 : 1, mint, NULL));
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    ck_assert(end_open(&server, loop, context, true, RP_CLIENT_AUTH_NONE));
    ck_assert(end_open(&client, loop, clients[v12][0], false, RP_CLIENT_AUTH_NONE));
    converse((struct cuts){0});
    ck_assert_int_eq(client.status, RP_ENGINE_END);
    if (client.kept != NULL)
        ck_assert(!SSL_SESSION_has_ticket(client.kept));
    close_pair();
    rp_secure_context_unref(context);
}
END_TEST

/* A key that mints no more still reads; the client then gets a ticket of the current one. */
START_TEST(ticket_of_a_past_key_resumes_and_is_renewed)
{
    bool v12 = _i != 0;
    struct rp_ticket_key both[2] = {{.name = "new", .size = 16}, {.name = "old", .size = 16}};
    struct rp_secure_context *context =
        make((struct rp_secure_context_options){.ticket_keys = keys}, true);
    const uint8_t *ticket;
    size_t len;

    for (int i = 0; i < 2; i++) {
        memset(both[i].aes, 1 + i, 16);
        memset(both[i].hmac, 3 + i, 16);
    }
    ck_assert(rp_ticket_keys_set(keys, &both[1], 1, true, NULL));
    for (int round = 0; round < 2; round++) {
        memset(&client, 0, sizeof client);
        memset(&server, 0, sizeof server);
        ck_assert(end_open(&server, loop, context, true, RP_CLIENT_AUTH_NONE));
        ck_assert(end_open(&client, loop, clients[v12][0], false, RP_CLIENT_AUTH_NONE));
        offer_session();
        converse((struct cuts){0});
        ck_assert_int_eq(SSL_session_reused(server.engine.ssl), round);
        SSL_SESSION_get0_ticket(SSL_get0_session(client.engine.ssl), &ticket, &len);
        ck_assert_uint_ge(len, 16);
        ck_assert_mem_eq(ticket, both[round == 0].name, 16);
        SSL_SESSION_free(session);
        session = client.kept;
        client.kept = NULL;
        close_pair();
        ck_assert(rp_ticket_keys_set(keys, both, 2, true, NULL));
    }
    rp_secure_context_unref(context);
}
END_TEST

START_TEST(ticket_that_is_broken_ends_in_a_full_handshake)
{
    enum kind kind = _i % 2 ? TICKET12 : TICKET13;
    uint8_t der[RP_SESSION_MAX], *at = der;
    const uint8_t *ticket, *from = der;
    size_t ticket_len, step = (size_t)(_i / 2), len;
    SSL_SESSION *original;

    prepare(kind);
    original = session;
    SSL_SESSION_get0_ticket(original, &ticket, &ticket_len);
    len = (size_t)i2d_SSL_SESSION(original, &at);
    for (size_t i = step; i < ticket_len; i += 7) {
        uint8_t *spot = memmem(der, len, ticket, ticket_len);

        ck_assert_ptr_nonnull(spot);
        spot[i] ^= 0x40;
        from = der;
        session = d2i_SSL_SESSION(NULL, &from, (long)len);
        spot[i] ^= 0x40;
        open_pair(kind);
        converse((struct cuts){0});
        ck_assert_int_eq(client.status, RP_ENGINE_END);
        ck_assert(!SSL_session_reused(server.engine.ssl));
        ck_assert_ptr_nonnull(client.kept); /* and a good ticket instead */
        close_pair();
        SSL_SESSION_free(session);
    }
    session = original;
}
END_TEST

/* -- the ends */

START_TEST(alert_for_a_name_that_nothing_is_served_under_is_unrecognized_name)
{
    open_pair(FULL13);
    server.verdict = RP_HELLO_UNRECOGNIZED_NAME;
    ends_run(&client, &server, (struct cuts){0});
    ck_assert_int_eq(server.status, RP_ENGINE_FAILED);
    ck_assert_str_eq(server.error.code, "ERR_TLS_UNRECOGNIZED_NAME");
    ck_assert_int_eq(client.status, RP_ENGINE_FAILED);
    ck_assert_str_eq(client.error.code, "ERR_SSL_TLSV1_UNRECOGNIZED_NAME");
    close_pair();
}
END_TEST

START_TEST(peer_that_only_sends_key_updates_is_cut_off)
{
    unsigned long sent = 0;

    open_pair(FULL13);
    ends_run(&client, &server, (struct cuts){0});
    while (server.status != RP_ENGINE_FAILED && sent < 100000) {
        ck_assert_int_eq(SSL_key_update(client.engine.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        end_work(&client); /* reads nothing, sends the update */
        SSL_do_handshake(client.engine.ssl);
        while (end_deliver(&client, &server, SIZE_MAX))
            ;
        sent++;
    }
    ck_assert_str_eq(server.error.code, "ERR_TLS_PROTOCOL_FLOOD");
    ck_assert_uint_gt(sent, 1000); /* honest peers are far from it */
    close_pair();
}
END_TEST

START_TEST(noise_is_refused_without_harm)
{
#define NOISE(text)                                                                                \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }
    static const struct {
        const char *bytes;
        size_t len;
    } noise[] = {NOISE("GET / HTTP/1.1\r\n\r\n"),       NOISE("CONNECT a:1 HTTP/1.1\r\n\r\n"),
                 NOISE("\x16\x03\x01\x00\x00"),         NOISE("\x16\x03\x01\xff\xff\x01"),
                 NOISE("\x15\x03\x01\x00\x02\x02\x28"), NOISE("\x80\x2e\x01\x00\x02 junk"),
                 NOISE("\x17\x03\x03\x00\x01z"),        NOISE("junk that is long enough")};
    static const char *const codes[] = {"ERR_SSL_HTTP_REQUEST", "ERR_SSL_HTTPS_PROXY_REQUEST"};

    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    client.engine.loop = loop;
    ck_assert(end_open(&server, loop, servers[0], true, RP_CLIENT_AUTH_NONE));
    rp_queue_append(&client.out, loop, noise[_i].bytes, noise[_i].len);
    while (end_deliver(&client, &server, SIZE_MAX))
        ;
    ck_assert_int_ne(server.status, RP_ENGINE_OK);
    ck_assert(!server.done);
    if (_i < 2)
        ck_assert_str_eq(server.error.code, codes[_i]);
    end_close(&client);
    end_close(&server);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("engine");
    TCase *t = tcase_create("engine"), *slow = tcase_create("engine, long");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, connection_is_as_it_was_asked_for, 0, KINDS);
    tcase_add_loop_test(t, ring_that_is_empty_or_does_not_mint_gives_no_ticket_and_no_failure, 0,
                        4);
    tcase_add_loop_test(t, ticket_of_a_past_key_resumes_and_is_renewed, 0, 2);
    tcase_add_test(t, alert_for_a_name_that_nothing_is_served_under_is_unrecognized_name);
    tcase_add_loop_test(t, noise_is_refused_without_harm, 0, 8);
    suite_add_tcase(s, t);

    tcase_add_checked_fixture(slow, setup, teardown);
    tcase_set_timeout(slow, 120);
    tcase_add_loop_test(slow, connection_does_not_care_how_its_bytes_are_cut, 0, KINDS);
    tcase_add_loop_test(slow, connection_survives_any_allocation_that_fails, 0, KINDS);
    tcase_add_loop_test(slow, ticket_that_is_broken_ends_in_a_full_handshake, 0, 2);
    tcase_add_test(slow, peer_that_only_sends_key_updates_is_cut_off);
    suite_add_tcase(s, slow);
    return s;
}

int main(void)
{
    if (!memory_init())
        return 1;
    return unit_run(suite());
}
