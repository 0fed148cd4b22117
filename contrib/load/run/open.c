/* SPDX-License-Identifier: MIT
 *
 * open.c - open a connection of the load: its source address, PROXY header, options and events. */
#include "contrib/load/run/run.h"

#include <string.h>

static size_t give_key(struct rp_socket *socket, const char *hint,
                       char identity[RP_PSK_IDENTITY_MAX + 1], uint8_t key[RP_PSK_MAX], void *arg)
{
    const struct load_options *o = arg;

    (void)socket, (void)hint;
    snprintf(identity, RP_PSK_IDENTITY_MAX + 1, "%s", o->psk_identity);
    memcpy(key, o->psk, o->psk_len);
    return o->psk_len;
}

/* The PROXY header precedes TLS, so connect the transport first and then wrap it. */
static struct rp_stream *proxied(const struct slot *s, const struct rp_net_options *net,
                                 struct rp_error *err)
{
    const struct load_options *o = s->run->o;
    uint8_t header[LOAD_PROXY_MAX];
    struct rp_address from;
    char text[80];
    struct rp_stream *stream;
    size_t len;

    /* Use a different port for each connection, as real clients do. */
    snprintf(text, sizeof text, strchr(o->proxy_from, ':') != NULL ? "[%.60s]:%u" : "%.60s:%u",
             o->proxy_from, (unsigned)(1024 + s->run->turn % 60000));
    if (!rp_address_parse(&from, text, false, err))
        return NULL;
    stream = rp_net_connect(s->run->loop, net, err);
    if (stream == NULL)
        return NULL;
    len = load_words_proxy(header, o->proxy_version, &from, net->address);
    rp_stream_write(stream, header, len);
    return stream;
}

static rp_event_set events_of(const struct load_options *o)
{
    rp_event_set set = RP_EVENT_BIT(RP_EV_SECURE_CONNECT) | RP_EVENT_BIT(RP_EV_DATA) |
                       RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE) |
                       RP_EVENT_BIT(RP_EV_TIMEOUT);

    if (o->resume > 0)
        set |= RP_EVENT_BIT(RP_EV_CONNECT);
    if (o->resume > 0 && o->mechanism != KIND_PSK)
        set |= RP_EVENT_BIT(RP_EV_SESSION);
    if (o->upload > 0)
        set |= RP_EVENT_BIT(RP_EV_DRAIN);
    if (o->keylog != NULL)
        set |= RP_EVENT_BIT(RP_EV_KEYLOG);
    return set;
}

bool load_connection_open(struct slot *s, rp_listener *on_event, struct rp_error *err)
{
    struct run *r = s->run;
    const struct load_options *o = r->o;
    struct rp_net_options net = {.address = &o->targets[s->target].address,
                                 .host = o->targets[s->target].host, /* for certificates */
                                 .timeout_ms = (uint32_t)o->timeout_ms,
                                 .eager = true};
    struct rp_connect_options connect = {.context = r->contexts[s->version],
                                         .net = &net,
                                         .servername = load_server_name(o, s->target, s->name),
                                         .session_handle = s->offered.handle,
                                         .session_anywhere = true,
                                         .alpn_protocols = *o->alpn != NULL ? o->alpn : NULL,
                                         .want_handles = true,
                                         .early_data = s->kind == KIND_EARLY,
                                         .allow_unauthorized = o->ca == NULL,
                                         .psk_callback = s->kind == KIND_PSK ? give_key : NULL,
                                         .arg = (void *)(uintptr_t)o};

    if (o->source_count > 0)
        net.local_address = &o->sources[r->turn / o->target_count % o->source_count];
    if (o->proxy_from != NULL && (connect.stream = proxied(s, &net, err)) == NULL)
        return false;
    s->socket = rp_connect(r->loop, &connect, err);
    if (connect.stream != NULL) {
        if (s->socket == NULL)
            rp_stream_destroy(connect.stream, NULL);
        else
            rp_stream_set_timeout(rp_socket_stream(s->socket), net.timeout_ms);
        rp_stream_unref(connect.stream);
    }
    return s->socket != NULL &&
           rp_stream_listen(rp_socket_stream(s->socket), events_of(o), on_event, s);
}
