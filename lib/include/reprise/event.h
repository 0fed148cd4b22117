/* SPDX-License-Identifier: MIT
 *
 * event.h - the events of servers, sockets, streams and clusters.
 * An event is a tagged struct: switch on `type` and read the member of that name. Everything that
 * an event points to is valid until the listener returns; copy what you need later. CLOSE is
 * emitted exactly once, as the last event of an object. A listener may do anything, including
 * destroying the object that emitted the event. */
#ifndef RP_EVENT_H
#define RP_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_address;
struct rp_request;
struct rp_session;
struct rp_socket;
struct rp_stream;

enum rp_event_type {
    /* streams (D36, section L) */
    RP_EV_LOOKUP,  /* a host name was resolved                          .lookup */
    RP_EV_CONNECT, /* the transport is connected                                 */
    RP_EV_READY,   /* emitted directly after CONNECT                             */
    RP_EV_DATA,    /* bytes arrived                                     .data    */
    RP_EV_END,     /* the peer has ended its side; not emitted after a reset       */
    RP_EV_DRAIN,   /* a full write buffer has become empty                       */
    RP_EV_FINISH,  /* all written bytes and the end were passed to the kernel    */
    RP_EV_TIMEOUT, /* the idle timeout has expired; the stream stays open        */
    RP_EV_ERROR,   /* the stream failed; CLOSE follows                  .error   */
    RP_EV_CLOSE,   /* the last event of every object                    .close   */
    /* TLS sockets (D32 to D34) */
    RP_EV_SECURE,         /* the handshake is complete; nothing is verified         */
    RP_EV_SECURE_CONNECT, /* client: the handshake is complete; the server is verified,
                             or allow_unauthorized is set                            */
    RP_EV_SESSION,        /* client: a session to resume later         .session      */
    RP_EV_OCSP_RESPONSE,  /* client: the OCSP staple; bytes NULL if none  .data      */
    RP_EV_KEYLOG,         /* a line of the NSS key log, newline included  .keylog    */
    /* servers (C13 to C15) */
    RP_EV_LISTENING,         /* the server accepts connections                            */
    RP_EV_CONNECTION,        /* a transport was accepted, before TLS .connection          */
    RP_EV_DROP,              /* one over max_connections was closed  .connection          */
    RP_EV_SECURE_CONNECTION, /* the handshake is complete   .secure_connection */
    RP_EV_TLS_CLIENT_ERROR,  /* a handshake failed                 .tls_client_error    */
    RP_EV_NEW_SESSION,       /* store this session, then answer    .new_session         */
    RP_EV_RESUME_SESSION,    /* find this session, then answer     .resume_session      */
    RP_EV_OCSP_REQUEST,      /* find an OCSP staple, then answer   .ocsp_request        */
    RP_EV_EARLY_DATA,        /* accept or reject early data        .early_data          */
    /* clusters (section M) */
    RP_EV_FORK,       /* a worker was forked                            .worker */
    RP_EV_ONLINE,     /* a worker reported that it is up                .worker */
    RP_EV_MESSAGE,    /* a message from the other side                  .message */
    RP_EV_DISCONNECT, /* the channel to the other side was closed       .worker */
    RP_EV_EXIT,       /* a worker has exited                            .worker */
    RP_EV_COUNT       /* not an event: the number of types */
};

/* A set of event types, for rp_stream_listen and rp_server_listen_for: RP_EVENT_BIT(RP_EV_DATA) |
 * RP_EVENT_BIT(RP_EV_CLOSE). */
typedef uint64_t rp_event_set;
#define RP_EVENT_BIT(type) ((unsigned)(type) < RP_EV_COUNT ? (rp_event_set)1 << (type) : 0)
#define RP_EVENT_ALL       (~(rp_event_set)0)

struct rp_event {
    enum rp_event_type type;
    void *target; /* the emitter: a struct rp_stream *, rp_server * or rp_cluster * */
    union {
        struct {
            const uint8_t *bytes;
            size_t len;
        } data; /* DATA, SESSION, OCSP_RESPONSE */
        struct {
            const uint8_t *bytes; /* DER, as in .data; NULL with want_handles */
            size_t len;
            struct rp_session *handle; /* take a reference to keep it */
        } session;                     /* SESSION */
        struct {
            const char *host;
            const struct rp_address *address;
        } lookup;
        struct {
            const struct rp_error *error;
        } error;
        struct {
            bool had_error;
        } close;
        struct {
            const char *line;
            size_t len;
            struct rp_socket *socket;
        } keylog;
        struct {
            struct rp_stream *stream; /* the raw stream, if any (rp_server_take_stream) */
            const struct rp_address *remote;
        } connection; /* CONNECTION, DROP */
        struct {
            struct rp_socket *socket;
        } secure_connection;
        struct {
            const struct rp_error *error;
            struct rp_socket *socket;
        } tls_client_error;
        struct {
            struct rp_request *request; /* rp_request_done once it is stored */
            struct rp_socket *socket;
            const uint8_t *id, *session; /* session: DER */
            size_t id_len, session_len;
        } new_session;
        struct {
            struct rp_request *request; /* rp_request_answer with the DER, or with NULL */
            struct rp_socket *socket;
            const uint8_t *id;
            size_t id_len;
        } resume_session;
        struct {
            struct rp_request *request; /* rp_request_answer with the staple, or with NULL */
            struct rp_socket *socket;
            const uint8_t *certificate, *issuer; /* DER; issuer NULL when unknown */
            size_t certificate_len, issuer_len;
        } ocsp_request; /* emitted for each certificate of the context: RSA, ECDSA... */
        struct {
            struct rp_request *request; /* rp_request_answer_early_data */
            struct rp_socket *socket;
            const uint8_t *binder; /* identifies this ClientHello; see server.h */
            size_t binder_len;
        } early_data;
        struct {
            unsigned id; /* the worker's slot; a replacement has the same */
            int pid;     /* its process ID                                 */
            int status;  /* EXIT: the status of waitpid; -1 if unknown     */
        } worker;
        struct {
            unsigned id; /* the sender's slot in the primary; 0 in a worker */
            const uint8_t *bytes;
            size_t len;
        } message;
    };
};

