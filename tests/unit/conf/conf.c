/* SPDX-License-Identifier: MIT
 *
 * conf.c - the configuration language: what it means, its defaults, and the one line that says
 * what is wrong with a text. */
#include "lib/base/text.h"
#include "tests/unit/conf/texts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

START_TEST(conf_has_defaults)
{
    char *text = with_frontend("");
    struct conf *conf = parse(text);
    const struct conf_frontend *f = &conf->frontends[0];

    ck_assert_uint_eq(conf->workers, 0);
    ck_assert_str_eq(conf->state_dir, "/var/lib/reprise");
    ck_assert_str_eq(conf->run_dir, "/run/reprise");
    ck_assert_ptr_null(conf->user);
    ck_assert_ptr_null(conf->secret_file);
    ck_assert_str_eq(conf->log.destination, "stderr");
    ck_assert_int_eq(conf->log.format, CONF_LOG_TEXT);
    ck_assert(!conf->log.access);
    ck_assert_uint_eq(conf->drain_timeout_ms, 0);
    ck_assert_uint_eq(conf->stop_timeout_ms, 30000);
    ck_assert_uint_eq(conf->old_generations, 8);
    ck_assert_str_eq(conf->cache.store, "lmdb:sessions?size=256M");
    ck_assert_str_eq(conf->cache.l1, "lmdb:sessions?size=256M");
    ck_assert_uint_eq(conf->cache.lookup_timeout_ms, 50);
    ck_assert_uint_eq(conf->cache.session_timeout_s, 300);
    ck_assert_uint_eq(conf->cache.tickets_per_connection, 1);
    ck_assert_uint_eq(conf->cache.key_lifetime_ms, 12 * 3600 * 1000);
    ck_assert(conf->cache.tickets && f->tickets);
    ck_assert_str_eq(conf->certificates[0].cert, "/etc/r/c.pem");
    ck_assert_str_eq(conf->certificates[0].key, "/k.key");
    ck_assert_uint_eq(conf->certificates[0].location.line, 1);
    ck_assert_uint_eq(conf->backends[0].connect_timeout_ms, 5000);
    ck_assert_int_eq(conf->backends[0].proxy_protocol, CONF_PROXY_OFF);
    ck_assert_uint_eq(f->tls.location.line, 4);
    ck_assert_uint_eq(f->handshake_timeout_ms, 10000);
    ck_assert_uint_eq(f->idle_timeout_ms, 300000);
    ck_assert(f->honor_cipher_order && f->tls.reject_unauthorized && !f->tls.request_cert);
    ck_assert(!f->strict_sni && f->tls.max_early_data == 0 && f->max_connections == 0);
    ck_assert_uint_eq(f->max_handshakes, 2048);
    ck_assert_str_eq(f->min_version, "TLSv1.2");
    ck_assert_str_eq(f->max_version, "TLSv1.3");
    ck_assert_str_eq(f->ecdh_curve, "auto");
    ck_assert_ptr_null(f->sigalgs);
    ck_assert(!f->use_certificate_directory);
    ck_assert_ptr_eq(f->tls.backend, &conf->backends[0]);
    ck_assert_ptr_eq(f->tls.certificates[0], &conf->certificates[0]);
    conf_free(conf);
    free(text);
}
END_TEST

