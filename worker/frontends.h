/* SPDX-License-Identifier: MIT
 *
 * frontends.h - what the generation prepares for its workers: for each frontend, the table from
 * server names to secure contexts and to backends. Immutable after the fork, but for what each
 * worker remembers of its backends. */
#ifndef FRONTENDS_H
#define FRONTENDS_H

#include "worker/backend.h"
#include "worker/limits.h"
#include "worker/names.h"
#include "worker/worker.h"

/* What serves the names of a frontend, or those of one host block of it. */
struct site {
    const struct conf_tls *tls;
    struct names *names;                /* to struct rp_secure_context; of a single host: empty */
    struct rp_secure_context *fallback; /* for names that no certificate has, and for none */
    struct backend *backend;            /* NULL: the block leaves it to the frontend */
};

struct plan {
    const struct conf_frontend *conf;
    struct site own, *hosts;
    struct names *host_names;       /* to struct site */
    const char **alpn_protocols;    /* NULL-terminated; NULL = none */
    struct backend **alpn_backends; /* as conf->alpn_backends */
    char canonical[NAMES_MAX + 1];  /* first exact name of the first certificate; "" = none */
};

struct frontends {
    const struct conf *conf;
    struct backend *backends; /* as conf->backends */
    struct plan *plans;       /* as conf->frontends */
    struct limits *limits;
    struct rp_secure_context **held; /* one reference for each context in use */
    size_t held_count, held_capacity;
};

/* Which context and site serve this name? Host blocks come first, exact before wildcard; then the
 * site's certificates, exact before wildcard; then the first certificate. `servername` may be NULL.
 * Returns false when strict-sni refuses the name. The cost depends on no number of names. */
bool frontends_choose(const struct plan *, const char *servername, const struct site **,
                      struct rp_secure_context **);
/* Is this a name that the frontend serves by a host block or a certificate? */
bool frontends_knows(const struct plan *, const char *servername);
/* Where the plain stream goes: to the host block's backend, else to that of the protocol, else to
 * the frontend's. `alpn` may be NULL. */
struct backend *frontends_route(const struct plan *, const struct site *, const char *alpn);

#endif
