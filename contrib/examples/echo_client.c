/* SPDX-License-Identifier: MIT
 *
 * echo_client.c - connect, verify, say a word, print the answer.
 *     echo_client CA HOST PORT NAME WORD */
#include "example.h"

#include <string.h>

static int status = 1;

static void on_event(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = e->target;
    const char *word = arg;

    switch (e->type) {
    case RP_EV_SECURE_CONNECT: /* the certificate was verified, and is for NAME */
        rp_stream_write(stream, word, strlen(word));
        rp_stream_end(stream);
        break;
    case RP_EV_DATA:
        fwrite(e->data.bytes, 1, e->data.len, stdout);
        break;
    case RP_EV_ERROR:
        fprintf(stderr, "%s: %s\n", e->error.error->code, e->error.error->message);
        break;
    case RP_EV_CLOSE:
        status = e->close.had_error ? 1 : 0;
        break;
    default:
        break;
    }
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_pem ca;
    struct rp_secure_context_options tls = {.ca = &ca, .ca_count = 1};
    struct rp_net_options net = {0};
    struct rp_connect_options options = {.context_options = &tls, .net = &net};
    struct rp_socket *socket;

    if (argc != 6) {
        fprintf(stderr, "usage: echo_client CA HOST PORT NAME WORD\n");
        return 2;
    }
    ca = pem_of(argv[1]);
    net.host = argv[2];
    net.port = (uint16_t)strtoul(argv[3], NULL, 10);
    options.servername = argv[4];
    if (loop == NULL || (socket = rp_connect(loop, &options, &error)) == NULL)
        give_up(&error);
    rp_stream_listen(rp_socket_stream(socket), RP_EVENT_ALL, on_event, argv[5]);
    rp_loop_run(loop);
    rp_socket_unref(socket);
    rp_loop_free(loop);
    return status;
}
