/* SPDX-License-Identifier: MIT
 *
 * event.h - the events of servers, sockets and streams, and the five words of node's emitter.
 * An event is a tagged struct: switch on `type`, read the member of that name. Everything an event
 * points to lives until the listener returns and no longer; copy what you keep. `close` comes
 * exactly once and last. A listener may do anything, including destroying the object it hears. */
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
    /* streams: node-tls.md D36, section L */
    RP_EV_LOOKUP,  /* a host name was resolved                       .lookup */
    RP_EV_CONNECT, /* the transport is connected                              */
    RP_EV_READY,   /* directly after connect                                  */
    RP_EV_DATA,    /* bytes arrived                                  .data    */
    RP_EV_END,     /* the peer has ended its side; never for one that resets */
    RP_EV_DRAIN,   /* a full write buffer has emptied                         */
    RP_EV_FINISH,  /* all written bytes and the end are with the kernel       */
    RP_EV_TIMEOUT, /* idle for the time set; nothing else happens             */
    RP_EV_ERROR,   /* something failed; close follows                .error   */
    RP_EV_CLOSE,   /* the last event of every object                 .close   */
    /* TLS sockets: D32..D34 */
    RP_EV_SECURE,         /* the handshake is complete, nothing was verified         */
    RP_EV_SECURE_CONNECT, /* client: complete, and verified unless allowed otherwise */
    RP_EV_SESSION,        /* client: a session to keep               .session        */
    RP_EV_OCSP_RESPONSE,  /* client: staple, or bytes NULL if none     .data         */
    RP_EV_KEYLOG,         /* one NSS key log line with its newline     .keylog       */
    /* servers: C13..C15 */
    RP_EV_LISTENING,         /* the server accepts connections                          */
    RP_EV_CONNECTION,        /* a transport was accepted, before TLS   .connection      */
    RP_EV_DROP,              /* max_connections reached, one was closed .connection     */
    RP_EV_SECURE_CONNECTION, /* handshake complete and acceptable      .secure_connection */
    RP_EV_TLS_CLIENT_ERROR,  /* a handshake failed                     .tls_client_error  */
    RP_EV_NEW_SESSION,       /* store this session, then answer        .new_session     */
    RP_EV_RESUME_SESSION,    /* find this session, then answer         .resume_session  */
    RP_EV_OCSP_REQUEST,      /* find a staple, then answer             .ocsp_request    */
    RP_EV_EARLY_DATA,        /* may this early data be taken? answer   .early_data      */
    /* clusters: section M */
    RP_EV_FORK,       /* a worker was forked                            .worker */
    RP_EV_ONLINE,     /* a worker said that it is up                    .worker */
    RP_EV_MESSAGE,    /* a message from the other side                  .message */
    RP_EV_DISCONNECT, /* the channel to the other side closed           .worker */
    RP_EV_EXIT,       /* a worker is gone                               .worker */
    RP_EV_COUNT
};

/* A set of event types, for rp_*_listen(): RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_CLOSE). */
typedef uint64_t rp_event_set;
#define RP_EVENT_BIT(type) ((rp_event_set)1 << (type))
#define RP_EVENT_ALL       (~(rp_event_set)0)

struct rp_event {
    enum rp_event_type type;
    void *target; /* the object that emits: the struct rp_stream *, rp_server * or rp_cluster * */
    union {
        struct {
            const uint8_t *bytes;
            size_t len;
        } data; /* DATA, SESSION, OCSP_RESPONSE */
        struct {
            const uint8_t *bytes; /* the same as in .data; NULL when handles are wanted */
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
            struct rp_stream *stream; /* the raw stream when there is one (rp_server_take_stream) */
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
            struct rp_request *request; /* rp_request_done when stored */
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
        } ocsp_request; /* once for each certificate of the context that serves: RSA, ECDSA... */
        struct {
            struct rp_request *request; /* rp_request_answer_early_data */
            struct rp_socket *socket;
            const uint8_t *binder; /* what tells this flight from all others: see server.h */
            size_t binder_len;
        } early_data;
        struct {
            unsigned id; /* the worker's number: its slot, stable over respawns */
            int pid;     /* its process                                         */
            int status;  /* EXIT: as waitpid gives it                           */
        } worker;
        struct {
            unsigned id; /* the worker it came from (in the primary); 0 in a worker */
            const uint8_t *bytes;
            size_t len;
        } message;
    };
};

