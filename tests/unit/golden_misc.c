/* SPDX-License-Identifier: MIT
 *
 * golden_misc.c - misc.json: how handshakes fail, what is agreed, who is served under which name,
 * and every way to answer the SNI callback and OCSPRequest. Rows about renegotiation and keys are
 * in golden_more.c. */
#include "tests/unit/golden_pair.h"

static json_t *goldens;

static void setup(void)
{
    goldens = golden_json("misc.json");
    pair_begin();
}

static void teardown(void)
{
    pair_close();
    json_decref(goldens);
}

static const json_t *golden(const char *name)
{
    const json_t *row = json_object_get(goldens, name);

    ck_assert_msg(row != NULL, "%s is not in misc.json", name);
    return row;
}

/* The code in what node's script kept of an error: the error, [code, ...] or the code. "": none. */
static const char *code_in(const json_t *kept)
{
    const char *code = json_is_object(kept)  ? golden_string(kept, "code")
                       : json_is_array(kept) ? json_string_value(json_array_get(kept, 0))
                                             : json_string_value(kept);

    return code != NULL && strcmp(code, "$undefined") != 0 ? code : "";
}

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

static const char *subject_cn(const struct rp_x509 *x)
{
    size_t count;
    const struct rp_x509_attribute *a = rp_x509_subject_attributes(x, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i].name, "CN") == 0)
            return a[i].value;
    return NULL;
}

