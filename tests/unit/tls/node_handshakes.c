/* SPDX-License-Identifier: MIT
 *
 * node_handshakes.c - failed handshakes, negotiated parameters, cipher order, input that is not
 * TLS, and the key log, as in node: rows of misc.json. SNI and OCSP are in node_names.c,
 * renegotiation and pre-shared keys in node_renegotiation.c. */
#include "tests/unit/tls/node_misc.h"

/* -- handshakes that fail, or lead to something */

static struct rp_pem second_cert, second_key, pems[2], keys[2];

static void at_most(const char *server, const char *client)
{
    pair.server_tls.max_version = server;
    pair.client_tls.max_version = client;
}

static void new_server_old_client(void)
{
    pair.server_tls.min_version = "TLSv1.3";
    pair.client_tls.max_version = "TLSv1.2";
}

static void old_server_new_client(void)
{
    pair.server_tls.max_version = "TLSv1.2";
    pair.client_tls.min_version = "TLSv1.3";
}

static void tls10(void)
{
    pair_versions("TLSv1");
    pair.client_tls.min_version = pair.client_tls.max_version = "TLSv1";
}

static void tls10_level0(void)
{
    tls10();
    pair.server_tls.ciphers = pair.client_tls.ciphers = "DEFAULT@SECLEVEL=0";
}

static void no_shared_cipher(void)
{
    at_most("TLSv1.2", NULL);
    pair.server_tls.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
    pair.client_tls.ciphers = "ECDHE-RSA-AES256-GCM-SHA384";
}

static void no_identity(void)
{
    pair.server_tls.cert = pair.server_tls.key = NULL;
    pair.server_tls.cert_count = pair.server_tls.key_count = 0;
}

static void dhe(const char *params)
{
    at_most("TLSv1.2", NULL);
    pair.server_tls.ciphers = pair.client_tls.ciphers = "DHE-RSA-AES128-GCM-SHA256";
    pair.server_tls.dhparam = params;
}

static void dh_auto(void)
{
    dhe("auto");
}

static void dh_1024(void)
{
    dhe(pair_file("dh1024.pem"));
}

static void dh_1024_of_2048(void)
{
    dh_1024();
    pair.options.min_dh_size = 2048;
}

static void dh_2048(void)
{
    dhe(pair_file("dh2048.pem"));
}

static void dh_none(void)
{
    dhe(NULL);
}

static void curves_differ(void)
{
    pair.server_tls.ecdh_curve = "P-384";
    pair.client_tls.ecdh_curve = "P-256";
}

static void server_wants_p384(void)
{
    pair.server_tls.ecdh_curve = "P-384";
}

static void sigalgs_differ(void)
{
    pair.server_tls.sigalgs = "RSA-PSS+SHA256";
    pair.client_tls.sigalgs = "RSA-PSS+SHA384";
}

static void sigalgs_shared(void)
{
    pair.server_tls.sigalgs = "RSA-PSS+SHA256:ECDSA+SHA256:RSA-PSS+SHA512";
    pair.client_tls.sigalgs = "RSA-PSS+SHA256:ECDSA+SHA256";
}

static void check_aes256_sha(const json_t *row)
{
    struct rp_cipher_info cipher;
    struct rp_ephemeral_key_info key;

    ck_assert(rp_socket_cipher(pair.client, &cipher));
    ck_assert_texts_eq(cipher.standard_name, golden_string(json_array_get(row, 0), "standardName"));
    ck_assert_texts_eq(cipher.version, golden_string(json_array_get(row, 0), "version"));
    ck_assert(rp_socket_cipher(pair.accepted, &cipher));
    ck_assert_texts_eq(cipher.version, golden_string(json_array_get(row, 1), "version"));
    ck_assert(!rp_socket_ephemeral_key_info(pair.client, &key));
}

static void aes256_sha(void)
{
    at_most("TLSv1.2", NULL);
    pair.server_tls.ciphers = pair.client_tls.ciphers = "AES256-SHA";
}

static void check_version(const json_t *row)
{
    struct rp_cipher_info cipher;
    uint8_t bytes[RP_FINISHED_MAX];

    ck_assert_texts_eq(rp_socket_protocol(pair.accepted), golden_string(row, "p"));
    ck_assert(rp_socket_cipher(pair.client, &cipher));
    ck_assert_texts_eq(cipher.name, golden_string(json_object_get(row, "cipher"), "name"));
    ck_assert_texts_eq(cipher.version, golden_string(json_object_get(row, "cipher"), "version"));
    ck_assert_uint_eq(rp_socket_finished(pair.client, bytes),
                      json_integer_value(json_object_get(row, "fin")));
}

