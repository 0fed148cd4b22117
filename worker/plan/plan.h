/* SPDX-License-Identifier: MIT
 *
 * plan.h - what the generation prepares for its workers: for each frontend, the table from
 * server names to secure contexts and to backends. Immutable after the fork, but for what each
 * worker remembers of its backends. */
#ifndef PLAN_H
#define PLAN_H

#include "lib/base/network.h"
#include "worker/plan/backend.h"
#include "worker/plan/findings.h"
#include "worker/plan/limits.h"
#include "worker/plan/names.h"
#include <reprise/secure_context.h>

/* What serves the names of a frontend, or those of one host block of it. */
struct site {
    const struct conf_tls *tls;
    struct names *names;                /* to struct rp_secure_context; of a single host: empty */
    struct rp_secure_context *fallback; /* for names that no certificate has, and for none */
    struct backend *backend;            /* NULL: the block leaves it to the frontend */
    const char **alpn_protocols;        /* NULL-terminated; NULL: the frontend's, or none */
};

struct frontend_plan {
    const struct conf_frontend *conf;
    struct site own, *hosts;
    struct names *host_names;       /* to struct site */
    struct backend **alpn_backends; /* as conf->alpn_backends */
    struct rp_network *proxy_from;  /* as conf->proxy_from */
    char canonical[NAMES_MAX + 1];  /* first exact name of the first certificate; "" = none */
};

struct plan {
    const struct conf *conf;
    struct backend *backends;    /* as conf->backends */
    struct frontend_plan *plans; /* as conf->frontends */
    struct limits *limits;
    struct rp_secure_context **held; /* one reference for each context in use */
    size_t held_count, held_capacity;
    size_t passed_over; /* CA certificates in the directory of certificates */
    struct findings findings;
};

/* Reads certificates and keys and makes everything that workers share. Errors name file and line of
 * the block: a missing file, a key that isn't the certificate's... */
struct plan *plan_new(const struct conf *, struct rp_ticket_keys *, struct rp_error *)
    __attribute__((warn_unused_result));
void plan_free(struct plan *); /* NULL ok */

/* Which context and site serve this name? Host blocks come first, exact before wildcard; then the
 * site's certificates, exact before wildcard; then the first certificate. `servername` may be NULL.
 * Returns false when strict-sni refuses the name. The cost depends on no number of names. */
bool plan_choose(const struct frontend_plan *, const char *servername, const struct site **,
                 struct rp_secure_context **);
/* Is this a name that the frontend serves by a host block or a certificate? */
bool plan_knows(const struct frontend_plan *, const char *servername);
/* Where the plain stream goes: to the host block's backend, else to that of the protocol, else to
 * the frontend's. `alpn` may be NULL. */
struct backend *plan_route(const struct frontend_plan *, const struct site *, const char *alpn);

#endif