static void check_shown(const char *name)
{
    struct rp_x509 *peer = rp_socket_peer_x509(pair.client, false, NULL);
    struct rp_x509 *own = rp_socket_x509(pair.accepted, NULL);

    ck_assert_ptr_nonnull(peer);
    ck_assert_ptr_nonnull(own);
    ck_assert_texts_eq(subject_cn(peer), name);
    ck_assert_texts_eq(subject_cn(own), name);
    rp_x509_unref(peer);
    rp_x509_unref(own);
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

/* -- SNI */

static struct rp_secure_context *context_of(const char *name)
{
    struct rp_secure_context_options o = {.ca = pair_roots, .ca_count = 3};
    struct rp_pem cert = {0}, key = {0};
    struct rp_secure_context *c;

    if (name != NULL)
        pair_identity(&o, &cert, &key, name);
    c = rp_secure_context_new(&o, NULL);
    ck_assert_ptr_nonnull(c);
    return c;
}

static void add(struct rp_server *server, const char *pattern, const char *name)
{
    struct rp_secure_context *c = context_of(name);

    ck_assert(rp_server_add_context(server, pattern, c, NULL));
    rp_secure_context_unref(c);
}

static void add_contexts(struct rp_server *server)
{
    add(server, "*", "leaf-p521");
    add(server, "localhost", "leaf-rsa");
    add(server, "*.example.com", "sni-b");
    add(server, "a.example.com", "sni-a");
    add(server, "*.b.example.com", "leaf-p384");
    add(server, "*.multi.*.org", "sni-a");
    add(server, "w*d.example.net", "sni-a");
    add(server, "CASE.example.net", "sni-a");
}

START_TEST(name_leads_to_the_context_it_has_with_node)
{
    const json_t *row = json_array_get(golden("SNI addContext"), (size_t)_i);
    const char *asked = json_string_value(json_array_get(row, 0));

    if (json_array_size(row) < 3)
        return; /* the last one: added_again_wins */
    pair.options.servername = asked;
    pair.options.allow_unauthorized = true;
    pair.prepare_server = add_contexts;
    ck_assert(pair_run());
    check_shown(json_string_value(json_array_get(row, 1)));
    ck_assert_texts_eq(rp_socket_servername(pair.accepted),
                       json_string_value(json_array_get(row, 2)));
}
END_TEST

START_TEST(context_that_is_added_again_wins)
{
    const json_t *table = golden("SNI addContext");
    const json_t *last = json_array_get(table, json_array_size(table) - 1);

    pair.options.servername = "a.example.com";
    pair.options.allow_unauthorized = true;
    pair.prepare_server = add_contexts;
    ck_assert(pair_run());
    pair_hang_up();
    add(pair.server, "a.example.com", "leaf-p256");
    pair_connect();
    pair_wait(pair_is_decided);
    check_shown(json_string_value(json_array_get(last, 1)));
}
END_TEST

START_TEST(name_is_told_to_both_as_by_node)
{
    static const char *const cases[] = {"localhost", "undefined", ""};
    static const char *const names[] = {"localhost", NULL, ""};
    const json_t *row = json_object_get(golden("SNI servername props"), cases[_i]);

    pair.options.servername = names[_i];
    pair.options.allow_unauthorized = true;
    ck_assert(pair_run());
    ck_assert_texts_eq(rp_socket_servername(pair.client),
                       json_string_value(json_array_get(row, 0)));
    ck_assert_texts_eq(rp_socket_servername(pair.accepted),
                       json_string_value(json_array_get(row, 1)));
}
END_TEST

/* -- the SNI callback */

enum answer { NOW, LATER, DEFAULT, REFUSE, TWICE, THROW };
static enum answer answer;
static struct rp_request *kept;
static struct rp_secure_context *chosen;
static struct rp_timer timer;
static unsigned asked;
static bool second_counts;

static void answer_later(struct rp_timer *t)
{
    (void)t;
    ck_assert(rp_request_answer_context(kept, chosen));
    second_counts = rp_request_answer_context(kept, chosen);
    rp_request_unref(kept);
}

static struct rp_secure_context *on_name(struct rp_socket *s, const char *name,
                                         struct rp_request *request, void *arg)
{
    struct rp_error error = {.message = "sni bad"};

    (void)arg;
    if (name == NULL)
        return NULL; /* node does not ask then */
    asked++;
    switch (answer) {
    case NOW:
        return chosen;
    case LATER:
    case TWICE:
        kept = rp_request_ref(request);
        timer.fire = answer_later;
        rp_timer_start(pair.loop, &timer, 5);
        return NULL;
    case REFUSE:
        rp_request_fail(request, &error);
        return NULL;
    case THROW:
        snprintf(error.message, sizeof error.message, "thrown");
        rp_stream_destroy(rp_socket_stream(s), &error);
        return NULL;
    default:
        return NULL;
    }
}

static const struct {
    const char *golden;
    enum answer answer;
    bool no_name;
} names[] = {
    {"SNICallback async ctx", LATER, false}, {"SNICallback null", DEFAULT, false},
    {"SNICallback err", REFUSE, false},      {"SNICallback throws", THROW, false},
    {"SNICallback twice", TWICE, false},     {"SNICallback not called w/o SNI", NOW, true},
};

START_TEST(sni_callback_is_asked_and_obeyed_as_by_node)
{
    const json_t *row = golden(names[_i].golden), *s = json_object_get(row, "s");

    asked = 0;
    answer = names[_i].answer;
    chosen = context_of("sni-a");
    pair.server_options.sni_callback = on_name;
    pair.options.servername = names[_i].no_name ? NULL : "a.example.com";
    pair.options.allow_unauthorized = true;
    ck_assert(pair_run());
    if (answer == TWICE) { /* node ends the connection (ERR_MULTIPLE_CALLBACK); we say no */
        ck_assert(pair.connected && !second_counts);
    } else if (s != NULL) {
        ck_assert_str_eq(pair.server_error.code, code_in(s));
        ck_assert_texts_eq(pair.server_error.message, json_string_value(json_array_get(s, 2)));
        ck_assert_str_eq(pair.client_error.code, code_in(json_object_get(row, "c")));
        pair_check_told(json_object_get(row, "ev"), true, names[_i].golden);
        pair_check_told(json_object_get(row, "ev"), false, names[_i].golden);
    } else {
        ck_assert(pair.connected);
        if (json_object_get(row, "peer") != NULL)
            check_shown(golden_string(row, "peer"));
    }
    ck_assert_uint_eq(asked, !names[_i].no_name);
    rp_secure_context_unref(chosen);
}
END_TEST

START_TEST(context_without_a_certificate_fails_cleanly)
{
    answer = NOW;
    chosen = context_of(NULL);
    pair.server_options.sni_callback = on_name;
    ck_assert(pair_run());
    ck_assert(!pair.connected && pair.accepted == NULL);
    ck_assert_str_eq(pair.client_error.code, "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE");
    ck_assert_uint_ne(pair.server_error.code[0], '\0');
    rp_secure_context_unref(chosen);
}
END_TEST

/* N5: the whole policy of the chosen context counts; with node only its certificate and trust. */
START_TEST(context_of_a_name_brings_its_trust_and_its_limits)
{
    const json_t *row = golden("SNI ctx: own ca/requestCert/minVersion/ciphers");
    struct rp_secure_context_options o = {
        .ca = pair_roots, .ca_count = 3, .max_version = "TLSv1.2"};
    struct rp_pem cert = {0}, key = {0};

    pair_identity(&o, &cert, &key, "leaf-rsa");
    chosen = rp_secure_context_new(&o, NULL);
    pair.server_tls.ca_count = 0;
    pair.server_tls.empty_ca = true;
    pair.server_options.request_cert = true;
    pair.server_options.sni_callback = on_name;
    answer = NOW;
    pair_show("client-rsa");
    ck_assert(pair_run());
    ck_assert(pair.connected);
    ck_assert_int_eq(
        rp_socket_authorized(pair.accepted),
        json_is_true(json_array_get(json_object_get(row, "client_cert_verified_with_sni_ca"), 0)));
    ck_assert_str_eq(rp_socket_protocol(pair.accepted), "TLSv1.2");
    rp_secure_context_unref(chosen);
}
END_TEST

/* -- OCSP */

static char responses[2][32];
static unsigned response_count, requests;
static bool no_issuer, refuse_staple, give_staple;
static char request_cn[64];

static void on_ocsp_request(const struct rp_event *e, void *arg)
{
    struct rp_x509 *cert =
        rp_x509_parse(e->ocsp_request.certificate, e->ocsp_request.certificate_len, NULL);
    struct rp_error error = {.message = "ocsp fail"};

    (void)arg;
    requests++;
    ck_assert_ptr_nonnull(cert);
    snprintf(request_cn, sizeof request_cn, "CN=%s", subject_cn(cert));
    rp_x509_unref(cert);
    no_issuer = e->ocsp_request.issuer == NULL;
    if (refuse_staple)
        rp_request_fail(e->ocsp_request.request, &error);
    else if (give_staple)
        rp_request_answer(e->ocsp_request.request, (const uint8_t *)"hello ocsp", 10);
    else
        rp_request_answer(e->ocsp_request.request, NULL, 0);
}

static void on_ocsp_response(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert(!pair.connected);
    ck_assert_uint_lt(response_count, 2);
    snprintf(responses[response_count++], 32, "%.*s", e->data.bytes != NULL ? (int)e->data.len : 4,
             e->data.bytes != NULL ? (const char *)e->data.bytes : "null");
}

static void staples(struct rp_server *server)
{
    rp_server_on(server, RP_EV_OCSP_REQUEST, on_ocsp_request, NULL);
}

static void wants_staple(struct rp_socket *client)
{
    rp_stream_on(rp_socket_stream(client), RP_EV_OCSP_RESPONSE, on_ocsp_response, NULL);
}

static const json_t *ocsp_golden(const char *name, const char *version)
{
    char whole[80];

    snprintf(whole, sizeof whole, "OCSP %s%s", name, version);
    return golden(whole);
}

static void ask_for_staple(const char *version)
{
    requests = response_count = 0;
    refuse_staple = give_staple = false;
    pair_versions(version);
    pair.prepare_server = staples;
    pair.prepare_client = wants_staple;
    pair.options.request_ocsp = true;
}

/* "OCSPResponse X" in a list of node's events. */
static bool golden_has_response(const json_t *events, const char *response)
{
    char text[64];
    size_t i;
    const json_t *event;

    snprintf(text, sizeof text, "OCSPResponse %s", response);
    json_array_foreach(events, i,
                       event) if (strcmp(json_string_value(event), text) == 0) return true;
    return false;
}

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};