/* Every word of the language, once. */
static const char all_words[] =
    "workers = 4  state-dir = \"s\"  run-dir = \"r\"  user = \"u\"  secret-file = \"x\"\n"
    "drain-timeout = 1m\n"
    "log { destination = syslog  format = json  level = debug  access = on }\n"
    "admin { listen = \"127.0.0.1:9443\" }\n"
    "cache { store = \"redis://h\"  l1 = \"\"  lookup-timeout = 20ms  session-timeout = 1h\n"
    "  tickets = off  tickets-per-connection = 4  key-lifetime = 2s  ticket-keys = \"t\" }\n"
    "certificate \"c\" { cert = \"c.pem\"  key = \"c.key\"  ocsp = off }\n"
    "certificate \"d\" { cert = \"d.pem\"  key = \"d.key\"  ocsp = \"d.ocsp\" }\n"
    "certificates { directory = \"certs\"  watch = off }\n"
    "backend \"b\" { address = {\"h:1\", \"unix:/s\", \"[::1]:2\"}  proxy-protocol = v2\n"
    "  connect-timeout = 250ms }\n"
    "backend \"h2\" { address = \"unix:rel.sock\" }\n"
    "frontend \"f\" {\n"
    "  listen = {\"[::]:443\", \"unix:@abstract\", \"fd:3\"}  certificates = {\"c\", \"d\"}\n"
    "  backend = \"b\"  alpn-protocols = {\"h2\", \"http/1.1\"}  alpn-backend = {\"h2=h2\"}\n"
    "  host \"api.example.com\" { certificates = {\"d\"}  backend = \"builtin:echo\"\n"
    "    reject-unauthorized = off  ca = \"ca2.pem\"  max-early-data = 0 }\n"
    "  host \"*.example.com\" { crl = \"other.crl\" }\n"
    "  min-version = TLSv1.2  max-version = TLSv1.3  ciphers = \"X\"  ecdh-curve = \"auto\"\n"
    "  sigalgs = \"S\"  honor-cipher-order = off  request-cert = on  ca = \"ca.pem\"\n"
    "  crl = \"x.crl\"  tickets = on  max-early-data = 16K  handshake-timeout = 1s\n"
    "  proxy-from = {\"10.0.0.0/8\", \"::1\", \"unix:\"}\n"
    "  idle-timeout = 0  proxy-protocol = on  strict-sni = on  max-connections = 7\n"
    "  handshakes-per-second = 8  per-source-connections = 9\n"
    "}\n";

START_TEST(conf_knows_all_words)
{
    struct conf *conf = parse(all_words);
    const struct conf_frontend *f = &conf->frontends[0];

    ck_assert_uint_eq(conf->workers, 4);
    ck_assert_str_eq(conf->state_dir, "/etc/r/s");
    ck_assert_str_eq(conf->secret_file, "/etc/r/x");
    ck_assert_uint_eq(conf->drain_timeout_ms, 60000);
    ck_assert_str_eq(conf->log.destination, "syslog");
    ck_assert_int_eq(conf->log.format, CONF_LOG_JSON);
    ck_assert_int_eq(conf->log.level, 3);
    ck_assert_str_eq(conf->admin_listen, "127.0.0.1:9443");
    ck_assert_uint_eq(conf->cache.session_timeout_s, 3600);
    ck_assert_uint_eq(conf->cache.key_lifetime_ms, 2000);
    ck_assert_str_eq(conf->cache.ticket_keys, "/etc/r/t");
    ck_assert_int_eq(conf->certificates[0].ocsp, CONF_OCSP_OFF);
    ck_assert_str_eq(conf->certificates[1].ocsp_file, "/etc/r/d.ocsp");
    ck_assert_str_eq(conf->directory.directory, "/etc/r/certs");
    ck_assert(!conf->directory.watch && f->use_certificate_directory);
    ck_assert_uint_eq(conf->backends[0].address.count, 3);
    ck_assert_int_eq(conf->backends[0].proxy_protocol, CONF_PROXY_V2);
    ck_assert_str_eq(conf->backends[1].address.at[0], "unix:/etc/r/rel.sock");
    ck_assert_str_eq(f->listen.at[1], "unix:@abstract");
    ck_assert_str_eq(f->alpn_backends[0].protocol, "h2");
    ck_assert_ptr_eq(f->alpn_backends[0].backend, &conf->backends[1]);
    ck_assert_uint_eq(f->host_count, 2);
    ck_assert_int_eq(f->hosts[0].tls.backend->kind, CONF_BACKEND_ECHO);
    ck_assert(f->hosts[0].tls.request_cert && !f->hosts[0].tls.reject_unauthorized);
    ck_assert_str_eq(f->hosts[0].tls.ca, "/etc/r/ca2.pem");
    ck_assert_str_eq(f->hosts[0].tls.crl, "/etc/r/x.crl");
    ck_assert_str_eq(f->hosts[1].tls.ca, "/etc/r/ca.pem");
    ck_assert_ptr_null(f->hosts[1].tls.backend);
    ck_assert_uint_eq(f->tls.max_early_data, 16384);
    ck_assert_uint_eq(f->hosts[0].tls.max_early_data, 0);
    ck_assert_uint_eq(f->hosts[1].tls.max_early_data, 16384);
    ck_assert_uint_eq(f->idle_timeout_ms, 0);
    ck_assert_int_eq(f->proxy_protocol, CONF_PROXY_ANY);
    ck_assert_uint_eq(f->per_source_connections, 9);
    conf_free(conf);
}
END_TEST

