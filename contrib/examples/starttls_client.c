/* SPDX-License-Identifier: MIT
 *
 * starttls_client.c - the other side of starttls_server.
 *     starttls_client CA HOST PORT NAME WORD */
#include "example.h"

#include <string.h>

static struct rp_connect_options options;
static struct rp_loop *loop;
static const char *word;
static int status = 1;

static void on_secure(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_SECURE_CONNECT) {
        rp_stream_write(e->target, word, strlen(word));
        rp_stream_end(e->target);
    } else if (e->type == RP_EV_DATA) {
        fwrite(e->data.bytes, 1, e->data.len, stdout);
    } else if (e->type == RP_EV_ERROR) {
        fprintf(stderr, "%s: %s\n", e->error.error->code, e->error.error->message);
    } else if (e->type == RP_EV_CLOSE) {
        status = e->close.had_error ? 1 : 0;
    }
}

static void on_plain(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = e->target;
    struct rp_socket *socket = NULL;
    struct rp_error error;

    (void)arg;
    if (e->type == RP_EV_ERROR)
        give_up(e->error.error);
    rp_stream_off(stream, RP_EV_DATA, on_plain, NULL);
    rp_stream_off(stream, RP_EV_ERROR, on_plain, NULL); /* from here on the socket tells */
    if (e->data.len != 6 || memcmp(e->data.bytes, "READY\n", 6) != 0) {
        fprintf(stderr, "the server does not upgrade\n");
        rp_stream_destroy(stream, NULL);
        rp_stream_unref(stream);
        return;
    }
    options.stream = stream;
    socket = rp_connect(loop, &options, &error);
    if (socket == NULL)
        give_up(&error);
    rp_stream_listen(rp_socket_stream(socket), RP_EVENT_ALL, on_secure, NULL);
    rp_socket_unref(socket);
    rp_stream_unref(stream);
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_pem ca;
    struct rp_secure_context_options tls = {.ca = &ca, .ca_count = 1};
    struct rp_net_options net = {0};
    struct rp_stream *stream;

    if (argc != 6) {
        fprintf(stderr, "usage: starttls_client CA HOST PORT NAME WORD\n");
        return 2;
    }
    ca = pem_of(argv[1]);
    net.host = argv[2];
    net.port = (uint16_t)strtoul(argv[3], NULL, 10);
    word = argv[5];
    options.servername = argv[4];
    options.context_options = &tls;
    loop = rp_loop_new(&error);
    if (loop == NULL || (stream = rp_net_connect(loop, &net, &error)) == NULL)
        give_up(&error);
    rp_stream_listen(stream, RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_ERROR), on_plain, NULL);
    rp_stream_write(stream, "STARTTLS\n", 9);
    rp_loop_run(loop);
    rp_loop_free(loop);
    return status;
}
