/* SPDX-License-Identifier: MIT
 *
 * echo_server.c - a TLS server that sends back what it gets.
 *     echo_server CERT KEY HOST:PORT */
#include "example.h"

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = rp_socket_stream(e->secure_connection.socket);

    (void)arg;
    printf("%s %s\n", rp_socket_protocol(e->secure_connection.socket),
           rp_socket_session_reused(e->secure_connection.socket) ? "resumed" : "new");
    fflush(stdout);
    rp_stream_pipe(stream, stream, false); /* at the speed of the slower side */
}

static void on_client_error(const struct rp_event *e, void *arg)
{
    (void)arg;
    fprintf(stderr, "%s: %s\n", e->tls_client_error.error->code,
            e->tls_client_error.error->message);
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_pem cert, key;
    struct rp_secure_context_options tls = {
        .cert = &cert, .key = &key, .cert_count = 1, .key_count = 1};
    struct rp_server_options options = {.context_options = &tls};
    struct rp_server *server;

    if (argc != 4) {
        fprintf(stderr, "usage: echo_server CERT KEY HOST:PORT\n");
        return 2;
    }
    cert = pem_of(argv[1]);
    key = pem_of(argv[2]);
    if (loop == NULL || (server = rp_server_new(loop, &options, &error)) == NULL)
        give_up(&error);
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    rp_server_on(server, RP_EV_TLS_CLIENT_ERROR, on_client_error, NULL);
    listen_on(server, argv[3]);
    rp_loop_run(loop);
    rp_server_free(server);
    rp_loop_free(loop);
    return 0;
}
