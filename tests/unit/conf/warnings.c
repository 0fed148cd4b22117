/* SPDX-License-Identifier: MIT
 *
 * warnings.c - configurations that are valid and probably not intended. */
#include "tests/unit/conf/texts.h"

static void warnings_of(const char *options)
{
    char *text = with_frontend(options);
    struct conf *conf = parse(text);

    warnings = 0;
    memset(&warned, 0, sizeof warned);
    conf_warnings(conf, CONF_NO_LOOKUP, on_warning, NULL);
    conf_free(conf);
    free(text);
}

START_TEST(conf_tells_what_has_no_effect)
{
    warnings_of("} certificate \"s\" { cert = \"s\" key = \"s\" ocsp = \"staple\"");
    ck_assert_uint_eq(warnings, 1);
    ck_assert_ptr_nonnull(strstr(warned.message, "ocsp: has no effect in this version"));
}
END_TEST

/* Whether there is a warning of somebody who may claim anything, and how many there are. */
static const struct {
    const char *frontend;
    unsigned warnings;
} proxied[] = {
    {"proxy-protocol = on  proxy-from = \"10.0.0.0/8\"", 0},
    {"proxy-protocol = on", 1},
    {"proxy-protocol = v1", 1},
    {"proxy-protocol = v2", 1},
    {"proxy-protocol = v2 } frontend \"g\" { listen = \"[::]:8443\"  certificates = \"c\"  "
     "backend = \"b\"  proxy-protocol = on",
     2},
    {"} frontend \"g\" { listen = {\"unix:/x\", \"127.0.0.2:1\", \"[::1]:2\", \"localhost:3\"}  "
     "certificates = \"c\"  backend = \"b\"  proxy-protocol = on",
     0},
    {"} frontend \"g\" { listen = {\"unix:/x\", \"10.0.0.1:1\"}  certificates = \"c\"  "
     "backend = \"b\"  proxy-protocol = on",
     1},
    {"} frontend \"g\" { listen = \"fd:3\"  certificates = \"c\"  backend = \"b\"  "
     "proxy-protocol = on",
     1},
};
enum { PROXIED = sizeof proxied / sizeof *proxied };

START_TEST(conf_warns_of_proxies_that_nobody_listed)
{
    warnings_of(proxied[_i].frontend);
    ck_assert_uint_eq(warnings, proxied[_i].warnings);
    if (warnings > 0)
        ck_assert_ptr_nonnull(strstr(warned.message, "list the proxies in proxy-from"));
    if (_i == 1)
        ck_assert_str_eq(warned.message,
                         "/etc/r/x.conf:4: proxy-protocol: anyone who can connect to frontend "
                         "\"f\" can claim any client address; list the proxies in proxy-from");
}
END_TEST

/* A frontend that sends h2 to a backend of its own. */
#define H2 "alpn-protocols = {\"h2\", \"http/1.1\"}  alpn-backend = \"h2=d\"  "
#define D2 "} backend \"d\" { address = \"h:1\" } backend \"e\" { address = \"h:2\""
static const struct {
    const char *options, *protocol; /* NULL: no warning */
} unspoken[] = {
    {H2 "host \"a\" { backend = \"e\" } " D2, "h2"},
    {H2 "host \"a\" { backend = \"b\" } " D2, "h2"},
    {H2 "host \"a\" { backend = \"d\" } " D2, "http/1.1"},
    {H2 "host \"a\" { backend = \"e\"  alpn-protocols = \"http/1.1\" } " D2, NULL},
    {H2 "host \"a\" { request-cert = off } " D2, NULL},
    {"alpn-protocols = {\"h2\", \"http/1.1\"}  host \"a\" { backend = \"e\" } " D2, NULL},
};

START_TEST(conf_warns_of_protocols_that_a_host_does_not_speak)
{
    char expected[200];

    warnings_of(unspoken[_i].options);
    ck_assert_uint_eq(warnings, unspoken[_i].protocol != NULL);
    if (unspoken[_i].protocol == NULL)
        return;
    snprintf(
        expected, sizeof expected,
        "/etc/r/x.conf:5: alpn-protocols: clients of host \"a\" can select %s, which its backend",
        unspoken[_i].protocol);
    ck_assert_msg(strstr(warned.message, expected) != NULL, "%s", warned.message);
}
END_TEST

/* In the frontend of `with_frontend`, and behind it. */
#define STRICT "request-cert = on  ca = \"ca.pem\""
#define MORE   "frontend \"g\" { listen = \"*:8443\"  certificates = \"c\"  backend = "
#define SPELLED(address)                                                                           \
    {                                                                                              \
        "host \"api\" { " STRICT "  backend = \"d\" } } backend \"d\" { address = \"" address      \
        "\"",                                                                                      \
            1                                                                                      \
    }