#define LONG "012345678901234567890123456789012345678901234567890123456789" /* 60 */

static const struct {
    const char *text, *message;
} wrong[] = {
    {"", "/x.conf: no frontend is defined; add frontend \"www\" { listen = … }"},
    {"worker = 1", "/x.conf:1: worker: is unknown; did you mean workers?"},
    {"\n\nqqqqqq = 1", "/x.conf:3: qqqqqq: is unknown; see reprise.conf(5)"},
    {"cache { stor = \"x\" }", "/x.conf:1: stor: is unknown in cache; did you mean store?"},
    {"workers = 1\nocsp = off", "/x.conf:2: ocsp: is unknown; it belongs in certificate"},
    {"log { workers = 1 }",
     "/x.conf:1: workers: is unknown in log; it belongs in the file, outside of blocks"},
    {"log { tickets = on }",
     "/x.conf:1: tickets: is unknown in log; it belongs in cache or frontend"},
    {"certificate \"www\" { cert = \"c\"  key = \"k\" }\nfrontend \"f\" { certificates = \"wwv\" }",
     "/x.conf:2: certificates: unknown certificate \"wwv\"; did you mean \"www\"?"},
    {"backend \"varnish\" { address = \"h:1\" }\nfrontend \"f\" { backend = \"varnsh\" }",
     "/x.conf:2: backend: unknown backend \"varnsh\"; did you mean \"varnish\"?"},
    {"workers = 0", "/x.conf:1: workers: \"0\" is invalid; give auto, or a number from 1 to 256"},
    {"workers = 99999999999999999999999", "/x.conf:1: workers: \"99999999999999999999999\" is "
                                          "invalid; give auto, or a number from 1 to 256"},
    {"workers = 1\nworkers = 1", "/x.conf:2: workers: is given twice; remove one"},
    {"cache {\n tickets = maybe }", "/x.conf:2: tickets: \"maybe\" is invalid; give on or off"},
    {"log { level = loud }",
     "/x.conf:1: level: \"loud\" is invalid; give error, warn, info or debug"},
    {"cache { session-timeout = 10 }",
     "/x.conf:1: session-timeout: \"10\" is not a time; give one like 50ms, 10s, 5m or 12h"},
    {"cache { session-timeout = 1500ms }",
     "/x.conf:1: session-timeout: 1500ms is not a whole number of seconds; give one like 2s"},
    {"cache { session-timeout = 8d }",
     "/x.conf:1: session-timeout: 8d is out of range; give 1s to 7d"},
    {"cache { tickets-per-connection = 5 }",
     "/x.conf:1: tickets-per-connection: \"5\" is invalid; give a number from 1 to 4"},
    {"certificate \"a\" { cert = \"x\" }",
     "/x.conf:1: certificate \"a\": key is missing; name a PEM file"},
    {"certificate \"a\" { cert = \"\"  key = \"x\" }", "/x.conf:1: cert: is empty; give a path"},
    {"backend \"a\" { }",
     "/x.conf:1: backend \"a\": address is missing; give one like \"127.0.0.1:8080\""},
    {"backend \"builtin:x\" { address = \"h:1\" }",
     "/x.conf:1: backend \"builtin:x\": the name is reserved; choose another name"},
    {"backend \"a\" { address = \"h\" }",
     "/x.conf:1: address: \"h\" is not an address; give one like \"127.0.0.1:8443\", \"[::]:443\" "
     "or \"unix:/run/x.sock\""},
    {"backend \"a\" { address = \"::1:80\" }",
     "/x.conf:1: address: \"::1:80\" is not an address; give one like \"127.0.0.1:8443\", "
     "\"[::]:443\" or \"unix:/run/x.sock\""},
    {"backend \"a\" { address = {\"h:1\", \"h:1\"} }",
     "/x.conf:1: address: \"h:1\" is given twice; remove one"},
    {"frontend \"f\" { listen = \"a\\nb\" }",
     "/x.conf:1: listen: \"a?b\" is not an address; give one like \"127.0.0.1:8443\", "
     "\"[::]:443\", \"fd:3\" or \"unix:/run/x.sock\""},
    {"frontend \"f\" {\n", "/x.conf:1: unterminated block; add }"},
    {"workers = {1}", "/x.conf:1: unexpected token '{'; quote values with special characters, and "
                      "give a list only where one is allowed"},
    {"workers 1", "/x.conf:1: missing equal sign after option 'workers'; add ="},
    {"backend { }", "/x.conf:1: missing title for section 'backend'; give it a name in quotes"},
    {"log = { }", "/x.conf:1: missing opening brace for section 'log'; add {"},
    {"log { } }", "/x.conf:1: unexpected closing brace; remove it, or add the opening brace"},
    {"log {", "/x.conf:1: unterminated block; add }"},
    {"workers =", "/x.conf:1: premature end of file; add what is missing, such as }"},
    {"backend \"a\" { address = \"h:1\" }\nbackend \"a\" { address = \"h:1\" }",
     "/x.conf:2: found duplicate title 'a'; give it another name"},
    {"backend \"a\" { address = \"unix:/" LONG LONG "\" }",
     "/x.conf:1: address: the path of a Unix socket is limited to 107 bytes, and this one has 121; "
     "choose a shorter one"},
    {"\nworkers = 1 /* frontend", "/x.conf:2: unterminated comment; add */"},
    {"/*/ workers = 1", "/x.conf:1: unterminated comment; add */"},
    {"\nuser = \"a\n\" workers = 1", "/x.conf:2: unterminated string in this line; add \""},
    {"user = 'a\n' workers = 1", "/x.conf:1: unterminated string in this line; add '"},
    {"user = \"a\\", "/x.conf:1: unterminated string in this line; add \""},
    {"user = \"${NO_SUCH}:443\"",
     "/x.conf:1: environment variable NO_SUCH is not set; set it, or write ${NO_SUCH:-VALUE}"},
    {"\nuser = ${NO_SUCH}",
     "/x.conf:2: environment variable NO_SUCH is not set; set it, or write ${NO_SUCH:-VALUE}"},
    {"user = \"${NO_SUCH\" workers = 1 }", "/x.conf:1: unterminated ${ in this line; add }"},
    {"user = ${NO\nSUCH}", "/x.conf:1: unterminated ${ in this line; add }"},
    {"\nfrontend \"f\" {\n proxy-from = {}\n}",
     "/x.conf:3: proxy-from: the list is empty; add a value, or remove the option"},
    {"admin {\nhosts =\n{\n} }",
     "/x.conf:4: hosts: the list is empty; add a value, or remove the option"},
    {"admin { hosts={} }", "/x.conf:1: hosts: the list is empty; add a value, or remove the "
                           "option"},
    {"admin { hosts += { } }",
     "/x.conf:1: hosts: the list is empty; add a value, or remove the option"},
};

