/* SPDX-License-Identifier: MIT
 *
 * options.c - options that are given by halves, and errors that say which option is wrong. */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static struct rp_error err;

/* -- a list and its count, bytes and their length: both or neither */

static const struct rp_pem pem = {.bytes = "garbage"};

static const struct {
    const char *option;
    struct rp_secure_context_options without_count, without_list;
} halves[] = {
    {"cert", {.cert = &pem}, {.cert_count = 1}},
    {"key", {.key = &pem}, {.key_count = 1}},
    {"pfx", {.pfx = &pem}, {.pfx_count = 1}},
    {"ca", {.ca = &pem}, {.ca_count = 1}},
    {"crl", {.crl = &pem}, {.crl_count = 1}},
    {"extra_ca", {.extra_ca = &pem}, {.extra_ca_count = 1}},
    {"session_id_context", {.session_id_context = "x"}, {.session_id_context_len = 1}},
};

static void assert_refused(const void *made, const char *option, const char *why)
{
    ck_assert_ptr_null(made);
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    ck_assert_msg(strstr(err.message, option) != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, why) != NULL, "%s", err.message);
}

START_TEST(list_and_count_are_given_together)
{
    assert_refused(rp_secure_context_new(&halves[_i].without_count, &err), halves[_i].option,
                   "its count is 0");
    assert_refused(rp_secure_context_new(&halves[_i].without_list, &err), halves[_i].option,
                   "it is NULL");
}
END_TEST

/* Whoever takes options takes them so. */
START_TEST(options_inside_options_are_looked_at)
{
    struct rp_secure_context_options tls = {.ca = &pem};
    struct rp_server_options server = {.context_options = &tls};
    struct rp_net_options net = {.port = 1};
    struct rp_connect_options client = {.context_options = &tls, .net = &net};
    struct rp_socket_options wrap = {.context_options = &tls};
    struct rp_loop *loop = rp_loop_new(&err);
    struct rp_stream *ends[2];

    assert_refused(rp_server_new(loop, &server, &err), "'options.ca'", "its count is 0");
    assert_refused(rp_connect(loop, &client, &err), "'options.ca'", "its count is 0");
    ck_assert(rp_stream_pair(loop, NULL, ends, &err));
    assert_refused(rp_socket_wrap(ends[0], &wrap, &err), "'options.ca'", "its count is 0");
    for (int i = 0; i < 2; i++) {
        rp_stream_destroy(ends[i], NULL);
        rp_stream_unref(ends[i]);
    }
    rp_loop_run(loop);
    rp_loop_free(loop);
}
END_TEST

START_TEST(session_has_bytes_and_a_length)
{
    static const struct rp_bytes half[] = {{"x", 0}, {NULL, 1}};
    struct rp_net_options net = {.port = 1};
    struct rp_connect_options client = {.net = &net, .session = half[_i]};
    struct rp_loop *loop = rp_loop_new(&err);

    assert_refused(rp_connect(loop, &client, &err), "'options.session'", _i == 0 ? "0" : "NULL");
    rp_loop_free(loop);
}
END_TEST

/* -- which option, which of its list, from which file */

static const struct rp_pem bad = {.bytes = "garbage", .len = 7, .file = "/etc/bad.pem"},
                           nothing = {.file = "/etc/empty.pem"};

static const struct {
    const char *option;
    struct rp_secure_context_options bad, nothing;
    bool any_text; /* text that holds none is no error */
} lists[] = {
    {"cert[0]", {.cert = &bad, .cert_count = 1}, {.cert = &nothing, .cert_count = 1}, false},
    {"key[0]", {.key = &bad, .key_count = 1}, {.key = &nothing, .key_count = 1}, false},
    {"pfx[0]", {.pfx = &bad, .pfx_count = 1}, {.pfx = &nothing, .pfx_count = 1}, false},
    {"crl[0]", {.crl = &bad, .crl_count = 1}, {.crl = &nothing, .crl_count = 1}, false},
    {"ca[0]", {.ca = &bad, .ca_count = 1}, {.ca = &nothing, .ca_count = 1}, true},
    {"extra_ca[0]",
     {.extra_ca = &bad, .extra_ca_count = 1},
     {.extra_ca = &nothing, .extra_ca_count = 1},
     true},
};

