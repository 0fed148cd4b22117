/* SPDX-License-Identifier: MIT
 *
 * versions.h - protocol versions by node's names (A4, B5 to B7). */
#ifndef RP_VERSIONS_H
#define RP_VERSIONS_H

#include <reprise/error.h>

/* What a context speaks: numbers as OpenSSL's TLS1_2_VERSION, 0 = no limit. */
struct rp_versions {
    int min, max;
    bool server_only, client_only; /* "TLSv1_2_server_method" and its kin */
};

/* The range that min_version, max_version and secure_protocol ask for; NULL = not given. */
bool rp_versions_choose(struct rp_versions *, const char *min_version, const char *max_version,
                        const char *secure_protocol, struct rp_error *);
/* "TLSv1.2" to its number; 0 for what is none. Case matters (A7). */
int rp_version_number(const char *name);
/* And back: static text; NULL for another version. */
const char *rp_version_name(int number);

#endif
