/* SPDX-License-Identifier: MIT
 *
 * tool_context.h - the flags of tls.createSecureContext, for both tools. */
#ifndef TOOL_CONTEXT_H
#define TOOL_CONTEXT_H

#include <reprise/reprise.h>

#include "tool_flags.h"

struct tool_context_flags {
    struct tool_files cert, key, pfx, ca, extra_ca, crl;
    struct tool_bytes ticket_keys;
    struct rp_secure_context_options options; /* options that are texts or toggles */
    enum rp_toggle empty_ca, allow_partial_trust_chain, renegotiation;
    uint64_t secure_options;
    uint32_t session_timeout, tickets_per_connection;
    const char *dhparam, *session_id_context;
};
extern struct tool_context_flags tool_context_flags;

/* Rows to include in a tool's table of flags. */
#define TOOL_CONTEXT_ROWS                                                                          \
    {"secure context", TOOL_TITLE, NULL, NULL, NULL},                                              \
        {"cert", TOOL_FILES, &tool_context_flags.cert, "FILE,...", "certificate chains, PEM"},     \
        {"key", TOOL_FILES, &tool_context_flags.key, "FILE,...", "their private keys, PEM"},       \
        {"passphrase", TOOL_TEXT, &tool_context_flags.options.passphrase, "TEXT",                  \
         "for keys and PFX files"},                                                                \
        {"passphrase-file", TOOL_SECRET, &tool_context_flags.options.passphrase, "FILE",           \
         "file of the passphrase, hidden from process lists"},                                     \
        {"pfx", TOOL_FILES, &tool_context_flags.pfx, "FILE,...", "PKCS#12"},                       \
        {"ca", TOOL_FILES, &tool_context_flags.ca, "FILE,...",                                     \
         "trusted CAs instead of the defaults"},                                                   \
        {"extra-ca", TOOL_FILES, &tool_context_flags.extra_ca, "FILE,...",                         \
         "trusted CAs in addition to the defaults"},                                               \
        {"empty-ca", TOOL_BOOL, &tool_context_flags.empty_ca, NULL, "trust no CA"},                \
        {"crl", TOOL_FILES, &tool_context_flags.crl, "FILE,...", "revocation lists"},              \
        {"allow-partial-trust-chain", TOOL_BOOL, &tool_context_flags.allow_partial_trust_chain,    \
         NULL, "accept chains that end in --ca without a root"},                                   \
        {"ciphers", TOOL_TEXT, &tool_context_flags.options.ciphers, "LIST",                        \
         "suites of all versions, separated by colons"},                                           \
        {"sigalgs", TOOL_TEXT, &tool_context_flags.options.sigalgs, "LIST",                        \
         "signature algorithms"},                                                                  \
        {"ecdh-curve", TOOL_TEXT, &tool_context_flags.options.ecdh_curve, "LIST", "groups"},       \
        {"dhparam", TOOL_TEXT, &tool_context_flags.dhparam, "auto|FILE", "DH parameters"},         \
        {"honor-cipher-order", TOOL_BOOL, &tool_context_flags.options.honor_cipher_order, NULL,    \
         "use the server's order of cipher suites"},                                               \
        {"min-version", TOOL_TEXT, &tool_context_flags.options.min_version, "VERSION",             \
         "TLSv1, TLSv1.1, TLSv1.2 (unless given), TLSv1.3"},                                       \
        {"max-version", TOOL_TEXT, &tool_context_flags.options.max_version, "VERSION",             \
         "TLSv1.3 unless given"},                                                                  \
        {"secure-protocol", TOOL_TEXT, &tool_context_flags.options.secure_protocol, "METHOD",      \
         "TLSv1_2_method ..."},                                                                    \
        {"secure-options", TOOL_NUMBER, &tool_context_flags.secure_options, "NUMBER",              \
         "SSL_OP_* bits"},                                                                         \
        {"renegotiation", TOOL_BOOL, &tool_context_flags.renegotiation, NULL,                      \
         "whether the peer may renegotiate"},                                                      \
        {"session-id-context", TOOL_TEXT, &tool_context_flags.session_id_context, "TEXT",          \
         "session id context"},                                                                    \
        {"session-timeout", TOOL_COUNT, &tool_context_flags.session_timeout, "SECONDS",            \
         "lifetime of sessions in seconds (300)"},                                                 \
        {"tickets", TOOL_BOOL, &tool_context_flags.options.tickets, NULL, "session tickets"},      \
        {"tickets-per-connection", TOOL_COUNT, &tool_context_flags.tickets_per_connection, "N",    \
         "in TLS 1.3"},                                                                            \
        {"ticket-keys", TOOL_FILE, &tool_context_flags.ticket_keys, "FILE",                        \
         "ticket keys: 48 bytes in node's format"},                                                \
        {"private-key-engine", TOOL_TEXT, &tool_context_flags.options.private_key_engine, "ID",    \
         "OpenSSL engine"},                                                                        \
        {"private-key-identifier", TOOL_TEXT, &tool_context_flags.options.private_key_identifier,  \
         "ID", "key of that engine"},                                                              \
    {                                                                                              \
        "client-cert-engine", TOOL_TEXT, &tool_context_flags.options.client_cert_engine, "ID",     \
            "OpenSSL engine"                                                                       \
    }

/* Create a context from the flags; NULL with *err set. */
struct rp_secure_context *tool_context_new(struct rp_error *err);
/* Likewise with another certificate and key. */
struct rp_secure_context *tool_context_for(const struct tool_bytes *cert,
                                           const struct tool_bytes *key, struct rp_error *err);

#endif
