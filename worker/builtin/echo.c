/* SPDX-License-Identifier: MIT
 *
 * echo.c - builtin:echo, for tests and measurements: sends back what a client sends. While a client
 * does not read the echo, nothing is read from it. When it ends, this side ends, too. */
#include "worker/connection.h"

#include <stdlib.h>

static void on_client(const struct rp_event *event, void *arg)
{
    struct connection *c = arg;

    switch (event->type) {
    case RP_EV_DATA:
        if (connection_is_over(c, event->data.len))
            break;
        connection_count_in(c, event->data.len);
        connection_count_out(c, event->data.len);
        if (!rp_stream_write(c->stream, event->data.bytes, event->data.len))
            rp_stream_pause(c->stream);
        break;
    case RP_EV_DRAIN:
        rp_stream_resume(c->stream);
        break;
    case RP_EV_END:
        rp_stream_end(c->stream);
        break;
    case RP_EV_TIMEOUT:
        connection_timeout(c);
        break;
    case RP_EV_ERROR:
        connection_failed(c, event->error.error);
        break;
    case RP_EV_CLOSE:
        connection_closed(c);
        connection_forget(c);
        free(c);
        break;
    default:
        break;
    }
}

void echo_begin(struct frontend *f, struct rp_socket *socket, struct backend *backend)
{
    struct connection *c = calloc(1, sizeof *c);

    if (c == NULL)
        connection_refuse(f, socket);
    else if (!connection_begin(c, f, socket, backend, on_client))
        free(c);
}
