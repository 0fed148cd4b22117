/* SPDX-License-Identifier: MIT
 *
 * server.c - tls.Server: the object, its contexts, ports and events (section C). Its sockets keep
 * it in memory. Its owner may free it at any time, also in a listener, and gets no events
 * afterwards. */
#include "lib/base/args.h"
#include "lib/tls/server_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib/net/fd.h"
#include "lib/tls/context/alpn.h"
#include "lib/tls/socket_internal.h"
#include "lib/tls/context/ticket_crypt.h"

/* -- events */

bool rp_server_on(struct rp_server *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, false, false);
}

bool rp_server_once(struct rp_server *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, true, false);
}

bool rp_server_prepend(struct rp_server *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, false, true);
}

bool rp_server_prepend_once(struct rp_server *s, enum rp_event_type type, rp_listener *fn,
                            void *arg)
{
    return s != NULL && fn != NULL &&
           rp_emitter_add(&s->events, RP_EVENT_BIT(type), fn, arg, true, true);
}

bool rp_server_listen_for(struct rp_server *s, rp_event_set types, rp_listener *fn, void *arg)
{
    return s != NULL && fn != NULL && rp_emitter_add(&s->events, types, fn, arg, false, false);
}

void rp_server_off(struct rp_server *s, enum rp_event_type type, rp_listener *fn, void *arg)
{
    if (s != NULL)
        rp_emitter_remove(&s->events, type, fn, arg);
}

bool rp_server_emit(struct rp_server *s, struct rp_event *event)
{
    bool heard;

    if (s == NULL || event == NULL)
        return false;
    event->target = s;
    if (!rp_emitter_heard(&s->events, event->type))
        return false;
    rp_server_ref(s);
    heard = rp_emitter_emit(&s->events, event);
    rp_server_unref(s);
    return heard;
}

/* LISTENING and CLOSE are never emitted inside the call that causes them. */
static void on_tick(struct rp_next_tick *tick)
{
    struct rp_server *s = tick->arg;

    rp_server_ref(s);
    if (s->say_listening) {
        s->say_listening = false;
        rp_server_emit(s, &(struct rp_event){.type = RP_EV_LISTENING});
    }
    /* NOLINTNEXTLINE: the reference above is ours */
    if (s->closing && !s->closed && s->connections == 0) {
        s->closed = true;
        rp_server_emit(s, &(struct rp_event){.type = RP_EV_CLOSE});
    }
    rp_server_unref(s); /* NOLINT: likewise */
}

/* -- lifetime */

struct rp_server *rp_server_ref(struct rp_server *s)
{
    s->refs++;
    return s;
}

static void free_names(struct rp_server *s)
{
    while (s->names != NULL) {
        struct rp_server_name *name = s->names;

        s->names = name->next;
        rp_secure_context_unref(name->context);
        free(name);
    }
}

void rp_server_unref(struct rp_server *s)
{
    if (s == NULL || --s->refs > 0)
        return;
    rp_next_tick_cancel(&s->tick);
    rp_emitter_clear(&s->events);
    free_names(s);
    rp_secure_context_unref(s->context);
    rp_ticket_keys_unref(s->given_keys);
    rp_alpn_free(s->protocols);
    free(s->psk_hint);
    free(s);
}

static bool copy_hint(struct rp_server *s, const char *hint, struct rp_error *err)
{
    if (hint == NULL || *hint == '\0')
        return true;
    if (strlen(hint) > RP_PSK_IDENTITY_MAX) /* node's error code has this spelling */
        return rp_error_set(err, "ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED",
                            "Failed to set PSK identity hint: it is longer than %d bytes",
                            RP_PSK_IDENTITY_MAX);
    s->psk_hint = strdup(hint);
    return s->psk_hint != NULL || rp_error_set(err, "ENOMEM", "no memory for a server");
}

/* C8: later contexts inherit these, unless their options set them. */
static void remember(struct rp_server *s, const struct rp_secure_context_options *o)
{
    if (o->ticket_keys != NULL)
        s->given_keys = rp_ticket_keys_ref(o->ticket_keys);
    s->given_timeout = o->session_timeout;
}

static bool set_up(struct rp_server *s, const struct rp_server_options *o, struct rp_error *err)
{
    if (o->alpn_callback != NULL && o->alpn_protocols != NULL)
        return rp_error_set(
            err, "ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS",
            "The ALPNCallback and ALPNProtocols TLS options are mutually exclusive");
    if (!rp_alpn_copy(&s->protocols, o->alpn_protocols, err) ||
        !copy_hint(s, o->psk_identity_hint, err))
        return false;
    s->context = o->context != NULL ? rp_secure_context_ref(o->context)
                                    : rp_secure_context_new(o->context_options, err);
    if (o->context == NULL && o->context_options != NULL)
        remember(s, o->context_options);
    return s->context != NULL;
}