START_TEST(conf_says_what_is_wrong)
{
    struct rp_error error = {0};

    ck_assert_ptr_null(conf_parse(wrong[_i].text, "/x.conf", &error));
    ck_assert_str_eq(error.message, wrong[_i].message);
    ck_assert_ptr_null(conf_parse(wrong[_i].text, "/x.conf", NULL));
}
END_TEST

static const struct {
    const char *options, *message;
} wrong_frontends[] = {
    {"backend = \"b\"", "/x.conf:5: backend: is given twice; remove one"},
    {"min-version = SSLv3",
     "/x.conf:5: min-version: \"SSLv3\" is invalid; give TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3"},
    {"min-version = TLSv1.3 max-version = TLSv1.2",
     "/x.conf:4: min-version: TLSv1.3 is above max-version, which is TLSv1.2; change one of them"},
    {"max-version = TLSv1.1",
     "/x.conf:4: min-version: TLSv1.2 is above max-version, which is TLSv1.1; change one of them"},
    {"alpn-backend = \"h2\"",
     "/x.conf:5: alpn-backend: \"h2\" is not PROTOCOL=BACKEND; give one like \"h2=varnish-h2\""},
    {"alpn-backend = \"h2=b\"",
     "/x.conf:4: alpn-backend: protocol h2 is not in alpn-protocols; add it there"},
    {"alpn-protocols = \"h2\" alpn-backend = \"h2=q\"",
     "/x.conf:5: alpn-backend: unknown backend \"q\"; add backend \"q\" { address = … }"},
    {"ca = \"x\"", "/x.conf:5: ca: has no effect while request-cert is off; set request-cert = on"},
    {"host \"a.*\" { backend = \"b\" }", "/x.conf:5: host \"a.*\": a wildcard must be the whole "
                                         "first label; give one like \"*.example.com\""},
    {"host \"a\" { backend = \"builtin:stat\" }",
     "/x.conf:5: backend: \"builtin:stat\" is invalid; give builtin:status, builtin:redirect or "
     "builtin:echo"},
    {"host \"a\" { alpn-protocols = \"\" }",
     "/x.conf:5: alpn-protocols: a name is empty or longer than 255 bytes; give one like \"h2\""},
    {"host \"a\" { backend = \"b\"  alpn-protocols = \"h2\" }  alpn-backend = \"h2=b\"",
     "/x.conf:4: alpn-backend: protocol h2 is not in alpn-protocols; add it there"},
    {"host \"a\" { listen = \"h:1\" }",
     "/x.conf:5: listen: is unknown in host; it belongs in admin or frontend"},
    {"max-early-data = 17K",
     "/x.conf:5: max-early-data: \"17K\" is invalid; give a size from 0 to 16384"},
    {"max-early-data = 1K  max-version = TLSv1.2",
     "/x.conf:4: max-early-data: early data requires TLSv1.3, and max-version is TLSv1.2; remove "
     "one of the two options"},
    {"max-version = TLSv1.2  host \"a\" { max-early-data = 1 }",
     "/x.conf:4: max-early-data: early data requires TLSv1.3, and max-version is TLSv1.2; remove "
     "one of the two options"},
    {"max-early-data = 1K } cache { ticket-keys = \"k\"",
     "/x.conf:4: max-early-data: hosts with the same ticket-keys but without a shared store would "
     "accept replayed early data; share a store, or remove ticket-keys"},
    {"host \"a\" { max-early-data = 1 } } cache { ticket-keys = \"k\"",
     "/x.conf:4: max-early-data: hosts with the same ticket-keys but without a shared store would "
     "accept replayed early data; share a store, or remove ticket-keys"},
    {"} cache { key-lifetime = 30s  session-timeout = 7d",
     "/x.conf:5: key-lifetime: too short for session-timeout = 604800s, as at most 240 keys are "
     "kept; give 2553s or more"},
    {"} admin { listen = \"*:443\"",
     "/x.conf:4: listen: \"*:443\" is already used by admin; choose another address"},
    {"ciphers = \"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384\"  max-version = TLSv1.2",
     "/x.conf:4: ciphers: no cipher suite for TLSv1.2, the max-version; add one, or remove one of "
     "the two options"},
    {"request-cert = on", "/x.conf:4: request-cert: ca is unset, so any publicly trusted client "
                          "certificate would be accepted; set ca"},
    {"host \"a\" { request-cert = on }", "/x.conf:5: request-cert: ca is unset, so any publicly "
                                         "trusted client certificate would be accepted; set ca"},
    {"proxy-protocol = on  proxy-from = \"10.0.0.1/8\"",
     "/x.conf:5: proxy-from: \"10.0.0.1/8\" has host bits set; write \"10.0.0.0/8\""},
    {"proxy-protocol = on  proxy-from = {\"::1\", \"balancer\"}",
     "/x.conf:5: proxy-from: \"balancer\" is not a network; write \"192.0.2.1\", \"10.0.0.0/8\", "
     "\"2001:db8::/32\" or \"unix:\""},
    {"proxy-protocol = on  proxy-from = \"\"",
     "/x.conf:5: proxy-from: \"\" is not a network; write \"192.0.2.1\", \"10.0.0.0/8\", "
     "\"2001:db8::/32\" or \"unix:\""},
    {"proxy-protocol = on  proxy-from = {\"::1\", \"::1\"}",
     "/x.conf:5: proxy-from: \"::1\" is given twice; remove one"},
    {"proxy-from = \"10.0.0.0/8\"", "/x.conf:4: proxy-from: has no effect while proxy-protocol is "
                                    "off; set proxy-protocol = on, or remove proxy-from"},
    {"proxy-protocol = on  proxy-from = \"unix:\"",
     "/x.conf:4: proxy-from: no listed source can connect to \"*:443\", so all connections are "
     "refused; add a "
     "network"},
    {"} frontend \"g\" { listen = \"unix:/x\"  certificates = \"c\"  backend = \"b\"  "
     "proxy-protocol = on  proxy-from = \"10.0.0.0/8\"",
     "/x.conf:5: proxy-from: no listed source can connect to \"unix:/x\", so all connections are "
     "refused; add "
     "\"unix:\""},
    {"proxy-protocol = v3", "/x.conf:5: proxy-protocol: \"v3\" is invalid; give off, on, v1 or v2"},
};