START_TEST(error_names_option_index_and_file)
{
    struct rp_secure_context *c = rp_secure_context_new(&lists[_i].bad, &err);
    char expected[80];

    snprintf(expected, sizeof expected, "; option %s, file /etc/bad.pem", lists[_i].option);
    ck_assert(lists[_i].any_text == (c != NULL));
    if (c == NULL)
        ck_assert_msg(strstr(err.message, expected) != NULL, "%s", err.message);
    rp_secure_context_unref(c);
    snprintf(expected, sizeof expected, "; option %s, file /etc/empty.pem", lists[_i].option);
    assert_refused(rp_secure_context_new(&lists[_i].nothing, &err), expected, "NULL");
}
END_TEST

START_TEST(error_names_the_second_of_a_list)
{
    struct cert good = cert_make((struct cert_request){.cn = "a"});
    struct rp_pem certs[] = {{.bytes = good.pem, .file = "a.pem"}, bad};
    struct rp_secure_context_options o = {.cert = certs, .cert_count = 2};

    ck_assert_ptr_null(rp_secure_context_new(&o, &err));
    ck_assert_str_eq(err.reason, "no start line");
    ck_assert_str_eq(err.message, "error:0480006C:PEM routines::no start line; option cert[1], "
                                  "file /etc/bad.pem");
    cert_free(&good);
}
END_TEST

static const struct {
    const char *said;
    struct rp_secure_context_options options;
} values[] = {
    {"; option ciphers \"NOPE\"", {.ciphers = "NOPE"}},
    {"; option ecdh_curve \"P-999\"", {.ecdh_curve = "P-999"}},
    {"options.sigalgs", {.sigalgs = "NOPE"}},
    {"\"TLSv9\" is not a valid minimum TLS protocol version", {.min_version = "TLSv9"}},
    {"\"TLSv9\" is not a valid maximum TLS protocol version", {.max_version = "TLSv9"}},
    {"NOPE_method", {.secure_protocol = "NOPE_method"}},
    {"options.sessionTimeout", {.session_timeout = UINT32_MAX}},
    {"options.ticketsPerConnection", {.tickets_per_connection = 1000}},
};

START_TEST(error_names_an_option_that_is_no_list)
{
    ck_assert_ptr_null(rp_secure_context_new(&values[_i].options, &err));
    ck_assert_msg(strstr(err.message, values[_i].said) != NULL, "%s", err.message);
}
END_TEST

/* -- values that no constant has */

static const struct {
    const char *option;
    struct rp_secure_context_options options;
} choices[] = {
    {"honor_cipher_order", {.honor_cipher_order = (enum rp_toggle)77}},
    {"honor_cipher_order", {.honor_cipher_order = (enum rp_toggle)(RP_OFF + 1)}},
    {"honor_cipher_order", {.honor_cipher_order = (enum rp_toggle) - 1}},
    {"tickets", {.tickets = (enum rp_toggle)77}},
    {"client_auth", {.client_auth = (enum rp_client_auth)77}},
    {"client_auth", {.client_auth = (enum rp_client_auth)(RP_CLIENT_AUTH_REQUIRE + 1)}},
};

START_TEST(value_that_no_constant_has_is_refused)
{
    char option[64];

    snprintf(option, sizeof option, "'options.%s' is invalid", choices[_i].option);
    assert_refused(rp_secure_context_new(&choices[_i].options, &err), option, "Received ");
}
END_TEST

static const struct {
    const char *option;
    struct rp_net_options options;
} net_choices[] = {
    {"family", {.host = "localhost", .port = 1, .family = 5}},
    {"family", {.path = "/x", .family = 1}},
    {"family", {.host = "127.0.0.1", .port = 1, .family = 77}},
    {"no_delay", {.port = 1, .no_delay = (enum rp_toggle)77}},
    {"keep_alive", {.port = 1, .keep_alive = (enum rp_toggle)3}},
};

