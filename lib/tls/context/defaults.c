/* SPDX-License-Identifier: MIT
 *
 * defaults.c - the defaults that node:tls has as module variables (A1 to A4). */
#include <reprise/tls.h>

struct rp_tls_defaults *rp_tls_defaults(void)
{
    static struct rp_tls_defaults defaults = {
        .ciphers = RP_DEFAULT_CIPHERS,
        .ecdh_curve = RP_DEFAULT_ECDH_CURVE,
        .min_version = RP_DEFAULT_MIN_VERSION,
        .max_version = RP_DEFAULT_MAX_VERSION,
        .client_reneg_limit = RP_CLIENT_RENEG_LIMIT,
        .client_reneg_window = RP_CLIENT_RENEG_WINDOW,
    };

    return &defaults;
}