START_TEST(conf_says_what_is_wrong_with_a_frontend)
{
    char *text = with_frontend(wrong_frontends[_i].options);
    struct rp_error error = {0};

    ck_assert_ptr_null(conf_parse(text, "/x.conf", &error));
    ck_assert_str_eq(error.message, wrong_frontends[_i].message);
    free(text);
}
END_TEST

START_TEST(conf_knows_how_many_protocols_fit_in_a_hello)
{
    struct rp_text names = {0};
    struct rp_error error = {0};
    char *text, *options;

    rp_text_puts(&names, "alpn-protocols = {");
    for (int i = 0; i < 281; i++) /* 65754 bytes in all */
        rp_text_printf(&names, "%s\"%0233d\"", i > 0 ? ", " : "", i);
    rp_text_puts(&names, "}");
    options = rp_text_take(&names, NULL);
    text = with_frontend(options);
    ck_assert_ptr_null(conf_parse(text, "/x.conf", &error));
    ck_assert_str_eq(error.message, "/x.conf:4: alpn-protocols: the list takes 65754 bytes and the "
                                    "limit is 65535; remove some names");
    free(options);
    free(text);
}
END_TEST

START_TEST(conf_takes_ciphers_of_which_some_are_for_its_versions)
{
    static const char *const some[] = {
        "ciphers = \"TLS_AES_128_GCM_SHA256\"",
        "ciphers = \"TLS_AES_128_GCM_SHA256\" max-version = TLSv1.3",
        "ciphers = \"TLS_AES_128_GCM_SHA256:HIGH\" max-version = TLSv1.2",
    };
    char *text = with_frontend(some[_i]);

    conf_free(parse(text));
    free(text);
}
END_TEST