static void check_key(const json_t *row)
{
    const json_t *told =
        json_object_get(row, "eki") ? json_object_get(row, "eki") : json_object_get(row, "e");
    struct rp_ephemeral_key_info key;

    ck_assert(rp_socket_ephemeral_key_info(pair.client, &key));
    ck_assert_texts_eq(key.type, golden_string(told, "type"));
    ck_assert_texts_eq(key.name, golden_string(told, "name"));
    ck_assert_int_eq(key.size, json_integer_value(json_object_get(told, "size")));
}

static void check_sigalgs(const json_t *row)
{
    const json_t *list = json_object_get(row, "sh");
    char name[RP_SIGALG_NAME_MAX];
    size_t n = 0;

    for (; rp_socket_shared_sigalg(pair.accepted, n, name); n++)
        ck_assert_texts_eq(name, json_string_value(json_array_get(list, n)));
    ck_assert_uint_eq(n, json_array_size(list));
}

static const struct {
    const char *golden;
    void (*prepare)(void);
    void (*check)(const json_t *); /* NULL: it fails */
} handshakes[] = {
    {"version: server min1.3 client max1.2", new_server_old_client, NULL},
    {"version: server max1.2 client min1.3", old_server_new_client, NULL},
    {"version: TLSv1 both default seclevel", tls10, NULL},
    {"version: TLSv1 both SECLEVEL=0", tls10_level0, check_version},
    {"cipher: none shared 1.2", no_shared_cipher, NULL},
    {"cipher: AES256-SHA standardName/version", aes256_sha, check_aes256_sha},
    {"cipher: no key/cert server", no_identity, NULL},
    {"DH auto", dh_auto, check_key},
    {"DH 1024", dh_1024, check_key},
    {"DH 1024 min2048", dh_1024_of_2048, NULL},
    {"DH 2048", dh_2048, check_key},
    {"DH none", dh_none, NULL},
    {"ecdhCurve mismatch", curves_differ, NULL},
    {"ecdhCurve server P-384 only (HRR)", server_wants_p384, check_key},
    {"sigalgs: mismatch", sigalgs_differ, NULL},
    {"sigalgs: shared", sigalgs_shared, check_sigalgs},
};
enum { HANDSHAKES = sizeof handshakes / sizeof *handshakes };

START_TEST(handshake_goes_as_with_node)
{
    const json_t *row = golden(handshakes[_i].golden);
    const char *what = handshakes[_i].golden;

    handshakes[_i].prepare();
    ck_assert(pair_run());
    if (handshakes[_i].check == NULL) {
        ck_assert_msg(!pair.connected, "%s", what);
        if (openssl_since(3, 5) && handshakes[_i].prepare == tls10) {
            /* the client fails before it sends anything */
            ck_assert_str_eq(pair.client_error.code, "ERR_SSL_NO_PROTOCOLS_AVAILABLE");
            return;
        }
        ck_assert_str_eq(pair.client_error.code, code_in(json_object_get(row, "c")));
        if (json_object_get(row, "s") != NULL)
            ck_assert_str_eq(pair.server_error.code, code_in(json_object_get(row, "s")));
    } else {
        ck_assert_msg(pair.connected, "%s: %s", what, pair.client_error.message);
        handshakes[_i].check(row);
    }
    if (json_object_get(row, "ev") != NULL) {
        pair_check_told(json_object_get(row, "ev"), true, what);
        pair_check_told(json_object_get(row, "ev"), false, what);
    }
}
END_TEST

/* -- whose order, which of several certificates */

static const char *order_cipher(enum rp_toggle honor, bool tls13)
{
    struct rp_cipher_info cipher;

    pair.server_tls.honor_cipher_order = honor;
    if (tls13) {
        pair.server_tls.ciphers = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
        pair.client_tls.ciphers = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";
    } else {
        pair.server_tls.max_version = "TLSv1.2";
        pair.server_tls.ciphers = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";
        pair.client_tls.ciphers = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";
    }
    ck_assert(pair_run());
    ck_assert(rp_socket_cipher(pair.client, &cipher));
    return cipher.name;
}

START_TEST(order_of_ciphers_is_whose_it_is_with_node)
{
    static const char *const cases[] = {"undefined", "true", "false", "tls13"};
    static const enum rp_toggle honor[] = {RP_DEFAULT, RP_ON, RP_OFF, RP_DEFAULT};

    ck_assert_texts_eq(order_cipher(honor[_i], _i == 3),
                       golden_string(golden("cipher: honorCipherOrder default server"), cases[_i]));
}
END_TEST

