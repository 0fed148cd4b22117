/* SPDX-License-Identifier: MIT
 *
 * connection.h - what all connections with a complete handshake have in common.
 * It is the first member of the answerer's struct (proxy, http, echo), which owns the memory. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "worker/frontend.h"
#include "worker/reasons.h"

struct connection {
    struct frontend *frontend;
    struct rp_socket *socket;
    struct rp_stream *stream; /* of the socket; NULL once it has closed */
    const struct backend *backend;
    void (*rest)(struct connection *); /* the worker drains: end it if it is idle. NULL ok */
    struct connection *next, **at;
    const char *protocol, *cipher, *group; /* static text; group NULL: no key exchange by one */
    enum rp_resumption resumed;
    enum rp_early_data early_data;
    enum reason reason;   /* of its end; REASON_CLOSED until something else ends it */
    char *error;          /* the message of the library; NULL: none */
    char *backend_errors; /* the addresses that failed, and why; NULL: none */
    uint64_t began_ms;
    uint64_t ended_ms; /* when connection_end was called; 0 = not yet */
    uint64_t lingered; /* bytes since then */
};

enum {
    CONNECTION_LINGER_MS = 5000,      /* silence of a peer after our end */
    CONNECTION_LINGER_MAX_MS = 30000, /* how long it may go on sending after that, ... */
    CONNECTION_LINGER_MAX = 64 << 20, /* ... and how many bytes */
};

/* The answerers. Each takes the connection on, or destroys its stream. */
typedef void connection_answerer(struct frontend *, struct rp_socket *, struct backend *);
connection_answerer proxy_begin, status_begin, redirect_begin, echo_begin;

/* Close a connection that no answerer has taken on: out of memory. */
void connection_refuse(struct frontend *, struct rp_socket *);
/* Take a connection on, with `listener` for its events and the connection as their arg. false: no
 * memory, and the stream was destroyed; the memory is still the caller's. */
bool connection_begin(struct connection *, struct frontend *, struct rp_socket *,
                      const struct backend *, rp_listener *listener);
/* Send our end after all that was written, and wait a moment for the peer's. What the peer still
 * sends is discarded. */
void connection_end(struct connection *);
/* The same without a close_notify, so that the peer can detect that something is missing. */
void connection_break(struct connection *);
/* It ends for this reason, and not an earlier one. `error` is for the access log; NULL ok. */
void connection_ends_for(struct connection *, enum reason, const struct rp_error *error);
/* For its `error` event. */
void connection_failed(struct connection *, const struct rp_error *);
/* Note for the access log that an address of the backend failed. */
void connection_note_backend(struct connection *, const struct rp_address *,
                             const struct rp_error *);
/* Was it ended? To be asked for each of its data; destroys a peer that goes on for too long. */
bool connection_is_over(struct connection *, size_t len);
/* Its timeout: end it, or destroy it when it was ended before. */
void connection_timeout(struct connection *);
/* For its `close` event: counts, limits, the access log. */
void connection_closed(struct connection *);
/* Its memory is about to be freed. */
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
