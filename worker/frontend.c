/* SPDX-License-Identifier: MIT
 *
 * frontend.c - from an accepted descriptor to a connection with a handler. The danger: each counted
 * connection must be uncounted exactly once. A connection ends in one of two ways: its handshake
 * fails (tlsClientError, exactly once), or it closes after a complete handshake (connection.c);
 * both call frontend_left. */
#include "worker/frontend.h"
#include "worker/access.h"
#include "worker/connection.h"
#include "worker/overload.h"
#include "worker/proxies.h"
#include "worker/proxy_protocol.h"

#include "cache/session_cache.h"
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct frontend_listen {
    struct frontend *frontend;
    struct rp_listener_socket *socket;
    int slot;
    bool deferred; /* TCP_DEFER_ACCEPT: accepted connections have already sent bytes */
    bool paused;   /* out of descriptors */
    struct frontend_listen *next;
};

const char *frontend_resumption(enum rp_resumption how)
{
    static const char *const names[] = {
        [RP_NOT_RESUMED] = "no",        [RP_RESUMED_TICKET] = "ticket",
        [RP_RESUMED_ID] = "session id", [RP_RESUMED_STATEFUL_TICKET] = "stateful ticket",
        [RP_RESUMED_PSK] = "psk",
    };

    return names[how];
}

const char *frontend_early_data(enum rp_early_data what)
{
    static const char *const names[] = {
        [RP_EARLY_DATA_NONE] = "no",
        [RP_EARLY_DATA_ACCEPTED] = "accepted",
        [RP_EARLY_DATA_REJECTED] = "rejected",
    };

    return names[what];
}

static bool has_preface(const struct frontend *f)
{
    return f->plan->conf->proxy_protocol != CONF_PROXY_OFF;
}

static uint64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* -- counting ---------------------------------------------------------------------------------- */

/* Check the limits and count the connection. REASON_COUNT: accepted; else the reason of the
 * refusal. */
static enum reason admit(struct frontend *f, const struct rp_address *remote)
{
    struct worker *p = f->process;
    struct limits *limits = p->setup->frontends->limits;
    enum reason reason = REASON_COUNT;

    if (!proxies_trust(f, remote))
        return REASON_PROXY_SOURCE;
    if (!overload_admit(p))
        return REASON_DESCRIPTOR_LIMIT;
    if (!limits_enter(limits, f->index, p->slot))
        return REASON_MAX_CONNECTIONS;
    if (!limits_rate(limits, f->index, monotonic_ns()))
        reason = REASON_HANDSHAKE_RATE;
    else if (!has_preface(f) && !limits_source(limits, f->index, p->slot, remote))
        reason = REASON_PER_SOURCE;
    if (reason != REASON_COUNT)
        limits_leave(limits, f->index, p->slot);
    return reason;
}

void frontend_left(struct frontend *f, const struct rp_address *remote, bool counted)
{
    struct worker *p = f->process;
    struct limits *limits = p->setup->frontends->limits;

    p->row->active--;
    limits_leave(limits, f->index, p->slot);
    if (counted)
        limits_forget(limits, f->index, p->slot, remote);
    worker_left(p);
}

/* -- callbacks of the server ------------------------------------------------------------------- */

static void set_site(struct rp_socket *socket, const struct site *site)
{
    rp_socket_set_data(socket, (void *)(uintptr_t)site);
}

const struct site *frontend_site(const struct frontend *f, const struct rp_socket *socket)
{
    const struct site *site = rp_socket_data(socket);

    return site != NULL ? site : &f->plan->own;
}

static struct rp_secure_context *on_sni(struct rp_socket *socket, const char *servername,
                                        struct rp_request *request, void *arg)
{
    struct frontend *f = arg;
    struct rp_secure_context *context;
    const struct site *site;

    if (!plan_choose(f->plan, servername, &site, &context)) {
        rp_request_unrecognized_name(request);
        return NULL;
    }
    set_site(socket, site);
    if (site->alpn_protocols != NULL)
        rp_socket_set_alpn_protocols(socket, site->alpn_protocols);
    return context;
}

static int on_preface(struct rp_socket *socket, const uint8_t *bytes, size_t len, void *arg,
                      struct rp_error *err)
{
    struct frontend *f = arg;
    struct worker *p = f->process;
    struct proxy_said said;
    int used = proxy_protocol_parse(bytes, len, f->plan->conf->proxy_protocol, &said, err);

    if (used <= 0)
        return used;
    rp_address_unmap(&said.source);
    if (said.proxied)
        rp_socket_set_addresses(socket, &said.source, &said.destination);
    if (!limits_source(p->setup->frontends->limits, f->index, p->slot,
                       rp_stream_remote_address(rp_socket_stream(socket)))) {
        rp_error_set(err, "ERR_LIMIT", "per-source-connections is reached for this source");
        return -1;
    }
    set_site(socket, &f->plan->own); /* and so it is counted */
    return used;
}

