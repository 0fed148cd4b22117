/* SPDX-License-Identifier: MIT
 *
 * versions.h - protocol versions by node's names (A4, B5 to B7). */
#ifndef RP_VERSIONS_H
#define RP_VERSIONS_H

#include <reprise/error.h>

/* A range of versions: numbers as OpenSSL's TLS1_2_VERSION, 0 = no limit. */
struct rp_versions {
    int min, max;
    bool server_only, client_only; /* set by "TLSv1_2_server_method" and similar */
};

/* Compute the range from min_version, max_version and secure_protocol; NULL = not given. */
bool rp_versions_choose(struct rp_versions *, const char *min_version, const char *max_version,
                        const char *secure_protocol, struct rp_error *);
/* The number of "TLSv1.2"; 0 for an unknown version. Names are case-sensitive (A7). */
int rp_version_number(const char *name);
/* The name of a version; static text; NULL for an unknown one. */
const char *rp_version_name(int number);

#endif
