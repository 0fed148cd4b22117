/* SPDX-License-Identifier: MIT
 *
 * identity.c - every row that node's checkServerIdentity was asked. */
#include "lib/x509/identity.h"
#include "tests/unit/goldens.h"
#include "tests/unit/unit.h"

#include <reprise/socket.h>
#include <reprise/x509.h>

static json_t *rows;

static void setup(void)
{
    rows = golden_json("checkServerIdentity.json");
}

static void teardown(void)
{
    json_decref(rows);
}

static bool check_object(const char *host, const json_t *cert, struct rp_error *err)
{
    json_t *cn = json_object_get(json_object_get(cert, "subject"), "CN");
    struct rp_identity_name names[16];
    struct rp_identity id = {names, 0, golden_string(cert, "subjectaltname")};
    size_t count = json_is_array(cn) ? json_array_size(cn) : json_is_string(cn);

    ck_assert_uint_le(count, 16);
    for (; id.cn_count < count; id.cn_count++) {
        json_t *name = json_is_array(cn) ? json_array_get(cn, id.cn_count) : cn;

        names[id.cn_count] =
            (struct rp_identity_name){json_string_value(name), json_string_length(name)};
    }
    return rp_identity_check(host, &id, err);
}

static bool check_file(const char *host, const char *name, struct rp_error *err)
{
    size_t len;
    char *pem = golden_cert(name, &len);
    struct rp_x509 *cert = rp_x509_parse(pem, len, NULL);
    bool ok;

    ck_assert_ptr_nonnull(cert);
    ok = rp_check_server_identity(host, cert, err);
    rp_x509_unref(cert);
    free(pem);
    return ok;
}

START_TEST(identity_is_judged_as_node_judges_it)
{
    json_t *row = json_array_get(rows, (size_t)_i), *cert = json_object_get(row, "cert");
    json_t *expected = json_object_get(row, "result");
    const char *host = json_string_value(json_object_get(row, "host"));
    struct rp_error err = {0};
    bool ok;

    if (row == NULL)
        return; /* the loop is longer than the table */
    if (strcmp(host, "$undefined") == 0)
        host = "undefined"; /* node makes it a text */
    ok = json_is_string(cert) ? check_file(host, json_string_value(cert) + strlen("file:"), &err)
                              : check_object(host, cert, &err);
    ck_assert_msg(ok == json_is_null(expected), "row %d: %s: %s", _i, host, err.message);
    if (ok)
        return;
    ck_assert_str_eq(err.code, golden_string(expected, "code"));
    /* Ours are cut where node's go on. */
    ck_assert_msg(strncmp(err.message, golden_string(expected, "message"), strlen(err.message)) ==
                      0,
                  "%s", err.message);
    ck_assert_msg(strncmp(err.reason, golden_string(expected, "reason"), strlen(err.reason)) == 0,
                  "%s", err.reason);
}
END_TEST

START_TEST(alternative_names_that_cannot_be_read_refuse_the_certificate)
{
    static const char *const malformed[] = {
        "DNS:\"a.com", "DNS:\"a\\x.com\"",      "DNS:\"\\u00\"", "DNS:\"\\u00zz\"",
        "DNS:\"\\",    "DNS:a.com, URI:\"\n\"", "DNS:\"\\\"",    "\""};
    struct rp_error err = {0};

    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        struct rp_identity id = {NULL, 0, malformed[i]};

        ck_assert_msg(!rp_identity_check("a.com", &id, &err), "%s", malformed[i]);
        ck_assert_str_eq(err.code, "ERR_TLS_CERT_ALTNAME_FORMAT");
    }
}
END_TEST

START_TEST(name_with_nul_is_not_cut_at_it)
{
    struct rp_identity_name cn = {"a.com\0.evil.com", 15};
    struct rp_identity by_cn = {&cn, 1, NULL}, by_alt = {NULL, 0, "DNS:\"a.com\\u0000.evil.com\""};

    ck_assert(!rp_identity_check("a.com", &by_cn, NULL));
    ck_assert(!rp_identity_check("a.com", &by_alt, NULL));
}
END_TEST

/* As node's net.isIP has it: a zone is for IPv6 only, and of some characters. */
START_TEST(zone_of_an_address_says_nothing_of_who_is_there)
{
    static const struct {
        const char *host;
        bool matches;
    } hosts[] = {
        {"fe80::1", true},       {"fe80::1%eth0", true}, {"fe80::1%25a-b.c:d", true},
        {"fe80::1%", false},     {"fe80::1%a b", false}, {"fe80::2%eth0", false},
        {"1.2.3.4%eth0", false}, {"%eth0", false},       {"%", false},
    };
    struct rp_identity id = {NULL, 0, "IP Address:FE80:0:0:0:0:0:0:1, IP Address:1.2.3.4"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        ck_assert_msg(rp_identity_check(hosts[i].host, &id, NULL) == hosts[i].matches, "%s",
                      hosts[i].host);
}
END_TEST

/* CVE-2026-48618: a resolver may take U+3002, U+FF0E and U+FF61 for dots; node 20 does not know. */
START_TEST(wildcard_is_for_one_label_in_every_script)
{
    static const struct {
        const char *host;
        bool matches;
    } hosts[] = {
        {"a.b.example", true},
        {"\xc3\xa4.b.example", true},
        {"a\xe3\x80\x82x.b.example", false},
        {"a\xef\xbc\x8ex.b.example", false},
        {"a\xef\xbd\xa1x.b.example", false},
        {"\xe3\x80\x82.b.example", false},
        {"a.b\xe3\x80\x82"
         "example",
         false},
        {"a\xe3\x80\x82"
         "b.example",
         false},
    };
    struct rp_identity id = {NULL, 0, "DNS:*.b.example"};

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        ck_assert_msg(rp_identity_check(hosts[i].host, &id, NULL) == hosts[i].matches, "%s",
                      hosts[i].host);
}
END_TEST

START_TEST(certificate_writes_no_line_of_its_own)
{
    static const char cn[] = "x\x1b[2J\ncertificate accepted";
    struct rp_identity id = {&(struct rp_identity_name){cn, sizeof cn - 1}, 1, NULL};
    struct rp_error err = {0};

    ck_assert(!rp_identity_check("a.com", &id, &err));
    ck_assert_str_eq(err.reason, "Host: a.com. is not cert's CN: x?[2J?certificate accepted");
    ck_assert_ptr_null(strpbrk(err.message, "\x1b\n"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("identity");
    TCase *t = tcase_create("identity");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, identity_is_judged_as_node_judges_it, 0, 140);
    tcase_add_test(t, alternative_names_that_cannot_be_read_refuse_the_certificate);
    tcase_add_test(t, zone_of_an_address_says_nothing_of_who_is_there);
    tcase_add_test(t, wildcard_is_for_one_label_in_every_script);
    tcase_add_test(t, certificate_writes_no_line_of_its_own);
    tcase_add_test(t, name_with_nul_is_not_cut_at_it);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
