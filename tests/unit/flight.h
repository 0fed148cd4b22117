/* SPDX-License-Identifier: MIT
 *
 * flight.h - a captured flight of early data: ClientHello and what comes with it, as somebody on
 * the way has it, to be sent again. Its client is gone. After link.h. */
#ifndef FLIGHT_H
#define FLIGHT_H

#include "tests/unit/link.h"

struct flight {
    uint8_t bytes[32768];
    size_t len;
};

static struct flight *flight_under_way;

static inline void flight_on_data(const struct rp_event *e, void *arg)
{
    struct flight *f = arg;

    ck_assert_uint_le(f->len + e->data.len, sizeof f->bytes);
    memcpy(f->bytes + f->len, e->data.bytes, e->data.len);
    f->len += e->data.len;
}

/* What is written in one turn leaves together. */
static inline bool flight_is_there(void)
{
    return flight_under_way->len > 0;
}

/* What a client with linked.options, whose session allows it, sends to say `text`. */
static inline void flight_capture(struct flight *f, const void *text, size_t len)
{
    struct rp_connect_options options = linked.options;
    struct rp_stream *ends[2];
    struct rp_socket *client;

    f->len = 0;
    flight_under_way = f;
    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    rp_stream_on(ends[1], RP_EV_DATA, flight_on_data, f);
    options.stream = ends[0];
    options.net = NULL;
    client = rp_connect(linked.loop, &options, NULL);
    ck_assert_ptr_nonnull(client);
    rp_stream_write(rp_socket_stream(client), text, len);
    rp_stream_unref(ends[0]);
    link_run(flight_is_there);
    rp_stream_destroy(rp_socket_stream(client), NULL);
    rp_stream_unref(rp_socket_stream(client));
    rp_stream_unref(ends[1]);
}

/* Send it to a server; the sender's end is the caller's to destroy and unref. */
static inline struct rp_stream *flight_send(const struct flight *f, struct rp_server *server)
{
    struct rp_stream *ends[2];

    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    ck_assert(rp_server_take_stream(server, ends[0], NULL));
    rp_stream_unref(ends[0]);
    rp_stream_write(ends[1], f->bytes, f->len);
    return ends[1];
}

#endif
