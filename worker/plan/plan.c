/* SPDX-License-Identifier: MIT
 *
 * plan.c - build the tables that connections are served from. The danger: a name that bypasses the
 * policy for it. So host blocks are searched before certificates: "*.example.com" with request-cert
 * also applies to a name that a certificate contains exactly. Contexts with the same certificates
 * and policy are shared (contexts.c). */
#include "worker/plan/plan.h"
#include "worker/plan/contexts.h"
#include "worker/plan/cpu_quota.h"
#include "worker/plan/judge.h"

#include <stdlib.h>
#include <string.h>

static bool no_memory(struct rp_error *err)
{
    return rp_error_set(err, "ENOMEM", "no memory for frontends");
}

/* -- choosing ---------------------------------------------------------------------------------- */

bool plan_choose(const struct frontend_plan *plan, const char *servername, const struct site **site,
                 struct rp_secure_context **context)
{
    const struct site *host = names_find(plan->host_names, servername);

    *site = host != NULL ? host : &plan->own;
    *context = names_find((*site)->names, servername);
    if (*context == NULL) {
        if (host == NULL && plan->conf->strict_sni)
            return false;
        *context = (*site)->fallback;
    }
    return true;
}

bool plan_knows(const struct frontend_plan *plan, const char *servername)
{
    return names_find(plan->host_names, servername) != NULL ||
           names_find(plan->own.names, servername) != NULL;
}

struct backend *plan_route(const struct frontend_plan *plan, const struct site *site,
                           const char *alpn)
{
    if (site->backend != NULL && site != &plan->own)
        return site->backend;
    for (size_t i = 0; alpn != NULL && i < plan->conf->alpn_backend_count; i++)
        if (strcmp(plan->conf->alpn_backends[i].protocol, alpn) == 0)
            return plan->alpn_backends[i];
    return plan->own.backend;
}

/* -- which certificates are valid for a name --------------------------------------------------- */

/* The certificates of a block in order of preference, and for each name the certificates with
 * it. */
struct roster {
    struct certificates *all;
    size_t *ids; /* indices into all->at */
    size_t count;
    struct names *holders; /* maps to struct holder */
    struct holder *list;
};
struct holder {
    size_t *ids, count;
    struct holder *next;
};

static void roster_clear(struct roster *roster)
{
    while (roster->list != NULL) {
        struct holder *holder = roster->list;

        roster->list = holder->next;
        free(holder->ids);
        free(holder);
    }
    names_free(roster->holders);
    free(roster->ids);
    *roster = (struct roster){0};
}

static bool roster_note(struct roster *roster, const char *name, size_t id, struct rp_error *err)
{
    struct holder *holder = names_get(roster->holders, name);
    size_t *ids;

    if (holder == NULL) {
        holder = calloc(1, sizeof *holder);
        if (holder == NULL)
            return no_memory(err);
        holder->next = roster->list;
        roster->list = holder;
        if (names_add(roster->holders, name, holder) != NAMES_ADDED)
            return no_memory(err);
    }
    ids = reallocarray(holder->ids, holder->count + 1, sizeof *ids);
    if (ids == NULL)
        return no_memory(err);
    holder->ids = ids;
    ids[holder->count++] = id;
    return true;
}

/* The certificates that a block names, then those of the directory if its frontend uses it. */
static bool roster_list(struct roster *roster, const struct conf *conf, const struct conf_tls *tls,
                        bool directory, struct rp_error *err)
{
    struct certificates *all = roster->all;

    roster->ids =
        calloc(tls->certificate_count + all->count - all->blocks + 1, sizeof *roster->ids);
    roster->holders = names_new();
    if (roster->ids == NULL || roster->holders == NULL)
        return no_memory(err);
    for (size_t i = 0; i < tls->certificate_count; i++)
        roster->ids[roster->count++] = (size_t)(tls->certificates[i] - conf->certificates);
    for (size_t i = all->blocks; directory && i < all->count; i++)
        roster->ids[roster->count++] = i;
    return true;
}

