/* SPDX-License-Identifier: MIT
 *
 * identity.h - checkServerIdentity for the data of node's certificate object (section F). */
#ifndef RP_IDENTITY_H
#define RP_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include <reprise/error.h>

/* A text that may contain NULs. */
struct rp_identity_name {
    const char *bytes;
    size_t len;
};
struct rp_identity {
    const struct rp_identity_name *cn; /* every CN of the subject */
    size_t cn_count;
    const char *alt_names; /* node's subjectaltname; NULL: none */
};

/* true: the certificate is valid for the host. false: *err is node's ERR_TLS_CERT_ALTNAME_INVALID
 * with its reason, or ERR_TLS_CERT_ALTNAME_FORMAT. */
bool rp_identity_check(const char *hostname, const struct rp_identity *, struct rp_error *);

#endif
