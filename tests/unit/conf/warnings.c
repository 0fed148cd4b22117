/* SPDX-License-Identifier: MIT
 *
 * warnings.c - configurations that are valid and probably not intended. */
#include "tests/unit/conf/texts.h"

/* Only those that contain `about` count; NULL: all. */
static void warnings_of(const char *options, char *about)
{
    char *text = with_frontend(options);
    struct conf *conf = parse(text);

    warnings = 0;
    memset(&warned, 0, sizeof warned);
    conf_warnings(conf, CONF_NO_LOOKUP, on_warning, about);
    conf_free(conf);
    free(text);
}

/* Each option that may have no effect: where it has none, and where it has one. */
#define STORE          "store = \"redis://h\"  "
#define CA             "reject-unauthorized = off  ca = \"ca.pem\"  "
#define ASKED          "request-cert = on  "
#define HOST           "host \"a\" { "
#define FILE_OF(block) "} " block " { "
static const struct {
    const char *option, *idle, *effective;
} effects[] = {
    {"access", FILE_OF("log") "level = warn  access = on", FILE_OF("log") "access = on"},
    {"access", FILE_OF("log") "level = error  access = yes",
     FILE_OF("log") "level = error  access = off"},
    {"hosts", FILE_OF("admin") "hosts = \"a\"",
     FILE_OF("admin") "listen = \"127.0.0.1:1\"  hosts = \"a\""},
    {"l1", FILE_OF("cache") "l1 = \"lmdb:near\"", FILE_OF("cache") STORE "l1 = \"lmdb:near\""},
    {"l1", FILE_OF("cache") "store = \"lmdb:s\"  l1 = \"lmdb:near\"", FILE_OF("cache") "l1 = \"\""},
    {"lookup-timeout", FILE_OF("cache") "lookup-timeout = 1s",
     FILE_OF("cache") STORE "lookup-timeout = 1s"},
    {"tickets", "tickets = on } cache { tickets = off", FILE_OF("cache") "tickets = off"},
    {"single-use", FILE_OF("cache") "single-use = on",
     FILE_OF("cache") "single-use = on  tickets = off"},
    {"single-use", "max-version = TLSv1.2 } cache { tickets = off  single-use = on",
     "tickets = off } cache { single-use = on"},
    {"tickets-per-connection", "max-version = TLSv1.2 } cache { tickets-per-connection = 2",
     FILE_OF("cache") "tickets-per-connection = 2"},
    {"key-lifetime", FILE_OF("cache") "key-lifetime = 12h  ticket-keys = \"k\"",
     FILE_OF("cache") "key-lifetime = 12h"},
    {"key-lifetime", FILE_OF("cache") "key-lifetime = 1h  tickets = off",
     "tickets = on } cache { key-lifetime = 1h  tickets = off"},
    {"ticket-keys", "tickets = off } cache { ticket-keys = \"k\"",
     FILE_OF("cache") "ticket-keys = \"k\""},
    {"ocsp", FILE_OF("certificate \"s\"") "cert = \"s\"  key = \"s\"  ocsp = \"staple\"",
     FILE_OF("certificate \"s\"") "cert = \"s\"  key = \"s\"  ocsp = off"},
    {"ocsp", FILE_OF("certificate \"s\"") "cert = \"s\"  key = \"s\"  ocsp = auto",
     FILE_OF("certificate \"s\"") "cert = \"s\"  key = \"s\""},
    {"watch", FILE_OF("certificates") "directory = \"d\"  watch = on",
     FILE_OF("certificates") "directory = \"d\"  watch = off"},
    {"watch", FILE_OF("certificates") "watch = on", FILE_OF("certificates") "directory = \"d\""},
    {"watch", FILE_OF("certificates") "watch = off", FILE_OF("certificates")},
    {"reject-unauthorized", "reject-unauthorized = on", ASKED CA},
    {"reject-unauthorized", "reject-unauthorized = off", CA HOST ASKED "}"},
    {"reject-unauthorized", CA HOST ASKED "reject-unauthorized = off }",
     CA HOST ASKED "reject-unauthorized = off } host \"b\" { " ASKED "}"},
    {"ca", CA HOST ASKED "ca = \"b\" }", CA HOST ASKED "}"},
    {"ca-names", "ca-names = off", ASKED CA "ca-names = off"},
    {"ca-names", ASKED "reject-unauthorized = off  ca-names = on", ASKED CA "ca-names = on"},
    {"partial-chain", "partial-chain = on", ASKED CA "partial-chain = on"},
    {"crl", CA "crl = \"c\"  " HOST ASKED "crl = \"b\" }", CA "crl = \"c\"  " HOST ASKED "}"},
    {"reject-unauthorized", HOST "reject-unauthorized = on }",
     ASKED CA HOST "reject-unauthorized = on }"},
    {"ca-names", HOST "ca-names = off }", CA HOST ASKED "ca-names = off }"},
    {"ca-names", HOST ASKED "reject-unauthorized = off  ca-names = on }",
     CA HOST ASKED "ca-names = on }"},
    {"partial-chain", HOST "partial-chain = off }", CA HOST ASKED "partial-chain = on }"},
    {"partial-chain", ASKED CA HOST "request-cert = off  partial-chain = on }",
     ASKED CA HOST "partial-chain = on }"},
    {"alpn-backend", "alpn-protocols = \"h2\"  alpn-backend = \"h2=b\"",
     "alpn-protocols = \"h2\"  alpn-backend = \"h2=d\" } backend \"d\" { address = \"h:1\""},
    {"ciphers", "min-version = TLSv1.3  ciphers = \"ECDHE-RSA-AES128-GCM-SHA256\"",
     "min-version = TLSv1.3  ciphers = \"ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256\""},
    {"ciphers", "min-version = TLSv1.3  ciphers = \"AES128-SHA\"", "ciphers = \"AES128-SHA\""},
    {"max-handshakes", "max-connections = 9  max-handshakes = 9",
     "max-connections = 9  max-handshakes = 8"},
    {"per-source-connections", "max-connections = 9  per-source-connections = 10",
     "max-connections = 9  per-source-connections = 8"},
    {"per-source-connections",
     "} frontend \"u\" { listen = \"unix:/s\"  certificates = \"c\"  backend = \"b\"  "
     "per-source-connections = 1",
     "} frontend \"u\" { listen = {\"unix:/s\", \"*:1\"}  certificates = \"c\"  backend = \"b\"  "
     "per-source-connections = 1"},
};
enum { EFFECTS = sizeof effects / sizeof *effects };