static bool make_session_id(uint8_t *id, size_t len, void *arg)
{
    const struct frontend *f = arg;

    if (f->process->cache != NULL)
        return rp_session_cache_make_id(id, len, f->process->cache);
    return getrandom(id, len, 0) == (ssize_t)len;
}

static bool accept_session_id(const uint8_t *id, size_t len, void *arg)
{
    const struct frontend *f = arg;

    return f->process->cache != NULL && rp_session_cache_accept_id(id, len, f->process->cache);
}

/* A stored session resumes only for the server name of its full handshake; so does a ticket. TLS
 * 1.2 requires that (RFC 6066 section 3). TLS 1.3 would allow another name (RFC 8446 section
 * 4.6.1), but then sessions of a name could not be revoked. */
static bool is_of_its_name(const struct rp_session_origin *origin)
{
    const char *then = origin->servername, *now = origin->current_servername;

    return then == NULL || now == NULL ? then == now : strcasecmp(then, now) == 0;
}

static bool accept_session(const struct rp_session_origin *origin, void *arg)
{
    const struct frontend *f = arg;
    struct stats_row *row = f->process->row;

    if (!is_of_its_name(origin)) {
        row->sessions_of_other_names++;
        return false;
    }
    if (!shared_forgets(f->process, origin))
        return true;
    row->sessions_forgotten++;
    return false;
}

/* -- events of the server ---------------------------------------------------------------------- */

static void on_client_error(const struct rp_event *event, void *arg)
{
    struct frontend *f = arg;
    struct rp_socket *socket = event->tls_client_error.socket;
    const struct rp_address *remote = rp_stream_remote_address(rp_socket_stream(socket));

    f->process->row->handshaking--;
    access_failed(f, socket, remote, event->tls_client_error.error);
    frontend_left(f, remote, !has_preface(f) || rp_socket_data(socket) != NULL);
}

static void count_group(struct stats_row *row, const char *group)
{
    const struct {
        const char *name;
        uint64_t *count;
    } groups[] = {
        {"x25519", &row->group_x25519},
        {"secp256r1", &row->group_secp256r1},
        {"secp384r1", &row->group_secp384r1},
        {"X25519MLKEM768", &row->group_x25519mlkem768},
    };

    if (group == NULL) {
        row->group_none++;
        return;
    }
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strcmp(group, groups[i].name) == 0) {
            ++*groups[i].count;
            return;
        }
    row->group_other++;
}

static void count_handshake(struct frontend *f, struct rp_socket *socket)
{
    struct stats_row *row = f->process->row;
    const char *protocol = rp_socket_protocol(socket);
    const uint8_t *der;

    switch (rp_socket_resumption(socket)) {
    case RP_RESUMED_TICKET:
        row->handshakes_ticket++;
        break;
    case RP_RESUMED_ID:
        row->handshakes_id++;
        break;
    case RP_RESUMED_STATEFUL_TICKET:
        row->handshakes_stateful++;
        break;
    default:
        row->handshakes_full++;
    }
    row->early_data_accepted += rp_socket_early_data(socket) == RP_EARLY_DATA_ACCEPTED;
    if (protocol != NULL && strcmp(protocol, "TLSv1.3") == 0)
        row->tls13++;
    else
        row->tls12++;
    count_group(row, rp_socket_group(socket));
    if (frontend_site(f, socket)->tls->request_cert &&
        rp_socket_peer_certificate_der(socket, &der) > 0)
        row->client_certificates++;
}

static void on_secure(const struct rp_event *event, void *arg)
{
    static connection_answerer *const answerers[] = {
        [CONF_BACKEND_ADDRESSES] = proxy_begin,
        [CONF_BACKEND_STATUS] = status_begin,
        [CONF_BACKEND_REDIRECT] = redirect_begin,
        [CONF_BACKEND_ECHO] = echo_begin,
    };
    struct frontend *f = arg;
    struct rp_socket *socket = event->secure_connection.socket;
    struct backend *backend =
        plan_route(f->plan, frontend_site(f, socket), rp_socket_alpn_protocol(socket));

    f->process->row->handshaking--;
    count_handshake(f, socket);
    answerers[backend->conf->kind](f, socket, backend);
}

/* The last socket has closed, after its alert was sent. */
static void on_close(const struct rp_event *event, void *arg)
{
    const struct frontend *f = arg;

    (void)event;
    f->process->open_servers--;
    worker_left(f->process);
}

/* -- accepting --------------------------------------------------------------------------------- */

