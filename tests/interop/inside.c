/* SPDX-License-Identifier: MIT
 *
 * inside.c - TLS that does not go over a socket of its own: within another TLS connection, or
 * through a secure pair that is piped to a plain socket (Q1, Q2). inside.js is the same in node.
 *     inside server|client tls|pair unix:PATH CERT KEY        (client: an authority for CERT) */
#include "contrib/examples/example.h"

#include <string.h>

static struct rp_loop *loop;
static struct rp_secure_context *context;
static struct rp_socket *inner;
static struct rp_stream *below; /* the outer connection, or the plain one */
static struct rp_server *server;
static struct rp_listener_socket *listener;
static struct rp_secure_pair pair;
static bool is_server, in_pair;

static void stop_listening(void)
{
    if (server != NULL)
        rp_server_close(server);
    if (listener != NULL)
        rp_listener_stop(listener, true);
    listener = NULL;
}

static void on_inner(const struct rp_event *e, void *arg)
{
    struct rp_cipher_info cipher;

    (void)arg;
    if (e->type == RP_EV_SECURE && rp_socket_cipher(inner, &cipher))
        printf("%s %s\n", rp_socket_protocol(inner), cipher.name);
    else if (e->type == RP_EV_DATA)
        printf("%.*s\n", (int)e->data.len, (const char *)e->data.bytes);
    else if (e->type == RP_EV_ERROR)
        printf("%s\n", e->error.error->code);
    else if (e->type == RP_EV_CLOSE)
        stop_listening();
    if (e->type == RP_EV_DATA && is_server)
        rp_stream_write(e->target, "answer", 6);
    else if (e->type == RP_EV_DATA)
        rp_stream_end(e->target);
}

static void begin(struct rp_stream *stream)
{
    struct rp_socket_options options = {.is_server = is_server, .context = context};
    struct rp_error error;

    below = stream;
    if (!in_pair)
        inner = rp_socket_wrap(stream, &options, &error);
    else if (rp_secure_pair_new(loop, context, is_server, false, false, &pair, &error))
        inner = pair.cleartext;
    if (inner == NULL)
        give_up(&error);
    rp_stream_listen(rp_socket_stream(inner), RP_EVENT_ALL, on_inner, NULL);
    if (in_pair) {
        rp_stream_pipe(stream, pair.encrypted, false);
        rp_stream_pipe(pair.encrypted, stream, false);
    }
    if (!is_server)
        rp_stream_write(rp_socket_stream(inner), "question", 8);
}

static void on_outer(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_SECURE_CONNECTION) {
        rp_stream_ref(rp_socket_stream(e->secure_connection.socket));
        begin(rp_socket_stream(e->secure_connection.socket));
    } else {
        begin(e->target);
    }
}

static void on_accepted(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                        void *arg)
{
    struct rp_stream *stream = rp_net_open(loop, fd, NULL, NULL);

    (void)l, (void)remote, (void)arg;
    if (stream != NULL)
        begin(stream);
}

static void serve(const char *where)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    struct rp_server_options options = {.context = context};
    struct rp_error error;
    int fd;

    if (!rp_address_parse(&address, where, false, &error) ||
        (fd = rp_listen_open(&listen, &error)) < 0)
        give_up(&error);
    if (in_pair) {
        if ((listener = rp_listener_start(loop, fd, on_accepted, NULL, &error)) == NULL)
            give_up(&error);
    } else {
        server = rp_server_new(loop, &options, &error);
        if (server == NULL || !rp_server_listen_fd(server, fd, &error))
            give_up(&error);
        rp_server_on(server, RP_EV_SECURE_CONNECTION, on_outer, NULL);
    }
    printf("listening\n");
    fflush(stdout);
}

static void dial(const char *where)
{
    struct rp_address address;
    struct rp_net_options net = {.address = &address};
    struct rp_connect_options options = {
        .net = &net, .context = context, .servername = "localhost"};
    struct rp_error error;

    if (!rp_address_parse(&address, where, false, &error))
        give_up(&error);
    if (in_pair) {
        struct rp_stream *stream = rp_net_connect(loop, &net, &error);

        if (stream == NULL)
            give_up(&error);
        begin(stream);
    } else {
        struct rp_socket *outer = rp_connect(loop, &options, &error);

        if (outer == NULL)
            give_up(&error);
        rp_stream_on(rp_socket_stream(outer), RP_EV_SECURE_CONNECT, on_outer, NULL);
    }
}

int main(int argc, char **argv)
{
    struct rp_secure_context_options options = {0};
    struct rp_pem cert, key;
    struct rp_error error;

    if (argc < 5)
        return 2;
    is_server = strcmp(argv[1], "server") == 0;
    in_pair = strcmp(argv[2], "pair") == 0;
    cert = pem_of(argv[4]);
    if (is_server) {
        key = pem_of(argv[5]);
        options = (struct rp_secure_context_options){
            .cert = &cert, .key = &key, .cert_count = 1, .key_count = 1};
    } else {
        options = (struct rp_secure_context_options){.ca = &cert, .ca_count = 1};
    }
    if ((loop = rp_loop_new(&error)) == NULL ||
        (context = rp_secure_context_new(&options, &error)) == NULL)
        give_up(&error);
    if (is_server)
        serve(argv[3]);
    else
        dial(argv[3]);
    rp_loop_run(loop);
    if (in_pair)
        rp_secure_pair_destroy(&pair);
    else if (inner != NULL)
        rp_stream_unref(rp_socket_stream(inner));
    if (below != NULL)
        rp_stream_unref(below);
    rp_server_free(server);
    rp_secure_context_unref(context);
    rp_loop_free(loop);
    return inner == NULL;
}
