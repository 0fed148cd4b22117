/* SPDX-License-Identifier: MIT
 *
 * plan.c - from server names to certificates, policies and backends; and what is wrong with a
 * certificate, said with its location. */
#include "worker/plan/plan.h"
#include "tests/unit/certs.h"
#include "tests/unit/unit.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64];
static struct cert ca, www_ec, www_rsa, api, wild, other;
static struct conf conf;
static struct conf_certificate blocks[8];
static struct conf_backend backends[4];
static struct conf_frontend frontend;
static struct conf_host hosts[4];
static const struct conf_certificate *listed[8];
static struct plan *frontends;
static struct rp_error err;
static char paths[64][128];
static size_t path_count;

static void make_certs(void)
{
    ca = cert_make((struct cert_request){.cn = "Test CA", .ca = true});
    www_ec = cert_make((struct cert_request){
        .cn = "www.example", .issuer = &ca, .alt = "DNS:www.example,DNS:example"});
    www_rsa = cert_make((struct cert_request){
        .cn = "www.example", .issuer = &ca, .rsa = true, .alt = "DNS:www.example,DNS:rsa.example"});
    api = cert_make((struct cert_request){.cn = "x", .issuer = &ca, .alt = "DNS:api.example"});
    wild = cert_make((struct cert_request){
        .cn = "x", .issuer = &ca, .rsa = true, .alt = "DNS:*.example,DNS:wild.test"});
    other = cert_make((struct cert_request){.cn = "Some CA name", .issuer = &ca});
}

static void free_certs(void)
{
    struct cert *all[] = {&ca, &www_ec, &www_rsa, &api, &wild, &other};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cert_free(all[i]);
}

/* A file in the directory; its path, which is kept until the test is over. */
static char *file(const char *name, const char *first, const char *second)
{
    char *path = paths[path_count++];
    FILE *f;

    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s%s", first, second != NULL ? second : "");
    fclose(f);
    return path;
}

static void block(size_t at, const char *name, const struct cert *c)
{
    char cert[32], key[32];

    snprintf(cert, sizeof cert, "%s.cert", name);
    snprintf(key, sizeof key, "%s.secret", name);
    blocks[at] = (struct conf_certificate){.location = {"test.conf", 10 + (unsigned)at},
                                           .name = (char *)(uintptr_t)name,
                                           .cert = file(cert, c->pem, NULL),
                                           .key = file(key, c->key_pem, NULL)};
    listed[at] = &blocks[at];
    conf.certificate_count = at + 1;
    frontend.tls.certificate_count = at + 1;
}

static void host(size_t at, const char *name)
{
    hosts[at] = (struct conf_host){
        .name = (char *)(uintptr_t)name,
        .tls = {.location = {"test.conf", 40 + (unsigned)at}, .reject_unauthorized = true}};
    frontend.host_count = at + 1;
}

