/* SPDX-License-Identifier: MIT
 *
 * contexts.c - create secure contexts from certificates and policies, each once. The danger: two
 * different policies that are treated as equal. So every setting of a context is compared: add a
 * new option of the configuration both to `equal` and to `fill`. */
#include "worker/plan/contexts.h"
#include "worker/plan/judge_clients.h"

#include <reprise/tls.h>
#include <reprise/x509.h>

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* Groups that are cheap for a client but expensive for the server are excluded: one ffdhe8192 key
 * share, which a client need not compute, costs a worker 150 ms and more. */
#define CLASSICAL_GROUPS "X25519:P-256:P-384"
static const char hybrid_groups[] = "X25519MLKEM768:" CLASSICAL_GROUPS; /* since OpenSSL 3.5 */

struct policy {
    const struct conf_frontend *frontend;
    const struct conf_tls *tls;
    struct pem_file ca, crl;
    struct rp_pem ca_pem;
    struct rp_pem *crls; /* one for each CRL in the file */
    size_t crl_count;
    size_t number;
    struct policy *next;
};

struct made { /* a node of the tree `made` */
    size_t policy, count, set[CONTEXTS_SET_MAX];
    struct rp_secure_context *context;
};

struct contexts {
    const struct conf *conf;
    struct certificates *certificates;
    struct rp_ticket_keys *keys;
    struct findings *findings;
    const char *default_groups;
    struct policy *policies;
    size_t policy_count;
    void *made; /* tsearch's root */
};

static bool no_memory(struct rp_error *err)
{
    return rp_error_set(err, "ENOMEM", "no memory for secure contexts");
}

static const char *default_groups(void)
{
    const struct rp_secure_context_options options = {.empty_ca = true,
                                                      .ecdh_curve = hybrid_groups};
    struct rp_secure_context *context = rp_secure_context_new(&options, NULL);

    if (context == NULL)
        return CLASSICAL_GROUPS;
    rp_secure_context_unref(context);
    return hybrid_groups;
}

struct contexts *contexts_new(const struct conf *conf, struct certificates *certificates,
                              struct rp_ticket_keys *keys, struct findings *findings,
                              struct rp_error *err)
{
    struct contexts *contexts = calloc(1, sizeof *contexts);

    if (contexts == NULL) {
        no_memory(err);
        return NULL;
    }
    contexts->conf = conf;
    contexts->certificates = certificates;
    contexts->keys = keys;
    contexts->findings = findings;
    contexts->default_groups = default_groups();
    return contexts;
}

static void policy_free(struct policy *policy)
{
    pem_file_wipe(&policy->ca);
    pem_file_wipe(&policy->crl);
    free(policy->crls);
    free(policy);
}

static void made_free(void *node)
{
    struct made *made = node;

    rp_secure_context_unref(made->context);
    free(made);
}

void contexts_free(struct contexts *contexts)
{
    if (contexts == NULL)
        return;
    tdestroy(contexts->made, made_free);
    while (contexts->policies != NULL) {
        struct policy *policy = contexts->policies;

        contexts->policies = policy->next;
        policy_free(policy);
    }
    free(contexts);
}

/* -- policies ---------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool equal(const struct policy *policy, const struct conf_frontend *f,
                  const struct conf_tls *t)
{
    const struct conf_frontend *g = policy->frontend;
    const struct conf_tls *u = policy->tls;

    return same_text(f->min_version, g->min_version) && same_text(f->max_version, g->max_version) &&
           same_text(f->ciphers, g->ciphers) && same_text(f->ecdh_curve, g->ecdh_curve) &&
           same_text(f->sigalgs, g->sigalgs) && f->honor_cipher_order == g->honor_cipher_order &&
           f->tickets == g->tickets && t->request_cert == u->request_cert &&
           t->reject_unauthorized == u->reject_unauthorized && t->ca_names == u->ca_names &&
           t->partial_chain == u->partial_chain && t->max_early_data == u->max_early_data &&
           same_text(t->ca, u->ca) && same_text(t->crl, u->crl);
}

static enum rp_client_auth client_auth(const struct conf_tls *tls)
{
    if (!tls->request_cert)
        return RP_CLIENT_AUTH_NONE;
    return tls->reject_unauthorized ? RP_CLIENT_AUTH_REQUIRE : RP_CLIENT_AUTH_REQUEST;
}

static const char *groups_of(const struct contexts *contexts, const struct conf_frontend *f)
{
    return f->ecdh_curve == NULL || strcmp(f->ecdh_curve, "auto") == 0 ? contexts->default_groups
                                                                       : f->ecdh_curve;
}

static void fill(const struct contexts *contexts, const struct policy *policy,
                 struct rp_secure_context_options *options)
{
    const struct conf_frontend *f = policy->frontend;
    const struct conf_cache *cache = &contexts->conf->cache;

    *options = (struct rp_secure_context_options){
        .ca = policy->ca.bytes != NULL ? &policy->ca_pem : NULL,
        .ca_count = policy->ca.bytes != NULL ? 1 : 0,
        .no_ca_names = !policy->tls->ca_names,
        .allow_partial_trust_chain = policy->tls->partial_chain,
        .crl = policy->crls,
        .crl_count = policy->crl_count,
        /* Without request-cert the system's roots are not needed. */
        .empty_ca = !policy->tls->request_cert && policy->ca.bytes == NULL,
        .ciphers = f->ciphers,
        .sigalgs = f->sigalgs,
        .ecdh_curve = groups_of(contexts, f),
        .min_version = f->min_version,
        .max_version = f->max_version,
        .honor_cipher_order = f->honor_cipher_order ? RP_ON : RP_OFF,
        .session_timeout = cache->session_timeout_s,
        .no_renegotiation = true,
        .ticket_keys = contexts->keys,
        .tickets = f->tickets ? RP_ON : RP_OFF,
        .tickets_per_connection = cache->tickets_per_connection,
        .client_auth = client_auth(policy->tls),
        .max_early_data = policy->tls->max_early_data,
    };
}

