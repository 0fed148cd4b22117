/* SPDX-License-Identifier: MIT
 *
 * no_effect.c - options and blocks that a configuration sets without effect; see no_effect.h.
 * Only options that the file sets are reported: defaults may have no effect. */
#include "conf/no_effect.h"

#include "conf/read.h"

#include <string.h>

/* Does the option that the file sets here have no effect? */
typedef bool idle_test(const struct conf *, const struct conf_setting *);

static bool is_set(const struct conf *conf, const void *owner, const char *option)
{
    for (size_t i = 0; i < conf->setting_count; i++)
        if (conf->settings[i].owner == owner && strcmp(conf->settings[i].option, option) == 0)
            return true;
    return false;
}

/* -- log, admin */

static bool below_info(const struct conf *conf, const struct conf_setting *s)
{
    enum { INFO = 2 };

    (void)s;
    return conf->log.access && conf->log.level < INFO;
}

static bool without_admin(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    return conf->admin_listen == NULL;
}

/* -- cache */

static bool is_local_store(const struct conf *conf)
{
    return strncmp(conf->cache.store, "lmdb:", 5) == 0;
}

static bool with_local_store(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    return is_local_store(conf);
}

static bool l1_with_local_store(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    return is_local_store(conf) && conf->cache.l1[0] != '\0';
}

static bool speaks_13(const struct conf_frontend *f)
{
    return strcmp(f->max_version, "TLSv1.3") == 0;
}

static bool without_tls_13(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (speaks_13(&conf->frontends[i]))
            return false;
    return true;
}

static bool single_use_without_sessions(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (!conf->frontends[i].tickets && speaks_13(&conf->frontends[i]))
            return false;
    return conf->cache.single_use;
}

static bool set_by_each_frontend(const struct conf *conf, const struct conf_setting *s)
{
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (!is_set(conf, &conf->frontends[i], s->option))
            return false;
    return true;
}

static bool without_tickets(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (conf->frontends[i].tickets)
            return false;
    return true;
}

static bool with_fixed_keys(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    return conf->cache.ticket_keys != NULL;
}

/* -- certificates */

static bool staples(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_certificate *c = s->owner;

    (void)conf;
    return c->ocsp != CONF_OCSP_OFF;
}

static bool watches(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    return conf->directory.watch;
}

static bool without_directory(const struct conf *conf, const struct conf_setting *s)
{
    (void)s;
    return !conf->directory.watch && conf->directory.directory == NULL;
}

/* -- frontends and hosts */

static bool host_without_request(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_host *host = s->owner;

    (void)conf;
    return !host->tls.request_cert;
}

static bool names_without_ca(const struct conf_tls *tls)
{
    return tls->request_cert && tls->ca_names && tls->ca == NULL;
}

static bool host_names_without_ca(const struct conf *conf, const struct conf_setting *s)
{
    (void)conf;
    return names_without_ca(&((const struct conf_host *)s->owner)->tls);
}

/* Does a host that requests certificates inherit the option? */
static bool is_inherited(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    for (size_t i = 0; i < f->host_count; i++)
        if (f->hosts[i].tls.request_cert && !is_set(conf, &f->hosts[i], s->option))
            return true;
    return false;
}

static bool frontend_without_request(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    return !f->tls.request_cert && !is_inherited(conf, s);
}

static bool frontend_names_without_ca(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    return names_without_ca(&f->tls) && !is_inherited(conf, s);
}

static bool usual_backend(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    (void)conf;
    for (size_t i = 0; i < f->alpn_backend_count; i++)
        if (f->alpn_backends[i].backend != f->tls.backend)
            return false;
    return true;
}

/* Without a suite of TLS 1.3 in the list, TLS 1.3 has the suites of OpenSSL. */
static bool ciphers_of_older_versions(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    (void)conf;
    return strcmp(f->min_version, "TLSv1.3") == 0 && strncmp(f->ciphers, "TLS_", 4) != 0 &&
           strstr(f->ciphers, ":TLS_") == NULL;
}

static bool exceeds_connections(const struct conf_frontend *f, uint32_t limit)
{
    return f->max_connections > 0 && limit >= f->max_connections;
}

static bool handshakes_unlimited(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    (void)conf;
    return exceeds_connections(f, f->max_handshakes);
}

static bool source_unlimited(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    (void)conf;
    return exceeds_connections(f, f->per_source_connections);
}

/* A client of a Unix socket has an address only in a PROXY header. */
static bool source_unknown(const struct conf *conf, const struct conf_setting *s)
{
    const struct conf_frontend *f = s->owner;

    (void)conf;
    for (size_t i = 0; i < f->listen.count; i++)
        if (strncmp(f->listen.at[i], "unix:", 5) != 0)
            return false;
    return f->proxy_protocol == CONF_PROXY_OFF && f->per_source_connections > 0;
}

/* -- all of them: block, option, when it has no effect; the reason and the remedy */

#define REQUEST "while request-cert is off; set request-cert = on, or remove it"

