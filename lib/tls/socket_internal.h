/* SPDX-License-Identifier: MIT
 *
 * socket_internal.h - the inside of struct rp_socket.
 * socket.c is the stream; socket_input.c reads; handshake.c decides what a server decides;
 * connect.c does what a client does; socket_info.c answers questions.
 * The danger: every event may destroy the socket. A function that emits holds a reference, and its
 * caller looks at stream.destroyed before it goes on. */
#ifndef RP_SOCKET_INTERNAL_H
#define RP_SOCKET_INTERNAL_H

#include <assert.h>

#include "lib/net/stream.h"
#include "lib/tls/engine/engine.h"
#include "lib/tls/engine/first_hello.h"
#include "lib/tls/socket_state.h"
#include "lib/tls/transport.h"
#include <reprise/server.h>

struct rp_client;
struct rp_client_hello;
struct rp_request;

struct rp_socket {
    struct rp_stream stream; /* first: a socket is a stream */
    struct rp_transport transport;
    struct rp_engine engine;
    struct rp_first_hello first_hello; /* server, in its first phase */
    struct rp_next_tick wake;
    struct rp_timeout timeout;           /* its meaning: timeout_for */
    struct rp_queue waiting;             /* written before it could be sent */
    struct rp_queue ahead;               /* while paused, one record that was read already */
    size_t in_flight;                    /* plain bytes whose records have not left */
    struct rp_server *server;            /* a reference; NULL: none */
    struct rp_socket *newer, **older_at; /* in its list of handshakes; older_at NULL: not in it */
    struct rp_client *client;            /* what only a client has; NULL on a server's socket */
    struct rp_secure_context *context;   /* a reference: in force, or to begin with */
    struct rp_request *questions;
    char *alpn_copy; /* what an ALPN callback chose */
    void *data;
    struct rp_renegotiation *renegotiation; /* NULL: there can be none */
    BIO *trace;                             /* NULL: nothing is traced */
    const char *authorization_error;        /* static text */
    uint8_t *peer_der, *own_der;            /* made when asked for */
    size_t peer_der_len, own_der_len;
    struct rp_error *failure; /* the transport's, while what arrived before is unread */
    struct rp_address *local; /* told by a preface, or asked from the kernel */
    struct rp_address remote;
    uint32_t lingered;          /* bytes thrown away */
    uint16_t max_send_fragment; /* 0: OpenSSL's */
    uint16_t sent_early;        /* client: so much of what waits has left as early data */
    uint8_t state;              /* enum rp_socket_state; set by rp_socket_move_to only */
    uint8_t timeout_for;        /* enum rp_socket_timeout */

    /* What follows is no part of the state: each flag is independent of it and of the others.
     * Settled when the socket is made: */
    bool bare;                                                          /* wrapped: judges nobody */
    bool asks_sessions, stores_sessions, asks_staples, asks_early_data; /* the server is heard */
    /* What the peer has ended; a FIN may arrive long before the close_notify in front of it is
     * read, and without one: */
    bool input_ended; /* FIN */
    bool got_close;   /* close_notify: what follows is not looked at */
    /* Under way: */
    bool running;      /* inside rp_socket_advance */
    bool received;     /* server: the client has sent something, besides a whole preface */
    bool tickets_wait; /* TLS 1.3's, in the output, for the first answer to go with */
    /* Facts that stay: */
    bool reported; /* the server was told that the handshake failed */
    bool authorized, renegotiation_disabled;
};

static inline void rp_socket_move_to(struct rp_socket *s, enum rp_socket_state state)
{
    assert(rp_socket_may_move(s->state, state));
    s->state = (uint8_t)state;
}

static inline bool rp_socket_is_open(const struct rp_socket *s)
{
    return rp_socket_state_is_open(s->state);
}

/* A socket over a transport that the caller opens. One reference, the caller's, besides that of
 * being open. NULL: no memory. */
struct rp_socket *rp_socket_new(struct rp_loop *, struct rp_secure_context *,
                                const struct rp_stream_options *, struct rp_error *);
extern const struct rp_transport_ops rp_socket_transport_ops;
static inline struct rp_socket *rp_socket_of_engine(struct rp_engine *e)
{
    return (struct rp_socket *)((char *)e - offsetof(struct rp_socket, engine));
}

/* Begin: open the engine with the socket's context. false: it has failed and is gone. */
bool rp_socket_open_engine(struct rp_socket *, bool server, enum rp_client_auth auth);
/* The peer's certificate as it was shown on this connection; a client that resumed saw none (G13).
 */
