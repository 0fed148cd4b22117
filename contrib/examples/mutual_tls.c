/* SPDX-License-Identifier: MIT
 *
 * mutual_tls.c - a server that asks who is there, and greets by name.
 *     mutual_tls CERT KEY CLIENT_CA HOST:PORT */
#include "example.h"

#include <string.h>

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_socket *socket = e->secure_connection.socket;
    struct rp_stream *stream = rp_socket_stream(socket);
    struct rp_x509 *cert = rp_socket_peer_x509(socket, false, NULL);
    const char *subject = cert != NULL ? rp_x509_subject(cert) : "";
    char greeting[300];

    (void)arg; /* rejectUnauthorized is on: whoever comes here is authorized */
    snprintf(greeting, sizeof greeting, "hello %.200s\n", subject);
    rp_stream_write(stream, greeting, strlen(greeting));
    rp_stream_end(stream);
    rp_x509_unref(cert);
}

static void on_client_error(const struct rp_event *e, void *arg)
{
    (void)arg;
    fprintf(stderr, "refused: %s\n", e->tls_client_error.error->code);
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_pem cert, key, ca;
    struct rp_secure_context_options tls = {
        .cert = &cert, .key = &key, .ca = &ca, .cert_count = 1, .key_count = 1, .ca_count = 1};
    struct rp_server_options options = {.context_options = &tls, .request_cert = true};
    struct rp_server *server;

    if (argc != 5) {
        fprintf(stderr, "usage: mutual_tls CERT KEY CLIENT_CA HOST:PORT\n");
        return 2;
    }
    cert = pem_of(argv[1]);
    key = pem_of(argv[2]);
    ca = pem_of(argv[3]);
    if (loop == NULL || (server = rp_server_new(loop, &options, &error)) == NULL)
        give_up(&error);
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    rp_server_on(server, RP_EV_TLS_CLIENT_ERROR, on_client_error, NULL);
    listen_on(server, argv[4]);
    rp_loop_run(loop);
    rp_server_free(server);
    rp_loop_free(loop);
    return 0;
}