START_TEST(staple_goes_the_way_it_goes_with_node)
{
    static const char *const cases[] = {"", "null response ", "no server listener "};
    const char *version = versions[_i % 2];
    const json_t *row = ocsp_golden(cases[_i / 2], version);

    ask_for_staple(version);
    give_staple = _i / 2 == 0;
    if (_i / 2 == 2)
        pair.prepare_server = NULL;
    ck_assert(pair_run());
    ck_assert(pair.connected);
    ck_assert_uint_eq(response_count, 1);
    ck_assert(golden_has_response(_i / 2 == 0 ? json_object_get(row, "ev") : row, responses[0]));
    ck_assert_uint_eq(requests, _i / 2 < 2);
    ck_assert(!no_issuer);
}
END_TEST

START_TEST(staple_that_nobody_asks_for_is_not_looked_for)
{
    const json_t *row = ocsp_golden("client did not ask ", versions[_i]);

    ask_for_staple(versions[_i]);
    pair.options.request_ocsp = false;
    ck_assert(pair_run());
    ck_assert(pair.connected);
    ck_assert_uint_eq(requests, json_integer_value(json_array_get(row, 0)));
    ck_assert_uint_eq(response_count, 0);
}
END_TEST

START_TEST(staple_that_fails_ends_the_connection_as_with_node)
{
    const json_t *row = ocsp_golden("err ", versions[_i]);

    ask_for_staple(versions[_i]);
    refuse_staple = true;
    ck_assert(pair_run());
    ck_assert_str_eq(pair.server_error.message, json_string_value(json_array_get(row, 0)));
    ck_assert_str_eq(pair.client_error.code, json_string_value(json_array_get(row, 1)));
    pair_check_told(json_array_get(row, 2), true, "err");
    pair_check_told(json_array_get(row, 2), false, "err");
}
END_TEST

