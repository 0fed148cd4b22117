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
    struct rp_queue early;     /* written before the descriptor existed */
    struct rp_lookup *lookup;  /* pending name lookup */
    struct rp_next_tick start; /* reports a connect that failed or succeeded at once */
    struct rp_error *failure;
    struct rp_address remote, local;
    struct rp_address *others; /* further addresses of the host, tried if this one fails */
    size_t other_count;
    char *host;      /* the destination as the caller named it; NULL: no name */
    bool by_address; /* an address was given instead */
    bool eager, no_delay, keep_alive;
    uint32_t keep_alive_ms;
};

/* The plain socket of a stream; NULL if it is another kind of stream. */
struct rp_net_socket *rp_net_socket_of(struct rp_stream *);
/* The host to which a stream connects: a name, or an address as text (in `text`). NULL: the stream
 * is not a plain socket, was not created by rp_net_connect, or connects to a Unix socket without a
 * host. */
const char *rp_net_host(struct rp_stream *, char text[RP_ADDRESS_TEXT]);

#endif
