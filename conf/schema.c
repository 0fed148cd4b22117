/* SPDX-License-Identifier: MIT
 *
 * schema.c - the table of all options; see schema.h and reprise.conf(5). No other file states the
 * default or the range of an option. */
#include "conf/schema.h"

#include <stddef.h>
#include <string.h>

#define SECOND 1000ULL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
enum { MANY = 100000000, OLD_GENERATIONS_MAX = 32 };

#define LOCAL_STORE "lmdb:sessions?size=256M"

/* Suites with forward secrecy and AEAD, the cheapest first. With certificates of both types, the
 * first suite that both sides support decides; an ECDSA signature costs far less than RSA. */
#define CIPHERS                                                                                    \
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"                  \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

static const struct conf_word worker_counts[] = {{"auto", 0}, {NULL, 0}};
static const struct conf_word destinations[] = {{"stderr", 0}, {"syslog", 0}, {NULL, 0}};
static const struct conf_word log_formats[] = {
    {"text", CONF_LOG_TEXT}, {"json", CONF_LOG_JSON}, {NULL, 0}};
static const struct conf_word log_levels[] = {
    {"error", 0}, {"warn", 1}, {"info", 2}, {"debug", 3}, {NULL, 0}};
static const struct conf_word versions_of_proxy_in[] = {{"off", CONF_PROXY_OFF},
                                                        {"on", CONF_PROXY_ANY},
                                                        {"v1", CONF_PROXY_V1},
                                                        {"v2", CONF_PROXY_V2},
                                                        {NULL, 0}};
static const struct conf_word versions_of_proxy_out[] = {
    {"off", CONF_PROXY_OFF}, {"v1", CONF_PROXY_V1}, {"v2", CONF_PROXY_V2}, {NULL, 0}};
static const struct conf_word versions[] = {
    {"TLSv1", 0}, {"TLSv1.1", 1}, {"TLSv1.2", 2}, {"TLSv1.3", 3}, {NULL, 0}};
static const struct conf_word staples[] = {
    {"auto", CONF_OCSP_AUTO}, {"off", CONF_OCSP_OFF}, {NULL, 0}};

const char conf_required[] = "required";
#define REQUIRED        conf_required
#define AT(type, field) offsetof(struct type, field)

