/* SPDX-License-Identifier: MIT
 *
 * openssl_version.h - what a test may expect of the OpenSSL that it runs with. The goldens were
 * taken from node with OpenSSL 3.0. */
#ifndef OPENSSL_VERSION_H
#define OPENSSL_VERSION_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static inline bool openssl_since(unsigned major, unsigned minor)
{
    unsigned here = OPENSSL_version_major();

    return here > major || (here == major && OPENSSL_version_minor() >= minor);
}

/* The code of an alert as old as SSL 3, "HANDSHAKE_FAILURE"; OpenSSL 3.2 renamed them. */
static inline const char *alert_code(const char *alert)
{
    static char code[80];

    snprintf(code, sizeof code, "ERR_SSL_%s_ALERT_%s", openssl_since(3, 2) ? "SSL/TLS" : "SSLV3",
             alert);
    return code;
}

/* The default group of TLS 1.3. */
static inline const char *default_group(void)
{
    return openssl_since(3, 5) ? "X25519MLKEM768" : "X25519";
}

/* How a trace calls a record that was sent. */
static inline const char *traced_record(void)
{
    return openssl_since(3, 2) ? "Sent TLS Record" : "Sent Record";
}

#endif
