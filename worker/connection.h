/* SPDX-License-Identifier: MIT
 *
 * connection.h - the common part of all connections with a complete handshake. It is the first
 * member of the struct of its handler (proxy, http, echo), which owns the memory. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "worker/frontend.h"
#include "worker/reasons.h"

struct connection {
    struct frontend *frontend;
    struct rp_socket *socket;
    struct rp_stream *stream; /* of the socket; NULL after it has closed */
    const struct backend *backend;
    void (*rest)(struct connection *); /* drain: end it if it is idle. May be NULL */
    struct connection *next, **at;
    const char *protocol, *cipher, *group; /* static text; group NULL: none was used */
    enum rp_resumption resumed;
    enum rp_early_data early_data;
    enum reason reason;   /* reason of the end; REASON_CLOSED unless something else ends it */
    char *error;          /* the library's message; NULL: none */
    char *backend_errors; /* addresses that failed, with reasons; NULL: none */
    uint64_t began_ms;
    uint64_t ended_ms; /* when connection_end was called; 0 = not ended */
    uint64_t lingered; /* bytes received since then */
};

enum {
    CONNECTION_LINGER_MS = 5000,      /* maximum silence of a peer after our end */
    CONNECTION_LINGER_MAX_MS = 30000, /* maximum time for which it may go on sending, ... */
    CONNECTION_LINGER_MAX = 64 << 20, /* ... and maximum number of bytes */
};

/* The handlers. Each takes over the connection, or destroys its stream. */
typedef void connection_answerer(struct frontend *, struct rp_socket *, struct backend *);
connection_answerer proxy_begin, status_begin, redirect_begin, echo_begin;

/* Close a connection that no handler could take over: out of memory. */
void connection_refuse(struct frontend *, struct rp_socket *);
/* Register a connection, with `listener` for its events and the connection as their arg. false: no
 * memory, and the stream was destroyed; the caller still owns the memory. */
bool connection_begin(struct connection *, struct frontend *, struct rp_socket *,
                      const struct backend *, rp_listener *listener);
/* End this side after all that was written, and wait for the peer's end for a limited time. What
 * the peer still sends is discarded. */
void connection_end(struct connection *);
/* Likewise without close_notify, so that the peer can detect that data is missing. */
void connection_break(struct connection *);
/* Set the reason of the end, unless one is set. `error` is for the access log; may be NULL. */
void connection_ends_for(struct connection *, enum reason, const struct rp_error *error);
/* Handle the `error` event. */
void connection_failed(struct connection *, const struct rp_error *);
/* Record for the access log that an address of the backend failed. */
void connection_note_backend(struct connection *, const struct rp_address *,
                             const struct rp_error *);
/* Whether the connection was ended. Call it for all data; it destroys a peer that sends for too
 * long. */
bool connection_is_over(struct connection *, size_t len);
/* Handle the `timeout` event: end the connection, or destroy it if it was ended before. */
void connection_timeout(struct connection *);
/* Handle the `close` event: counts, limits, the access log. */
void connection_closed(struct connection *);
/* Release what it refers to, before its memory is freed. */
void connection_forget(struct connection *);

static inline void connection_count_in(const struct connection *c, size_t len)
{
    c->frontend->process->row->bytes_in += len;
}
static inline void connection_count_out(const struct connection *c, size_t len)
{
    c->frontend->process->row->bytes_out += len;
}

#endif
