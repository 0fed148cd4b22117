/* SPDX-License-Identifier: MIT
 *
 * node_names.c - which context serves which server name, and every answer of the SNI callback and
 * of OCSPRequest, as in node: rows of misc.json. */
#include "tests/unit/tls/node_misc.h"
#include "tests/unit/openssl_version.h"

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

/* Node 20, which made the goldens, told upper from lower case; since CVE-2026-48928 it does not. */
static const char *shown_for(const char *asked, const char *by_node_20)
{
    bool by_case = asked != NULL &&
                   (strcmp(asked, "case.example.net") == 0 || strcmp(asked, "A.example.com") == 0);

    return by_case ? "a.example.com" : by_node_20;
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
    check_shown(shown_for(asked, json_string_value(json_array_get(row, 1))));
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
    ck_assert_str_eq(pair.client_error.code, alert_code("HANDSHAKE_FAILURE"));
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
    pair.server_tls.ca = NULL;
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
int main(void)
{
    Suite *s = suite_create("node_names");
    TCase *t = tcase_create("node_names");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
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
    suite_add_tcase(s, t);
    return unit_run(s);
}
