/* SPDX-License-Identifier: MIT
 *
 * starttls_server.c - a dialogue in the clear, then TLS over the same connection.
 * "STARTTLS\n" is answered with "READY\n"; from there on an echo speaks TLS. The danger: bytes that
 * came before the answer were not protected. Here more than the word ends the connection.
 *     starttls_server CERT KEY HOST:PORT */
#include "example.h"

#include <string.h>

static struct rp_server *server; /* never listens: it takes connections that were accepted here */

static void on_word(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = e->target;
    static const char word[] = "STARTTLS\n";

    (void)arg;
    rp_stream_off(stream, RP_EV_DATA, on_word, NULL);
    if (e->data.len != strlen(word) || memcmp(e->data.bytes, word, e->data.len) != 0) {
        rp_stream_destroy(stream, NULL);
    } else {
        rp_stream_write(stream, "READY\n", 6); /* leaves before TLS */
        if (!rp_server_take_stream(server, stream, NULL))
            rp_stream_destroy(stream, NULL);
    }
}

static void on_accepted(struct rp_listener_socket *listener, int fd,
                        const struct rp_address *remote, void *loop)
{
    struct rp_stream *stream = rp_net_open(loop, fd, NULL, NULL);

    (void)listener, (void)remote;
    if (stream == NULL)
        return;
    rp_stream_on(stream, RP_EV_DATA, on_word, NULL);
    rp_stream_unref(stream); /* it keeps itself until it has closed */
}

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = rp_socket_stream(e->secure_connection.socket);

    (void)arg;
    rp_stream_pipe(stream, stream, false);
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_pem cert, key;
    struct rp_secure_context_options tls = {
        .cert = &cert, .key = &key, .cert_count = 1, .key_count = 1};
    struct rp_server_options options = {.context_options = &tls};
    struct rp_address address;
    struct rp_listen_options where = {.address = &address};
    struct rp_listener_socket *listener;
    int fd;

    if (argc != 4) {
        fprintf(stderr, "usage: starttls_server CERT KEY HOST:PORT\n");
        return 2;
    }
    cert = pem_of(argv[1]);
    key = pem_of(argv[2]);
    if (loop == NULL || (server = rp_server_new(loop, &options, &error)) == NULL ||
        !rp_address_parse(&address, argv[3], true, &error) ||
        (fd = rp_listen_open(&where, &error)) < 0 ||
        (listener = rp_listener_start(loop, fd, on_accepted, loop, &error)) == NULL)
        give_up(&error);
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    printf("listening\n");
    fflush(stdout);
    rp_loop_run(loop);
    rp_listener_stop(listener, true);
    rp_server_free(server);
    rp_loop_free(loop);
    return 0;
}