static bool roster_learn(struct roster *roster, struct contexts *contexts,
                         const struct policy *policy, struct rp_error *err)
{
    for (size_t i = 0; i < roster->count; i++) {
        size_t id = roster->ids[i];
        const struct certificate *c = &roster->all->at[id];

        if (!c->learned && contexts_get(contexts, policy, &id, 1, err) == NULL)
            return false;
        for (size_t n = 0; n < c->name_count; n++)
            if (!roster_note(roster, c->names[n], id, err))
                return false;
    }
    return true;
}

/* -- one certificate for each key type --------------------------------------------------------- */

struct set {
    size_t ids[CONTEXTS_SET_MAX], count;
};

static void set_add(struct set *set, const struct certificates *all, size_t id)
{
    const char *type = all->at[id].key_type;

    for (size_t i = 0; i < set->count; i++)
        if (set->ids[i] == id || type == NULL || all->at[set->ids[i]].key_type == NULL ||
            strcmp(all->at[set->ids[i]].key_type, type) == 0)
            return;
    if (set->count < CONTEXTS_SET_MAX)
        set->ids[set->count++] = id;
}

static void set_add_holders(struct set *set, const struct roster *roster, const char *name)
{
    const struct holder *holder = names_get(roster->holders, name);

    for (size_t i = 0; holder != NULL && i < holder->count; i++)
        set_add(set, roster->all, holder->ids[i]);
}

/* The certificates for a name: of each key type the first with this exact name; if there is none,
 * the first with a matching wildcard. */
static struct set set_for(const struct roster *roster, const char *name)
{
    struct set set = {.count = 0};
    char wildcard[NAMES_MAX + 3];
    const char *dot = strchr(name, '.');

    set_add_holders(&set, roster, name);
    if (name[0] != '*' && dot != NULL && strlen(dot) < sizeof wildcard - 1) {
        wildcard[0] = '*';
        memcpy(wildcard + 1, dot, strlen(dot) + 1);
        set_add_holders(&set, roster, wildcard);
    }
    return set;
}

/* The certificates for unknown names: those for the host's own name; else the first certificate,
 * and those of other key types that share its first name. */
static struct set set_of_first(const struct roster *roster, const char *host)
{
    const struct certificate *first = &roster->all->at[roster->ids[0]];
    struct set set = {.count = 0}, others;

    if (host != NULL)
        set = set_for(roster, host);
    if (set.count > 0)
        return set;
    set_add(&set, roster->all, roster->ids[0]);
    if (first->name_count > 0) {
        others = set_for(roster, first->names[0]);
        for (size_t i = 0; i < others.count; i++)
            set_add(&set, roster->all, others.ids[i]);
    }
    return set;
}

/* -- sites ------------------------------------------------------------------------------------- */

struct build {
    struct plan *frontends;
    struct certificates certificates;
    struct contexts *contexts;
};

static struct rp_secure_context *hold(struct build *b, const struct policy *policy,
                                      const struct set *set, struct rp_error *err)
{
    struct plan *f = b->frontends;
    struct rp_secure_context *context =
        contexts_get(b->contexts, policy, set->ids, set->count, err);

    if (context == NULL || !judge_set(&b->certificates, set->ids, set->count, &f->findings, err))
        return NULL;
    if (f->held_count == f->held_capacity) {
        size_t capacity = f->held_capacity == 0 ? 16 : f->held_capacity * 2;
        struct rp_secure_context **more = reallocarray(f->held, capacity, sizeof *more);

        if (more == NULL) {
            no_memory(err);
            return NULL;
        }
        f->held = more;
        f->held_capacity = capacity;
    }
    f->held[f->held_count++] = rp_secure_context_ref(context);
    return context;
}

/* Whether a client that requests a name of this pattern can reach this host block. */
static bool concerns(const char *host, const char *pattern)
{
    const char *dot = strchr(pattern, '.');

    if (host == NULL)
        return true;
    if (strncmp(host, "*.", 2) != 0)
        return false; /* the block's only name uses the fallback */
    return dot != NULL && strcasecmp(dot, host + 1) == 0;
}