struct rp_server *rp_server_new(struct rp_loop *loop, const struct rp_server_options *options,
                                struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(loop, "loop", err))
        return NULL;
    static const struct rp_server_options defaults = {0};
    struct rp_server *s = calloc(1, sizeof *s);

    if (s == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a server");
        return NULL;
    }
    if (options == NULL)
        options = &defaults;
    s->refs = 1;
    s->loop = loop;
    rp_emitter_init(&s->events);
    s->tick.fire = on_tick;
    s->tick.arg = s;
    s->newest_at = &s->oldest;
    s->options = *options;
    s->options.context = NULL;
    s->options.context_options = NULL;
    s->options.alpn_protocols = NULL;
    s->options.psk_identity_hint = NULL;
    if (s->options.handshake_timeout_ms == 0)
        s->options.handshake_timeout_ms = RP_DEFAULT_HANDSHAKE_TIMEOUT_MS;
    s->options.stream.paused = s->options.stream.paused || options->pause_on_connect;
    if (!set_up(s, options, err)) {
        rp_server_unref(s);
        return NULL;
    }
    return s;
}

void rp_server_free(struct rp_server *s)
{
    if (s == NULL || s->freed)
        return;
    s->freed = true;
    rp_server_close(s);
    rp_next_tick_cancel(&s->tick);
    rp_emitter_clear(&s->events);
    rp_server_unref(s);
}

void *rp_server_arg(const struct rp_server *s)
{
    return s != NULL ? s->options.arg : NULL;
}

/* -- ports */

static bool accepts_with_data(int fd)
{
    int seconds = 0;
    socklen_t len = sizeof seconds;

    return getsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, &len) == 0 && seconds > 0;
}

bool rp_server_listen_fd(struct rp_server *s, int listen_fd, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(s, "server", err))
        return false;
    struct rp_server_port *port = calloc(1, sizeof *port), **last = &s->ports;

    if (s->closing) {
        free(port);
        return rp_error_set(err, "ERR_SERVER_NOT_RUNNING", "Server is not running.");
    }
    if (port == NULL)
        return rp_error_set(err, "ENOMEM", "no memory to listen");
    port->server = s;
    port->fd = listen_fd;
    port->deferred = accepts_with_data(listen_fd);
    port->listener = rp_listener_start(s->loop, listen_fd, rp_server_accepted, port, err);
    if (port->listener == NULL) {
        free(port);
        return false;
    }
    while (*last != NULL)
        last = &(*last)->next;
    *last = port;
    if (port == s->ports)
        rp_fd_address(listen_fd, false, &s->address);
    s->say_listening = true;
    rp_next_tick(s->loop, &s->tick);
    return true;
}

bool rp_server_listen(struct rp_server *s, const struct rp_listen_options *o, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(s, "server", err) || !rp_given(o, "options", err))
        return false;
    int fd = rp_listen_open(o, err);

    if (fd < 0)
        return false;
    if (rp_server_listen_fd(s, fd, err))
        return true;
    close(fd);
    return false;
}

const struct rp_address *rp_server_address(const struct rp_server *s)
{
    if (s == NULL)
        return NULL;
    return s->ports != NULL && s->address.len != 0 ? &s->address : NULL;
}

bool rp_server_close(struct rp_server *s)
{
    if (s == NULL)
        return false;
    if (s->closing)
        return false;
    s->closing = true;
    while (s->ports != NULL) {
        struct rp_server_port *port = s->ports;

        s->ports = port->next;
        rp_listener_stop(port->listener, true);
        free(port);
    }
    rp_next_tick(s->loop, &s->tick);
    return true;
}

bool rp_server_listening(const struct rp_server *s)
{
    return s != NULL && s->ports != NULL;
}

uint32_t rp_server_connections(const struct rp_server *s)
{
    return s != NULL ? s->connections : 0;
}

/* -- contexts and keys */

enum rp_client_auth rp_server_client_auth(const struct rp_server *s)
{
    if (!s->options.request_cert)
        return RP_CLIENT_AUTH_NONE;
    return s->options.allow_unauthorized ? RP_CLIENT_AUTH_REQUEST : RP_CLIENT_AUTH_REQUIRE;
}

