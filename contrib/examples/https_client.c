/* SPDX-License-Identifier: MIT
 *
 * https_client.c - two GETs of one page: the second connection resumes the session of the first.
 *     https_client HOST PORT PATH [CA] */
#include <reprise/reprise.h>
#include <stdio.h>
#include <stdlib.h>

struct client {
    const char *host, *path;
    struct rp_session *session; /* to resume with; NULL: none yet */
    int failed;
};

static void send_request(struct client *c, struct rp_stream *stream)
{
    char request[1024];
    int len =
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", c->path, c->host);

    if (len > 0 && (size_t)len < sizeof request)
        rp_stream_write(stream, request, (size_t)len);
}

static void on_event(const struct rp_event *e, void *arg)
{
    struct client *c = arg;
    struct rp_stream *stream = e->target;

    switch (e->type) {
    case RP_EV_SECURE_CONNECT: /* verified: the chain, and the name */
        fprintf(stderr, "%s\n",
                rp_socket_session_reused(rp_socket_from_stream(stream)) ? "resumed" : "new");
        send_request(c, stream);
        break;
    case RP_EV_DATA:
        fwrite(e->data.bytes, 1, e->data.len, stdout);
        break;
    case RP_EV_SESSION: /* the newest is the best */
        rp_session_unref(c->session);
        c->session = rp_session_ref(e->session.handle);
        break;
    case RP_EV_ERROR:
        fprintf(stderr, "%s: %s\n", e->error.error->code, e->error.error->message);
        break;
    case RP_EV_CLOSE:
        c->failed = e->close.had_error;
        break;
    default:
        break;
    }
}

static void get(struct rp_loop *loop, struct client *c, struct rp_secure_context *context,
                uint16_t port)
{
    struct rp_error error;
    struct rp_net_options net = {.host = c->host, .port = port};
    struct rp_connect_options options = {
        .context = context,
        .net = &net,
        .servername = c->host, /* SNI, and the name that is compared */
        .session_handle = c->session,
        .want_handles = true,
        .handshake_timeout_ms = 10000,
    };
    struct rp_socket *socket = rp_connect(loop, &options, &error);

    c->failed = 1;
    if (socket == NULL) {
        fprintf(stderr, "%s: %s\n", error.code, error.message);
        return;
    }
    rp_stream_listen(rp_socket_stream(socket), RP_EVENT_ALL, on_event, c);
    rp_socket_unref(socket); /* it lives until it has closed */
    rp_loop_run(loop);
}

static char *read_file(const char *path)
{
    char *text = calloc(1, 1 << 20);
    FILE *file = text != NULL ? fopen(path, "r") : NULL;

    if (file == NULL || fread(text, 1, (1 << 20) - 1, file) == 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_pem ca = {.file = argc > 4 ? argv[4] : NULL};
    struct rp_secure_context_options tls = {0}; /* all defaults: the default roots are trusted */
    struct rp_secure_context *context = NULL;
    struct client c = {.failed = 1};

    if (argc < 4) {
        fprintf(stderr, "usage: https_client HOST PORT PATH [CA]\n");
        return 2;
    }
    c.host = argv[1];
    c.path = argv[3];
    if (ca.file != NULL) { /* trust these, and nobody else */
        ca.bytes = read_file(ca.file);
        tls.ca = &ca;
        tls.ca_count = 1;
    }
    if (loop != NULL)
        context = rp_secure_context_new(&tls, &error);
    if (context == NULL) {
        fprintf(stderr, "%s: %s\n", error.code, error.message);
        return 1;
    }
    for (int i = 0; i < 2; i++)
        get(loop, &c, context, (uint16_t)strtoul(argv[2], NULL, 10));
    rp_session_unref(c.session);
    rp_secure_context_unref(context);
    rp_loop_free(loop);
    free((void *)(uintptr_t)ca.bytes);
    return c.failed;
}
