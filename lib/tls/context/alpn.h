/* SPDX-License-Identifier: MIT
 *
 * alpn.h - lists of ALPN protocol names, as programs give them and as they are offered (C9). */
#ifndef RP_ALPN_H
#define RP_ALPN_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include <reprise/error.h>

/* Copy a NULL-terminated list; *copy is NULL if the list is NULL or empty. false: *err is set: a
 * name or the whole list is too long, or no memory. */
bool rp_alpn_copy(char ***copy, const char *const *names, struct rp_error *err);
void rp_alpn_free(char **names); /* NULL ok */
/* Set the protocols that a client offers; NULL: none. false: no memory. */
bool rp_alpn_offer(SSL *, char *const *names);

#endif
