/* SPDX-License-Identifier: MIT
 *
 * server.h - tls.Server: accepts connections, makes handshakes, emits SECURE_CONNECTION.
 * Events: LISTENING, CONNECTION, DROP, SECURE_CONNECTION, TLS_CLIENT_ERROR, NEW_SESSION,
 * RESUME_SESSION, OCSP_REQUEST, EARLY_DATA, KEYLOG, ERROR, CLOSE. Whether an event has a listener
 * is checked when a connection is accepted: without one for RESUME_SESSION no stored session is
 * asked for, and so on (C14). See section C. */
#ifndef RP_SERVER_H
#define RP_SERVER_H

#include <reprise/net.h>
#include <reprise/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_server;

/* Select the secure context for a name (SNI). `servername` is the client's, NULL if it sent none.
 * Called once for each connection, when the ClientHello has arrived, before a session is looked up.
 * Return a context (borrowed; the library takes a reference), or NULL: the server's own context or,
 * after rp_request_ref(request), an answer later with rp_request_answer_context (J4). */
typedef struct rp_secure_context *rp_sni_callback(struct rp_socket *, const char *servername,
                                                  struct rp_request *request, void *arg);
/* Answer an SNI callback; a reference is taken. NULL = the server's own context. true if the answer
 * has an effect, as with rp_request_answer. */
bool rp_request_answer_context(struct rp_request *, struct rp_secure_context *context);
/* Answer an SNI callback by refusing the connection with the alert unrecognized_name (RFC 6066
 * section 3). true if the answer has an effect. */
bool rp_request_unrecognized_name(struct rp_request *);

/* Set the ALPN protocols of one connection, instead of those of the server and its alpn_callback:
 * NULL-terminated, in order of preference; not copied, so the list must stay valid as long as the
 * socket. An empty list refuses clients that offer any. For a server's socket, before its context
 * is selected (in the SNI callback, or before the request is answered); otherwise false, without an
 * effect. */
bool rp_socket_set_alpn_protocols(struct rp_socket *, const char *const *protocols);

/* Select one of the client's ALPN protocols; NULL refuses the connection with the alert
 * no_application_protocol. Called once for each connection whose client offers any, inside the
 * handshake: it must not block. The session is known then, and in TLS 1.2 the OCSP staple (J5, J8).
 */
typedef const char *rp_alpn_callback(struct rp_socket *, const char *servername,
                                     const char *const *protocols, size_t count, void *arg);

/* Parse what comes before the ClientHello, such as a PROXY protocol header. Called with all bytes
 * that have arrived so far. Return the length of the preface once it is complete, 0 while it is
 * not, or a negative number to drop the connection, with *err set. It may call
 * rp_socket_set_addresses. The handshake timeout includes it. */
typedef int rp_preface(struct rp_socket *, const uint8_t *bytes, size_t len, void *arg,
                       struct rp_error *err);
/* Replace the addresses of a connection, for example by those of a PROXY protocol header; both are
 * copied. NULL: unchanged. */
void rp_socket_set_addresses(struct rp_socket *, const struct rp_address *remote,
                             const struct rp_address *local);

/* Early data (0-RTT, RFC 8446 section 2.3) is what a resuming client sends with its ClientHello.
 * Anybody can capture it and send it again, so it is accepted only if the context allows it
 * (max_early_data), EARLY_DATA had a listener when the connection was accepted, the session can be
 * resumed, and the listener answers "accept". Accept each ClientHello once: store its binder, the
 * event's `binder`, where all processes with the ticket keys can see it, for as long as a replay
 * could arrive. OpenSSL rejects early data whose ticket age differs by more than 10 seconds from
 * the one that the client states. The binder is not verified yet when the event is emitted: it
 * identifies the ClientHello, and proves nothing. The event is not emitted in TLS 1.2, nor for a
 * full handshake.
 *
 * A connection whose early data was accepted is open at once: SECURE_CONNECTION is emitted, then
 * DATA, and what is written is sent before the client's Finished has arrived. The socket emits
 * SECURE when the handshake is complete; until then rp_socket_handshake_confirmed returns false,
 * and a handshake error is an ERROR of the socket. The handshake timeout continues until then, and
 * so does the wait for the end that the program writes. */