/* Find the option that OpenSSL refuses, by trying each alone. */
static bool blame_option(const struct policy *policy, const struct rp_error *why,
                         struct rp_error *err)
{
    const struct conf_frontend *f = policy->frontend;
    const struct rp_secure_context_options alone[] = {
        {.empty_ca = true, .ciphers = f->ciphers},
        {.empty_ca = true, .ecdh_curve = f->ecdh_curve},
        {.empty_ca = true, .sigalgs = f->sigalgs},
        {.ca = policy->ca.bytes != NULL ? &policy->ca_pem : NULL,
         .ca_count = policy->ca.bytes != NULL ? 1 : 0},
        {.empty_ca = true, .crl = policy->crls, .crl_count = policy->crl_count},
    };
    const struct {
        const char *option, *value, *remedy;
    } said[] = {
        {"ciphers", f->ciphers, "see openssl ciphers -v"},
        {"ecdh-curve", f->ecdh_curve, "give \"auto\", or names like \"X25519:P-256\""},
        {"sigalgs", f->sigalgs, "give names like \"ECDSA+SHA256:rsa_pss_rsae_sha256\""},
        {"ca", policy->tls->ca, "give PEM certificates"},
        {"crl", policy->tls->crl, "give PEM revocation lists"},
    };

    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        struct rp_secure_context *context;

        if (said[i].value == NULL)
            continue;
        context = rp_secure_context_new(&alone[i], NULL);
        if (context == NULL)
            return conf_error(err, &policy->tls->location, "%s \"%s\" is invalid; %s",
                              said[i].option, said[i].value, said[i].remedy);
        rp_secure_context_unref(context);
    }
    return conf_error(err, &policy->tls->location, "frontend \"%s\": %s", f->name, why->message);
}

static bool try_policy(const struct contexts *contexts, const struct policy *policy,
                       struct rp_error *err)
{
    struct rp_secure_context_options options;
    struct rp_secure_context *context;
    struct rp_error why = {0};
    bool ok;

    fill(contexts, policy, &options);
    context = rp_secure_context_new(&options, &why);
    if (context == NULL)
        return blame_option(policy, &why, err);
    ok = judge_clients(policy->tls, context, contexts->findings, err);
    rp_secure_context_unref(context);
    return ok;
}

static bool check_ca(const struct policy *policy, struct rp_error *err)
{
    struct rp_error why = {0};

    if (pem_file_blocks(&policy->ca, "CERTIFICATE", NULL, 0) == 0)
        return conf_error(err, &policy->tls->location,
                          "ca \"%s\": no certificate in it; give PEM certificates",
                          policy->tls->ca);
    return pem_file_check(&policy->ca, &why) ||
           conf_error(err, &policy->tls->location, "ca %s", why.message);
}

static bool read_ca(struct policy *policy, struct rp_error *err)
{
    const char *path = policy->tls->ca;
    struct rp_error why = {0};

    if (path == NULL)
        return true;
    if (!pem_file_read(&policy->ca, path, &why))
        return conf_error(err, &policy->tls->location, "ca \"%s\": %s", path, why.message);
    if (!check_ca(policy, err))
        return false;
    policy->ca_pem = (struct rp_pem){.bytes = policy->ca.bytes, .len = policy->ca.len};
    return true;
}

