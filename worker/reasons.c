/* SPDX-License-Identifier: MIT
 *
 * reasons.c - why connections end, and which error of the library has which reason. Error codes
 * that are not listed, such as those of new OpenSSL versions, get the general reason of their kind;
 * the log has the error itself. */
#include "worker/reasons.h"
#include "worker/stats.h"

#include <stddef.h>
#include <string.h>

const struct reason_entry *reason_entry(enum reason reason)
{
#define STATS(field)                       offsetof(struct stats_row, field)
#define X(name, code, kind, counter, text) {code, text, REASON_KIND_##kind, counter},
    static const struct reason_entry entries[] = {REASONS(X)};
#undef X
#undef STATS

    return &entries[reason];
}

static const struct {
    const char *code;
    enum reason reason;
} known[] = {
    {"ERR_TLS_HANDSHAKE_TIMEOUT", REASON_HANDSHAKE_TIMEOUT},
    {"ERR_TLS_TOO_MANY_HANDSHAKES", REASON_MAX_HANDSHAKES},
    {"ERR_LIMIT", REASON_PER_SOURCE},
    {"ERR_DRAIN_TIMEOUT", REASON_DRAIN_TIMEOUT},
    {"ERR_PROXY_PROTOCOL", REASON_PROXY_HEADER},
    {"ERR_TLS_UNRECOGNIZED_NAME", REASON_SERVER_NAME},
    {"ERR_SSL_NO_APPLICATION_PROTOCOL", REASON_NO_PROTOCOL},
    {"ERR_SSL_HTTP_REQUEST", REASON_NOT_TLS},
    {"ERR_SSL_HTTPS_PROXY_REQUEST", REASON_NOT_TLS},
    {"ERR_SSL_WRONG_VERSION_NUMBER", REASON_NOT_TLS},
    {"ERR_SSL_UNSUPPORTED_PROTOCOL", REASON_PROTOCOL_VERSION},
    {"ERR_SSL_UNKNOWN_PROTOCOL", REASON_PROTOCOL_VERSION},
    {"ERR_SSL_VERSION_TOO_LOW", REASON_PROTOCOL_VERSION},
    {"ERR_SSL_WRONG_SSL_VERSION", REASON_PROTOCOL_VERSION},
    {"ERR_SSL_INAPPROPRIATE_FALLBACK", REASON_PROTOCOL_VERSION},
    {"ERR_SSL_NO_SHARED_CIPHER", REASON_NO_SHARED_CIPHER},
    {"ERR_SSL_NO_SHARED_GROUPS", REASON_NO_SHARED_GROUP},
    {"ERR_SSL_NO_SUITABLE_GROUPS", REASON_NO_SHARED_GROUP},
    {"ERR_SSL_NO_SUITABLE_KEY_SHARE", REASON_NO_SHARED_GROUP},
    {"ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS", REASON_NO_SHARED_SIGALG},
    {"ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM", REASON_NO_SHARED_SIGALG},
    {"ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", REASON_CERTIFICATE_MISSING},
    {"ERR_SSL_CERTIFICATE_VERIFY_FAILED", REASON_CERTIFICATE_INVALID},
    {"ENOMEM", REASON_NO_MEMORY},
};

/* Errors of the transport are named by errno values. */
static bool is_of_transport(const struct rp_error *error)
{
    return error->code[0] == 'E' && strncmp(error->code, "ERR_", 4) != 0;
}

enum reason reason_of_handshake(const struct rp_socket *socket, const struct rp_error *error)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(error->code, known[i].code) == 0)
            return known[i].reason;
    if (is_of_transport(error))
        return rp_socket_received(socket) ? REASON_CLIENT_CLOSED : REASON_TCP_PROBE;
    if (rp_socket_alert_received(socket) != NULL)
        return REASON_ALERT_RECEIVED;
    return strncmp(error->code, "ERR_SSL_", 8) == 0 ? REASON_PROTOCOL_ERROR
                                                    : REASON_HANDSHAKE_ERROR;
}

enum reason reason_of_error(const struct rp_error *error)
{
    if (strcmp(error->code, "ENOMEM") == 0)
        return REASON_NO_MEMORY;
    return is_of_transport(error) ? REASON_CLIENT_LOST : REASON_CLIENT_ERROR;
}
