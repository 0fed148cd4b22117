/* SPDX-License-Identifier: MIT
 *
 * net.h - TCP and Unix sockets: addresses, connecting, listening. What node calls `net`. */
#ifndef RP_NET_H
#define RP_NET_H

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <reprise/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_address {
    socklen_t len; /* 0 = unknown */
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    };
};
enum { RP_ADDRESS_TEXT = 128 }; /* room for any address as text */

/* Parse "host:port", "[v6]:port", "unix:/path" (also "unix:@abstract"). The host is a numeric
 * address or, with `resolve`, a name looked up blockingly; "*" and "" mean every address. */
bool rp_address_parse(struct rp_address *, const char *text, bool resolve, struct rp_error *);
/* "127.0.0.1:8443", "[::1]:8443", "unix:/run/x.sock"; always terminated. Returns `text`. */
const char *rp_address_format(const struct rp_address *, char text[RP_ADDRESS_TEXT]);
/* Only the host: "127.0.0.1", "::1", the path. Returns `text`. */
const char *rp_address_host(const struct rp_address *, char text[RP_ADDRESS_TEXT]);
uint16_t rp_address_port(const struct rp_address *);      /* 0 for Unix sockets */
const char *rp_address_family(const struct rp_address *); /* "IPv4", "IPv6", "Unix" */
/* The same family, host and port, or path. Two unknown ones are equal. */
bool rp_address_equal(const struct rp_address *, const struct rp_address *);

/* -- connecting */
struct rp_net_options {
    const struct rp_address *address; /* where to, or NULL and then... */
    const char *host; /* NULL = "localhost"; a name is resolved off the loop, and its addresses are
                         tried in turn */
    unsigned family;  /* 4 or 6: only such addresses of a name; 0 = both (E5) */
    uint16_t port;
    const char *path; /* a Unix socket, 1 to 107 bytes; wins over host, port and address */
    const struct rp_address *local_address;
    uint32_t timeout_ms;     /* rp_stream_set_timeout before connecting */
    enum rp_toggle no_delay; /* default off as node; the library never waits on Nagle */
    enum rp_toggle keep_alive;
    uint32_t keep_alive_initial_delay_ms;
    /* Bytes may be handed to the kernel before the connection was reported complete, and nothing
     * waits for writability; `connect` comes with the first evidence. Bytes written in this turn
     * take the last ACK of TCP's handshake along, and behind the first bytes of the peer its end is
     * looked for at once. For a proxy, which has the bytes: saves system calls and packets. */
    bool eager;
    struct rp_stream_options stream;
};
/* Returns the connecting stream at once, owned by the caller; `connect`, or `error` and `close`,
 * come later, never from inside this call. NULL: no memory, ERR_MISSING_ARGS without a place to
 * connect to, or ERR_INVALID_ARG_VALUE for a path that no Unix socket can have, named in *err. */
struct rp_stream *rp_net_connect(struct rp_loop *, const struct rp_net_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* A stream over a connected socket, whose descriptor it takes over (also when it fails). */
struct rp_stream *rp_net_open(struct rp_loop *, int fd, const struct rp_stream_options *,
                              struct rp_error *) __attribute__((warn_unused_result));

/* -- listening. Opens a non-blocking, close-on-exec listening socket whose accepted sockets
 * inherit TCP_NODELAY and keep-alive, so that accepting costs one system call. */
struct rp_listen_options {
    const struct rp_address *address;
    int backlog;       /* 0 = 511 as node */
    bool reuse_port;   /* one socket for each process: SO_REUSEPORT */
    bool defer_accept; /* TCP_DEFER_ACCEPT: for protocols in which the client speaks first */
    bool ipv6_only;
    /* Mode of a Unix socket's file; 0 = as umask says. The process's umask is changed for the
     * moment of bind(2), so that the file never has another mode. */
    unsigned unix_mode;
    bool bind_only; /* the address is taken, but nobody can connect before rp_listen_begin */
};
/* Returns a descriptor, or -1. A stale Unix socket file that nobody listens on is replaced. */
int rp_listen_open(const struct rp_listen_options *, struct rp_error *);
/* For a socket of bind_only; harmless on one that listens. backlog 0 = 511. */
bool rp_listen_begin(int fd, int backlog, struct rp_error *);

struct rp_listener_socket;
typedef void rp_accepted(struct rp_listener_socket *, int fd, const struct rp_address *remote,
                         void *arg);
/* Accepts on a listening descriptor: one callback for each accepted descriptor, which is then the
 * callee's. When descriptors run out it pauses for a moment instead of spinning. The caller's until
 * rp_listener_stop; NULL: no memory. */
struct rp_listener_socket *rp_listener_start(struct rp_loop *, int listen_fd, rp_accepted *,
                                             void *arg, struct rp_error *)
    __attribute__((warn_unused_result));
/* Accept all that is queued already, before the socket is given up: what waits in it is lost when
 * its last descriptor closes. */
void rp_listener_accept_queued(struct rp_listener_socket *);
/* Stops accepting; the descriptor is closed if close_fd. NULL ok. */
void rp_listener_stop(struct rp_listener_socket *, bool close_fd);

#ifdef __cplusplus
}
#endif

#endif