/* The origin of a session: the full handshake that all its tickets and ids derive from, and the
 * name that it is offered under now. OpenSSL resumes it even if the two names differ, as node does.
 */
struct rp_session_origin {
    uint64_t time;          /* seconds since 1970, by the clock of the host that served it */
    const char *servername; /* the client's SNI name then; NULL = none */
    const char *current_servername; /* the client's SNI name now; NULL = none */
};

struct rp_server_options {
    struct rp_secure_context
        *context; /* a reference is taken; NULL: created from context_options */
    const struct rp_secure_context_options *context_options;
    bool request_cert;             /* ask clients for a certificate (C3, C4) */
    bool allow_unauthorized;       /* accept a missing or invalid one: rejectUnauthorized: false */
    uint32_t handshake_timeout_ms; /* from accepting on; 0 = 120000; RP_NO_TIMEOUT = no limit (C5,
                                      K4) */
    const char *const *alpn_protocols; /* NULL-terminated, in order of preference; copied (C9) */
    rp_alpn_callback *alpn_callback;   /* excludes alpn_protocols (C10) */
    rp_sni_callback *sni_callback;     /* replaces rp_server_add_context (J4) */
    rp_server_psk *psk_callback;
    const char *psk_identity_hint; /* for TLS 1.2 clients; up to 256 bytes; copied (J13) */
    rp_preface *preface;
    /* Write a session id (TLS 1.2) or the id of a stored session's ticket (TLS 1.3) of `len` bytes;
     * false, or NULL: the id is random. */
    bool (*make_session_id)(uint8_t *id, size_t len, void *arg);
    /* Whether a session id may be one of make_session_id's; false: RESUME_SESSION is not emitted
     * for it. NULL: any may. */
    bool (*accept_session_id)(const uint8_t *id, size_t len, void *arg);
    /* Whether a session that OpenSSL would resume may be resumed; false: full handshake. Called
     * inside OpenSSL, possibly more than once, so it must not have side effects. NULL: it may. */
    bool (*accept_session)(const struct rp_session_origin *, void *arg);
    void *arg;                /* passed to all callbacks above */
    uint32_t max_connections; /* 0 = no limit; further connections are closed: DROP (C21) */
    /* The maximum number of concurrent handshakes; 0 = no limit. One more closes the connection
     * with the oldest handshake: TLS_CLIENT_ERROR with ERR_TLS_TOO_MANY_HANDSHAKES. */
    uint32_t max_handshakes;
    bool enable_trace;     /* rp_socket_enable_trace on each connection (C12) */
    bool pause_on_connect; /* the socket of SECURE_CONNECTION starts paused (L9) */
    struct rp_stream_options stream;
};
/* Create a server that does not listen yet; the caller frees it with rp_server_free. Texts and
 * lists of rp_server_options are copied. With neither `context` nor context_options it has no
 * certificate, and every handshake fails. NULL on failure: the errors of rp_secure_context_new,
 * ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS, ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED (sic), ERR_OUT_OF_RANGE
 * (ALPN protocols), ENOMEM (C1, C2). */
struct rp_server *rp_server_new(struct rp_loop *, const struct rp_server_options *,
                                struct rp_error *) __attribute__((warn_unused_result));
/* Free a server; an open one is closed first. Connections that were passed to the program stay
 * open; those still in their handshake are closed when it completes. NULL is allowed. */
void rp_server_free(struct rp_server *);
/* The `arg` of rp_server_options. */
void *rp_server_arg(const struct rp_server *);

/* -- listening to events (D35) */
/* Add a listener for a type of event, after the existing ones. It serves connections that are
 * accepted later (C14). Returns false if memory runs out, as all functions that add a listener. */
