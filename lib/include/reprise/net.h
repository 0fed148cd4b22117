/* SPDX-License-Identifier: MIT
 *
 * net.h - TCP and Unix sockets: addresses, connecting, listening. node calls it `net`. */
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
enum { RP_ADDRESS_TEXT = 128 }; /* bytes: room for any address as text, NUL included */

/* Parse "host:port", "[v6]:port" or "unix:/path" (also "unix:@abstract"). The host is a numeric
 * address; "*" and "" mean every address. With `resolve` it may be a name, whose lookup blocks.
 * Errors: ERR_INVALID_ARG_VALUE, ENOTFOUND. */
bool rp_address_parse(struct rp_address *, const char *text, bool resolve, struct rp_error *);
/* Write an address as "127.0.0.1:8443", "[::1]:8443" or "unix:/run/x.sock", always terminated.
 * Returns `text`. */
const char *rp_address_format(const struct rp_address *, char text[RP_ADDRESS_TEXT]);
/* Write the host only: "127.0.0.1", "::1" or the path. Returns `text`. */
const char *rp_address_host(const struct rp_address *, char text[RP_ADDRESS_TEXT]);
/* The port; 0 for a Unix socket. */
uint16_t rp_address_port(const struct rp_address *);
/* The family: "IPv4", "IPv6" or "Unix"; static text. */
const char *rp_address_family(const struct rp_address *);
/* Turn an IPv4-mapped IPv6 address (::ffff:192.0.2.1), which is what an IPv4 client of a dual-stack
 * socket has, into the IPv4 address. true: it was one. This library's own. */
bool rp_address_unmap(struct rp_address *);
/* Whether both have the same family, host and port, or the same path. Two unknown addresses are
 * equal. */
bool rp_address_equal(const struct rp_address *, const struct rp_address *);

/* -- connecting */
struct rp_net_options {
    const struct rp_address *address; /* the destination; NULL: `path`, or `host` and `port` */
    const char *host; /* NULL = "localhost". A name is looked up without blocking the loop, and its
                         addresses are tried in order */
    unsigned family;  /* 4 or 6: only addresses of this family; 0 = both (E5) */
    uint16_t port;
    const char *path; /* a Unix socket, 1 to 107 bytes; takes precedence over all above, but
                         rp_connect compares the certificate with `host`, if it is set */
    const struct rp_address *local_address; /* bind to it before connecting */
    uint32_t timeout_ms;     /* idle timeout, set before connecting (rp_stream_set_timeout) */
    enum rp_toggle no_delay; /* TCP_NODELAY; off by default, as in node */
    enum rp_toggle keep_alive;
    uint32_t keep_alive_initial_delay_ms;
    /* Send bytes before the connection is reported as established, without waiting for
     * writability; CONNECT is then emitted at the first sign that the connection is up. Bytes that
     * are written in this iteration of the loop carry the last ACK of the TCP handshake, and the
     * peer's FIN is looked for right after its first bytes. This saves a proxy, which has bytes to
     * send at once, system calls and packets. */
    bool eager;
    struct rp_stream_options stream;
};
/* Connect. Returns the connecting stream at once; it is the caller's. CONNECT, or ERROR and CLOSE,
 * are emitted later, never inside this call. NULL on failure: ERR_MISSING_ARGS (no address, path or
 * port), ERR_INVALID_ARG_VALUE (a path that no Unix socket can have; a family, no_delay or
 * keep_alive with another value than those above), ENOMEM. */
struct rp_stream *rp_net_connect(struct rp_loop *, const struct rp_net_options *, struct rp_error *)
    __attribute__((warn_unused_result));
/* Create a stream over a connected socket. The stream owns the descriptor, which is closed on
 * failure, too; rp_stream_from_fd says how. It need not be non-blocking. NULL on failure: EBADF (it
 * is not open), ENOTSOCK, ERR_INVALID_FD_TYPE (it is not a stream socket), ENOMEM. */
struct rp_stream *rp_net_open(struct rp_loop *, int fd, const struct rp_stream_options *,
                              struct rp_error *) __attribute__((warn_unused_result));

/* -- listening. A listening socket is non-blocking and close-on-exec; sockets accepted on it
 * inherit TCP_NODELAY and keep-alive, so that accepting a connection takes one system call. */
struct rp_listen_options {
    const struct rp_address *address;
    int backlog;       /* 0 = 511, as in node */
    bool reuse_port;   /* SO_REUSEPORT: each process has a socket of its own */
    bool defer_accept; /* TCP_DEFER_ACCEPT: for protocols in which the client speaks first */
    bool ipv6_only;
    /* File mode of a Unix socket; 0 = as the umask says. The umask of the process is changed during
     * bind, so that the file never has another mode. */
    unsigned unix_mode;
    bool bind_only; /* bind only; nobody can connect before rp_listen_begin */
};
/* Open a listening socket and return its descriptor, which is the caller's; -1 on failure, with the
 * errno name of the failed call as the code (EADDRINUSE, EACCES, ...). The file of a Unix socket on
 * which nobody listens is replaced. */
int rp_listen_open(const struct rp_listen_options *, struct rp_error *);
/* Listen on a socket that was opened with bind_only; harmless on one that listens already. backlog
 * 0 = 511. false on failure, with the errno name of listen as the code. */
bool rp_listen_begin(int fd, int backlog, struct rp_error *);

struct rp_listener_socket;
/* Called for each accepted connection. The callee owns `fd`; `remote` is borrowed for the call. */
typedef void rp_accepted(struct rp_listener_socket *, int fd, const struct rp_address *remote,
                         void *arg);
/* Accept connections on a listening descriptor. When the process is out of descriptors, accepting
 * pauses for a moment. The result is the caller's until rp_listener_stop. NULL on failure:
 * EBADF (the descriptor is not open), ENOTSOCK, ERR_INVALID_FD_TYPE (it is not a stream socket),
 * ENOMEM. */
struct rp_listener_socket *rp_listener_start(struct rp_loop *, int listen_fd, rp_accepted *,
                                             void *arg, struct rp_error *)
    __attribute__((warn_unused_result));
/* Called when accepting pauses, with the errno of accept4 (EMFILE, ENFILE, ENOBUFS or ENOMEM), and
 * with 0 when that is over. `arg` is that of rp_listener_start. */
typedef void rp_accept_paused(struct rp_listener_socket *, int sys_errno, void *arg);
/* Set the function that is called for pauses; NULL: none. */
void rp_listener_on_pause(struct rp_listener_socket *, rp_accept_paused *);
/* Accept all connections that are queued now. Call it before the last descriptor of the socket is
 * closed: the kernel resets connections that are still queued then. */
void rp_listener_accept_queued(struct rp_listener_socket *);
/* Stop accepting and free the listener; close the descriptor if close_fd is true. NULL is allowed.
 */
void rp_listener_stop(struct rp_listener_socket *, bool close_fd);

#ifdef __cplusplus
}
#endif

#endif