static const struct {
    const char *options;
    unsigned warnings;
} bypassed[] = {
    {"host \"api\" { " STRICT " }", 1},
    {"host \"api\" { reject-unauthorized = off  " STRICT " }", 1},
    {"host \"api\" { " STRICT "  backend = \"b\" }", 1},
    {"host \"*.api\" { " STRICT " }  host \"b\" { " STRICT " }", 2},
    {STRICT "  host \"www\" { request-cert = off }", 1},
    {STRICT "  host \"www\" { reject-unauthorized = off }", 1},
    {STRICT "  host \"www\" { ca = \"other.pem\" }", 2},
    {STRICT "  host \"www\" { crl = \"crl.pem\" }", 2},
    {STRICT " } " MORE "\"b\"", 1},
    {"host \"api\" { " STRICT "  backend = \"d\" } } backend \"d\" { address = {\"h:1\", "
     "\"127.0.0.1:1\"}",
     1}, /* another block, the same server */
    SPELLED("localhost:1"),
    SPELLED("LocalHost.:1"),
    SPELLED("x.localhost:1"),
    SPELLED("[::1]:1"),
    SPELLED("[0:0:0:0:0:0:0:1]:01"),
    SPELLED("[::ffff:127.0.0.1]:1"),
    SPELLED("127.0.0.1:0001"),
    SPELLED("127.1:1"),
    SPELLED("0.0.0.0:1"),
    SPELLED("[::]:1"),
    {"host \"api\" { " STRICT "  backend = \"d\" } } backend \"d\" { address = \"127.0.0.1:2\"", 0},
    {"host \"api\" { " STRICT "  backend = \"d\" } } backend \"d\" { address = \"127.0.0.2:1\"", 0},
    {"host \"api\" { " STRICT "  backend = \"d\" }  host \"www\" { backend = \"e\" } } "
     "backend \"d\" { address = \"App.example.:1\" } backend \"e\" { address = \"app.EXAMPLE:1\"",
     1},
    {"host \"api\" { " STRICT "  backend = \"d\" }  host \"www\" { backend = \"e\" } } "
     "backend \"d\" { address = \"unix:/tmp//x.sock\" } backend \"e\" { address = "
     "\"unix:/tmp/../tmp/x.sock\"",
     1},
    {"host \"api\" { " STRICT "  backend = \"d\" }  host \"www\" { backend = \"e\" } } "
     "backend \"d\" { address = \"[2001:db8::1]:1\" } backend \"e\" { address = "
     "\"[2001:DB8:0::1]:1\"",
     1},
    {"alpn-protocols = \"h2\"  alpn-backend = \"h2=d\"  host \"api\" { " STRICT
     "  backend = \"d\" } } backend \"d\" { address = \"h:1\"",
     1},
    /* nothing to get around, or nothing that the backend could not see */
    {"", 0},
    {STRICT, 0},
    {STRICT "  host \"www\" { backend = \"b\" }", 0},
    {STRICT " } " MORE "\"b\"  " STRICT, 0},
    {"host \"api\" { " STRICT "  backend = \"d\" } } backend \"d\" { address = \"h:1\"", 0},
    {"host \"api\" { " STRICT "  backend = \"builtin:echo\" }  host \"e\" { backend = "
     "\"builtin:echo\" }",
     0},
    {"} backend \"v\" { address = \"h:1\"  proxy-protocol = v2 } " MORE
     "\"v\"  host \"api\" { " STRICT " }",
     0},
    {"} backend \"v\" { address = \"h:1\"  proxy-protocol = v1 } " MORE
     "\"v\"  host \"api\" { " STRICT " }",
     1},
};
enum { BYPASSED = sizeof bypassed / sizeof *bypassed };

START_TEST(conf_warns_of_client_certificates_that_can_be_bypassed)
{
    warnings_of(bypassed[_i].options);
    ck_assert_msg(warnings == bypassed[_i].warnings, "%u: %s", warnings, bypassed[_i].options);
    if (warnings > 0)
        ck_assert_ptr_nonnull(strstr(warned.message, "the Host header can bypass"));
    if (_i == 0)
        ck_assert_str_eq(warned.message,
                         "/etc/r/x.conf:5: request-cert: the Host header can bypass host \"api\": "
                         "frontend \"f\" has the same backend \"b\"; use another, or "
                         "proxy-protocol = v2 and check AUTHORITY");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("warnings");
    TCase *core = tcase_create("core");

    tcase_add_test(core, conf_tells_what_has_no_effect);
    tcase_add_loop_test(core, conf_warns_of_proxies_that_nobody_listed, 0, PROXIED);
    tcase_add_loop_test(core, conf_warns_of_client_certificates_that_can_be_bypassed, 0, BYPASSED);
    tcase_add_loop_test(core, conf_warns_of_protocols_that_a_host_does_not_speak, 0,
                        sizeof unspoken / sizeof *unspoken);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
