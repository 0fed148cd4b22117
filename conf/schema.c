/* SPDX-License-Identifier: MIT
 *
 * schema.c - the words of the language; see schema.h and reprise.conf(5). */
#include "conf/schema.h"

#include <stddef.h>

/* Limits: nobody needs more, and sums of them fit. */
#define DAY 86400000ULL
enum { WORKERS_MAX = 256, MANY = 100000000, OLD_GENERATIONS_MAX = 32 };

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

#define AT(type, field) offsetof(struct type, field)

static const struct conf_option log_options[] = {
    {"destination", CONF_OTHER, 0, 0, 0, NULL},
    {"format", CONF_WORD, AT(conf, log.format), 0, 0, log_formats},
    {"level", CONF_WORD, AT(conf, log.level), 0, 0, log_levels},
    {"access", CONF_BOOL, AT(conf, log.access), 0, 0, NULL},
    {NULL, 0, 0, 0, 0, NULL},
};
static const struct conf_option admin_options[] = {
    {"listen", CONF_ADDRESS, AT(conf, admin_listen), 0, 0, NULL},
    {"hosts", CONF_TEXTS, AT(conf, admin_hosts), 0, 0, NULL},
    {NULL, 0, 0, 0, 0, NULL},
};
static const struct conf_option cache_options[] = {
    {"store", CONF_TEXT, AT(conf, cache.store), 0, 0, NULL},
    {"l1", CONF_TEXT, AT(conf, cache.l1), 0, 0, NULL},
    {"lookup-timeout", CONF_MS, AT(conf, cache.lookup_timeout_ms), 1, 10000, NULL},
    {"session-timeout", CONF_SECONDS, AT(conf, cache.session_timeout_s), 1000, 7 * DAY, NULL},
    {"tickets", CONF_BOOL, AT(conf, cache.tickets), 0, 0, NULL},
    {"single-use", CONF_BOOL, AT(conf, cache.single_use), 0, 0, NULL},
    {"tickets-per-connection", CONF_NUMBER, AT(conf, cache.tickets_per_connection), 1, 4, NULL},
    {"key-lifetime", CONF_LONG_MS, AT(conf, cache.key_lifetime_ms), 1000, 30 * DAY, NULL},
    {"ticket-keys", CONF_PATH, AT(conf, cache.ticket_keys), 0, 0, NULL},
    {NULL, 0, 0, 0, 0, NULL},
};
static const struct conf_option certificate_options[] = {
    {"cert", CONF_PATH, AT(conf_certificate, cert), 0, 0, NULL},
    {"key", CONF_PATH, AT(conf_certificate, key), 0, 0, NULL},
    {"ocsp", CONF_OTHER, 0, 0, 0, NULL},
    {NULL, 0, 0, 0, 0, NULL},
};
static const struct conf_option directory_options[] = {
    {"directory", CONF_PATH, AT(conf, directory.directory), 0, 0, NULL},
    {"watch", CONF_BOOL, AT(conf, directory.watch), 0, 0, NULL},
    {NULL, 0, 0, 0, 0, NULL},
};
static const struct conf_option backend_options[] = {
    {"address", CONF_BACKENDS, AT(conf_backend, address), 0, 0, NULL},
    {"proxy-protocol", CONF_WORD, AT(conf_backend, proxy_protocol), 0, 0, versions_of_proxy_out},
    {"connect-timeout", CONF_MS, AT(conf_backend, connect_timeout_ms), 1, 600000, NULL},
    {NULL, 0, 0, 0, 0, NULL},
};

/* Of a frontend and of a host alike; `tls` is where the struct conf_tls lies. */
#define TLS_OPTIONS(type)                                                                          \
    {"certificates", CONF_OTHERS, 0, 0, 0, NULL}, {"backend", CONF_OTHER, 0, 0, 0, NULL},          \
        {"request-cert", CONF_BOOL, AT(type, tls.request_cert), 0, 0, NULL},                       \
        {"reject-unauthorized", CONF_BOOL, AT(type, tls.reject_unauthorized), 0, 0, NULL},         \
        {"max-early-data", CONF_SIZE, AT(type, tls.max_early_data), 0, 16384, NULL},               \
        {"ca", CONF_PATH, AT(type, tls.ca), 0, 0, NULL},                                           \
    {                                                                                              \
        "crl", CONF_PATH, AT(type, tls.crl), 0, 0, NULL                                            \
    }

