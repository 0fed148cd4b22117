/* SPDX-License-Identifier: MIT
 *
 * warnings.c - valid configurations that are probably not intended: options without effect
 * (no_effect.c), and trust that goes further than it looks. */
#include "conf/no_effect.h"
#include "conf/read.h"
#include "conf/server_keys.h"

#include <stdlib.h>
#include <string.h>

struct warning {
    conf_warn *warn;
    void *arg;
    struct conf_strings *servers; /* keys of each of conf->backends */
};

static void report(const struct warning *w, const struct rp_error *note)
{
    w->warn(note, w->arg);
}

/* Can only clients on this host connect? */
static bool is_local(const char *listen)
{
    static const char *const local[] = {"unix:", "127.", "[::1]:", "localhost:"};

    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (strncmp(listen, local[i], strlen(local[i])) == 0)
            return true;
    return false;
}

static bool trusts_any_source(const struct conf_frontend *f)
{
    if (f->proxy_protocol == CONF_PROXY_OFF || f->proxy_from.count > 0)
        return false;
    for (size_t i = 0; i < f->listen.count; i++)
        if (!is_local(f->listen.at[i]))
            return true;
    return false;
}

static void warn_of_proxies(const struct conf *conf, const struct warning *w)
{
    struct rp_error note = {0};

    for (size_t i = 0; i < conf->frontend_count; i++) {
        const struct conf_frontend *f = &conf->frontends[i];

        if (!trusts_any_source(f))
            continue;
        conf_error(&note, &f->tls.location,
                   "proxy-protocol: anyone who can connect to frontend \"%s\" can claim any client "
                   "address; list the proxies in proxy-from",
                   f->name);
        report(w, &note);
    }
}

/* -- client certificates that the Host header bypasses: a client makes its handshake under one
 * server name and requests another, and their common backend does not notice */

/* A frontend (index 0), or one of its host blocks. */
struct site {
    const struct conf_frontend *f;
    size_t index;
};

static const struct conf_tls *tls_of(struct site s)
{
    return s.index == 0 ? &s.f->tls : &s.f->hosts[s.index - 1].tls;
}

static const char *kind_of(struct site s)
{
    return s.index == 0 ? "frontend" : "host";
}

static const char *name_of(struct site s)
{
    return s.index == 0 ? s.f->name : s.f->hosts[s.index - 1].name;
}

/* The backends of a site: the host's own one, or else all of the frontend. NULL: no more. */
static const struct conf_backend *backend_at(struct site s, size_t i)
{
    const struct conf_backend *own = s.index > 0 ? tls_of(s)->backend : NULL;

    if (i == 0)
        return own != NULL ? own : s.f->tls.backend;
    return own == NULL && i <= s.f->alpn_backend_count ? s.f->alpn_backends[i - 1].backend : NULL;
}

