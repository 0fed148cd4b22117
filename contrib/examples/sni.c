/* SPDX-License-Identifier: MIT
 *
 * sni.c - two certificates behind one address; the client's server name chooses.
 *     sni CERT KEY NAME NAME_CERT NAME_KEY HOST:PORT      NAME may be "*.example.org" */
#include "example.h"

#include <string.h>

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = rp_socket_stream(e->secure_connection.socket);
    const char *name = rp_socket_servername(e->secure_connection.socket);

    (void)arg;
    name = name != NULL ? name : "no server name";
    rp_stream_write(stream, name, strlen(name));
    rp_stream_end(stream);
}

static struct rp_secure_context *context_of(const char *cert_path, const char *key_path)
{
    struct rp_pem cert = pem_of(cert_path), key = pem_of(key_path);
    struct rp_secure_context_options options = {
        .cert = &cert, .key = &key, .cert_count = 1, .key_count = 1};
    struct rp_error error;
    struct rp_secure_context *context = rp_secure_context_new(&options, &error);

    if (context == NULL)
        give_up(&error);
    return context;
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_server_options options = {0};
    struct rp_secure_context *named;
    struct rp_server *server;

    if (argc != 7) {
        fprintf(stderr, "usage: sni CERT KEY NAME NAME_CERT NAME_KEY HOST:PORT\n");
        return 2;
    }
    options.context = context_of(argv[1], argv[2]);
    named = context_of(argv[4], argv[5]);
    if (loop == NULL || (server = rp_server_new(loop, &options, &error)) == NULL ||
        !rp_server_add_context(server, argv[3], named, &error))
        give_up(&error);
    rp_secure_context_unref(options.context); /* the server has references of its own */
    rp_secure_context_unref(named);
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    listen_on(server, argv[6]);
    rp_loop_run(loop);
    rp_server_free(server);
    rp_loop_free(loop);
    return 0;
}