static const struct {
    const char *block, *option;
    idle_test *is_idle;
    const char *reason;
} rows[] = {
    {"log", "access", below_info, "while level is below info; set level = info, or access = off"},
    {"admin", "hosts", without_admin, "without listen; set listen, or remove hosts"},
    {"cache", "l1", l1_with_local_store,
     "while store is a local file; set store to a Redis, or remove l1"},
    {"cache", "lookup-timeout", with_local_store,
     "while store is a local file, which answers at once; remove it"},
    {"cache", "tickets", set_by_each_frontend, "as each frontend sets tickets; remove it"},
    {"cache", "single-use", single_use_without_sessions,
     "as no frontend with TLSv1.3 has tickets = off; set tickets = off, or remove single-use"},
    {"cache", "tickets-per-connection", without_tls_13,
     "as no frontend has max-version TLSv1.3; remove it"},
    {"cache", "key-lifetime", with_fixed_keys,
     "with ticket-keys, which are never replaced; remove one of the two options"},
    {"cache", "key-lifetime", without_tickets,
     "as tickets is off in each frontend; remove it, or set tickets = on"},
    {"cache", "ticket-keys", without_tickets,
     "as tickets is off in each frontend; remove it, or set tickets = on"},
    {"certificate", "ocsp", staples,
     "in this version; no OCSP response is stapled; set ocsp = off, or remove it"},
    {"certificates", "watch", watches,
     "in this version; changed files are loaded by a reload; set watch = off, or remove it"},
    {"certificates", "watch", without_directory, "without directory; remove it"},
    {"host", "reject-unauthorized", host_without_request, REQUEST},
    {"host", "ca-names", host_without_request, REQUEST},
    {"host", "ca-names", host_names_without_ca, "without ca; set ca, or remove it"},
    {"host", "partial-chain", host_without_request, REQUEST},
    {"frontend", "reject-unauthorized", frontend_without_request, REQUEST},
    {"frontend", "ca", frontend_without_request, REQUEST},
    {"frontend", "ca-names", frontend_without_request, REQUEST},
    {"frontend", "ca-names", frontend_names_without_ca, "without ca; set ca, or remove it"},
    {"frontend", "partial-chain", frontend_without_request, REQUEST},
    {"frontend", "crl", frontend_without_request, REQUEST},
    {"frontend", "alpn-backend", usual_backend,
     "as it names the backend of the frontend; name another backend, or remove it"},
    {"frontend", "ciphers", ciphers_of_older_versions,
     "as it names no suite of TLSv1.3, which is the min-version; add one, or remove it"},
    {"frontend", "max-handshakes", handshakes_unlimited,
     "as it is not below max-connections; lower it, or remove it"},
    {"frontend", "per-source-connections", source_unlimited,
     "as it is not below max-connections; lower it, or remove it"},
    {"frontend", "per-source-connections", source_unknown,
     "as clients of a Unix socket have no address; set proxy-protocol, or remove it"},
};

static void check_setting(const struct conf *conf, const struct conf_setting *s, conf_warn *warn,
                          void *arg)
{
    struct rp_error note = {0};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].block, s->block) != 0 || strcmp(rows[i].option, s->option) != 0 ||
            !rows[i].is_idle(conf, s))
            continue;
        conf_error(&note, &s->location, "%s: has no effect %s", s->option, rows[i].reason);
        warn(&note, arg);
        return;
    }
}

/* -- blocks that nothing uses */

static bool uses_certificate(const struct conf_tls *tls, const struct conf_certificate *c)
{
    for (size_t i = 0; i < tls->certificate_count; i++)
        if (tls->certificates[i] == c)
            return true;
    return false;
}

static bool is_used_certificate(const struct conf *conf, const struct conf_certificate *c)
{
    for (size_t i = 0; i < conf->frontend_count; i++) {
        const struct conf_frontend *f = &conf->frontends[i];
        bool used = uses_certificate(&f->tls, c);

        for (size_t j = 0; !used && j < f->host_count; j++)
            used = uses_certificate(&f->hosts[j].tls, c);
        if (used)
            return true;
    }
    return false;
}

static bool uses_backend(const struct conf_frontend *f, const struct conf_backend *b)
{
    bool used = f->tls.backend == b;

    for (size_t i = 0; !used && i < f->alpn_backend_count; i++)
        used = f->alpn_backends[i].backend == b;
    for (size_t i = 0; !used && i < f->host_count; i++)
        used = f->hosts[i].tls.backend == b;
    return used;
}

static bool is_used_backend(const struct conf *conf, const struct conf_backend *b)
{
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (uses_backend(&conf->frontends[i], b))
            return true;
    return false;
}

static void check_block(bool used, const struct conf_location *location, const char *kind,
                        const char *name, const char *option, conf_warn *warn, void *arg)
{
    struct rp_error note = {0};

    if (used)
        return;
    conf_error(&note, location,
               "%s \"%s\": no frontend or host uses it; name it in %s, or remove the block", kind,
               name, option);
    warn(&note, arg);
}

void conf_no_effect(const struct conf *conf, conf_warn *warn, void *arg)
{
    for (size_t i = 0; i < conf->setting_count; i++)
        check_setting(conf, &conf->settings[i], warn, arg);
    for (size_t i = 0; i < conf->certificate_count; i++) {
        const struct conf_certificate *c = &conf->certificates[i];

        check_block(is_used_certificate(conf, c), &c->location, "certificate", c->name,
                    "certificates", warn, arg);
    }
    for (size_t i = 0; i < conf->backend_count; i++) {
        const struct conf_backend *b = &conf->backends[i];

        check_block(is_used_backend(conf, b), &b->location, "backend", b->name, "backend", warn,
                    arg);
    }
}