/* What looks like the above, and is well; what is told is about the end. */
static const char *const odd[] = {
    "user = \"a\\\"{\"",
    "user = '\"{'",
    "user = 'a\\'{'",
    "user = '${NO_SUCH}'",
    "user = \"\\${NO_SUCH}\"",
    "user = \"${NO_SUCH:-b{}\"",
    "user = ${NO_SUCH:-b}",
    "user = \"a /* b\"",
    "# a \" quote, ${NO_SUCH}, /*",
    "// it's { open",
    "/* \" ${NO_SUCH} { */",
    "/**/",
    "log { destination = /x//y }",
    "\xef\xbb\xbfuser = a",
    "log { }",
    "user = \"x\" log { }",
    "user = \"= {}\"",
};

START_TEST(conf_takes_what_only_looks_wrong)
{
    struct rp_error error = {0};

    ck_assert_ptr_null(conf_parse(odd[_i], "/x.conf", &error));
    ck_assert_str_eq(error.message,
                     "/x.conf: no frontend is defined; add frontend \"www\" { listen = … }");
}
END_TEST

START_TEST(conf_goes_on_in_the_next_line_behind_a_backslash)
{
    struct rp_error error = {0};

    ck_assert_ptr_null(conf_parse("user = \"a\\\nb\"\nworker = 1", "/x.conf", &error));
    ck_assert_str_eq(error.message, "/x.conf:3: worker: is unknown; did you mean workers?");
}
END_TEST

