/* SPDX-License-Identifier: MIT
 *
 * openssl_version.c - the OpenSSL that this process runs with. */
#include <openssl/crypto.h>
#include <reprise/tls.h>

const char *rp_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
