/* SPDX-License-Identifier: MIT
 *
 * staple.c - OCSP both ways: now, later, never asked, refused, after the socket (J14). */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static unsigned questions, answers;
static struct rp_request *held;
static struct rp_socket *asked;
static char answer[16];
static enum { NOW, LATER, NONE, FORGET, REFUSE, BY_KEY } manner;

static bool is_asked(void)
{
    return questions > 0;
}

/* "EC" or "RSA": the answer to BY_KEY. */
static const char *key_of(const struct rp_event *e)
{
    const uint8_t *at = e->ocsp_request.certificate;
    X509 *cert = d2i_X509(NULL, &at, (long)e->ocsp_request.certificate_len);
    const char *name = EVP_PKEY_get0_type_name(X509_get0_pubkey(cert));

    X509_free(cert);
    return strcmp(name, "EC") == 0 ? "EC" : "RSA";
}

static void on_question(const struct rp_event *e, void *arg)
{
    struct rp_request *r = e->ocsp_request.request;
    struct rp_error refusal;

    (void)arg;
    questions++;
    asked = e->ocsp_request.socket;
    ck_assert_uint_gt(e->ocsp_request.certificate_len, 100);
    if (manner == NOW)
        ck_assert(rp_request_answer(r, (const uint8_t *)"staple", 6));
    if (manner == NONE)
        ck_assert(rp_request_answer(r, NULL, 0));
    if (manner == NOW || manner == NONE)
        ck_assert(!rp_request_answer(r, (const uint8_t *)"twice", 5));
    if (manner == LATER)
        held = rp_request_ref(r);
    if (manner == BY_KEY)
        ck_assert(rp_request_answer(r, (const uint8_t *)key_of(e), strlen(key_of(e))));
    if (manner == REFUSE) {
        rp_error_set(&refusal, "ERR_TEST", "no staple, no connection");
        ck_assert(rp_request_fail(r, &refusal));
    }
}

static void on_response(const struct rp_event *e, void *arg)
{
    (void)arg;
    answers++;
    ck_assert(!linked.connected);
    if (e->data.bytes != NULL)
        memcpy(answer, e->data.bytes, e->data.len);
}

static void begin(void)
{
    link_listen();
    rp_server_on(linked.server, RP_EV_OCSP_REQUEST, on_question, NULL);
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_OCSP_RESPONSE, on_response, NULL);
}

static void prepare(int version, bool wanted)
{
    link_prepare();
    linked.client_tls.max_version = versions[version];
    linked.options.request_ocsp = wanted;
    begin();
}

START_TEST(staple_arrives_before_secure_connect)
{
    manner = _i < 2 ? NOW : LATER;
    prepare(_i % 2, true);
    if (manner == LATER) {
        link_run(is_asked);
        ck_assert(!linked.connected);
        ck_assert(rp_request_answer(held, (const uint8_t *)"staple", 6));
        ck_assert(!rp_request_pending(held));
        ck_assert(!rp_request_answer(held, (const uint8_t *)"twice", 5));
        rp_request_unref(held);
    }
    link_run(link_is_open);
    ck_assert_msg(linked.connected, "%s", linked.client_error.message);
    ck_assert_uint_eq(questions, 1);
    ck_assert_uint_eq(answers, 1);
    ck_assert_str_eq(answer, "staple");
    link_close();
}
END_TEST

START_TEST(no_staple_is_told_once)
{
    manner = _i < 2 ? NONE : FORGET;
    prepare(_i % 2, true);
    link_run(link_is_open);
    ck_assert(linked.connected);
    ck_assert_uint_eq(questions, 1);
    ck_assert_uint_eq(answers, 1);
    ck_assert_str_eq(answer, "");
    link_close();
}
END_TEST

START_TEST(who_does_not_ask_is_not_asked_for)
{
    manner = NOW;
    prepare(_i, false);
    link_run(link_is_open);
    ck_assert(linked.connected);
    ck_assert_uint_eq(questions + answers, 0);
    link_close();
}
END_TEST

START_TEST(refusal_is_the_servers_error)
{
    manner = REFUSE;
    prepare(_i, true);
    link_run(link_is_open);
    ck_assert(!linked.connected);
    ck_assert_str_eq(linked.server_error.code, "ERR_TEST");
    link_close();
}
END_TEST

START_TEST(answer_after_the_socket_has_no_effect)
{
    manner = LATER;
    prepare(_i, true);
    link_run(is_asked);
    rp_stream_destroy(rp_socket_stream(asked), NULL);
    ck_assert(!rp_request_answer(held, (const uint8_t *)"staple", 6));
    rp_request_unref(held);
    link_close();
}
END_TEST

/* With several certificates nobody knows yet which one it will be. */
START_TEST(staple_is_that_of_the_certificate_which_is_shown)
{
    static const struct {
        const char *ciphers, *sigalgs, *answer;
    } rows[] = {
        {"ECDHE-RSA-AES128-GCM-SHA256", NULL, "RSA"},
        {"ECDHE-ECDSA-AES128-GCM-SHA256", NULL, "EC"},
        {NULL, "RSA-PSS+SHA256", "RSA"},
        {NULL, "ECDSA+SHA256", "EC"},
        {NULL, "RSA-PSS+SHA256:ECDSA+SHA256", "RSA"},
    };
    struct cert rsa =
        cert_make((struct cert_request){.cn = "a.example", .alt = "DNS:a.example", .rsa = true});
    struct rp_pem certs[2], keys[2] = {{.bytes = rsa.key_pem}};

    manner = BY_KEY;
    link_prepare();
    certs[0] = (struct rp_pem){.bytes = rsa.pem};
    certs[1] = linked.cert;
    keys[1] = linked.key;
    linked.server_tls.cert = linked.client_tls.ca = certs;
    linked.server_tls.key = keys;
    linked.server_tls.cert_count = linked.server_tls.key_count = linked.client_tls.ca_count = 2;
    linked.client_tls.max_version = versions[rows[_i].ciphers == NULL];
    linked.client_tls.ciphers = rows[_i].ciphers;
    linked.client_tls.sigalgs = linked.server_tls.sigalgs = rows[_i].sigalgs;
    linked.options.request_ocsp = true;
    begin();
    link_run(link_is_open);
    ck_assert_msg(linked.connected, "%s", linked.client_error.message);
    ck_assert_str_eq(answer, rows[_i].answer);
    ck_assert_uint_eq(questions, 2);
    link_close();
    cert_free(&rsa);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_staple");
    TCase *tc = tcase_create("staple");

    tcase_add_loop_test(tc, staple_arrives_before_secure_connect, 0, 4);
    tcase_add_loop_test(tc, no_staple_is_told_once, 0, 4);
    tcase_add_loop_test(tc, who_does_not_ask_is_not_asked_for, 0, 2);
    tcase_add_loop_test(tc, refusal_is_the_servers_error, 0, 2);
    tcase_add_loop_test(tc, staple_is_that_of_the_certificate_which_is_shown, 0, 5);
    tcase_add_loop_test(tc, answer_after_the_socket_has_no_effect, 0, 2);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