static bool same_file(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Does `other` accept clients that `tls` rejects? */
static bool is_laxer(const struct conf_tls *other, const struct conf_tls *tls)
{
    return !other->request_cert || (tls->reject_unauthorized && !other->reject_unauthorized) ||
           other->partial_chain > tls->partial_chain || !same_file(other->ca, tls->ca) ||
           !same_file(other->crl, tls->crl);
}

/* A backend of `strict` that clients of `other` also reach; NULL: none. Backends that receive
 * AUTHORITY can compare it with Host, and built-in ones do not read Host. */
static const struct conf_backend *shared_backend(const struct conf *conf, const struct warning *w,
                                                 struct site strict, struct site other)
{
    const struct conf_backend *a, *b;

    for (size_t i = 0; (a = backend_at(strict, i)) != NULL; i++)
        for (size_t j = 0; (b = backend_at(other, j)) != NULL; j++)
            if (a->proxy_protocol != CONF_PROXY_V2 &&
                conf_server_keys_meet(&w->servers[a - conf->backends],
                                      &w->servers[b - conf->backends]))
                return a;
    return NULL;
}

static bool find_bypass(const struct conf *conf, const struct warning *w, struct site strict,
                        struct site *bypass, const struct conf_backend **to)
{
    if (!tls_of(strict)->request_cert)
        return false;
    for (size_t i = 0; i < conf->frontend_count; i++)
        for (size_t j = 0; j <= conf->frontends[i].host_count; j++) {
            *bypass = (struct site){&conf->frontends[i], j};
            if (is_laxer(tls_of(*bypass), tls_of(strict)) &&
                (*to = shared_backend(conf, w, strict, *bypass)) != NULL)
                return true;
        }
    return false;
}

static void warn_of_site(const struct conf *conf, struct site strict, const struct warning *w)
{
    const struct conf_backend *to = NULL;
    struct rp_error note = {0};
    struct site bypass;

    if (!find_bypass(conf, w, strict, &bypass, &to))
        return;
    conf_error(&note, &tls_of(strict)->location,
               "request-cert: the Host header can bypass %s \"%s\": %s \"%s\" has the same backend "
               "\"%s\"; use another, or proxy-protocol = v2 and check AUTHORITY",
               kind_of(strict), name_of(strict), kind_of(bypass), name_of(bypass), to->name);
    report(w, &note);
}

static void warn_of_certificates(const struct conf *conf, const struct warning *w)
{
    for (size_t i = 0; i < conf->frontend_count; i++)
        for (size_t j = 0; j <= conf->frontends[i].host_count; j++)
            warn_of_site(conf, (struct site){&conf->frontends[i], j}, w);
}

/* -- protocols that a client can select but that the backend of its host may not speak;
 * alpn-backend shows which backends speak which protocol */

static const struct conf_backend *backend_for(const struct conf_frontend *f, const char *protocol)
{
    for (size_t i = 0; i < f->alpn_backend_count; i++)
        if (strcmp(f->alpn_backends[i].protocol, protocol) == 0)
            return f->alpn_backends[i].backend;
    return f->tls.backend;
}

/* A protocol of the frontend whose backend there is another one; NULL: no such protocol. */
static const char *foreign_protocol(const struct conf_frontend *f, const struct conf_tls *host)
{
    const struct conf_strings *protocols = &f->tls.alpn_protocols;
    bool known = false; /* does alpn-backend name the backend? */
    const char *foreign = NULL;

    for (size_t i = 0; i < f->alpn_backend_count; i++)
        known = known || f->alpn_backends[i].backend == host->backend;
    for (size_t i = 0; foreign == NULL && i < protocols->count; i++) {
        const struct conf_backend *usual = backend_for(f, protocols->at[i]);

        if (usual != host->backend && (known || usual != f->tls.backend))
            foreign = protocols->at[i];
    }
    return foreign;
}

static void warn_of_protocols(const struct conf *conf, const struct warning *w)
{
    struct rp_error note = {0};

    for (size_t i = 0; i < conf->frontend_count; i++)
        for (size_t j = 0; j < conf->frontends[i].host_count; j++) {
            const struct conf_frontend *f = &conf->frontends[i];
            const struct conf_host *host = &f->hosts[j];
            const char *protocol;

            if (host->tls.backend == NULL || host->tls.alpn_protocols.count > 0 ||
                (protocol = foreign_protocol(f, &host->tls)) == NULL)
                continue;
            conf_error(&note, &host->tls.location,
                       "alpn-protocols: clients of host \"%s\" can select %s, which its backend "
                       "\"%s\" may not support; set alpn-protocols in the host",
                       host->name, protocol, host->tls.backend->name);
            report(w, &note);
        }
}

static void free_servers(struct conf_strings *servers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        conf_strings_free(&servers[i]);
    free(servers);
}

void conf_warnings(const struct conf *conf, enum conf_lookup lookup, conf_warn *warn, void *arg)
{
    struct warning w = {warn, arg, calloc(conf->backend_count + 1, sizeof *w.servers)};
    bool known = w.servers != NULL;

    for (size_t i = 0; known && i < conf->backend_count; i++)
        known = conf_server_keys(&conf->backends[i], lookup == CONF_LOOKUP, &w.servers[i]);
    conf_no_effect(conf, warn, arg);
    warn_of_proxies(conf, &w);
    warn_of_protocols(conf, &w);
    if (known)
        warn_of_certificates(conf, &w);
    if (w.servers != NULL)
        free_servers(w.servers, conf->backend_count);
}
