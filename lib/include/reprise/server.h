/* SPDX-License-Identifier: MIT
 *
 * server.h - tls.Server: accepts connections, completes handshakes, emits secureConnection.
 * Events: LISTENING, CONNECTION, DROP, SECURE_CONNECTION, TLS_CLIENT_ERROR, NEW_SESSION,
 * RESUME_SESSION, OCSP_REQUEST, EARLY_DATA, KEYLOG, ERROR, CLOSE. A server asks for a stored
 * session only when someone listens for RESUME_SESSION as the connection is accepted (C14).
 * Contract: section C. */
#ifndef RP_SERVER_H
#define RP_SERVER_H

#include <reprise/net.h>
#include <reprise/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_server;

/* J4: choose the context for a name. `servername` is as the client sent it, NULL when it sent none.
 * Called from the ClientHello, once for each connection, before the session is looked up. Return
 * a context (borrowed; the library takes its reference), or NULL to say either "the default"
 * or, after rp_request_ref(request), "later": then rp_request_answer_context. */
typedef struct rp_secure_context *rp_sni_callback(struct rp_socket *, const char *servername,
                                                  struct rp_request *request, void *arg);
/* context NULL = the server's own. */
bool rp_request_answer_context(struct rp_request *, struct rp_secure_context *context);
/* Refuse with the alert unrecognized_name (RFC 6066 section 3). */
bool rp_request_unrecognized_name(struct rp_request *);

/* J8: choose among the protocols the client offers; NULL refuses with no_application_protocol.
 * Called from inside the handshake, once for each connection whose client offers any: the session
 * is known by then, and in TLS 1.2 the staple, too (J5). Not the place to block. */
typedef const char *rp_alpn_callback(struct rp_socket *, const char *servername,
                                     const char *const *protocols, size_t count, void *arg);

/* Bytes that come before the ClientHello (the PROXY protocol). Called with all bytes that have
 * arrived so far; may replace the socket's remote and local address (rp_socket_set_addresses).
 * Returns how many bytes belong to the preface once it is complete, 0 for "not complete", or a
 * negative number to drop the connection, with *err saying why. The handshake timeout covers it. */
typedef int rp_preface(struct rp_socket *, const uint8_t *bytes, size_t len, void *arg,
                       struct rp_error *err);
/* Say who the peer is, and whom it meant to reach, in the place of what the kernel says: both are
 * copied; NULL: as it was. */
void rp_socket_set_addresses(struct rp_socket *, const struct rp_address *remote,
                             const struct rp_address *local);

/* Early data (0-RTT, RFC 8446 section 2.3): what a client that resumes sends with its ClientHello.
 * It can be captured and sent again by anybody, so it is taken only when all of this holds: the
 * context says how much (max_early_data), someone listens for EARLY_DATA as the connection is
 * accepted, the session may resume, and the answer to the event is "accept". Give that only to
 * what was never seen before: remember the binder in all processes that have the ticket keys, for
 * as long as the flight could come again: OpenSSL looks at the age that the client says its ticket
 * has, and takes it within 10 seconds. Nobody has verified the binder yet: it names the flight, and
 * proves nothing. Not asked in TLS 1.2, nor where there is nothing to resume.
 *
 * A connection whose early data was taken is open at once: secureConnection, then data, and what is
 * written answers it without waiting for the client's Finished. SECURE of the socket comes when the
 * handshake is complete; until then rp_socket_handshake_confirmed is false, and an error of the
 * handshake is one of the socket. The handshake timeout goes on meanwhile, and the end of what is
 * written waits. */

/* Where a session began: the full handshake that all its tickets and ids come from; and under which
 * name it is offered now. OpenSSL resumes it whatever the two names are, as node does. */
struct rp_session_origin {
    uint64_t time;                  /* seconds of 1970, by the clock of the host it was with */
    const char *servername;         /* as the client sent it then; NULL: it sent none */
    const char *current_servername; /* as the client sends it now; NULL: it sends none */
};

struct rp_server_options {
    struct rp_secure_context *context; /* a reference is taken; NULL: made from context_options */
    const struct rp_secure_context_options *context_options;
    bool request_cert;                 /* C3, C4 */
    bool allow_unauthorized;           /* rejectUnauthorized: false */
    uint32_t handshake_timeout_ms;     /* C5, K4: 0 = 120000, absolute; RP_NO_TIMEOUT = none */
    const char *const *alpn_protocols; /* C9: NULL-terminated, in order of preference; copied */
    rp_alpn_callback *alpn_callback;   /* C10: not together with alpn_protocols */
    rp_sni_callback *sni_callback;     /* J4: replaces addContext */
    rp_server_psk *psk_callback;
    const char *psk_identity_hint; /* J13: for TLS 1.2 clients, up to 256 bytes; copied */
    rp_preface *preface;
    /* Make a TLS 1.2 session id or TLS 1.3 stateful ticket id of `len` bytes (32). NULL: random.
     * accept_session_id is asked before RESUME_SESSION is emitted: false = surely not ours. */
    bool (*make_session_id)(uint8_t *id, size_t len, void *arg);
    bool (*accept_session_id)(const uint8_t *id, size_t len, void *arg);
    /* May this session, which a client offers by id or ticket and which would do, be resumed?
     * false: a full handshake. Called from inside OpenSSL, perhaps more than once: only look. NULL:
     * yes. */
    bool (*accept_session)(const struct rp_session_origin *, void *arg);
    void *arg;                /* handed to all of these callbacks */
    uint32_t max_connections; /* 0 = no limit; more are dropped (C21) */
    /* Accepted connections whose handshake is not complete, at the same time; 0 = no limit. When
     * one more comes, the oldest ends: TLS_CLIENT_ERROR with ERR_TLS_TOO_MANY_HANDSHAKES. */
    uint32_t max_handshakes;
    bool enable_trace;     /* C12: rp_socket_enable_trace for each connection */
    bool pause_on_connect; /* L9: secureConnection's socket starts paused */
    struct rp_stream_options stream;
};
/* C1, C2: a server that does not listen yet. Options are read during the call only; the texts and
 * lists of struct rp_server_options are copied. NULL options: no certificate, every handshake
 * fails. The caller's until rp_server_free. Errors: those of a secure context,
 * ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS, ERR_OUT_OF_RANGE, ENOMEM. */