X509 *rp_socket_peer_certificate(const struct rp_socket *);
/* Start its one timeout, whatever it was running for. false: no memory. */
bool rp_socket_start_timeout(struct rp_socket *, enum rp_socket_timeout, uint32_t ms);
/* The handshake has so long from now on: as the option, 0 is the default. */
void rp_socket_limit_handshake(struct rp_socket *, uint32_t ms);
/* Have OpenSSL trace, from its first message or from now. */
void rp_socket_trace(struct rp_socket *);
/* Do what can be done with the input there is. */
void rp_socket_advance(struct rp_socket *);
/* socket_input.c: the program stops reading, or goes on. */
void rp_socket_read_stop(struct rp_socket *);
void rp_socket_read_start(struct rp_socket *);
/* Between the handshake and the end, and not while a renegotiation is under way. */
bool rp_socket_can_write(const struct rp_socket *);
/* Send what is in the output at the end of this turn. */
void rp_socket_flush(struct rp_socket *);
/* The program is paused, and input that it has not seen is there or may be. */
bool rp_socket_has_unread(const struct rp_socket *);
/* The handshake is complete and what it led to acceptable: data may flow. */
void rp_socket_open(struct rp_socket *);
/* Send it. */
void rp_socket_write_waiting(struct rp_socket *);
/* It is over, because of *error. An alert that is in the output is delivered first. */
void rp_socket_fail(struct rp_socket *, const struct rp_error *error);
/* A server's handshake takes too long or is one too many: it ends without an alert. */
void rp_socket_cut_handshake(struct rp_socket *, const struct rp_error *error);
/* For rp_engine_ops.keylog (socket_agreed.c): tells the socket's and the server's listeners. */
void rp_socket_on_keylog(struct rp_engine *, const char *line);
/* Close the transport, now. */
void rp_socket_finish(struct rp_socket *);
/* A question was answered, not from inside its event. */
void rp_socket_answered(struct rp_socket *, struct rp_request *);

/* -- handshake.c: a server's side */

/* The ClientHello is there: choose. true: go on. false: wait for an answer, or it is over. */
bool rp_handshake_hello(struct rp_socket *);
/* OpenSSL says that it is complete. */
void rp_handshake_done(struct rp_socket *);
void rp_handshake_answered(struct rp_socket *, struct rp_request *);
/* Does what is offered, and the context, lead to TLS 1.3? */
bool rp_handshake_will_be_tls13(const struct rp_socket *, const struct rp_client_hello *);
/* D6, D7: what the client's certificate is worth. false: it is refused. */
bool rp_handshake_judge(struct rp_socket *, struct rp_error *);
/* Tell of the sessions that have come up. true: nobody is storing one. */
bool rp_handshake_sessions(struct rp_socket *);

/* -- early.c: early data */
/* Server, its session found: is early data offered, and accepted? Asks the program if need be.
 * true: that is decided. false: wait for the answer, or it is over. */
bool rp_early_decide(struct rp_socket *);
/* The answer: to be accepted or rejected. */
void rp_early_answered(struct rp_socket *, bool accepted);
/* After each read: has the handshake been completed in it? false: the socket is gone. */
bool rp_early_settle(struct rp_socket *);
/* The time for the handshake of a socket that is open already is up. */
void rp_early_timeout(struct rp_socket *);
/* Client, about to begin: offer as early data what waits and may. false: it has failed. */
bool rp_early_offer(struct rp_socket *, SSL_SESSION *, char *const *protocols);
/* Client, complete: what the server has accepted waits no more. */
void rp_early_drop_accepted(struct rp_socket *);

/* -- renegotiate.c */
void rp_renegotiation_watch(struct rp_socket *);
/* After each read: did one end in it? false: the socket is gone. */
bool rp_renegotiation_settle(struct rp_socket *);
void rp_renegotiation_drop(struct rp_socket *); /* the socket ends */

/* -- staple.c: a server's OCSP staple */
/* true: go on. false: wait for the answer, or it is over. */
bool rp_staple_ask(struct rp_socket *);
void rp_staple_use(struct rp_socket *, struct rp_request *);

extern const struct rp_engine_ops rp_server_engine_ops, rp_server_engine_ops_keylog;

/* -- psk.c: pre-shared keys, of a server once its context is chosen, of a client. false: no memory
 */
bool rp_psk_serve(struct rp_socket *);
void rp_psk_use(struct rp_socket *);

/* -- connect.c: a client's side */
/* Ask the program for a key. */
size_t rp_client_key(struct rp_socket *, const char *hint, char identity[RP_PSK_IDENTITY_MAX + 1],
                     uint8_t key[RP_PSK_MAX]);
void rp_client_begin(struct rp_socket *);
void rp_client_done(struct rp_socket *);
/* Whether the server is who it should be: sets authorized. false: it is refused, or gone. */
bool rp_client_judge(struct rp_socket *, struct rp_error *);
void rp_client_sessions(struct rp_socket *); /* tell those that have arrived */
const char *rp_client_servername(const struct rp_client *);
void rp_client_free(struct rp_client *);
/* A client's socket, complete but for its transport. NULL with *err set. */
struct rp_socket *rp_client_socket_new(struct rp_loop *, const struct rp_connect_options *,
                                       struct rp_error *);

/* -- server.c, server_accept.c */
struct rp_server *rp_server_ref(struct rp_server *);
/* A socket of the server, complete but for its transport; it counts as a connection. context NULL:
 * the server's. NULL: no memory. */
struct rp_socket *rp_server_socket_new(struct rp_server *, struct rp_secure_context *context,
                                       const struct rp_stream_options *, struct rp_error *);
void rp_server_unref(struct rp_server *); /* NULL ok */
/* What it asks of clients; a context may say otherwise. */
enum rp_client_auth rp_server_client_auth(const struct rp_server *);
/* true: the preface is complete, or there is none. false: not yet, or the socket has failed. */
bool rp_server_preface(struct rp_socket *);
/* A handshake failed: tlsClientError. */
void rp_server_report(struct rp_socket *, const struct rp_error *);
/* Its handshake is under way no longer. */
void rp_server_handshake_over(struct rp_socket *);
/* The transport is closed, `close` of the socket comes in this turn. */
void rp_server_forget(struct rp_socket *);

#endif
