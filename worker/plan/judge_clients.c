/* SPDX-License-Identifier: MIT
 *
 * judge_clients.c - report why clients with a certificate would be refused. As in nginx these
 * are warnings: clients of other frontends and hosts are served, and an expired CRL must not
 * prevent a restart. CA names that do not fit into a handshake are an error: every client would
 * be refused. */
#include "worker/plan/judge_clients.h"

#include "lib/tls/context/client_trust.h"

#include <stdio.h>

enum { NAMES_LEN_MAX = 65535 };

struct dates {
    const struct conf_tls *tls;
    struct findings *findings;
    bool ok;
};

static void add_dates(bool crl, const char *name, uint64_t from, uint64_t until, void *arg)
{
    struct dates *d = arg;
    char mark[256];
    struct dated dated = {.kind = crl ? DATED_CRL : DATED_CLIENT_CA,
                          .location = &d->tls->location,
                          .name = crl ? d->tls->crl : d->tls->ca,
                          .mark = mark,
                          .not_before = from,
                          .not_after = until};

    snprintf(mark, sizeof mark, crl ? ": the list of \"%s\"" : ": \"%s\"", name);
    d->ok = d->ok && findings_add_dates(d->findings, &dated);
}

static const char *remedy_of(const struct rp_trust_report *r)
{
    if (r->issuer_missing)
        return "add its root CA to ca, or set partial-chain = on";
    return r->crl_missing ? "add the list of each CA up to the root to crl" : "replace it in ca";
}

static void describe(const struct rp_trust_report *r, char *out, size_t size)
{
    bool named = r->issuer_missing || r->crl_missing;

    snprintf(out, size, "client certificates of the CA \"%s\" are refused (%s%s%s%s); %s",
             r->authority, r->reason, named ? " of \"" : "", named ? r->issuer : "",
             named ? "\"" : "", remedy_of(r));
}

static bool judge_refusals(const struct conf_tls *tls, const struct rp_trust_report *r,
                           struct findings *findings, struct rp_error *err)
{
    char text[1024];

    if (r->admitting == r->authorities)
        return true;
    describe(r, text, sizeof text);
    return findings_add(findings, FINDING_CLIENT_CA, &tls->location,
                        "ca \"%s\": %zu of %zu CAs admit no client: %s", tls->ca,
                        r->authorities - r->admitting, r->authorities, text) ||
           rp_error_set(err, "ENOMEM", "no memory to judge client CAs");
}

bool judge_clients(const struct conf_tls *tls, const struct rp_secure_context *context,
                   struct findings *findings, struct rp_error *err)
{
    struct dates dates = {tls, findings, true};
    struct rp_trust_report r;

    if (!tls->request_cert || tls->ca == NULL)
        return true;
    if (!rp_context_judge_trust(context, &r, err))
        return false;
    if (r.names_len > NAMES_LEN_MAX)
        return conf_error(
            err, &tls->location,
            "ca \"%s\": the names of its CAs take %zu bytes, and a handshake has room "
            "for %d, so no client can connect; set ca-names = off, or give fewer CAs",
            tls->ca, r.names_len, NAMES_LEN_MAX);
    rp_context_each_trusted(context, add_dates, &dates);
    return (dates.ok || rp_error_set(err, "ENOMEM", "no memory to judge client CAs")) &&
           judge_refusals(tls, &r, findings, err);
}