typedef void rp_listener(const struct rp_event *event, void *arg);

/* -- the members by function, for bindings of other languages, which then need not know the layout.
 * What the event of this type does not have is NULL, 0 or false; so is all of a NULL event. What is
 * returned is borrowed until the listener returns. len may be NULL. */
enum rp_event_type rp_event_get_type(const struct rp_event *); /* RP_EV_COUNT for NULL */
void *rp_event_target(const struct rp_event *);                /* the object that emits */
/* DATA, SESSION, OCSP_RESPONSE and MESSAGE: the bytes; KEYLOG: the line; NEW_SESSION: the DER. */
const uint8_t *rp_event_bytes(const struct rp_event *, size_t *len);
/* NEW_SESSION and RESUME_SESSION: the session id. */
const uint8_t *rp_event_id(const struct rp_event *, size_t *len);
/* OCSP_REQUEST: the certificate, and its issuer, in DER. */
const uint8_t *rp_event_certificate(const struct rp_event *, size_t *len);
const uint8_t *rp_event_issuer(const struct rp_event *, size_t *len); /* likewise */
const uint8_t *rp_event_binder(const struct rp_event *, size_t *len); /* EARLY_DATA */
const struct rp_error *rp_event_error(const struct rp_event *);       /* ERROR, TLS_CLIENT_ERROR */
bool rp_event_had_error(const struct rp_event *);                     /* CLOSE */
struct rp_session *rp_event_session(const struct rp_event *);         /* SESSION: the handle */
/* NEW_SESSION, RESUME_SESSION, OCSP_REQUEST, EARLY_DATA. */
struct rp_request *rp_event_request(const struct rp_event *);
/* The same, and KEYLOG, SECURE_CONNECTION, TLS_CLIENT_ERROR: the connection it is about. */
struct rp_socket *rp_event_socket(const struct rp_event *);
struct rp_stream *rp_event_stream(const struct rp_event *); /* CONNECTION, DROP: the raw stream */
/* CONNECTION, DROP: the peer's; LOOKUP: the one that was found. */
const struct rp_address *rp_event_address(const struct rp_event *);
const char *rp_event_host(const struct rp_event *); /* LOOKUP: the name */
/* FORK, ONLINE, DISCONNECT, EXIT, and MESSAGE in the primary: the worker's number. */
unsigned rp_event_worker_id(const struct rp_event *);
int rp_event_worker_pid(const struct rp_event *);    /* FORK, ONLINE, DISCONNECT, EXIT */
int rp_event_worker_status(const struct rp_event *); /* EXIT: as waitpid gives it */

/* One asynchronous question of a handshake (new_session, resume_session, ocsp_request, early_data,
 * the SNI callback). It may be answered inside the listener, or later by whoever holds a reference;
 * it may be answered late, twice, never, or after its socket is gone: only the first answer that
 * still finds its handshake waiting has an effect, and then true is returned. The question is the
 * listener's only during the event unless it takes a reference. Contract: I3, I4, J4, J14. */
struct rp_request *rp_request_ref(struct rp_request *request);
void rp_request_unref(struct rp_request *request); /* NULL ok */
/* Would an answer still have an effect? */
bool rp_request_pending(const struct rp_request *request);
/* Answer with bytes, which are copied; NULL means "there is none". */
bool rp_request_answer(struct rp_request *request, const uint8_t *bytes, size_t len);
/* Answer a question that wants no value (new_session). */
bool rp_request_done(struct rp_request *request);
/* Take early data, or decline it, which the client hears of; the handshake goes on either way. */
bool rp_request_answer_early_data(struct rp_request *request, bool accept);
/* Refuse: the connection ends, the server's tlsClientError carries this error. */
bool rp_request_fail(struct rp_request *request, const struct rp_error *error);

#ifdef __cplusplus
}
#endif

#endif