bool rp_server_on(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* Add a listener, after the existing ones, for the next event only. */
bool rp_server_once(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* Add a listener before the existing ones. */
bool rp_server_prepend(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* Add a listener, before the existing ones, for the next event only. */
bool rp_server_prepend_once(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* Add one listener for a set of event types. */
bool rp_server_listen_for(struct rp_server *, rp_event_set, rp_listener *, void *arg);
/* Remove the newest registration of (type, listener, arg). */
void rp_server_off(struct rp_server *, enum rp_event_type, rp_listener *, void *arg);
/* Call the listeners of event->type; true if there was one. */
bool rp_server_emit(struct rp_server *, struct rp_event *event);

/* -- accepting */
/* Listen on an address. Several calls listen on several addresses. LISTENING is emitted later,
 * never inside this call. Errors: those of rp_listen_open (EADDRINUSE, EACCES, ...),
 * ERR_SERVER_NOT_RUNNING after rp_server_close, ENOMEM (C13, C21). */
bool rp_server_listen(struct rp_server *, const struct rp_listen_options *, struct rp_error *);
/* Accept connections on a descriptor that listens already. The server owns it from then on; on
 * failure it stays the caller's. Errors: ERR_SERVER_NOT_RUNNING after rp_server_close; EBADF,
 * ENOTSOCK or ERR_INVALID_FD_TYPE as rp_server_take_fd; ENOMEM. */
bool rp_server_listen_fd(struct rp_server *, int listen_fd, struct rp_error *);
/* The address of the first listening socket; borrowed, NULL if the server does not listen. */
const struct rp_address *rp_server_address(const struct rp_server *);
/* Start TLS on an open stream as if it had been accepted. A reference is taken; the program must
 * not read or write the stream any more. Errors: ERR_SERVER_FULL (max_connections is reached; the
 * stream is destroyed); ERR_STREAM_DESTROYED, ENOMEM (the stream is unchanged) (C13). */
bool rp_server_take_stream(struct rp_server *, struct rp_stream *, struct rp_error *);
/* Start TLS on a connected descriptor as if it had been accepted. The server owns the descriptor,
 * which is closed on failure. `remote` NULL: the kernel is asked for it. With `deferred` the socket
 * is read at once, since its first bytes should have arrived (TCP_DEFER_ACCEPT). Errors: EBADF (the
 * descriptor is not open), ENOTSOCK, ERR_INVALID_FD_TYPE (it is not a stream socket; these are
 * checked only if `remote` is NULL), ERR_SERVER_FULL, ENOMEM. */
bool rp_server_take_fd(struct rp_server *, int fd, const struct rp_address *remote, bool deferred,
                       struct rp_error *);
/* Stop accepting connections; CLOSE is emitted when the last connection has closed. false: the
 * server was closed before, node's ERR_SERVER_NOT_RUNNING (C21). */
bool rp_server_close(struct rp_server *);
/* Close all connections whose handshake is in progress: TLS_CLIENT_ERROR with this error for each,
 * inside this call. This library's own. */
void rp_server_cut_handshakes(struct rp_server *, const struct rp_error *);
/* Whether the server has a listening socket. */
bool rp_server_listening(const struct rp_server *);
/* The number of open connections, including those in their handshake (C21). */
uint32_t rp_server_connections(const struct rp_server *);

/* -- settings that may change. They affect later connections only. */
/* Use another secure context; a reference is taken (C20). */
void rp_server_set_secure_context(struct rp_server *, struct rp_secure_context *);
/* Use a new secure context that is created from options. Where they have no ticket_keys or
 * session_timeout, those of the server's own context_options are used (C8). false on failure, and
 * the former context stays: the errors of rp_secure_context_new (C20). */
bool rp_server_renew_secure_context(struct rp_server *, const struct rp_secure_context_options *,
                                    struct rp_error *);
/* Use a context for SNI names that match `hostname`, in which each '*' matches any characters
 * except
 * '.'; case is ignored, and the newest matching pattern wins. A reference is taken. Errors:
 * ERR_TLS_REQUIRED_SERVER_NAME (NULL or ""), ENOMEM (C17, J1). */
bool rp_server_add_context(struct rp_server *, const char *hostname, struct rp_secure_context *,
                           struct rp_error *);
/* Copy the current ticket key in node's form of 48 bytes; the caller wipes it. false: there is
 * none, or it has 80 bytes (C18). */
bool rp_server_get_ticket_keys(const struct rp_server *, uint8_t keys[RP_TICKET_KEYS_SIZE]);
/* Replace the ring of ticket keys by one key of 48 bytes in node's form, from the next ticket on.
 * With keep_former the former keys still decrypt. Errors: ERR_INVALID_ARG_VALUE (another length, or
 * a secret that is all zeros), ENOMEM (C19). */
bool rp_server_set_ticket_keys(struct rp_server *, const uint8_t *keys, size_t len,
                               bool keep_former, struct rp_error *);

#ifdef __cplusplus
}
#endif

#endif
