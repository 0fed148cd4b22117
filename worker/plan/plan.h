/* SPDX-License-Identifier: MIT
 *
 * plan.h - the tables that a generation prepares for its workers: for each frontend, from server
 * names to secure contexts and backends. Immutable after the fork, except each worker's record of
 * backend failures. */
#ifndef PLAN_H
#define PLAN_H

#include "lib/base/network.h"
#include "worker/plan/backend.h"
#include "worker/plan/findings.h"
#include "worker/plan/limits.h"
#include "worker/plan/names.h"
#include <reprise/secure_context.h>

/* The contexts and backend of a frontend, or of one of its host blocks. */
struct site {
    const struct conf_tls *tls;
    struct names *names; /* maps to struct rp_secure_context; empty for a single host */
    struct rp_secure_context *fallback; /* for unknown names, and for clients without SNI */
    struct backend *backend;            /* NULL: the frontend's */
    const char **alpn_protocols;        /* NULL-terminated; NULL: the frontend's, or none */
};

struct frontend_plan {
    const struct conf_frontend *conf;
    struct site own, *hosts;
    struct names *host_names;       /* maps to struct site */
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
    size_t passed_over; /* CA certificates in the certificate directory */
    struct findings findings;
};

/* Read certificates and keys, and create everything that workers share. Errors name file and line
 * of the block: a missing file, a key that does not match its certificate, ... */
struct plan *plan_new(const struct conf *, struct rp_ticket_keys *, struct rp_error *)
    __attribute__((warn_unused_result));
void plan_free(struct plan *); /* NULL ok */

/* Select the context and site for a name. Host blocks come first, exact before wildcard; then the
 * site's certificates, exact before wildcard; then the first certificate. `servername` may be NULL.
 * false: strict-sni refuses the name. The cost does not depend on the number of names. */
bool plan_choose(const struct frontend_plan *, const char *servername, const struct site **,
                 struct rp_secure_context **);
/* Whether a host block or a certificate of the frontend has this name. */
bool plan_knows(const struct frontend_plan *, const char *servername);
/* The backend for the decrypted stream: of the host block, else of the ALPN protocol, else of the
 * frontend. `alpn` may be NULL. */
struct backend *plan_route(const struct frontend_plan *, const struct site *, const char *alpn);

#endif