static bool read_crl(struct policy *policy, struct rp_error *err)
{
    const char *path = policy->tls->crl;
    struct rp_error why = {0};
    const char **starts;
    size_t count;

    if (path == NULL)
        return true;
    if (!pem_file_read(&policy->crl, path, &why))
        return conf_error(err, &policy->tls->location, "crl \"%s\": %s", path, why.message);
    count = pem_file_blocks(&policy->crl, "X509 CRL", NULL, 0);
    if (count == 0)
        return conf_error(err, &policy->tls->location,
                          "crl \"%s\": no revocation list in it; give a PEM file", path);
    starts = calloc(count, sizeof *starts);
    policy->crls = calloc(count, sizeof *policy->crls);
    if (starts == NULL || policy->crls == NULL) {
        free(starts);
        return no_memory(err);
    }
    pem_file_blocks(&policy->crl, "X509 CRL", starts, count);
    for (size_t i = 0; i < count; i++) {
        const char *end = i + 1 < count ? starts[i + 1] : policy->crl.bytes + policy->crl.len;

        policy->crls[i] = (struct rp_pem){.bytes = starts[i], .len = (size_t)(end - starts[i])};
    }
    policy->crl_count = count;
    free(starts);
    return true;
}

const struct policy *contexts_policy(struct contexts *contexts, const struct conf_frontend *f,
                                     const struct conf_host *host, struct rp_error *err)
{
    const struct conf_tls *tls = host != NULL ? &host->tls : &f->tls;
    struct policy *policy;

    for (policy = contexts->policies; policy != NULL; policy = policy->next)
        if (equal(policy, f, tls))
            return policy;
    policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        no_memory(err);
        return NULL;
    }
    policy->frontend = f;
    policy->tls = tls;
    policy->number = contexts->policy_count;
    if (!read_ca(policy, err) || !read_crl(policy, err) || !try_policy(contexts, policy, err)) {
        policy_free(policy);
        return NULL;
    }
    contexts->policy_count++;
    policy->next = contexts->policies;
    contexts->policies = policy;
    return policy;
}

/* -- contexts ---------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const struct made *x = a, *y = b;

    if (x->policy != y->policy)
        return x->policy < y->policy ? -1 : 1;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    for (size_t i = 0; i < x->count; i++)
        if (x->set[i] != y->set[i])
            return x->set[i] < y->set[i] ? -1 : 1;
    return 0;
}

static struct rp_secure_context *make(const struct contexts *contexts, const struct policy *policy,
                                      const struct made *made, struct rp_error *err)
{
    struct rp_pem certs[CONTEXTS_SET_MAX], keys[CONTEXTS_SET_MAX];
    struct rp_secure_context_options options;
    struct rp_secure_context *context;
    struct rp_error why = {0};

    fill(contexts, policy, &options);
    for (size_t i = 0; i < made->count; i++) {
        const struct certificate *c = &contexts->certificates->at[made->set[i]];
        const struct pem_file *key = c->key.bytes != NULL ? &c->key : &c->cert;

        certs[i] = (struct rp_pem){.bytes = c->cert.bytes, .len = c->cert.len};
        keys[i] = (struct rp_pem){.bytes = key->bytes, .len = key->len};
    }
    options.cert = certs;
    options.key = keys;
    options.cert_count = options.key_count = made->count;
    context = rp_secure_context_new(&options, &why);
    if (context == NULL)
        certificate_refuse(&contexts->certificates->at[made->set[0]], &why, err);
    return context;
}

static bool keep(struct contexts *contexts, const struct policy *policy, struct made *made,
                 struct rp_error *err)
{
    struct certificate *c = &contexts->certificates->at[made->set[0]];

    made->context = make(contexts, policy, made, err);
    if (made->context == NULL)
        return false;
    if (made->count == 1 && !c->learned && !certificate_learn(c, made->context, err))
        return false;
    return tsearch(made, &contexts->made, compare) != NULL || no_memory(err);
}

struct rp_secure_context *contexts_get(struct contexts *contexts, const struct policy *policy,
                                       const size_t *set, size_t count, struct rp_error *err)
{
    struct made *made = calloc(1, sizeof *made), **found;

    if (made == NULL) {
        no_memory(err);
        return NULL;
    }
    made->policy = policy->number;
    made->count = count < CONTEXTS_SET_MAX ? count : CONTEXTS_SET_MAX;
    memcpy(made->set, set, made->count * sizeof *set);
    found = tfind(made, &contexts->made, compare);
    if (found != NULL || !keep(contexts, policy, made, err)) {
        made_free(made);
        return found != NULL ? (*found)->context : NULL;
    }
    return made->context;
}