static void two_identities(void)
{
    pems[0] = pair.server_cert;
    keys[0] = pair.server_key;
    pair_identity(&pair.server_tls, &second_cert, &second_key, "leaf-p256");
    pems[1] = second_cert;
    keys[1] = second_key;
    pair.server_tls.cert = pems;
    pair.server_tls.key = keys;
    pair.server_tls.cert_count = pair.server_tls.key_count = 2;
}

START_TEST(one_of_several_certificates_is_chosen_as_by_node)
{
    static const char *const cases[] = {"ecdsa", "rsa", "tls13"};
    static const char *const ciphers[] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
                                          "ECDHE-RSA-AES128-GCM-SHA256", NULL};
    const json_t *row = golden("multi key/cert RSA+EC selection");

    two_identities();
    at_most(NULL, _i < 2 ? "TLSv1.2" : NULL);
    pair.client_tls.ciphers = ciphers[_i];
    ck_assert(pair_run());
    check_shown(json_string_value(json_array_get(json_object_get(row, cases[_i]), 0)));
}
END_TEST
/* -- what is no handshake */

static struct rp_stream *raw;
static bool raw_end, raw_closed, reported_destroyed, reported_remote;

static void on_raw(const struct rp_event *e, void *arg)
{
    const char *bytes = arg;

    if (e->type == RP_EV_CONNECT && bytes == NULL)
        rp_stream_end(raw);
    else if (e->type == RP_EV_CONNECT)
        rp_stream_write(raw, bytes, strlen(bytes));
    else if (e->type == RP_EV_END)
        raw_end = true;
    else if (e->type == RP_EV_CLOSE)
        raw_closed = true;
}

static void on_report(const struct rp_event *e, void *arg)
{
    struct rp_stream *s = rp_socket_stream(e->tls_client_error.socket);

    (void)arg;
    reported_destroyed = rp_stream_destroyed(s);
    reported_remote = rp_stream_remote_address(s) != NULL;
}

static void on_stored(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_request_done(e->new_session.request);
}

static void store(struct rp_server *server)
{
    rp_server_on(server, RP_EV_NEW_SESSION, on_stored, NULL);
}

static bool raw_is_over(void)
{
    return raw_closed && pair.reported;
}

static void talk_raw(const char *bytes)
{
    struct rp_net_options net = {0};

    raw_end = raw_closed = false;
    ck_assert(pair_listen());
    rp_server_on(pair.server, RP_EV_TLS_CLIENT_ERROR, on_report, NULL);
    net.address = rp_server_address(pair.server);
    raw = rp_net_connect(pair.loop, &net, NULL);
    ck_assert_ptr_nonnull(raw);
    rp_stream_listen(raw,
                     RP_EVENT_BIT(RP_EV_CONNECT) | RP_EVENT_BIT(RP_EV_END) |
                         RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE),
                     on_raw, (void *)(uintptr_t)bytes);
    if (bytes != NULL && bytes[0] == '\x16') {
        pair_settle(20);
        rp_stream_end(raw);
    }
    pair_wait(raw_is_over);
    rp_stream_unref(raw);
}

START_TEST(what_is_no_handshake_is_told_as_by_node)
{
    static const struct {
        const char *golden, *bytes;
        bool stores;
    } cases[] = {
        {"tce: client connects and closes", NULL, false},
        {"tce: plain http", "GET / HTTP/1.1\r\n\r\n", false},
        {"tce: garbage", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false},
        {"tce: garbage with newSession listener (hello parser)", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         true},
        {"tce: partial hello then close", "\x16\x03\x01\x02\x7f\x01\x02\x03", false},
    };
    const json_t *row = golden(cases[_i].golden);
    const json_t *told = json_array_get(json_object_get(row, "s"), 0);

    if (cases[_i].stores)
        pair.prepare_server = store;
    talk_raw(cases[_i].bytes);
    pair_check_error(&pair.server_error, json_object_get(told, "tce"), cases[_i].golden);
    ck_assert_int_eq(reported_destroyed, json_is_true(json_object_get(told, "destroyed")));
    ck_assert(reported_remote); /* with node not always */
    ck_assert(raw_end);         /* the client sees an end, and no reset */
    pair.client_closed = true;
    ck_assert(rp_server_listening(pair.server));
}
END_TEST

static bool reported(void)
{
    return pair.reported;
}

