/* SPDX-License-Identifier: MIT
 *
 * contexts.h - one secure context for each distinct set of certificates under each distinct TLS
 * policy, however many names and frontends use it. */
#ifndef CONTEXTS_H
#define CONTEXTS_H

#include "worker/plan/certificates.h"
#include "worker/plan/findings.h"

enum { CONTEXTS_SET_MAX = 6 }; /* one certificate for each key type */

/* The TLS policy of a frontend or of one of its host blocks, without the certificates. */
struct policy;

/* Used while frontends are created; the caller must take a reference of each context that it
 * keeps. */
struct contexts;
struct contexts *contexts_new(const struct conf *, struct certificates *, struct rp_ticket_keys *,
                              struct findings *, struct rp_error *)
    __attribute__((warn_unused_result));
void contexts_free(struct contexts *); /* NULL ok */

/* The policy of a frontend, or with `host` of that block. Its files are read and its options
 * checked once; errors name the block. Borrowed. */
const struct policy *contexts_policy(struct contexts *, const struct conf_frontend *,
                                     const struct conf_host *host, struct rp_error *);
/* The context for these certificates (indices into the certificates' `at`). The first use of a
 * single certificate also records its names. Borrowed. */
struct rp_secure_context *contexts_get(struct contexts *, const struct policy *, const size_t *set,
                                       size_t count, struct rp_error *);

#endif
