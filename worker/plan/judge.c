/* SPDX-License-Identifier: MIT
 *
 * judge.c - report faults of certificates and key files, with the remedy. If an issuer is neither
 * sent nor a root of the system, its certificate is looked for in the `ca` files and in the
 * directory of the server's certificate. */
#include "worker/plan/judge.h"

#include "lib/x509/server_chain.h"

#include <dirent.h>
#include <reprise/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS_MAX = 256, NEIGHBOUR_BYTES = 256 << 10 };

struct judge {
    const struct conf *conf;
    struct findings *findings;
    struct rp_issuers *issuers; /* from the `ca` files and the directory `beside` */
    char *beside;
    struct rp_error *err;
};

static bool no_memory(struct rp_error *err)
{
    return rp_error_set(err, "ENOMEM", "no memory to judge certificates");
}

/* -- issuers */

/* An unreadable file adds no issuers. */
static bool add_file(struct judge *j, const char *path)
{
    struct pem_file file;
    bool ok = true;

    if (path == NULL || !pem_file_read(&file, path, NULL))
        return true;
    if (file.len <= NEIGHBOUR_BYTES || pem_file_blocks(&file, "PRIVATE KEY", NULL, 0) == 0)
        ok = rp_issuers_add(j->issuers, file.bytes, file.len, path, j->err);
    pem_file_wipe(&file);
    return ok;
}

static bool add_client_authorities(struct judge *j)
{
    bool ok = true;

    for (size_t i = 0; ok && i < j->conf->frontend_count; i++) {
        const struct conf_frontend *f = &j->conf->frontends[i];

        ok = add_file(j, f->tls.ca);
        for (size_t h = 0; ok && h < f->host_count; h++)
            ok = f->hosts[h].tls.ca == NULL || add_file(j, f->hosts[h].tls.ca);
    }
    return ok;
}

static bool has_ending(const char *name, const char *ending)
{
    size_t len = strlen(name), end = strlen(ending);

    return name[0] != '.' && len > end && strcmp(name + len - end, ending) == 0;
}

static bool add_neighbour(struct judge *j, const char *directory, const char *name)
{
    char *path = NULL;
    bool ok;

    if (!has_ending(name, ".pem") && !has_ending(name, ".crt") && !has_ending(name, ".cer"))
        return true;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return no_memory(j->err);
    ok = add_file(j, path);
    free(path);
    return ok;
}

static bool add_neighbours(struct judge *j, const char *directory)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    bool ok = true;

    for (size_t i = 0; dir != NULL && ok && i < NEIGHBOURS_MAX && (entry = readdir(dir)) != NULL;
         i++)
        ok = add_neighbour(j, directory, entry->d_name);
    if (dir != NULL)
        closedir(dir);
    return ok;
}

/* The last directory is cached, since certificates of one directory follow each other. */
static bool find_issuers(struct judge *j, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    char *directory = slash != NULL ? strndup(path, len > 0 ? len : 1) : strdup(".");

    if (directory == NULL)
        return no_memory(j->err);
    if (j->beside != NULL && strcmp(j->beside, directory) == 0) {
        free(directory);
        return true;
    }
    free(j->beside);
    j->beside = directory;
    rp_issuers_free(j->issuers);
    j->issuers = rp_issuers_new(j->err);
    return j->issuers != NULL && add_client_authorities(j) && add_neighbours(j, directory);
}

/* -- the findings of one certificate */

static const struct {
    enum rp_chain_fault fault;
    enum finding_kind kind;
    const char *text;
} faults[] = {
    {RP_CHAIN_MUST_STAPLE, FINDING_STAPLE,
     "requires an OCSP staple (must-staple), and this version staples nothing, so browsers refuse "
     "it; have it reissued without must-staple"},
    {RP_CHAIN_NOT_SERVER, FINDING_USAGE,
     "its extended key usage excludes TLS servers (serverAuth), so clients refuse it; have it "
     "reissued for a server"},
    {RP_CHAIN_NO_ALT_NAME, FINDING_NAME,
     "it has no subjectAltName, so browsers refuse it for every name; have it reissued with one"},
    {RP_CHAIN_OF_CA, FINDING_USAGE,
     "it is the certificate of a CA, which some clients refuse from a server; put the server's own "
     "certificate first"},
    {RP_CHAIN_MISORDERED, FINDING_CHAIN,
     "its chain is not in order, so some clients can't verify it; put each certificate before that "
     "of its issuer, the server's own first"},
};

static bool add_faults(struct judge *j, const struct certificate *c,
                       const struct rp_chain_report *r)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if ((r->faults & faults[i].fault) != 0 &&
            !findings_add(j->findings, faults[i].kind, c->location, "certificate \"%s\": %s",
                          c->name, faults[i].text))
            return false;
    return (r->faults & RP_CHAIN_SHORT_KEY) == 0 ||
           findings_add(
               j->findings, FINDING_KEY, c->location,
               "certificate \"%s\": its key is %s bits, which clients refuse as too short; "
               "use RSA of 2048 bits or more, or ECDSA P-256",
               c->name, r->key);
}

