/* SPDX-License-Identifier: MIT
 *
 * starttls.h - the plaintext dialogue of protocols that upgrade to TLS. */
#ifndef STARTTLS_H
#define STARTTLS_H

#include <reprise/reprise.h>

#define STARTTLS_PROTOCOLS "smtp, imap, pop3, xmpp, postgres, ldap"
bool starttls_knows(const char *protocol);

struct starttls;
/* Called once: the peer is ready for TLS (error NULL), or has refused. The stream is paused and has
 * no listeners. */
typedef void starttls_done(const struct rp_error *error, void *arg);

/* Start the dialogue. NULL: unknown protocol, or no memory. `name` is the host name for xmpp. If
 * the connection fails, `done` gets the error, too. */
struct starttls *starttls_begin(struct rp_stream *stream, const char *protocol, const char *name,
                                starttls_done *done, void *arg);

#endif
