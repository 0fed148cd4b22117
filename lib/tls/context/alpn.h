/* SPDX-License-Identifier: MIT
 *
 * alpn.h - lists of ALPN protocol names, as programs give them and as they are offered (C9). */
#ifndef RP_ALPN_H
#define RP_ALPN_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include <reprise/error.h>

/* A copy of a NULL-terminated list; *copy is NULL where there is none, or it is empty. false: *err
 * is set: a name, or all of them, are longer than fits, or no memory. */
bool rp_alpn_copy(char ***copy, const char *const *names, struct rp_error *err);
void rp_alpn_free(char **names); /* NULL ok */
/* Have a client offer them; NULL: none. false: no memory. */
bool rp_alpn_offer(SSL *, char *const *names);

#endif