typedef void rp_listener(const struct rp_event *event, void *arg);

/* -- the members of an event as functions, for bindings of other languages, which then do not
 * depend on the layout of the struct. A member that events of this type do not have is NULL, 0 or
 * false, as all members of a NULL event are. Results are borrowed until the listener returns. `len`
 * may be NULL. */
/* The type; RP_EV_COUNT for NULL. */
enum rp_event_type rp_event_get_type(const struct rp_event *);
/* The emitter. */
void *rp_event_target(const struct rp_event *);
/* DATA, SESSION, OCSP_RESPONSE, MESSAGE: the bytes; KEYLOG: the line; NEW_SESSION: the DER. */
const uint8_t *rp_event_bytes(const struct rp_event *, size_t *len);
/* NEW_SESSION, RESUME_SESSION: the session id. */
const uint8_t *rp_event_id(const struct rp_event *, size_t *len);
/* OCSP_REQUEST: the certificate as DER. */
const uint8_t *rp_event_certificate(const struct rp_event *, size_t *len);
/* OCSP_REQUEST: the issuer's certificate as DER. */
const uint8_t *rp_event_issuer(const struct rp_event *, size_t *len);
/* EARLY_DATA: the binder. */
const uint8_t *rp_event_binder(const struct rp_event *, size_t *len);
/* ERROR, TLS_CLIENT_ERROR: the error. */
const struct rp_error *rp_event_error(const struct rp_event *);
/* CLOSE: whether an ERROR came before it. */
bool rp_event_had_error(const struct rp_event *);
/* SESSION: the handle. */
struct rp_session *rp_event_session(const struct rp_event *);
/* NEW_SESSION, RESUME_SESSION, OCSP_REQUEST, EARLY_DATA: the question. */
struct rp_request *rp_event_request(const struct rp_event *);
/* The same types, and KEYLOG, SECURE_CONNECTION, TLS_CLIENT_ERROR: the connection. */
struct rp_socket *rp_event_socket(const struct rp_event *);
/* CONNECTION, DROP: the raw stream. */
struct rp_stream *rp_event_stream(const struct rp_event *);
/* CONNECTION, DROP: the peer's address; LOOKUP: the address that was found. */
const struct rp_address *rp_event_address(const struct rp_event *);
/* LOOKUP: the host name. */
const char *rp_event_host(const struct rp_event *);
/* FORK, ONLINE, DISCONNECT, EXIT, and MESSAGE in the primary: the worker's slot. */
unsigned rp_event_worker_id(const struct rp_event *);
/* FORK, ONLINE, DISCONNECT, EXIT: the worker's process ID. */
int rp_event_worker_pid(const struct rp_event *);
/* EXIT: the status of waitpid; -1 if unknown. */
int rp_event_worker_status(const struct rp_event *);

/* A question that a handshake waits for (NEW_SESSION, RESUME_SESSION, OCSP_REQUEST, EARLY_DATA, the
 * SNI callback). Answer it inside the listener, or take a reference and answer later. The first
 * answer counts, if the handshake still waits for it; then the function returns true. Any other
 * answer has no effect and returns false: a second one, or one after the socket was closed. Without
 * a reference the question is valid during the event only, and counts as answered with "none" when
 * the listener returns (I3, I4, J4, J14). */

/* Take a reference; returns `request`. */
struct rp_request *rp_request_ref(struct rp_request *request);
/* Give up a reference. NULL is allowed. */
void rp_request_unref(struct rp_request *request);
/* Whether an answer would still have an effect. */
bool rp_request_pending(const struct rp_request *request);
/* Answer with bytes, which are copied; NULL = none. */
bool rp_request_answer(struct rp_request *request, const uint8_t *bytes, size_t len);
/* Answer a question that takes no value (NEW_SESSION). */
bool rp_request_done(struct rp_request *request);
/* Accept or reject early data; the handshake continues either way, and tells the client. */
bool rp_request_answer_early_data(struct rp_request *request, bool accept);
/* Refuse: the connection is closed, and the server emits TLS_CLIENT_ERROR with this error. */
bool rp_request_fail(struct rp_request *request, const struct rp_error *error);

#ifdef __cplusplus
}
#endif

#endif