static const struct conf_option host_options[] = {
    TLS_OPTIONS(conf_host),
    {NULL, 0, 0, 0, 0, NULL},
};
static const struct conf_option frontend_options[] = {
    TLS_OPTIONS(conf_frontend),
    {"listen", CONF_LISTENS, AT(conf_frontend, listen), 0, 0, NULL},
    {"alpn-protocols", CONF_TEXTS, AT(conf_frontend, alpn_protocols), 0, 0, NULL},
    {"alpn-backend", CONF_OTHERS, 0, 0, 0, NULL},
    {"min-version", CONF_TEXT, AT(conf_frontend, min_version), 0, 0, NULL},
    {"max-version", CONF_TEXT, AT(conf_frontend, max_version), 0, 0, NULL},
    {"ciphers", CONF_TEXT, AT(conf_frontend, ciphers), 0, 0, NULL},
    {"ecdh-curve", CONF_TEXT, AT(conf_frontend, ecdh_curve), 0, 0, NULL},
    {"sigalgs", CONF_TEXT, AT(conf_frontend, sigalgs), 0, 0, NULL},
    {"honor-cipher-order", CONF_BOOL, AT(conf_frontend, honor_cipher_order), 0, 0, NULL},
    {"tickets", CONF_BOOL, AT(conf_frontend, tickets), 0, 0, NULL},
    {"strict-sni", CONF_BOOL, AT(conf_frontend, strict_sni), 0, 0, NULL},
    {"handshake-timeout", CONF_MS, AT(conf_frontend, handshake_timeout_ms), 1, 3600000, NULL},
    {"idle-timeout", CONF_MS, AT(conf_frontend, idle_timeout_ms), 0, 7 * DAY, NULL},
    {"proxy-protocol", CONF_WORD, AT(conf_frontend, proxy_protocol), 0, 0, versions_of_proxy_in},
    {"proxy-from", CONF_NETWORKS, AT(conf_frontend, proxy_from), 0, 0, NULL},
    {"max-connections", CONF_NUMBER, AT(conf_frontend, max_connections), 0, MANY, NULL},
    {"max-handshakes", CONF_NUMBER, AT(conf_frontend, max_handshakes), 0, MANY, NULL},
    {"handshakes-per-second", CONF_NUMBER, AT(conf_frontend, handshakes_per_second), 0, MANY, NULL},
    {"per-source-connections", CONF_NUMBER, AT(conf_frontend, per_source_connections), 0, MANY,
     NULL},
    {NULL, 0, 0, 0, 0, NULL},
};
static const struct conf_option file_options[] = {
    {"workers", CONF_OTHER, 0, 1, WORKERS_MAX, NULL},
    {"state-dir", CONF_PATH, AT(conf, state_dir), 0, 0, NULL},
    {"run-dir", CONF_PATH, AT(conf, run_dir), 0, 0, NULL},
    {"user", CONF_TEXT, AT(conf, user), 0, 0, NULL},
    {"secret-file", CONF_PATH, AT(conf, secret_file), 0, 0, NULL},
    {"drain-timeout", CONF_MS, AT(conf, drain_timeout_ms), 0, 7 * DAY, NULL},
    {"stop-timeout", CONF_MS, AT(conf, stop_timeout_ms), 0, 7 * DAY, NULL},
    {"old-generations", CONF_NUMBER, AT(conf, old_generations), 1, OLD_GENERATIONS_MAX, NULL},
    {NULL, 0, 0, 0, 0, NULL},
};

static const struct conf_block log_block = {"log", false, log_options, NULL};
static const struct conf_block admin_block = {"admin", false, admin_options, NULL};
static const struct conf_block cache_block = {"cache", false, cache_options, NULL};
static const struct conf_block certificate_block = {"certificate", true, certificate_options, NULL};
static const struct conf_block directory_block = {"certificates", false, directory_options, NULL};
static const struct conf_block backend_block = {"backend", true, backend_options, NULL};
const struct conf_block conf_schema_host = {"host", true, host_options, NULL};
static const struct conf_block *const frontend_blocks[] = {&conf_schema_host, NULL};
static const struct conf_block frontend_block = {"frontend", true, frontend_options,
                                                 frontend_blocks};
static const struct conf_block *const file_blocks[] = {
    &log_block,       &admin_block,   &cache_block,    &certificate_block,
    &directory_block, &backend_block, &frontend_block, NULL};
const struct conf_block conf_schema = {"", false, file_options, file_blocks};