START_TEST(conf_warns_of_options_without_effect)
{
    char about[100], expected[120];

    snprintf(about, sizeof about, ": %s: has no effect ", effects[_i].option);
    snprintf(expected, sizeof expected, "/etc/r/x.conf:5%s", about);
    warnings_of(effects[_i].idle, about);
    ck_assert_msg(warnings == 1, "%u: %s", warnings, effects[_i].idle);
    ck_assert_msg(strncmp(warned.message, expected, strlen(expected)) == 0, "%s", warned.message);
    ck_assert_ptr_nonnull(strchr(warned.message, ';')); /* the remedy */
    warnings_of(effects[_i].effective, about);
    ck_assert_msg(warnings == 0, "%s", warned.message);
}
END_TEST

/* A block that nothing uses, and the same one in use. */
static const struct {
    const char *warning, *idle, *effective;
} unused[] = {
    {"certificate \"s\": no frontend or host uses it; name it in certificates, or remove the block",
     "} certificate \"s\" { cert = \"s\"  key = \"s\"",
     "host \"a\" { certificates = \"s\" } } certificate \"s\" { cert = \"s\"  key = \"s\""},
    {"backend \"d\": no frontend or host uses it; name it in backend, or remove the block",
     "} backend \"d\" { address = \"h:1\"",
     "host \"a\" { backend = \"d\" } } backend \"d\" { address = \"h:1\""},
    {"backend \"d\": no frontend or host uses it; name it in backend, or remove the block",
     "host \"a\" { backend = \"builtin:echo\" } } backend \"d\" { address = \"h:1\"",
     "alpn-protocols = \"h2\"  alpn-backend = \"h2=d\" } backend \"d\" { address = \"h:1\""},
};

