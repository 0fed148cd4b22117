/* SPDX-License-Identifier: MIT
 *
 * check.c - missing and contradictory options of a configuration; see read.h. */
#include "conf/read.h"

#include <inttypes.h>
#include <string.h>

#include <reprise/ticket_keys.h>

/* The texts sort as the versions do: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3. */
static bool check_versions(const struct conf_frontend *f, struct rp_error *err)
{
    return strcmp(f->min_version, f->max_version) <= 0 ||
           conf_error(err, &f->tls.location,
                      "min-version: %s is above max-version, which is %s; change one of them",
                      f->min_version, f->max_version);
}

static bool speaks_13(const struct conf_frontend *f)
{
    return strcmp(f->max_version, "TLSv1.3") == 0;
}

/* Names of TLS 1.3 suites begin with TLS_. Older versions need at least one other suite. */
static bool check_ciphers(const struct conf_frontend *f, struct rp_error *err)
{
    const char *at = f->ciphers;

    if (speaks_13(f))
        return true;
    while (strncmp(at, "TLS_", 4) == 0) {
        at += strcspn(at, ":");
        at += *at == ':';
    }
    return *at != '\0' || conf_error(err, &f->tls.location,
                                     "ciphers: no cipher suite for %s, the max-version; add one, "
                                     "or remove one of the two options",
                                     f->max_version);
}

static bool check_protocols(const struct conf_tls *tls, struct rp_error *err)
{
    size_t together = 0; /* the length of the list in the extension */

    for (size_t i = 0; i < tls->alpn_protocols.count; i++) {
        size_t len = strlen(tls->alpn_protocols.at[i]);

        if (len == 0 || len > 255)
            return conf_error(
                err, &tls->location,
                "alpn-protocols: a name is empty or longer than 255 bytes; give one like \"h2\"");
        together += 1 + len;
    }
    return together <= UINT16_MAX ||
           conf_error(
               err, &tls->location,
               "alpn-protocols: the list takes %zu bytes and the limit is 65535; remove some names",
               together);
}

/* Does the frontend, or a host without a backend of its own, offer this protocol? */
static bool is_offered(const struct conf_frontend *f, const char *protocol)
{
    bool offered = conf_strings_has(&f->tls.alpn_protocols, protocol);

    for (size_t i = 0; !offered && i < f->host_count; i++)
        offered = f->hosts[i].tls.backend == NULL &&
                  conf_strings_has(&f->hosts[i].tls.alpn_protocols, protocol);
    return offered;
}

static bool check_alpn(const struct conf_frontend *f, struct rp_error *err)
{
    bool ok = check_protocols(&f->tls, err);

    for (size_t i = 0; ok && i < f->host_count; i++)
        ok = check_protocols(&f->hosts[i].tls, err);
    for (size_t i = 0; ok && i < f->alpn_backend_count; i++)
        ok = is_offered(f, f->alpn_backends[i].protocol) ||
             conf_error(err, &f->tls.location,
                        "alpn-backend: protocol %s is not in alpn-protocols; add it there",
                        f->alpn_backends[i].protocol);
    return ok;
}

/* A wildcard stands for the first label, as in "*.example.com"; elsewhere it matches nothing. */
static bool check_host(const struct conf_host *host, struct rp_error *err)
{
    const char *star = strrchr(host->name, '*');

    if (star != NULL && (star != host->name || star[1] != '.' || star[2] == '\0'))
        return conf_error(err, &host->tls.location,
                          "host \"%s\": a wildcard must be the whole first label; give one like "
                          "\"*.example.com\"",
                          host->name);
    return true;
}

/* Without ca the library trusts the public CAs of the system, which issue to anybody. */
static bool check_clients(const struct conf_tls *tls, struct rp_error *err)
{
    return !tls->request_cert || !tls->reject_unauthorized || tls->ca != NULL ||
           conf_error(err, &tls->location,
                      "request-cert: ca is unset, so any publicly trusted client certificate would "
                      "be accepted; set ca");
}

/* Only clients of a Unix socket match the source "unix:"; they match no network. */
static bool may_connect(const char *listen, const char *source)
{
    bool by_unix = strcmp(source, "unix:") == 0;

    return strncmp(listen, "fd:", 3) == 0 || (strncmp(listen, "unix:", 5) == 0) == by_unix;
}

static bool check_proxies(const struct conf_frontend *f, struct rp_error *err)
{
    const struct conf_strings *from = &f->proxy_from;

    if (from->count > 0 && f->proxy_protocol == CONF_PROXY_OFF)
        return conf_error(err, &f->tls.location,
                          "proxy-from: has no effect while proxy-protocol is off; set "
                          "proxy-protocol = on, or remove proxy-from");
    for (size_t i = 0; from->count > 0 && i < f->listen.count; i++) {
        size_t j = 0;

        while (j < from->count && !may_connect(f->listen.at[i], from->at[j]))
            j++;
        if (j == from->count)
            return conf_error(err, &f->tls.location,
                              "proxy-from: no listed source can connect to \"%s\", so all "
                              "connections are refused; add %s",
                              f->listen.at[i],
                              strncmp(f->listen.at[i], "unix:", 5) == 0 ? "\"unix:\""
                                                                        : "a network");
    }
    return true;
}