void rp_server_set_secure_context(struct rp_server *s, struct rp_secure_context *context)
{
    if (s == NULL || context == NULL)
        return;
    rp_secure_context_ref(context);
    rp_secure_context_unref(s->context);
    s->context = context;
}

bool rp_server_renew_secure_context(struct rp_server *s,
                                    const struct rp_secure_context_options *options,
                                    struct rp_error *err)
{
    struct rp_secure_context_options o = {0};
    struct rp_secure_context *context;

    rp_error_clear(err);
    if (!rp_given(s, "server", err))
        return false;
    if (options != NULL)
        o = *options;
    if (o.ticket_keys == NULL)
        o.ticket_keys = s->given_keys;
    if (o.session_timeout == 0)
        o.session_timeout = s->given_timeout;
    context = rp_secure_context_new(&o, err);
    if (context == NULL)
        return false;
    rp_secure_context_unref(s->context);
    s->context = context;
    return true;
}

bool rp_server_add_context(struct rp_server *s, const char *hostname,
                           struct rp_secure_context *context, struct rp_error *err)
{
    struct rp_server_name *name;
    size_t size;

    rp_error_clear(err);
    if (!rp_given(s, "server", err) || !rp_given(context, "context", err))
        return false;
    if (hostname == NULL || *hostname == '\0')
        return rp_error_set(err, "ERR_TLS_REQUIRED_SERVER_NAME",
                            "\"servername\" is required parameter for Server.addContext");
    size = strlen(hostname) + 1;
    name = malloc(sizeof *name + size);
    if (name == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for a server name");
    memcpy(name->pattern, hostname, size);
    name->context = rp_secure_context_ref(context);
    name->next = s->names;
    s->names = name;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* J1: '*' matches any characters except '.'; all others match literally, ignoring case as in DNS,
 * so that another spelling does not select another context. */
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *from = NULL;

    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
        } else if (lower(*pattern) == lower(*name)) {
            pattern++;
            name++;
        } else if (star != NULL && *from != '.') {
            pattern = star;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

struct rp_secure_context *rp_server_find_context(const struct rp_server *s, const char *servername)
{
    if (servername == NULL)
        return NULL;
    for (const struct rp_server_name *name = s->names; name != NULL; name = name->next)
        if (matches(name->pattern, servername))
            return name->context;
    return NULL;
}

bool rp_server_get_ticket_keys(const struct rp_server *s, uint8_t keys[RP_TICKET_KEYS_SIZE])
{
    if (s == NULL || keys == NULL)
        return false;
    struct rp_ticket_key key;
    uint8_t bytes[RP_TICKET_KEYS_LONG];
    bool ok = rp_ticket_keys_get(s->context->keys, 0, &key) &&
              rp_ticket_key_encode(&key, bytes) == RP_TICKET_KEYS_SIZE;

    if (ok)
        memcpy(keys, bytes, RP_TICKET_KEYS_SIZE);
    OPENSSL_cleanse(&key, sizeof key);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ok;
}

bool rp_server_set_ticket_keys(struct rp_server *s, const uint8_t *bytes, size_t len,
                               bool keep_former, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(s, "server", err) || !rp_given(bytes, "keys", err))
        return false;
    struct rp_ticket_keys *ring = s->context->keys;
    struct rp_ticket_key keys[RP_TICKET_KEYS_MAX];
    size_t count = 1;
    bool ok;

    if (len != RP_TICKET_KEYS_SIZE)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "Session ticket keys must be a 48-byte buffer. Received %zu", len);
    ok = rp_ticket_key_decode(&keys[0], bytes, len, RP_TICKET_KEY_NODE, err);
    if (ok && keep_former)
        while (count < RP_TICKET_KEYS_MAX && rp_ticket_keys_get(ring, count - 1, &keys[count]))
            count++;
    ok = ok && rp_ticket_keys_set(ring, keys, count, true, err);
    OPENSSL_cleanse(keys, sizeof keys);
    return ok;
}

/* -- called by sockets */

void rp_server_report(struct rp_socket *socket, const struct rp_error *error)
{
    struct rp_event event = {.type = RP_EV_TLS_CLIENT_ERROR};

    event.tls_client_error.error = error;
    event.tls_client_error.socket = socket;
    rp_server_emit(socket->server, &event);
}

void rp_server_forget(struct rp_socket *socket)
{
    struct rp_server *s = socket->server;

    s->connections--;
    if (s->closing && s->connections == 0 && !s->freed)
        rp_next_tick(s->loop, &s->tick);
}
