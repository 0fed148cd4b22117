/* SPDX-License-Identifier: MIT
 *
 * root_certificates.c - node's rootCertificates (A5): the Mozilla roots of this release, made by
 * contrib/roots/refresh.sh. They are as old as the release. By default a context trusts the
 * system's roots instead (roots.c). */
#include <reprise/tls.h>

static const char *const root_certificates[] = {
#include "lib/x509/roots_data.inc"
};

const char *const *rp_root_certificates(size_t *count)
{
    if (count != NULL)
        *count = sizeof root_certificates / sizeof *root_certificates;
    return root_certificates;
}