static bool check_frontend(const struct conf *conf, const struct conf_frontend *f,
                           struct rp_error *err)
{
    if (f->listen.count == 0)
        return conf_error(err, &f->tls.location,
                          "frontend \"%s\": listen is missing; add one like listen = \"[::]:443\"",
                          f->name);
    if (f->tls.backend == NULL)
        return conf_error(err, &f->tls.location,
                          "frontend \"%s\": backend is missing; name one, or builtin:status",
                          f->name);
    if (f->tls.certificate_count == 0 && conf->directory.directory == NULL)
        return conf_error(err, &f->tls.location,
                          "frontend \"%s\": certificates is missing; name a certificate block",
                          f->name);
    for (size_t i = 0; i < f->host_count; i++)
        if (!check_host(&f->hosts[i], err) || !check_clients(&f->hosts[i].tls, err))
            return false;
    return check_clients(&f->tls, err) && check_proxies(f, err) && check_versions(f, err) &&
           check_ciphers(f, err) && check_alpn(f, err);
}

/* Two frontends cannot listen on the same address. */
static bool check_listens(const struct conf *conf, const struct conf_frontend *f,
                          struct rp_error *err)
{
    for (const struct conf_frontend *other = conf->frontends; other < f; other++)
        for (size_t i = 0; i < f->listen.count; i++)
            for (size_t j = 0; j < other->listen.count; j++)
                if (strcmp(f->listen.at[i], other->listen.at[j]) == 0)
                    return conf_error(
                        err, &f->tls.location,
                        "listen: \"%s\" is already used by frontend \"%s\"; choose another address",
                        f->listen.at[i], other->name);
    return true;
}

bool conf_takes_early_data(const struct conf_frontend *f)
{
    for (size_t i = 0; i < f->host_count; i++)
        if (f->hosts[i].tls.max_early_data > 0)
            return true;
    return f->tls.max_early_data > 0;
}

static bool check_early_version(const struct conf_frontend *f, struct rp_error *err)
{
    if (!conf_takes_early_data(f) || speaks_13(f))
        return true;
    return conf_error(err, &f->tls.location,
                      "max-early-data: early data requires TLSv1.3, and max-version is %s; remove "
                      "one of the two options",
                      f->max_version);
}

/* Hosts with the same ticket-keys resume each other's tickets. Without a shared store they do not
 * know which early data another host has accepted. */
static bool check_early_data(const struct conf *conf, const struct conf_frontend *f,
                             struct rp_error *err)
{
    if (!conf_takes_early_data(f) || conf->cache.ticket_keys == NULL ||
        strncmp(conf->cache.store, "lmdb:", 5) != 0)
        return true;
    return conf_error(err, &f->tls.location,
                      "max-early-data: hosts with the same ticket-keys but without a shared store "
                      "would accept replayed early data; share a store, or remove ticket-keys");
}

static bool check_admin(const struct conf *conf, const struct conf_frontend *f,
                        struct rp_error *err)
{
    for (size_t i = 0; conf->admin_listen != NULL && i < f->listen.count; i++)
        if (strcmp(f->listen.at[i], conf->admin_listen) == 0)
            return conf_error(err, &f->tls.location,
                              "listen: \"%s\" is already used by admin; choose another address",
                              conf->admin_listen);
    return true;
}

/* A key decrypts until its tickets have expired, and clocks of hosts may differ by a minute in
 * either direction. If more keys are needed than are kept, tickets become invalid too early. */
static bool check_lifetimes(const struct conf_cache *cache, struct rp_error *err)
{
    enum {
        CLOCKS_MS = 60000,
        AROUND = 3
    }; /* the current key, the next one, and a partial lifetime */
    uint64_t span_ms = cache->session_timeout_s * UINT64_C(1000) + 2 * CLOCKS_MS;
    uint64_t least_ms = span_ms / (RP_TICKET_KEYS_MAX - AROUND) + 1;

    return cache->ticket_keys != NULL || cache->key_lifetime_ms >= least_ms ||
           conf_error(err, &cache->location,
                      "key-lifetime: too short for session-timeout = %us, as at most %d keys are "
                      "kept; give %" PRIu64 "s or more",
                      cache->session_timeout_s, RP_TICKET_KEYS_MAX, least_ms / 1000 + 1);
}

bool conf_check(const struct conf *conf, struct rp_error *err)
{
    if (conf->frontend_count == 0)
        return rp_error_set(err, "ERR_CONF",
                            "%s: no frontend is defined; add frontend \"www\" { listen = … }",
                            conf->file);
    for (size_t i = 0; i < conf->frontend_count; i++)
        if (!check_frontend(conf, &conf->frontends[i], err) ||
            !check_early_version(&conf->frontends[i], err) ||
            !check_early_data(conf, &conf->frontends[i], err) ||
            !check_listens(conf, &conf->frontends[i], err) ||
            !check_admin(conf, &conf->frontends[i], err))
            return false;
    return check_lifetimes(&conf->cache, err);
}