START_TEST(conf_warns_of_blocks_that_nothing_uses)
{
    char expected[200];

    snprintf(expected, sizeof expected, "/etc/r/x.conf:5: %s", unused[_i].warning);
    warnings_of(unused[_i].idle, NULL);
    ck_assert_uint_eq(warnings, 1);
    ck_assert_str_eq(warned.message, expected);
    warnings_of(unused[_i].effective, NULL);
    ck_assert_msg(warnings == 0, "%s", warned.message);
}
END_TEST

/* Defaults are not reported, and neither is a configuration without faults. */
START_TEST(conf_of_defaults_has_no_warnings)
{
    static const char *const good[] = {"",
                                       "} cache { " STORE,
                                       "request-cert = on  ca = \"a\"",
                                       "host \"a\" { }",
                                       "max-version = TLSv1.2",
                                       "} certificates { directory = \"d\""};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        warnings_of(good[i], NULL);
        ck_assert_msg(warnings == 0, "%s", warned.message);
    }
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
    warnings_of(proxied[_i].frontend, "list the proxies");
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

    warnings_of(unspoken[_i].options, "alpn-protocols: ");
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
    warnings_of(bypassed[_i].options, "the Host header");
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

static const char *const examples[] = {"conf/demo.conf",
                                       "conf/reprise.conf",
                                       "contrib/debian/reprise.conf",
                                       "conf/examples/hosts.conf",
                                       "conf/examples/mutual-tls.conf",
                                       "conf/examples/behind-a-balancer.conf",
                                       "conf/examples/two-hosts.conf"};

START_TEST(conf_examples_have_no_warnings)
{
    struct rp_error error = {0};
    struct conf *conf;

    setenv("HOST", "1", 1);
    conf = conf_load(examples[_i], &error);
    ck_assert_msg(conf != NULL, "%s", error.message);
    warnings = 0;
    conf_warnings(conf, CONF_NO_LOOKUP, on_warning, NULL);
    ck_assert_msg(warnings == 0, "%s", warned.message);
    conf_free(conf);
}
END_TEST

/* The text between two lines of a document. */
static const struct {
    const char *file, *begin, *end;
} documents[] = {
    {"README.md", "```\nworkers ", "```\n"},
    {"conf/reprise.conf.5", ".Sh EXAMPLES\n.Bd -literal\n", ".Ed\n"},
};

START_TEST(conf_examples_of_documents_have_no_warnings)
{
    enum { DOCUMENT_MAX = 1 << 17 };
    char *text = calloc(1, DOCUMENT_MAX), *from, *end;
    FILE *file = fopen(documents[_i].file, "r");
    struct conf *conf;

    ck_assert(text != NULL && file != NULL);
    ck_assert_uint_gt(fread(text, 1, DOCUMENT_MAX - 1, file), 0);
    fclose(file);
    from = strstr(text, documents[_i].begin);
    ck_assert_ptr_nonnull(from);
    from = strchr(from, '\n') + 1;
    from += *from == '.' ? strcspn(from, "\n") : 0;
    end = strstr(from, documents[_i].end);
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    conf = parse(from);
    warnings = 0;
    conf_warnings(conf, CONF_NO_LOOKUP, on_warning, NULL);
    ck_assert_msg(warnings == 0, "%s", warned.message);
    conf_free(conf);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("warnings");
    TCase *core = tcase_create("core");

    tcase_add_loop_test(core, conf_warns_of_options_without_effect, 0, EFFECTS);
    tcase_add_loop_test(core, conf_warns_of_blocks_that_nothing_uses, 0,
                        sizeof unused / sizeof *unused);
    tcase_add_test(core, conf_of_defaults_has_no_warnings);
    tcase_add_loop_test(core, conf_warns_of_proxies_that_nobody_listed, 0, PROXIED);
    tcase_add_loop_test(core, conf_warns_of_client_certificates_that_can_be_bypassed, 0, BYPASSED);
    tcase_add_loop_test(core, conf_warns_of_protocols_that_a_host_does_not_speak, 0,
                        sizeof unspoken / sizeof *unspoken);
    tcase_add_loop_test(core, conf_examples_have_no_warnings, 0,
                        sizeof examples / sizeof *examples);
    tcase_add_loop_test(core, conf_examples_of_documents_have_no_warnings, 0,
                        sizeof documents / sizeof *documents);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