START_TEST(conf_load_says_why_not)
{
    struct rp_error error = {0};

    ck_assert_ptr_null(conf_load("/no/such.conf", &error));
    ck_assert_str_eq(
        error.message,
        "/no/such.conf: No such file or directory; give the configuration with -c FILE");
}
END_TEST

static const char *const not_files[] = {"/", "/dev/zero", "/dev/null", "fifo", "socket"};

static void make_special(const char *kind, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strcmp(kind, "fifo") == 0) {
        ck_assert_int_eq(mkfifo(path, 0600), 0);
        return;
    }
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* A FIFO without a writer must not block. */
START_TEST(conf_load_takes_regular_files_alone)
{
    char directory[] = "/tmp/reprise-conf-XXXXXX", path[64], expected[160];
    struct rp_error error = {0};
    bool ours = not_files[_i][0] != '/';

    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s%s%s", ours ? directory : "", ours ? "/" : "", not_files[_i]);
    if (ours)
        make_special(not_files[_i], path);
    ck_assert_ptr_null(conf_load(path, &error));
    snprintf(expected, sizeof expected, "%s: is not a regular file; give the path of a file", path);
    if (strcmp(not_files[_i], "socket") != 0) /* open fails with ENXIO */
        ck_assert_str_eq(error.message, expected);
    if (ours)
        unlink(path);
    rmdir(directory);
}
END_TEST

START_TEST(conf_load_takes_up_to_4_mebibytes)
{
    char path[] = "/tmp/reprise-conf-XXXXXX";
    struct rp_error error = {0};
    int fd = mkstemp(path);

    ck_assert_int_eq(ftruncate(fd, 4 << 20), 0);
    ck_assert_ptr_null(conf_load(path, &error));
    ck_assert_ptr_nonnull(strstr(error.message, ": is larger than 4 MiB"));
    close(fd);
    unlink(path);
}
END_TEST

static void check_print(const struct conf *conf, const char *const *parts)
{
    char *text = conf_print(conf), *again;
    struct conf *copy = parse(text);

    again = conf_print(copy);
    ck_assert_str_eq(text, again);
    for (; *parts != NULL; parts++)
        ck_assert_msg(strstr(text, *parts) != NULL, "%s\nnot in\n%s", *parts, text);
    conf_free(copy);
    free(again);
    free(text);
}

START_TEST(conf_host_has_protocols_of_its_own)
{
    char *text = with_frontend("alpn-protocols = \"h2\"  alpn-backend = {\"h2=b\", \"x=b\"}  "
                               "host \"a\" { alpn-protocols = {\"x\", \"y\"} }  host \"b\" { }");
    struct conf *conf = parse(text);
    const struct conf_host *hosts = conf->frontends[0].hosts;
    static const char *const parts[] = {"    alpn-protocols = {\"x\", \"y\"}\n",
                                        "    # alpn-protocols is unset\n", NULL};

    ck_assert_uint_eq(hosts[0].tls.alpn_protocols.count, 2);
    ck_assert_str_eq(hosts[0].tls.alpn_protocols.at[1], "y");
    ck_assert_uint_eq(hosts[1].tls.alpn_protocols.count, 0);
    check_print(conf, parts);
    conf_free(conf);
    free(text);
}
END_TEST