static bool site_name(struct build *b, struct site *site, const struct roster *roster,
                      const struct policy *policy, const char *name, struct rp_error *err)
{
    struct rp_secure_context *context;
    struct set set;

    if (names_get(site->names, name) != NULL)
        return true;
    set = set_for(roster, name);
    context = hold(b, policy, &set, err);
    if (context == NULL)
        return false;
    return names_add(site->names, name, context) == NAMES_ADDED || no_memory(err);
}

/* Report a host without a valid certificate: clients compare it with the name they requested. */
static bool judge_host(struct build *b, const struct roster *roster, const struct site *site,
                       const char *host, struct rp_error *err)
{
    struct set set = set_for(roster, host);

    return set.count > 0 || names_count(site->names) > 0 ||
           findings_add(&b->frontends->findings, FINDING_NAME, &site->tls->location,
                        "host \"%s\": none of its certificates is valid for that name, so clients "
                        "refuse them; add a certificate whose subjectAltName contains it",
                        host) ||
           no_memory(err);
}

static bool site_build(struct build *b, struct site *site, const struct roster *roster,
                       const struct policy *policy, const char *host, struct rp_error *err)
{
    struct set first = set_of_first(roster, host);

    site->names = names_new();
    if (site->names == NULL)
        return no_memory(err);
    site->fallback = hold(b, policy, &first, err);
    if (site->fallback == NULL)
        return false;
    for (size_t i = 0; i < roster->count; i++) {
        const struct certificate *c = &roster->all->at[roster->ids[i]];

        for (size_t n = 0; n < c->name_count; n++)
            if (concerns(host, c->names[n]) &&
                !site_name(b, site, roster, policy, c->names[n], err))
                return false;
    }
    return host == NULL || judge_host(b, roster, site, host, err);
}

static struct backend *backend_of(const struct plan *f, const struct conf_backend *conf)
{
    return conf == NULL ? NULL : &f->backends[conf - f->conf->backends];
}

/* A built-in page supports only HTTP/1.1, so "h2" must not be negotiated. */
static bool check_protocol(const struct conf_tls *tls, const struct conf_backend *backend,
                           const char *protocol, struct rp_error *err)
{
    if ((backend->kind != CONF_BACKEND_STATUS && backend->kind != CONF_BACKEND_REDIRECT) ||
        strncmp(protocol, "http/1.", 7) == 0)
        return true;
    return conf_error(
        err, &tls->location,
        "alpn-protocols: \"%s\" would be routed to %s, which supports HTTP/1.1 only; remove "
        "it, give it an alpn-backend, or set alpn-protocols in the host",
        protocol, backend->name);
}

static bool site_protocols(const struct frontend_plan *plan, struct site *site,
                           struct rp_error *err)
{
    const struct conf_strings *own = &site->tls->alpn_protocols;
    const struct conf_strings *all = own->count > 0 ? own : &plan->conf->tls.alpn_protocols;

    for (size_t i = 0; i < all->count; i++)
        if (!check_protocol(site->tls, plan_route(plan, site, all->at[i])->conf, all->at[i], err))
            return false;
    if (own->count == 0)
        return true;
    site->alpn_protocols = calloc(own->count + 1, sizeof *site->alpn_protocols);
    if (site->alpn_protocols == NULL)
        return no_memory(err);
    for (size_t i = 0; i < own->count; i++)
        site->alpn_protocols[i] = own->at[i];
    return true;
}