static void setup(void)
{
    path_count = 0;
    snprintf(directory, sizeof directory, "/tmp/reprise-frontends-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    backends[0] = (struct conf_backend){.name = "builtin:echo", .kind = CONF_BACKEND_ECHO};
    backends[1] = (struct conf_backend){.name = "builtin:status", .kind = CONF_BACKEND_STATUS};
    backends[2] = (struct conf_backend){.name = "second", .kind = CONF_BACKEND_ECHO};
    frontend = (struct conf_frontend){
        .name = "www",
        .tls = {.location = {"test.conf", 30},
                .certificates = listed,
                .backend = &backends[0],
                .reject_unauthorized = true},
        .hosts = hosts,
        .honor_cipher_order = true,
        .tickets = true,
    };
    conf = (struct conf){.workers = 2,
                         .cache = {.session_timeout_s = 300},
                         .certificates = blocks,
                         .backends = backends,
                         .backend_count = 3,
                         .frontends = &frontend,
                         .frontend_count = 1,
                         .directory = {.location = {"test.conf", 20}}};
    frontends = NULL;
    memset(&err, 0, sizeof err);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void teardown(void)
{
    plan_free(frontends);
    nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void build(void)
{
    frontends = plan_new(&conf, NULL, &err);
    ck_assert_msg(frontends != NULL, "%s", err.message);
}

static struct rp_secure_context *context_for(const char *name)
{
    struct rp_secure_context *context = NULL;
    const struct site *site;

    ck_assert(plan_choose(&frontends->plans[0], name, &site, &context));
    return context;
}

static const struct site *site_for(const char *name)
{
    struct rp_secure_context *context;
    const struct site *site;

    ck_assert(plan_choose(&frontends->plans[0], name, &site, &context));
    return site;
}

/* The key types of a context, as "rsa ec". */
static const char *types_for(const char *name)
{
    static char text[64];
    struct rp_secure_context *context = context_for(name);
    const char *type;

    text[0] = '\0';
    for (size_t i = 0; (type = rp_secure_context_key_type(context, i)) != NULL; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "", type);
    return text;
}

static bool has_name(const char *servername, const char *name)
{
    struct rp_secure_context *context = context_for(servername);
    const char *found;

    for (size_t i = 0; (found = rp_secure_context_name(context, i)) != NULL; i++)
        if (strcmp(found, name) == 0)
            return true;
    return false;
}

START_TEST(frontends_first_certificate_serves_unknown_names)
{
    block(0, "www", &www_ec);
    block(1, "api", &api);
    build();
    ck_assert(has_name("api.example", "api.example"));
    ck_assert(has_name("www.example", "www.example"));
    ck_assert_ptr_eq(context_for("unknown.test"), context_for("www.example"));
    ck_assert_ptr_eq(context_for(NULL), context_for("WWW.example."));
    ck_assert(plan_knows(&frontends->plans[0], "api.example"));
    ck_assert(!plan_knows(&frontends->plans[0], "unknown.test"));
    ck_assert_str_eq(frontends->plans[0].canonical, "www.example");
}
END_TEST

START_TEST(frontends_key_types_of_one_name_stand_side_by_side)
{
    block(0, "ec", &www_ec);
    block(1, "rsa", &www_rsa);
    block(2, "api", &api);
    build();
    ck_assert_str_eq(types_for("www.example"), "rsa ec");
    ck_assert_str_eq(types_for("example"), "ec");
    ck_assert_str_eq(types_for("rsa.example"), "rsa");
    ck_assert_str_eq(types_for("api.example"), "ec");
    ck_assert_str_eq(types_for(NULL), "rsa ec");
}
END_TEST

START_TEST(frontends_wildcard_lends_the_key_type_that_an_exact_name_lacks)
{
    block(0, "api", &api);
    block(1, "wild", &wild);
    build();
    ck_assert_str_eq(types_for("api.example"), "rsa ec");
    ck_assert_str_eq(types_for("any.example"), "rsa");
    ck_assert(!plan_knows(&frontends->plans[0], "a.b.example")); /* no star is that deep */
}
END_TEST

START_TEST(frontends_first_of_two_certificates_of_a_type_wins)
{
    struct cert again = cert_make((struct cert_request){
        .cn = "x", .issuer = &ca, .alt = "DNS:api.example,DNS:again.example"});

    block(0, "api", &api);
    block(1, "again", &again);
    build();
    ck_assert(!has_name("api.example", "again.example"));
    ck_assert(has_name("again.example", "again.example"));
    cert_free(&again);
}
END_TEST

START_TEST(frontends_contexts_are_shared_by_names)
{
    block(0, "www", &www_ec);
    build();
    ck_assert_ptr_eq(context_for("www.example"), context_for("example"));
}
END_TEST

START_TEST(frontends_certificate_without_a_host_name_serves_by_default)
{
    block(0, "other", &other);
    build();
    ck_assert_ptr_nonnull(context_for("whatever.example"));
    ck_assert_str_eq(frontends->plans[0].canonical, "");
}
END_TEST

START_TEST(frontends_strict_sni_refuses_unknown_and_absent_names)
{
    struct rp_secure_context *context;
    const struct site *site;

    block(0, "www", &www_ec);
    host(0, "only-here.test");
    frontend.strict_sni = true;
    build();
    ck_assert(plan_choose(&frontends->plans[0], "www.example", &site, &context));
    ck_assert(plan_choose(&frontends->plans[0], "only-here.test", &site, &context));
    ck_assert(!plan_choose(&frontends->plans[0], "unknown.test", &site, &context));
    ck_assert(!plan_choose(&frontends->plans[0], NULL, &site, &context));
    ck_assert(!plan_choose(&frontends->plans[0], "", &site, &context));
}
END_TEST

START_TEST(frontends_host_has_certificates_policy_and_backend_of_its_own)
{
    block(0, "www", &www_ec);
    block(1, "api", &api);
    frontend.tls.certificate_count = 1;
    host(0, "api.example");
    hosts[0].tls.certificates = &listed[1];
    hosts[0].tls.certificate_count = 1;
    hosts[0].tls.backend = &backends[2];
    build();
    ck_assert(has_name("api.example", "api.example"));
    ck_assert_ptr_eq(site_for("API.example")->tls, &hosts[0].tls);
    ck_assert_ptr_eq(site_for("www.example")->tls, &frontend.tls);
    ck_assert_ptr_eq(plan_route(&frontends->plans[0], site_for("api.example"), NULL)->conf,
                     &backends[2]);
    ck_assert_ptr_eq(plan_route(&frontends->plans[0], site_for("www.example"), NULL)->conf,
                     &backends[0]);
}
END_TEST

/* A wildcard host's policy holds for a name that a certificate has exactly. */
START_TEST(frontends_host_policy_comes_before_exact_certificate_names)
{
    block(0, "www", &www_ec);
    block(1, "api", &api);
    block(2, "wild", &wild);
    host(0, "*.example");
    hosts[0].tls.request_cert = true;
    hosts[0].tls.ca = file("ca.pem", ca.pem, NULL);
    build();
    ck_assert_ptr_eq(site_for("api.example")->tls, &hosts[0].tls);
    ck_assert(has_name("api.example", "api.example"));
    ck_assert_str_eq(types_for("api.example"), "rsa ec");
    ck_assert_str_eq(types_for("any.example"), "rsa");
    ck_assert_ptr_eq(site_for("wild.test")->tls, &frontend.tls);
    ck_assert_ptr_eq(site_for("example")->tls, &frontend.tls);
    ck_assert_ptr_ne(context_for("api.example"), context_for("wild.test"));
}
END_TEST

START_TEST(frontends_exact_host_comes_before_wildcard_host)
{
    block(0, "wild", &wild);
    host(0, "*.example");
    host(1, "api.example");
    build();
    ck_assert_ptr_eq(site_for("api.example")->tls, &hosts[1].tls);
    ck_assert_ptr_eq(site_for("b.example")->tls, &hosts[0].tls);
    /* equal policy, equal certificates: one context */
    ck_assert_ptr_eq(context_for("api.example"), context_for("b.example"));
}
END_TEST

START_TEST(frontends_route_by_protocol_unless_the_host_says)
{
    static char *protocols[] = {"h2", "http/1.1"};
    static struct conf_alpn_backend routes[] = {{"h2", &backends[2]}};
    const struct frontend_plan *plan;

    block(0, "www", &www_ec);
    frontend.tls.alpn_protocols = (struct conf_strings){protocols, 2};
    frontend.alpn_backends = routes;
    frontend.alpn_backend_count = 1;
    host(0, "status.example");
    hosts[0].tls.backend = &backends[0];
    host(1, "plain.example");
    build();
    plan = &frontends->plans[0];
    ck_assert_ptr_eq(plan_route(plan, site_for("www.example"), "h2")->conf, &backends[2]);
    ck_assert_ptr_eq(plan_route(plan, site_for("www.example"), NULL)->conf, &backends[0]);
    ck_assert_ptr_eq(plan_route(plan, site_for("www.example"), "http/1.1")->conf, &backends[0]);
    ck_assert_ptr_eq(plan_route(plan, site_for("status.example"), "h2")->conf, &backends[0]);
    ck_assert_ptr_eq(plan_route(plan, site_for("plain.example"), "h2")->conf, &backends[2]);
}
END_TEST

/* -- the directory */

static void use_directory(void)
{
    char *path = paths[path_count++];

    snprintf(path, sizeof paths[0], "%s/certs", directory);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    conf.directory.directory = path;
    frontend.use_certificate_directory = true;
}

START_TEST(frontends_directory_takes_pairs_and_single_files)
{
    use_directory();
    file("certs/b.pem", www_ec.pem, NULL);
    file("certs/b.key", www_ec.key_pem, NULL);
    file("certs/c.crt", www_rsa.pem, NULL);
    file("certs/c.key", www_rsa.key_pem, NULL);
    file("certs/a.pem", api.key_pem, api.pem);
    file("certs/README", "no certificate", NULL);
    file("certs/.hidden.pem", "no certificate", NULL);
    file("certs/lonely.key", "no key", NULL);
    build();
    ck_assert_str_eq(types_for("www.example"), "rsa ec");
    ck_assert(has_name("api.example", "api.example"));
    ck_assert_ptr_eq(context_for(NULL), context_for("api.example")); /* "a.pem" is first */
}
END_TEST

START_TEST(frontends_directory_comes_after_named_certificates)
{
    use_directory();
    block(0, "www", &www_ec);
    file("certs/a.pem", api.pem, api.key_pem);
    build();
    ck_assert(has_name(NULL, "www.example"));
    ck_assert(has_name("api.example", "api.example"));
}
END_TEST

/* -- what is wrong, and where */

static void fails_with(const char *location, const char *text)
{
    frontends = plan_new(&conf, NULL, &err);
    ck_assert_ptr_null(frontends);
    ck_assert_msg(strncmp(err.message, location, strlen(location)) == 0, "%s", err.message);
    ck_assert_msg(strstr(err.message, text) != NULL, "%s", err.message);
}

START_TEST(frontends_missing_file_is_named)
{
    block(0, "www", &www_ec);
    unlink(blocks[0].key);
    fails_with("test.conf:10: ", "www.secret\": No such file");
}
END_TEST

START_TEST(frontends_key_of_another_certificate_is_refused)
{
    block(0, "www", &www_ec);
    block(1, "api", &api);
    blocks[1].key = blocks[0].key;
    fails_with("test.conf:11: ", "the key does not match the certificate");
}
END_TEST

START_TEST(frontends_key_of_another_type_is_refused)
{
    block(0, "www", &www_ec);
    block(1, "rsa", &www_rsa);
    blocks[0].key = blocks[1].key;
    fails_with("test.conf:10: ", "the key does not match the certificate");
}
END_TEST

START_TEST(frontends_unused_block_is_checked)
{
    block(0, "www", &www_ec);
    block(1, "api", &api);
    blocks[1].key = blocks[0].key;
    frontend.tls.certificate_count = 1;
    fails_with("test.conf:11: ", "the key does not match the certificate");
}
END_TEST

START_TEST(frontends_file_without_certificate_or_key_is_refused)
{
    block(0, "www", &www_ec);
    blocks[0].cert = file("noise", "-----BEGIN NOISE-----\n", NULL);
    fails_with("test.conf:10: ", "no certificate in");
    blocks[0].cert = file("good", www_ec.pem, NULL);
    blocks[0].key = blocks[0].cert;
    fails_with("test.conf:10: ", "no private key in");
    blocks[0].key = file("enc", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", NULL);
    fails_with("test.conf:10: ", "encrypted");
    blocks[0].key = directory;
    fails_with("test.conf:10: ", "not a regular file");
}
END_TEST

START_TEST(frontends_damaged_certificate_is_refused)
{
    block(0, "www", &www_ec);
    blocks[0].cert =
        file("bad", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL);
    fails_with("test.conf:10: certificate \"www\": ",
               "/bad\": certificate 1 of 1 is damaged or cut off");
    blocks[0].cert = file("end", www_ec.pem, "-----BEGIN CERTIFICATE-----\nAAAA");
    fails_with("test.conf:10: certificate \"www\": ",
               "/end\": certificate 2 of 2 is damaged or cut off");
}
END_TEST

START_TEST(frontends_frontend_without_certificate_is_refused)
{
    use_directory();
    fails_with("test.conf:30: ", "has no certificate");
    conf.directory.directory = paths[63];
    snprintf(paths[63], sizeof paths[63], "%s/none", directory);
    fails_with("test.conf:20: ", "No such file");
}
END_TEST

START_TEST(frontends_directory_mistakes_are_named)
{
    use_directory();
    file("certs/a.pem", www_ec.pem, NULL);
    fails_with("test.conf:20: ", "no private key");
    file("certs/a.key", www_ec.key_pem, NULL);
    file("certs/a.crt", www_ec.pem, NULL);
    fails_with("test.conf:20: ", "remove one");
    unlink(paths[1]);
    unlink(paths[2]);
    fails_with("test.conf:20: ", "a.key\": No such file");
}
END_TEST

START_TEST(frontends_bad_option_is_named)
{
    block(0, "www", &www_ec);
    frontend.ciphers = "NO-SUCH-CIPHER";
    fails_with("test.conf:30: ", "ciphers \"NO-SUCH-CIPHER\"");
    frontend.ciphers = NULL;
    frontend.ecdh_curve = "P-257";
    fails_with("test.conf:30: ", "ecdh-curve \"P-257\"");
    frontend.ecdh_curve = NULL;
    frontend.sigalgs = "ROT13";
    fails_with("test.conf:30: ", "sigalgs \"ROT13\"");
    frontend.sigalgs = NULL;
    frontend.tls.ca = file("ca", "nothing", NULL);
    fails_with("test.conf:30: ", "no certificate in it");
    frontend.tls.ca =
        file("ca2", ca.pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    fails_with("test.conf:30: ", "certificate 2 of 2 is damaged or cut off");
    frontend.tls.ca = file("ca3", ca.pem, "-----BEGIN CERTIFICATE-----\nMIIB");
    fails_with("test.conf:30: ", "certificate 2 of 2 is damaged or cut off");
    frontend.tls.ca = NULL;
    frontend.tls.crl = file("crl", www_ec.pem, NULL);
    fails_with("test.conf:30: ", "no revocation list");
    frontend.tls.crl =
        file("crl2", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", NULL);
    fails_with("test.conf:30: ", "crl \"");
}
END_TEST

START_TEST(frontends_all_lists_of_a_crl_file_are_taken)
{
    char *one = cert_crl(&ca, NULL), *two = cert_crl(&www_rsa, NULL);

    block(0, "www", &www_ec);
    frontend.tls.request_cert = true;
    frontend.tls.ca = file("ca", ca.pem, NULL);
    frontend.tls.crl = file("crl", one, two);
    build();
    plan_free(frontends);
    two[40] = '!'; /* the second is read, too */
    frontend.tls.crl = file("crl2", one, two);
    fails_with("test.conf:30: ", "crl \"");
    free(one);
    free(two);
}
END_TEST

START_TEST(frontends_http2_to_a_builtin_page_is_refused)
{
    static char *protocols[] = {"h2", "http/1.1"};
    static struct conf_alpn_backend routes[] = {{"h2", &backends[2]}};

    block(0, "www", &www_ec);
    frontend.tls.alpn_protocols = (struct conf_strings){protocols, 2};
    frontend.tls.backend = &backends[1];
    fails_with("test.conf:30: ", "\"h2\" would be routed to builtin:status");
    frontend.alpn_backends = routes;
    frontend.alpn_backend_count = 1;
    build();
    plan_free(frontends);
    host(0, "status.example");
    hosts[0].tls.backend = &backends[1];
    fails_with("test.conf:40: ", "\"h2\" would be routed to builtin:status");
}
END_TEST

START_TEST(frontends_host_twice_or_no_name_is_refused)
{
    block(0, "www", &www_ec);
    host(0, "a.example");
    host(1, "A.example.");
    fails_with("test.conf:41: ", "is given twice");
    host(1, "a..example");
    fails_with("test.conf:41: ", "not a valid host name");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("frontends");
    TCase *t = tcase_create("names"), *e = tcase_create("errors");

    tcase_add_unchecked_fixture(t, make_certs, free_certs);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, frontends_first_certificate_serves_unknown_names);
    tcase_add_test(t, frontends_key_types_of_one_name_stand_side_by_side);
    tcase_add_test(t, frontends_wildcard_lends_the_key_type_that_an_exact_name_lacks);
    tcase_add_test(t, frontends_first_of_two_certificates_of_a_type_wins);
    tcase_add_test(t, frontends_contexts_are_shared_by_names);
    tcase_add_test(t, frontends_certificate_without_a_host_name_serves_by_default);
    tcase_add_test(t, frontends_strict_sni_refuses_unknown_and_absent_names);
    tcase_add_test(t, frontends_host_has_certificates_policy_and_backend_of_its_own);
    tcase_add_test(t, frontends_host_policy_comes_before_exact_certificate_names);
    tcase_add_test(t, frontends_exact_host_comes_before_wildcard_host);
    tcase_add_test(t, frontends_route_by_protocol_unless_the_host_says);
    tcase_add_test(t, frontends_directory_takes_pairs_and_single_files);
    tcase_add_test(t, frontends_directory_comes_after_named_certificates);
    suite_add_tcase(s, t);
    tcase_add_unchecked_fixture(e, make_certs, free_certs);
    tcase_add_checked_fixture(e, setup, teardown);
    tcase_add_test(e, frontends_missing_file_is_named);
    tcase_add_test(e, frontends_key_of_another_certificate_is_refused);
    tcase_add_test(e, frontends_key_of_another_type_is_refused);
    tcase_add_test(e, frontends_unused_block_is_checked);
    tcase_add_test(e, frontends_file_without_certificate_or_key_is_refused);
    tcase_add_test(e, frontends_damaged_certificate_is_refused);
    tcase_add_test(e, frontends_frontend_without_certificate_is_refused);
    tcase_add_test(e, frontends_directory_mistakes_are_named);
    tcase_add_test(e, frontends_bad_option_is_named);
    tcase_add_test(e, frontends_all_lists_of_a_crl_file_are_taken);
    tcase_add_test(e, frontends_http2_to_a_builtin_page_is_refused);
    tcase_add_test(e, frontends_host_twice_or_no_name_is_refused);
    suite_add_tcase(s, e);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