static bool add_incomplete(struct judge *j, const struct certificate *c,
                           const struct rp_chain_report *r)
{
    if (r->file != NULL)
        return findings_add(
            j->findings, FINDING_CHAIN, c->location,
            "certificate \"%s\": its chain lacks the intermediate certificate \"%s\" "
            "(in %s), so clients refuse it; append that to %s",
            c->name, r->issuer, r->file, c->cert.path);
    return findings_add(
        j->findings, FINDING_CHAIN, c->location,
        "certificate \"%s\": its chain ends below \"%s\", which is not a root CA of "
        "this system, so clients may refuse it; append the intermediate "
        "certificates to %s, or install your own root on this system",
        c->name, r->issuer, c->cert.path);
}

static bool add_chain(struct judge *j, const struct certificate *c, const struct rp_chain_report *r)
{
    if ((r->faults & RP_CHAIN_INCOMPLETE) != 0 && !add_incomplete(j, c, r))
        return false;
    if ((r->faults & RP_CHAIN_INVALID) != 0 &&
        !findings_add(j->findings, FINDING_CHAIN, c->location,
                      "certificate \"%s\": its chain is invalid (%s), so clients refuse it; give "
                      "the certificates as they were issued",
                      c->name, r->invalid))
        return false;
    return (r->faults & RP_CHAIN_EXTRA) == 0 ||
           findings_add(j->findings, FINDING_CHAIN, c->location,
                        "certificate \"%s\": %u of the %u certificates in %s do not belong to its "
                        "chain; remove them",
                        c->name, r->extra, r->count, c->cert.path);
}

static bool add_dates(struct judge *j, const struct certificate *c, const struct rp_chain_report *r)
{
    char mark[64] = "";
    unsigned at = r->late > 0 ? r->late : r->early;
    struct dated dates = {.kind = DATED_CERTIFICATE,
                          .location = c->location,
                          .name = c->name,
                          .mark = mark,
                          .not_before = r->not_before,
                          .not_after = r->not_after};

    if (at > 0)
        snprintf(mark, sizeof mark, ": issuer %u in its chain", at);
    return findings_add_dates(j->findings, &dates);
}

static bool add_mode(struct judge *j, const struct certificate *c)
{
    const struct pem_file *key = c->key.bytes != NULL ? &c->key : &c->cert;

    return !key->exposed ||
           findings_add(
               j->findings, FINDING_FILE_MODE, c->location,
               "certificate \"%s\": others can read its private key in %s (mode %04o); run "
               "chmod 600 on it (440 if root owns it)",
               c->name, key->path, key->mode);
}

static bool refuse_key(const struct certificate *c, const struct rp_chain_report *r,
                       struct rp_error *err)
{
    return conf_error(err, c->location,
                      "certificate \"%s\": %s does not support its key type %s; use RSA or "
                      "ECDSA%s",
                      c->name, rp_openssl_version(), r->key,
                      strcmp(r->key, "ML-DSA") == 0 ? ", or OpenSSL 3.5" : "");
}

static bool judge_one(struct judge *j, struct certificate *c)
{
    struct rp_chain_report r;
    struct rp_error why = {0};

    if (!find_issuers(j, c->cert.path))
        return false;
    if (!rp_chain_judge(&r, c->cert.bytes, c->cert.len, j->issuers, &why))
        return certificate_refuse(c, &why, j->err);
    if ((r.faults & RP_CHAIN_UNKNOWN_KEY) != 0)
        return refuse_key(c, &r, j->err);
    c->rare_key = (r.faults & RP_CHAIN_RARE_KEY) != 0;
    snprintf(c->key_name, sizeof c->key_name, "%s", r.key);
    return (add_dates(j, c, &r) && add_mode(j, c) && add_faults(j, c, &r) && add_chain(j, c, &r)) ||
           no_memory(j->err);
}

bool judge_certificates(struct certificates *all, const struct conf *conf,
                        struct findings *findings, struct rp_error *err)
{
    struct judge j = {.conf = conf, .findings = findings, .err = err};
    bool ok = true;

    for (size_t i = 0; ok && i < all->count; i++)
        ok = judge_one(&j, &all->at[i]);
    rp_issuers_free(j.issuers);
    free(j.beside);
    return ok;
}

bool judge_set(struct certificates *all, const size_t *set, size_t count, struct findings *findings,
               struct rp_error *err)
{
    struct certificate *first = &all->at[set[0]];

    for (size_t i = 0; i < count; i++)
        if (!all->at[set[i]].rare_key)
            return true;
    if (first->rare_told)
        return true;
    first->rare_told = true;
    return findings_add(findings, FINDING_KEY, first->location,
                        "certificate \"%s\": its key is %s, which browsers refuse; use RSA of 2048 "
                        "bits or more, or ECDSA P-256 or P-384, or add such a certificate",
                        first->name, first->key_name) ||
           no_memory(err);
}
