/* SPDX-License-Identifier: MIT
 *
 * openssl_version.c - the version of the OpenSSL library in this process. */
#include <openssl/crypto.h>
#include <reprise/tls.h>

const char *rp_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