struct rp_server *rp_server_new(struct rp_loop *, const struct rp_server_options *,
                                struct rp_error *) __attribute__((warn_unused_result));
/* Gives up the owner's reference; an open server is closed first. Connections that were told of
 * live on; one that becomes secure later is destroyed, for nobody could be told. NULL ok. */
void rp_server_free(struct rp_server *);
/* What rp_server_options has as arg. */
void *rp_server_arg(const struct rp_server *);

/* Hear an event, after those who listen already. What nobody hears as a connection is accepted is
 * not asked on it (C14). false: no memory. D35 */
bool rp_server_on(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* ... for the next one only. */
bool rp_server_once(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* ... before those who listen already. */
bool rp_server_prepend(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* ... both. */
bool rp_server_prepend_once(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* One listener, with one arg, for a set of event types. */
bool rp_server_listen_for(struct rp_server *, rp_event_set, rp_listener *, void *arg);
/* Remove the newest registration of (type, fn, arg). */
void rp_server_off(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* Call the listeners of event->type; true if there was one. */
bool rp_server_emit(struct rp_server *, struct rp_event *event);

/* Listen on an address. May be called more than once for more sockets. LISTENING comes later, never
 * from inside the call (C13, C21). false: "EADDRINUSE" and whatever else the kernel says. */
bool rp_server_listen(struct rp_server *, const struct rp_listen_options *, struct rp_error *);
/* The same on a descriptor that listens already; it is the server's then, and the caller's still if
 * this fails: ERR_SERVER_NOT_RUNNING after rp_server_close, ENOMEM. */
bool rp_server_listen_fd(struct rp_server *, int listen_fd, struct rp_error *);
/* The address of the first listening socket; NULL when not listening. */
const struct rp_address *rp_server_address(const struct rp_server *);
/* Start TLS on an open stream, as if it had been accepted (C13); a reference is taken, and it must
 * not be read or written any more. false: ERR_SERVER_FULL, and the stream is destroyed;
 * ERR_STREAM_DESTROYED, ENOMEM, and it is as it was. */
bool rp_server_take_stream(struct rp_server *, struct rp_stream *, struct rp_error *);
/* The same on a connected descriptor, which is taken over, also on failure. `remote` NULL: the
 * kernel is asked. With `deferred` its first bytes are there already, or should be
 * (TCP_DEFER_ACCEPT): it is read at once. */
bool rp_server_take_fd(struct rp_server *, int fd, const struct rp_address *remote, bool deferred,
                       struct rp_error *);
/* Accept no more; `close` is emitted when the last connection has closed (C21). false: it was
 * closed before (node's ERR_SERVER_NOT_RUNNING). */
bool rp_server_close(struct rp_server *);
/* It has a listening socket. */
bool rp_server_listening(const struct rp_server *);
uint32_t rp_server_connections(const struct rp_server *); /* open now, handshaking ones included */

/* C20: for later connections; existing ones keep what they have. A reference is taken. */
void rp_server_set_secure_context(struct rp_server *, struct rp_secure_context *);
/* The same with a context that is made of these options, and of the ticket_keys and session_timeout
 * that the server's own context_options had, where these have none (C8). false: it can't be made,
 * and the former one stays. */
bool rp_server_renew_secure_context(struct rp_server *, const struct rp_secure_context_options *,
                                    struct rp_error *);
/* C17, J1: the newest pattern that matches wins; upper and lower case are the same. */
bool rp_server_add_context(struct rp_server *, const char *hostname, struct rp_secure_context *,
                           struct rp_error *);
/* C18: node's 48 bytes of the key that mints; the caller wipes them. false: no key mints, or it is
 * a longer one. */
bool rp_server_get_ticket_keys(const struct rp_server *, uint8_t keys[RP_TICKET_KEYS_SIZE]);
/* C19: replace the ring by this one key, for the next ticket on; with keep_former the former keys
 * still decrypt. Errors: ERR_INVALID_ARG_VALUE for anything but 48 bytes. */
bool rp_server_set_ticket_keys(struct rp_server *, const uint8_t *keys, size_t len,
                               bool keep_former, struct rp_error *);

#ifdef __cplusplus
}
#endif

#endif
