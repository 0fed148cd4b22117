/* SPDX-License-Identifier: MIT
 *
 * reasons.h - why connections end: one table for the log, status, metrics and the manual. Codes are
 * stable, since patterns and alerts depend on them: codes may be added, never changed. */
#ifndef REASONS_H
#define REASONS_H

#include <reprise/server.h>

/* Before, during and after the handshake; PROBE has no handshake. */
enum reason_kind { REASON_KIND_REFUSED, REASON_KIND_FAILED, REASON_KIND_SERVED, REASON_KIND_PROBE };

/* Name, code, kind, the counter in struct stats_row that also counts it (REASON_ONLY: none),
 * text. */
#define REASONS(X)                                                                                 \
    X(DESCRIPTOR_LIMIT, "descriptor_limit", REFUSED, STATS(dropped),                               \
      "file descriptor limit reached; raise the limit of open files (ulimit -n, LimitNOFILE)")     \
    X(MAX_CONNECTIONS, "max_connections", REFUSED, STATS(dropped),                                 \
      "max-connections reached; raise it if this load is expected")                                \
    X(HANDSHAKE_RATE, "handshakes_per_second", REFUSED, STATS(dropped),                            \
      "handshakes-per-second reached; raise it if this load is expected")                          \
    X(PER_SOURCE, "per_source_connections", REFUSED, STATS(dropped),                               \
      "per-source-connections reached; raise it if this load is expected")                         \
    X(PROXY_SOURCE, "proxy_source", REFUSED, STATS(proxies_refused),                               \
      "source is not in proxy-from; add it if it is a proxy of yours")                             \
    X(NO_MEMORY, "no_memory", REFUSED, STATS(dropped), "out of memory")                            \
    X(TCP_PROBE, "tcp_probe", PROBE, STATS(tcp_probes),                                            \
      "client closed the connection without sending a byte, as health checks do")                  \
    X(HANDSHAKE_TIMEOUT, "handshake_timeout", FAILED, STATS(handshake_timeouts),                   \
      "handshake-timeout expired before the handshake was complete")                               \
    X(MAX_HANDSHAKES, "max_handshakes", FAILED, STATS(handshakes_cut),                             \
      "max-handshakes reached, closing the oldest unfinished handshakes; raise it if this load "   \
      "is expected")                                                                               \
    X(PROXY_HEADER, "proxy_header", FAILED, STATS(handshakes_failed),                              \
      "missing or invalid PROXY header")                                                           \
    X(NOT_TLS, "not_tls", FAILED, STATS(handshakes_failed),                                        \
      "client does not speak TLS; HTTP needs another port")                                        \
    X(PROTOCOL_VERSION, "protocol_version", FAILED, STATS(handshakes_failed),                      \
      "no common protocol version; see min-version and max-version")                               \
    X(NO_SHARED_CIPHER, "no_shared_cipher", FAILED, STATS(handshakes_failed),                      \
      "no common cipher suite; see ciphers and the key types of the certificates")                 \
    X(NO_SHARED_GROUP, "no_shared_group", FAILED, STATS(handshakes_failed),                        \
      "no common group; see ecdh-curve")                                                           \
    X(NO_SHARED_SIGALG, "no_shared_signature_algorithm", FAILED, STATS(handshakes_failed),         \
      "no common signature algorithm; see sigalgs and the key types of the certificates")          \
    X(SERVER_NAME, "unknown_server_name", FAILED, STATS(handshakes_failed),                        \
      "no certificate or host for the server name, and strict-sni is on")                          \
    X(NO_PROTOCOL, "no_application_protocol", FAILED, STATS(handshakes_failed),                    \
      "no common ALPN protocol; see alpn-protocols")                                               \
    X(CERTIFICATE_MISSING, "certificate_missing", FAILED, STATS(handshakes_failed),                \
      "client sent no certificate, and request-cert requires one")                                 \
    X(CERTIFICATE_INVALID, "certificate_invalid", FAILED, STATS(handshakes_failed),                \
      "client certificate did not verify")                                                         \
    X(ALERT_RECEIVED, "alert_received", FAILED, STATS(handshakes_failed),                          \
      "client ended the handshake with an alert")                                                  \
    X(CLIENT_CLOSED, "client_closed", FAILED, STATS(handshakes_failed),                            \
      "client closed the connection during the handshake")                                         \
    X(PROTOCOL_ERROR, "protocol_error", FAILED, STATS(handshakes_failed),                          \
      "client sent invalid TLS messages")                                                          \
    X(HANDSHAKE_ERROR, "handshake_error", FAILED, STATS(handshakes_failed),                        \
      "handshake failed for another reason")                                                       \
    X(CLOSED, "closed", SERVED, REASON_ONLY, "both sides ended the connection")                    \
    X(IDLE_TIMEOUT, "idle_timeout", SERVED, STATS(idle_timeouts), "idle-timeout expired")          \
    X(CLIENT_LOST, "client_lost", SERVED, REASON_ONLY,                                             \
      "client reset the connection, or its network failed")                                        \
    X(CLIENT_ERROR, "client_error", SERVED, REASON_ONLY,                                           \
      "client sent an alert or invalid TLS messages after the handshake")                          \
    X(CLIENT_LINGERS, "client_lingers", SERVED, REASON_ONLY,                                       \
      "client kept sending after the connection had ended")                                        \
    X(BACKEND_UNREACHABLE, "backend_unreachable", SERVED, REASON_ONLY,                             \
      "all addresses of the backend failed")                                                       \
    X(BACKEND_LOST, "backend_lost", SERVED, REASON_ONLY,                                           \
      "backend reset the connection, or its network failed")                                       \
    X(DRAIN_TIMEOUT, "drain_timeout", SERVED, REASON_ONLY, "drain-timeout or stop-timeout expired")

enum reason {
#define X(name, code, kind, counter, text) REASON_##name,
    REASONS(X)
#undef X
        REASON_COUNT
};

struct reason_entry {
    const char *code, *text;
    enum reason_kind kind;
    size_t counter; /* offset in struct stats_row; REASON_ONLY: none */
};
enum { REASON_ONLY = 0 };
const struct reason_entry *reason_entry(enum reason);

/* The reason of a failed handshake, from the socket and its error. */
enum reason reason_of_handshake(const struct rp_socket *, const struct rp_error *);
/* The reason of the failure of an open connection. */
enum reason reason_of_error(const struct rp_error *);

#endif