START_TEST(staple_is_for_the_certificate_of_the_name)
{
    const json_t *row = ocsp_golden("with SNI ctx ", versions[_i]);

    ask_for_staple(versions[_i]);
    pair.server_options.sni_callback = on_name;
    answer = NOW;
    chosen = context_of("sni-a");
    pair.options.servername = "a.example.com";
    ck_assert(pair_run());
    ck_assert(pair.connected);
    ck_assert_str_eq(request_cn, json_string_value(json_array_get(row, 0)));
    rp_secure_context_unref(chosen);
}
END_TEST

START_TEST(staple_for_a_certificate_without_issuer_is_asked_without)
{
    ask_for_staple(versions[_i]);
    pair_serve("self-rsa");
    pair.options.allow_unauthorized = true;
    ck_assert(pair_run());
    ck_assert_str_eq(
        json_string_value(json_array_get(ocsp_golden("self-signed issuer arg ", versions[_i]), 0)),
        "null");
    ck_assert(requests == 1 && no_issuer);
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
    Suite *s = suite_create("golden_misc");
    TCase *t = tcase_create("golden_misc");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, handshake_goes_as_with_node, 0, HANDSHAKES);
    tcase_add_loop_test(t, order_of_ciphers_is_whose_it_is_with_node, 0, 4);
    tcase_add_loop_test(t, one_of_several_certificates_is_chosen_as_by_node, 0, 3);
    tcase_add_loop_test(t, name_leads_to_the_context_it_has_with_node, 0, 15);
    tcase_add_test(t, context_that_is_added_again_wins);
    tcase_add_loop_test(t, name_is_told_to_both_as_by_node, 0, 3);
    tcase_add_loop_test(t, sni_callback_is_asked_and_obeyed_as_by_node, 0, 6);
    tcase_add_test(t, context_without_a_certificate_fails_cleanly);
    tcase_add_test(t, context_of_a_name_brings_its_trust_and_its_limits);
    tcase_add_loop_test(t, staple_goes_the_way_it_goes_with_node, 0, 6);
    tcase_add_loop_test(t, staple_that_nobody_asks_for_is_not_looked_for, 0, 2);
    tcase_add_loop_test(t, staple_that_fails_ends_the_connection_as_with_node, 0, 2);
    tcase_add_loop_test(t, staple_is_for_the_certificate_of_the_name, 0, 2);
    tcase_add_loop_test(t, staple_for_a_certificate_without_issuer_is_asked_without, 0, 2);
    tcase_add_loop_test(t, what_is_no_handshake_is_told_as_by_node, 0, 5);
    tcase_add_loop_test(t, reset_and_silence_are_told_as_by_node, 0, 2);
    tcase_add_loop_test(t, keys_are_logged_and_exported_as_by_node, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