START_TEST(value_that_no_connection_can_have_is_refused)
{
    struct rp_loop *loop = rp_loop_new(&err);
    struct rp_net_options net = net_choices[_i].options;
    struct rp_connect_options client = {.net = &net};

    assert_refused(rp_net_connect(loop, &net, &err), net_choices[_i].option, "Received ");
    assert_refused(rp_connect(loop, &client, &err), net_choices[_i].option, "Received ");
    rp_loop_free(loop);
}
END_TEST

START_TEST(layout_of_a_ticket_key_is_one_of_two)
{
    uint8_t bytes[RP_TICKET_KEYS_SIZE] = {1};
    struct rp_ticket_key key;

    memset(bytes, 1, sizeof bytes);
    ck_assert(
        !rp_ticket_key_decode(&key, bytes, sizeof bytes, (enum rp_ticket_key_layout)77, &err));
    ck_assert_str_eq(err.message, "The argument 'layout' is invalid. Received 77");
    ck_assert(rp_ticket_key_decode(&key, bytes, sizeof bytes, RP_TICKET_KEY_NGINX, &err));
}
END_TEST

START_TEST(authorities_exclude_that_nobody_is_trusted)
{
    struct cert ca = cert_make((struct cert_request){.cn = "ca", .ca = true});
    const struct rp_pem pem_ca = {.bytes = ca.pem};
    struct rp_secure_context_options o = {.ca = &pem_ca, .ca_count = 1, .empty_ca = true};

    assert_refused(rp_secure_context_new(&o, &err), "'options.ca'", "options.empty_ca is set");
    cert_free(&ca);
}
END_TEST

/* A certificate of a hundred names: all of them are told. */
START_TEST(reason_is_told_in_full)
{
    static char alt[100 * 20];
    struct cert many;
    struct rp_x509 *x;

    for (int i = 0; i < 100; i++)
        snprintf(alt + strlen(alt), sizeof alt - strlen(alt), "%sDNS:h%02d.x", i > 0 ? "," : "", i);
    many = cert_make((struct cert_request){.cn = "many", .alt = alt});
    ck_assert_ptr_nonnull(x = rp_x509_parse(many.pem, strlen(many.pem), &err));
    ck_assert(!rp_check_server_identity("other.example", x, &err));
    ck_assert_str_eq(err.code, "ERR_TLS_CERT_ALTNAME_INVALID");
    ck_assert_ptr_nonnull(strstr(err.reason, "DNS:h00.x, "));
    ck_assert_str_eq(err.reason + strlen(err.reason) - strlen("DNS:h99.x"), "DNS:h99.x");
    ck_assert_ptr_nonnull(strstr(err.message, "DNS:h99.x"));
    rp_x509_unref(x);
    cert_free(&many);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("options");
    TCase *t = tcase_create("options");

    tcase_add_loop_test(t, list_and_count_are_given_together, 0, sizeof halves / sizeof *halves);
    tcase_add_test(t, options_inside_options_are_looked_at);
    tcase_add_loop_test(t, session_has_bytes_and_a_length, 0, 2);
    tcase_add_loop_test(t, error_names_option_index_and_file, 0, sizeof lists / sizeof *lists);
    tcase_add_test(t, error_names_the_second_of_a_list);
    tcase_add_loop_test(t, error_names_an_option_that_is_no_list, 0,
                        sizeof values / sizeof *values);
    tcase_add_loop_test(t, value_that_no_constant_has_is_refused, 0,
                        sizeof choices / sizeof *choices);
    tcase_add_loop_test(t, value_that_no_connection_can_have_is_refused, 0,
                        sizeof net_choices / sizeof *net_choices);
    tcase_add_test(t, layout_of_a_ticket_key_is_one_of_two);
    tcase_add_test(t, authorities_exclude_that_nobody_is_trusted);
    tcase_add_test(t, reason_is_told_in_full);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