/* Name, type, field, default, minimum, maximum, words; description. */
static const struct conf_option log_options[] = {
    {"destination", CONF_PATH, AT(conf, log.destination), "stderr", 0, 0, destinations,
     "where the log goes"},
    {"format", CONF_WORD, AT(conf, log.format), "text", 0, 0, log_formats,
     "format of each log line"},
    {"level", CONF_WORD, AT(conf, log.level), "info", 0, 0, log_levels,
     "most detailed level that is logged"},
    {"access", CONF_BOOL, AT(conf, log.access), "off", 0, 0, NULL,
     "log one line for each connection"},
    {.name = NULL},
};
static const struct conf_option admin_options[] = {
    {"listen", CONF_ADDRESS, AT(conf, admin_listen), NULL, 0, 0, NULL,
     "address that answers /metrics and /status by HTTP; unset: none"},
    {"hosts", CONF_TEXTS, AT(conf, admin_hosts), NULL, 0, 0, NULL,
     "additional names that the Host header may contain"},
    {.name = NULL},
};
static const struct conf_option cache_options[] = {
    {"store", CONF_URI, AT(conf, cache.store), LOCAL_STORE, 0, 0, NULL,
     "store of sessions and ticket keys: a file of this host, or a Redis"},
    {"l1", CONF_URI, AT(conf, cache.l1), LOCAL_STORE, 0, 0, NULL,
     "local store in front of a Redis; empty: none"},
    {"lookup-timeout", CONF_MS, AT(conf, cache.lookup_timeout_ms), "50ms", 1, 10 * SECOND, NULL,
     "how long a handshake waits for a session from the store"},
    {"session-timeout", CONF_SECONDS, AT(conf, cache.session_timeout_s), "300s", SECOND, 7 * DAY,
     NULL, "lifetime of a session"},
    {"tickets", CONF_BOOL, AT(conf, cache.tickets), "on", 0, 0, NULL,
     "clients store their sessions; off: the store does"},
    {"single-use", CONF_BOOL, AT(conf, cache.single_use), "off", 0, 0, NULL,
     "remove a session of the store when TLS 1.3 resumes it"},
    {"tickets-per-connection", CONF_NUMBER, AT(conf, cache.tickets_per_connection), "1", 1, 4, NULL,
     "TLS 1.3 tickets that a client receives"},
    {"key-lifetime", CONF_LONG_MS, AT(conf, cache.key_lifetime_ms), "12h", SECOND, 30 * DAY, NULL,
     "how long a ticket key encrypts"},
    {"ticket-keys", CONF_PATH, AT(conf, cache.ticket_keys), NULL, 0, 0, NULL,
     "file of fixed ticket keys; unset: keys are created and replaced"},
    {.name = NULL},
};
static const struct conf_option certificate_options[] = {
    {"cert", CONF_PATH, AT(conf_certificate, cert), REQUIRED, 0, 0, NULL,
     "PEM file of the certificate and its chain"},
    {"key", CONF_PATH, AT(conf_certificate, key), REQUIRED, 0, 0, NULL,
     "PEM file of the private key"},
    {"ocsp", CONF_OCSP, 0, "auto", 0, 0, staples, "OCSP staple; this version staples nothing"},
    {.name = NULL},
};
static const struct conf_option directory_options[] = {
    {"directory", CONF_PATH, AT(conf, directory.directory), NULL, 0, 0, NULL,
     "directory whose certificates every frontend serves"},
    {"watch", CONF_BOOL, AT(conf, directory.watch), "on", 0, 0, NULL,
     "load changed files without a reload; this version does not"},
    {.name = NULL},
};
static const struct conf_option backend_options[] = {
    {"address", CONF_BACKENDS, AT(conf_backend, address), REQUIRED, 0, 0, NULL,
     "addresses of the backend, used in turn"},
    {"proxy-protocol", CONF_WORD, AT(conf_backend, proxy_protocol), "off", 0, 0,
     versions_of_proxy_out, "version of the PROXY header that the backend receives"},
    {"connect-timeout", CONF_MS, AT(conf_backend, connect_timeout_ms), "5s", 1, 10 * MINUTE, NULL,
     "time limit for the connection to the backend, all addresses together"},
    {.name = NULL},
};
static const struct conf_option host_options[] = {
    {"certificates", CONF_NAMES, 0, NULL, 0, 0, NULL,
     "certificate blocks; the first one is the default"},
    {"backend", CONF_NAME, 0, NULL, 0, 0, NULL, "backend block, or a built-in backend"},
    {"alpn-protocols", CONF_TEXTS, AT(conf_host, tls.alpn_protocols), NULL, 0, 0, NULL,
     "ALPN protocols, in order of preference"},
    {"request-cert", CONF_BOOL, AT(conf_host, tls.request_cert), NULL, 0, 0, NULL,
     "request a client certificate"},
    {"reject-unauthorized", CONF_BOOL, AT(conf_host, tls.reject_unauthorized), NULL, 0, 0, NULL,
     "reject clients whose certificate is missing or invalid"},
    {"max-early-data", CONF_SIZE, AT(conf_host, tls.max_early_data), NULL, 0, 16384, NULL,
     "early data that is accepted from a client; 0: none"},
    {"ca", CONF_PATH, AT(conf_host, tls.ca), NULL, 0, 0, NULL,
     "PEM file of the CAs of client certificates"},
    {"ca-names", CONF_BOOL, AT(conf_host, tls.ca_names), NULL, 0, 0, NULL,
     "send clients the names of the CAs in ca"},
    {"partial-chain", CONF_BOOL, AT(conf_host, tls.partial_chain), NULL, 0, 0, NULL,
     "an intermediate CA in ca is trusted without its root"},
    {"crl", CONF_PATH, AT(conf_host, tls.crl), NULL, 0, 0, NULL,
     "PEM file of certificate revocation lists"},
    {.name = NULL},
};
static const struct conf_option frontend_options[] = {
    {"listen", CONF_LISTENS, AT(conf_frontend, listen), REQUIRED, 0, 0, NULL,
     "addresses that accept connections"},
    {"certificates", CONF_NAMES, 0, NULL, 0, 0, NULL,
     "certificate blocks; the first one is the default"},
    {"backend", CONF_NAME, 0, REQUIRED, 0, 0, NULL, "backend block, or a built-in backend"},
    {"request-cert", CONF_BOOL, AT(conf_frontend, tls.request_cert), "off", 0, 0, NULL,
     "request a client certificate"},
    {"reject-unauthorized", CONF_BOOL, AT(conf_frontend, tls.reject_unauthorized), "on", 0, 0, NULL,
     "reject clients whose certificate is missing or invalid"},
    {"max-early-data", CONF_SIZE, AT(conf_frontend, tls.max_early_data), "0", 0, 16384, NULL,
     "early data that is accepted from a client; 0: none"},
    {"ca", CONF_PATH, AT(conf_frontend, tls.ca), NULL, 0, 0, NULL,
     "PEM file of the CAs of client certificates"},
    {"ca-names", CONF_BOOL, AT(conf_frontend, tls.ca_names), "on", 0, 0, NULL,
     "send clients the names of the CAs in ca"},
    {"partial-chain", CONF_BOOL, AT(conf_frontend, tls.partial_chain), "off", 0, 0, NULL,
     "an intermediate CA in ca is trusted without its root"},
    {"crl", CONF_PATH, AT(conf_frontend, tls.crl), NULL, 0, 0, NULL,
     "PEM file of certificate revocation lists"},
    {"alpn-protocols", CONF_TEXTS, AT(conf_frontend, tls.alpn_protocols), NULL, 0, 0, NULL,
     "ALPN protocols, in order of preference"},
    {"alpn-backend", CONF_NAMES, 0, NULL, 0, 0, NULL,
     "another backend for an ALPN protocol: protocol=backend"},
    {"min-version", CONF_CHOICE, AT(conf_frontend, min_version), "TLSv1.2", 0, 0, versions,
     "lowest TLS version"},
    {"max-version", CONF_CHOICE, AT(conf_frontend, max_version), "TLSv1.3", 0, 0, versions,
     "highest TLS version"},
    {"ciphers", CONF_TEXT, AT(conf_frontend, ciphers), CIPHERS, 0, 0, NULL,
     "cipher suites, in order of preference"},
    {"ecdh-curve", CONF_TEXT, AT(conf_frontend, ecdh_curve), "auto", 0, 0, NULL,
     "groups of the key exchange, in order of preference"},
    {"sigalgs", CONF_TEXT, AT(conf_frontend, sigalgs), NULL, 0, 0, NULL,
     "signature algorithms; unset: those of OpenSSL"},
    {"honor-cipher-order", CONF_BOOL, AT(conf_frontend, honor_cipher_order), "on", 0, 0, NULL,
     "use the server's order of cipher suites"},
    {"tickets", CONF_BOOL, AT(conf_frontend, tickets), NULL, 0, 0, NULL,
     "clients store their sessions; unset: as in cache"},
    {"strict-sni", CONF_BOOL, AT(conf_frontend, strict_sni), "off", 0, 0, NULL,
     "reject server names that match no certificate and no host"},
    {"handshake-timeout", CONF_MS, AT(conf_frontend, handshake_timeout_ms), "10s", 1, HOUR, NULL,
     "time limit from the connection to the end of the handshake"},
    {"idle-timeout", CONF_MS, AT(conf_frontend, idle_timeout_ms), "5m", 0, 7 * DAY, NULL,
     "time limit without data; 0: none"},
    {"proxy-protocol", CONF_WORD, AT(conf_frontend, proxy_protocol), "off", 0, 0,
     versions_of_proxy_in, "require a PROXY header at the start of each connection"},
    {"proxy-from", CONF_NETWORKS, AT(conf_frontend, proxy_from), NULL, 0, 0, NULL,
     "networks that may send a PROXY header; unset: all"},
    {"max-connections", CONF_NUMBER, AT(conf_frontend, max_connections), "0", 0, MANY, NULL,
     "connections at a time, in all workers; 0: no limit"},
    {"max-handshakes", CONF_NUMBER, AT(conf_frontend, max_handshakes), "2048", 0, MANY, NULL,
     "unfinished handshakes at a time, in each worker; 0: no limit"},
    {"handshakes-per-second", CONF_NUMBER, AT(conf_frontend, handshakes_per_second), "0", 0, MANY,
     NULL, "handshakes in a second, in all workers; 0: no limit"},
    {"per-source-connections", CONF_NUMBER, AT(conf_frontend, per_source_connections), "0", 0, MANY,
     NULL, "connections at a time from one client address; 0: no limit"},
    {.name = NULL},
};
static const struct conf_option file_options[] = {
    {"workers", CONF_NUMBER, AT(conf, workers), "auto", 1, CONF_WORKERS_MAX, worker_counts,
     "worker processes; auto: one for each CPU"},
    {"state-dir", CONF_PATH, AT(conf, state_dir), "/var/lib/reprise", 0, 0, NULL,
     "directory of the sessions and the cluster secret"},
    {"run-dir", CONF_PATH, AT(conf, run_dir), "/run/reprise", 0, 0, NULL,
     "directory of the pid file and the control socket; only a restart changes it"},
    {"user", CONF_TEXT, AT(conf, user), NULL, 0, 0, NULL,
     "user that workers run as if root starts the service"},
    {"secret-file", CONF_PATH, AT(conf, secret_file), NULL, 0, 0, NULL,
     "file of the cluster secret; unset: state-dir/secret, created at the first start"},
    {"drain-timeout", CONF_MS, AT(conf, drain_timeout_ms), "0", 0, 7 * DAY, NULL,
     "how long connections stay open after a reload; 0: as long as they need"},
    {"stop-timeout", CONF_MS, AT(conf, stop_timeout_ms), "30s", 0, 7 * DAY, NULL,
     "how long connections stay open after a stop; 0: as long as they need"},
    {"old-generations", CONF_NUMBER, AT(conf, old_generations), "8", 1, OLD_GENERATIONS_MAX, NULL,
     "old generations that may still have connections"},
    {"expiry-warning", CONF_LONG_MS, AT(conf, expiry_warning_ms), "14d", 0, 365 * DAY, NULL,
     "how long before it expires a certificate is a warning"},
    {.name = NULL},
};

static const struct conf_block log_block = {"log", false, false, log_options, NULL};
static const struct conf_block admin_block = {"admin", false, false, admin_options, NULL};
static const struct conf_block cache_block = {"cache", false, false, cache_options, NULL};
static const struct conf_block certificate_block = {"certificate", true, false, certificate_options,
                                                    NULL};
static const struct conf_block directory_block = {"certificates", false, false, directory_options,
                                                  NULL};
static const struct conf_block backend_block = {"backend", true, false, backend_options, NULL};
const struct conf_block conf_schema_host = {"host", true, true, host_options, NULL};
static const struct conf_block *const frontend_blocks[] = {&conf_schema_host, NULL};
static const struct conf_block frontend_block = {"frontend", true, false, frontend_options,
                                                 frontend_blocks};
static const struct conf_block *const file_blocks[] = {
    &log_block,       &admin_block,   &cache_block,    &certificate_block,
    &directory_block, &backend_block, &frontend_block, NULL};
const struct conf_block conf_schema = {"", false, false, file_options, file_blocks};

const struct conf_block *conf_schema_block(const char *name)
{
    const struct conf_block *const *at = file_blocks;

    while (strcmp((*at)->name, name) != 0)
        at++;
    return *at;
}