/* A host block without certificates uses the frontend's. */
static bool host_build(struct build *b, struct frontend_plan *plan, size_t at,
                       const struct roster *frontend, struct rp_error *err)
{
    const struct conf_host *host = &plan->conf->hosts[at];
    const struct policy *policy = contexts_policy(b->contexts, plan->conf, host, err);
    struct roster own = {.all = &b->certificates};
    struct site *site = &plan->hosts[at];
    bool ok = false;

    if (policy == NULL)
        return false;
    site->tls = &host->tls;
    site->backend = backend_of(b->frontends, host->tls.backend);
    if (!site_protocols(plan, site, err))
        return false;
    if (host->tls.certificate_count == 0)
        ok = site_build(b, site, frontend, policy, host->name, err);
    else
        ok = roster_list(&own, b->frontends->conf, &host->tls, false, err) &&
             roster_learn(&own, b->contexts, policy, err) &&
             site_build(b, site, &own, policy, host->name, err);
    roster_clear(&own);
    if (!ok)
        return false;
    switch (names_add(plan->host_names, host->name, site)) {
    case NAMES_ADDED:
        return true;
    case NAMES_PRESENT:
        return conf_error(err, &host->tls.location,
                          "host \"%s\" is given twice in frontend \"%s\"; merge the two blocks",
                          host->name, plan->conf->name);
    case NAMES_INVALID:
        return conf_error(err, &host->tls.location,
                          "host \"%s\" is not a valid host name; give one like \"www.example.com\" "
                          "or \"*.example.com\"",
                          host->name);
    default:
        return no_memory(err);
    }
}

/* -- plans ------------------------------------------------------------------------------------- */

static bool plan_protocols(struct frontend_plan *plan, const struct plan *f, struct rp_error *err)
{
    const struct conf_frontend *conf = plan->conf;

    plan->alpn_backends = calloc(conf->alpn_backend_count + 1, sizeof *plan->alpn_backends);
    if (plan->alpn_backends == NULL)
        return no_memory(err);
    for (size_t i = 0; i < conf->alpn_backend_count; i++)
        plan->alpn_backends[i] = backend_of(f, conf->alpn_backends[i].backend);
    return site_protocols(plan, &plan->own, err);
}

static bool plan_proxies(struct frontend_plan *plan, struct rp_error *err)
{
    const struct conf_strings *from = &plan->conf->proxy_from;

    plan->proxy_from = calloc(from->count + 1, sizeof *plan->proxy_from);
    if (plan->proxy_from == NULL)
        return no_memory(err);
    for (size_t i = 0; i < from->count; i++)
        if (!rp_network_parse(&plan->proxy_from[i], from->at[i], err))
            return false;
    return true;
}

static void plan_canonical(struct frontend_plan *plan, const struct roster *roster)
{
    const struct certificate *first = &roster->all->at[roster->ids[0]];

    for (size_t i = 0; i < first->name_count; i++)
        if (first->names[i][0] != '*') {
            names_normalise(first->names[i], plan->canonical);
            return;
        }
}

static bool plan_build(struct build *b, size_t at, struct rp_error *err)
{
    struct frontend_plan *plan = &b->frontends->plans[at];
    const struct conf_frontend *conf = &b->frontends->conf->frontends[at];
    struct roster roster = {.all = &b->certificates};
    const struct policy *policy;
    bool ok = false;

    plan->conf = conf;
    plan->own.tls = &conf->tls;
    plan->own.backend = backend_of(b->frontends, conf->tls.backend);
    plan->hosts = calloc(conf->host_count + 1, sizeof *plan->hosts);
    plan->host_names = names_new();
    if (plan->hosts == NULL || plan->host_names == NULL)
        return no_memory(err);
    policy = contexts_policy(b->contexts, conf, NULL, err);
    if (policy == NULL ||
        !roster_list(&roster, b->frontends->conf, &conf->tls, conf->use_certificate_directory, err))
        goto out;
    if (roster.count == 0) {
        conf_error(err, &conf->tls.location,
                   "frontend \"%s\" has no certificate; set certificate, or add one to the "
                   "directory of its certificates block",
                   conf->name);
        goto out;
    }
    if (!roster_learn(&roster, b->contexts, policy, err) ||
        !site_build(b, &plan->own, &roster, policy, NULL, err) ||
        !plan_protocols(plan, b->frontends, err) || !plan_proxies(plan, err))
        goto out;
    plan_canonical(plan, &roster);
    ok = true;
    for (size_t i = 0; ok && i < conf->host_count; i++)
        ok = host_build(b, plan, i, &roster, err);
out:
    roster_clear(&roster);
    return ok;
}