START_TEST(reset_and_silence_are_told_as_by_node)
{
    struct rp_net_options net = {0};

    pair.server_options.handshake_timeout_ms = _i == 0 ? 0 : 20;
    ck_assert(pair_listen());
    net.address = rp_server_address(pair.server);
    raw = rp_net_connect(pair.loop, &net, NULL);
    if (_i == 0) {
        struct linger linger = {.l_onoff = 1};

        pair_settle(5);
        setsockopt(rp_stream_fd(raw), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        rp_stream_destroy(raw, NULL);
    }
    pair_wait(reported);
    if (_i == 0) {
        const json_t *told = json_array_get(json_object_get(golden("tce: client resets"), "s"), 0);

        ck_assert_str_eq(pair.server_error.code, code_in(json_object_get(told, "tce")));
        ck_assert_str_eq(pair.server_error.syscall, "read");
    } else {
        ck_assert_str_eq(pair.server_error.code, "ERR_TLS_HANDSHAKE_TIMEOUT");
    }
    rp_stream_destroy(raw, NULL);
    rp_stream_unref(raw);
}
END_TEST

/* -- key log and keying material */

static char logged[2][8][64];
static unsigned log_count[2];

/* The line's label; the lengths of what follows are those of node's. */
static void on_keylog(const struct rp_event *e, void *arg)
{
    unsigned side = arg != NULL;
    const char *space = strchr(e->keylog.line, ' ');

    ck_assert_uint_lt(log_count[side], 8);
    ck_assert_int_eq(space[65], ' ');
    ck_assert_str_eq(e->keylog.line + e->keylog.len - 1, "\n");
    ck_assert_uint_eq(strlen(space), 1 + 64 + 1 + 96 + 1);
    snprintf(logged[side][log_count[side]++], 64, "%.*s <64hex> <96hex>\n",
             (int)(space - e->keylog.line), e->keylog.line);
}

static void log_server(struct rp_server *server)
{
    rp_server_on(server, RP_EV_KEYLOG, on_keylog, &goldens);
}

static void log_client(struct rp_socket *client)
{
    rp_stream_on(rp_socket_stream(client), RP_EV_KEYLOG, on_keylog, NULL);
}

static void check_material(const json_t *row)
{
    static const char *const labels[] = {"client finished", "server finished", "master secret",
                                         "key expansion", ""};
    uint8_t a[16], b[16];
    struct rp_error err;

    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        char key[32];
        const json_t *want;

        snprintf(key, sizeof key, "ekm %s", labels[i]);
        want = json_object_get(row, key);
        if (json_is_object(want)) {
            ck_assert(
                !rp_socket_export_keying_material(pair.client, a, 16, labels[i], NULL, 0, &err));
            pair_check_error(&err, want, key);
        } else {
            ck_assert(
                rp_socket_export_keying_material(pair.client, a, 16, labels[i], NULL, 0, NULL));
            ck_assert(
                rp_socket_export_keying_material(pair.accepted, b, 16, labels[i], NULL, 0, NULL));
            ck_assert_mem_eq(a, b, 16);
        }
    }
    rp_socket_export_keying_material(pair.client, a, 16, "x", NULL, 0, NULL);
    rp_socket_export_keying_material(pair.client, b, 16, "x", (const uint8_t *)"", 0, NULL);
    ck_assert_int_eq(memcmp(a, b, 16) == 0,
                     json_is_true(json_object_get(row, "ekm_ctx_undefined_vs_empty")));
}

START_TEST(keys_are_logged_and_exported_as_by_node)
{
    static const char *const sides[] = {"kc", "ks"};
    char name[64];
    const json_t *row;

    snprintf(name, sizeof name, "keylog/finished/ekm %s", versions[_i]);
    row = golden(name);
    pair_versions(versions[_i]);
    pair.server_tls.ciphers = "TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES256-GCM-SHA384";
    pair.prepare_server = log_server;
    pair.prepare_client = log_client;
    ck_assert(pair_run());
    for (unsigned side = 0; side < 2; side++) {
        const json_t *lines = json_object_get(row, sides[side]);

        ck_assert_uint_eq(log_count[side], json_array_size(lines));
        for (unsigned i = 0; i < log_count[side]; i++) {
            const json_t *line = json_array_get(lines, i);

            ck_assert_str_eq(logged[side][i],
                             json_string_value(side == 0 ? line : json_array_get(line, 0)));
        }
    }
    check_material(row);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("node_handshakes");
    TCase *t = tcase_create("node_handshakes");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, handshake_goes_as_with_node, 0, HANDSHAKES);
    tcase_add_loop_test(t, order_of_ciphers_is_whose_it_is_with_node, 0, 4);
    tcase_add_loop_test(t, one_of_several_certificates_is_chosen_as_by_node, 0, 3);
    tcase_add_loop_test(t, what_is_no_handshake_is_told_as_by_node, 0, 5);
    tcase_add_loop_test(t, reset_and_silence_are_told_as_by_node, 0, 2);
    tcase_add_loop_test(t, keys_are_logged_and_exported_as_by_node, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