START_TEST(conf_that_is_printed_is_read_as_the_same)
{
    static const char *const parts[] = {"workers = 4\n",
                                        "state-dir = \"/etc/r/s\"\n",
                                        "destination = \"syslog\"\n",
                                        "drain-timeout = 1m\n",
                                        "lookup-timeout = 20ms\n",
                                        "session-timeout = 1h\n",
                                        "ocsp = \"/etc/r/d.ocsp\"\n",
                                        "address = {\"h:1\", \"unix:/s\", \"[::1]:2\"}\n",
                                        "alpn-backend = {\"h2=h2\"}\n",
                                        "  host \"api.example.com\" {\n",
                                        "idle-timeout = 0s\n",
                                        "    backend = \"builtin:echo\"\n",
                                        "  proxy-protocol = on\n",
                                        "  proxy-from = {\"10.0.0.0/8\", \"::1\", \"unix:\"}\n",
                                        NULL};
    struct conf *conf = parse(all_words);

    check_print(conf, parts);
    conf_free(conf);
}
END_TEST

/* What is not said is printed; what would end a string is not one. */
START_TEST(conf_is_printed_with_its_defaults_and_without_its_passwords)
{
    static const char *const parts[] = {"workers = auto\n",
                                        "state-dir = \"/var/lib/reprise\"\n",
                                        "key-lifetime = 12h\n",
                                        "handshake-timeout = 10s\n",
                                        "  min-version = \"TLSv1.2\"\n",
                                        "  max-version = \"TLSv1.3\"\n",
                                        "  ecdh-curve = \"auto\"\n",
                                        "  ciphers = \"TLS_AES_128_GCM_SHA256:",
                                        "  honor-cipher-order = on\n",
                                        "  # sigalgs is unset\n",
                                        "# user is unset\n",
                                        "admin {\n  # listen is unset\n",
                                        "store = \"redis://u:***@h/1?prefix=\\\"\\$\\\\\"\n",
                                        NULL};
    char *text = with_frontend("} cache { store = \"redis://u:s@cret@h/1?prefix=\\\"\\$\\\\\"");
    struct conf *conf = parse(text);
    char *printed = conf_print(conf);

    ck_assert_ptr_null(strstr(printed, "s@cret"));
    check_print(conf, parts);
    free(printed);
    conf_free(conf);
    free(text);
}
END_TEST

/* Whatever is cut off or changed: an error, never a crash. */
START_TEST(conf_survives_any_text)
{
    char *text = with_frontend("alpn-protocols = {\"h2\"} host \"a.b\" { request-cert = on  "
                               "ca = \"c\" }");
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        char keep = text[i];

        text[i] = '\0';
        conf_free(conf_parse(text, "x", NULL));
        for (const char *other = "{}\"=,\\/*#'$\n+"; *other != '\0'; other++) {
            text[i] = *other;
            conf_free(conf_parse(text, "x", NULL));
        }
        text[i] = keep;
    }
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf");
    TCase *core = tcase_create("core");

    tcase_set_timeout(core, 60);
    tcase_add_test(core, conf_has_defaults);
    tcase_add_test(core, conf_knows_all_words);
    tcase_add_test(core, conf_that_is_printed_is_read_as_the_same);
    tcase_add_test(core, conf_is_printed_with_its_defaults_and_without_its_passwords);
    tcase_add_loop_test(core, conf_says_what_is_wrong, 0, sizeof wrong / sizeof *wrong);
    tcase_add_loop_test(core, conf_takes_ciphers_of_which_some_are_for_its_versions, 0, 3);
    tcase_add_test(core, conf_knows_how_many_protocols_fit_in_a_hello);
    tcase_add_loop_test(core, conf_takes_what_only_looks_wrong, 0, sizeof odd / sizeof *odd);
    tcase_add_test(core, conf_goes_on_in_the_next_line_behind_a_backslash);
    tcase_add_loop_test(core, conf_says_what_is_wrong_with_a_frontend, 0,
                        sizeof wrong_frontends / sizeof *wrong_frontends);
    tcase_add_test(core, conf_load_says_why_not);
    tcase_add_loop_test(core, conf_load_takes_regular_files_alone, 0,
                        sizeof not_files / sizeof *not_files);
    tcase_add_test(core, conf_load_takes_up_to_4_mebibytes);
    tcase_add_test(core, conf_host_has_protocols_of_its_own);
    tcase_add_test(core, conf_survives_any_text);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
