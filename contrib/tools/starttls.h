/* SPDX-License-Identifier: MIT
 *
 * starttls.h - the words that come before TLS in protocols that upgrade. */
#ifndef STARTTLS_H
#define STARTTLS_H

#include <reprise/reprise.h>

#define STARTTLS_PROTOCOLS "smtp, imap, pop3, xmpp, postgres, ldap"
bool starttls_knows(const char *protocol);

struct starttls;
/* Called once: the peer is ready for TLS (error NULL), or refuses. The stream is paused, and
 * nobody listens to it any more. */
typedef void starttls_done(const struct rp_error *error, void *arg);

/* NULL: a word it does not know, or no memory. `name` is the host, for xmpp. A connection that
 * fails meanwhile is an error, too. */
struct starttls *starttls_begin(struct rp_stream *stream, const char *protocol, const char *name,
                                starttls_done *done, void *arg);

#endif
