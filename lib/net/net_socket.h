/* SPDX-License-Identifier: MIT
 *
 * net_socket.h - a plain TCP or Unix socket as a stream: node's net.Socket. */
#ifndef RP_NET_SOCKET_H
#define RP_NET_SOCKET_H

#include "lib/net/stream.h"
#include "lib/net/wire.h"

struct rp_lookup;
struct rp_net_socket {
    struct rp_stream stream;
    struct rp_wire wire;
    struct rp_queue early;     /* written before there was a descriptor */
    struct rp_lookup *lookup;  /* a host name is being resolved */
    struct rp_next_tick start; /* connecting failed or succeeded at once: said later */
    struct rp_error *failure;
    struct rp_address remote, local;
    struct rp_address *others; /* of the host's name, to be tried when this one fails */
    size_t other_count;
    char *host;      /* whom to connect to, as the caller named them; NULL: no name was given */
    bool by_address; /* an address was given instead */
    bool eager, no_delay, keep_alive;
    uint32_t keep_alive_ms;
};

/* The plain socket that a stream is, or NULL. */
struct rp_net_socket *rp_net_socket_of(struct rp_stream *);
/* The host that a stream was told to connect to: a name, or an address as text (in `text`). NULL:
 * the stream is no plain socket, was not connected by rp_net_connect, or goes to a Unix socket and
 * was told no host. */
const char *rp_net_host(struct rp_stream *, char text[RP_ADDRESS_TEXT]);

#endif