/* From here on an IPv4 client has an IPv4 address, also on a dual-stack socket. */
static void on_accepted(struct rp_listener_socket *listener, int fd, const struct rp_address *peer,
                        void *arg)
{
    const struct frontend_listen *listen = arg;
    struct frontend *f = listen->frontend;
    struct worker *p = f->process;
    struct rp_address remote = *peer;
    enum reason refusal;

    (void)listener;
    p->row->accepted++;
    rp_address_unmap(&remote);
    refusal = admit(f, &remote);
    if (refusal != REASON_COUNT) {
        access_refused(f, &remote, refusal);
        close(fd);
        return;
    }
    p->row->active++;
    p->row->handshaking++;
    overload_count(p);
    if (rp_server_take_fd(f->server, fd, &remote, listen->deferred, NULL))
        return;
    f->process->row->handshaking--;
    access_refused(f, &remote, REASON_NO_MEMORY);
    frontend_left(f, &remote, !has_preface(f));
}

static void on_paused(struct rp_listener_socket *socket, int sys_errno, void *arg)
{
    struct frontend_listen *listen = arg;

    (void)socket;
    listen->paused = sys_errno != 0;
    if (listen->paused)
        overload_paused(listen->frontend->process, sys_errno);
    else
        overload_resumed(listen->frontend->process);
}

static bool accepts_deferred(int fd)
{
    int seconds = 0;
    socklen_t len = sizeof seconds;

    return getsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, &len) == 0 && seconds > 0;
}

bool frontend_listen(struct frontend *f, int fd, int slot, struct rp_error *err)
{
    struct frontend_listen *listen = calloc(1, sizeof *listen);

    if (listen == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for a listener");
    listen->frontend = f;
    listen->slot = slot;
    listen->deferred = accepts_deferred(fd);
    listen->socket = rp_listener_start(f->process->loop, fd, on_accepted, listen, err);
    if (listen->socket == NULL) {
        free(listen);
        return false;
    }
    rp_listener_on_pause(listen->socket, on_paused);
    listen->next = f->listens;
    f->listens = listen;
    return true;
}

static void unlisten(struct frontend *f, bool all, int slot)
{
    struct frontend_listen **at = &f->listens;

    while (*at != NULL) {
        struct frontend_listen *listen = *at;

        if (!all && listen->slot != slot) {
            at = &listen->next;
            continue;
        }
        *at = listen->next;
        rp_listener_stop(listen->socket, false);
        if (listen->paused)
            overload_resumed(f->process);
        free(listen);
    }
}

void frontend_unlisten(struct frontend *f, int slot)
{
    unlisten(f, false, slot);
}

/* -- lifetime ---------------------------------------------------------------------------------- */

static struct rp_server_options options_of(struct frontend *f)
{
    const struct frontend_plan *plan = f->plan;
    const struct conf_frontend *conf = plan->conf;

    return (struct rp_server_options){
        .context = plan->own.fallback,
        .request_cert = conf->tls.request_cert,
        .allow_unauthorized = !conf->tls.reject_unauthorized,
        .handshake_timeout_ms = conf->handshake_timeout_ms,
        .max_handshakes = conf->max_handshakes,
        .alpn_protocols = plan->own.alpn_protocols,
        .sni_callback = on_sni,
        .preface = has_preface(f) ? on_preface : NULL,
        .make_session_id = make_session_id,
        .accept_session_id = accept_session_id,
        .accept_session = accept_session,
        .arg = f,
        .stream = {.allow_half_open = true},
    };
}

bool frontend_open(struct frontend *f, struct worker *process, size_t index, struct rp_error *err)
{
    struct rp_server_options options;

    *f = (struct frontend){
        .process = process, .plan = &process->setup->frontends->plans[index], .index = index};
    f->counted_as = stats_frontend(process->setup->stats, f->plan->conf->name);
    options = options_of(f);
    f->server = rp_server_new(process->loop, &options, err);
    if (f->server == NULL)
        return false;
    if (rp_server_on(f->server, RP_EV_SECURE_CONNECTION, on_secure, f) &&
        rp_server_on(f->server, RP_EV_TLS_CLIENT_ERROR, on_client_error, f) &&
        rp_server_on(f->server, RP_EV_CLOSE, on_close, f)) {
        process->open_servers++;
        return true;
    }
    rp_server_free(f->server);
    f->server = NULL;
    return rp_error_set(err, "ENOMEM", "no memory for a frontend");
}

void frontend_close(struct frontend *f)
{
    for (struct frontend_listen *listen = f->listens; listen != NULL; listen = listen->next)
        rp_listener_accept_queued(listen->socket); /* possibly no other process accepts them */
    unlisten(f, true, 0);
    rp_server_close(f->server);
}

void frontend_free(struct frontend *f)
{
    unlisten(f, true, 0);
    rp_server_free(f->server);
    f->server = NULL;
}