/* Blocks that no frontend uses are checked, too, so that errors are found before they are used. */
static bool check_unused(struct build *b, struct rp_error *err)
{
    static const struct conf_frontend plain = {.honor_cipher_order = true, .tickets = true};
    const struct policy *policy = NULL;

    for (size_t i = 0; i < b->certificates.count; i++) {
        if (b->certificates.at[i].learned)
            continue;
        if (policy == NULL)
            policy = contexts_policy(b->contexts, &plain, NULL, err);
        if (policy == NULL || contexts_get(b->contexts, policy, &i, 1, err) == NULL)
            return false;
    }
    return true;
}

/* -- all of it --------------------------------------------------------------------------------- */

static bool uses_directory(const struct conf *conf)
{
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (conf->frontends[i].use_certificate_directory)
            return true;
    return false;
}

static bool build_all(struct build *b, struct rp_ticket_keys *keys, struct rp_error *err)
{
    struct plan *f = b->frontends;
    unsigned workers = f->conf->workers > 0 ? f->conf->workers : cpu_quota_auto();

    f->backends = calloc(f->conf->backend_count + 1, sizeof *f->backends);
    f->plans = calloc(f->conf->frontend_count + 1, sizeof *f->plans);
    if (f->backends == NULL || f->plans == NULL)
        return no_memory(err);
    for (size_t i = 0; i < f->conf->backend_count; i++)
        if (!backend_init(&f->backends[i], &f->conf->backends[i], err))
            return false;
    f->limits = limits_new(f->conf, workers, err);
    b->contexts = contexts_new(f->conf, &b->certificates, keys, &f->findings, err);
    if (f->limits == NULL || b->contexts == NULL ||
        !certificates_read(&b->certificates, f->conf, uses_directory(f->conf), err) ||
        !judge_certificates(&b->certificates, f->conf, &f->findings, err))
        return false;
    for (size_t i = 0; i < f->conf->frontend_count; i++)
        if (!plan_build(b, i, err))
            return false;
    return check_unused(b, err);
}

struct plan *plan_new(const struct conf *conf, struct rp_ticket_keys *keys, struct rp_error *err)
{
    struct build b = {.frontends = calloc(1, sizeof *b.frontends)};
    bool ok;

    if (b.frontends == NULL) {
        no_memory(err);
        return NULL;
    }
    b.frontends->conf = conf;
    b.frontends->findings.expiry_warning_s = conf->expiry_warning_ms / 1000;
    ok = build_all(&b, keys, err);
    b.frontends->passed_over = b.certificates.passed_over;
    contexts_free(b.contexts);
    certificates_clear(&b.certificates);
    if (!ok) {
        plan_free(b.frontends);
        return NULL;
    }
    return b.frontends;
}

static void plan_clear(struct frontend_plan *plan)
{
    for (size_t i = 0; plan->hosts != NULL && plan->conf != NULL && i < plan->conf->host_count;
         i++) {
        names_free(plan->hosts[i].names);
        free(plan->hosts[i].alpn_protocols);
    }
    names_free(plan->own.names);
    names_free(plan->host_names);
    free(plan->hosts);
    free(plan->own.alpn_protocols);
    free(plan->alpn_backends);
    free(plan->proxy_from);
}

void plan_free(struct plan *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; f->plans != NULL && i < f->conf->frontend_count; i++)
        plan_clear(&f->plans[i]);
    for (size_t i = 0; f->backends != NULL && i < f->conf->backend_count; i++)
        backend_clear(&f->backends[i]);
    for (size_t i = 0; i < f->held_count; i++)
        rp_secure_context_unref(f->held[i]);
    limits_free(f->limits);
    findings_clear(&f->findings);
    free(f->held);
    free(f->plans);
    free(f->backends);
    free(f);
}
