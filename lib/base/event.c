/* SPDX-License-Identifier: MIT
 *
 * event.c - the members of an event as functions. Each checks the type first, so that no member is
 * read that the event does not have. */
#include <reprise/event.h>

enum rp_event_type rp_event_get_type(const struct rp_event *e)
{
    return e != NULL ? e->type : RP_EV_COUNT;
}

void *rp_event_target(const struct rp_event *e)
{
    return e != NULL ? e->target : NULL;
}

/* -- bytes */

static const uint8_t *bytes_of(const void *bytes, size_t bytes_len, size_t *len)
{
    if (len != NULL)
        *len = bytes_len;
    return bytes;
}

const uint8_t *rp_event_bytes(const struct rp_event *e, size_t *len)
{
    switch (rp_event_get_type(e)) {
    case RP_EV_DATA:
    case RP_EV_OCSP_RESPONSE:
        return bytes_of(e->data.bytes, e->data.len, len);
    case RP_EV_SESSION:
        return bytes_of(e->session.bytes, e->session.len, len);
    case RP_EV_KEYLOG:
        return bytes_of(e->keylog.line, e->keylog.len, len);
    case RP_EV_NEW_SESSION:
        return bytes_of(e->new_session.session, e->new_session.session_len, len);
    case RP_EV_MESSAGE:
        return bytes_of(e->message.bytes, e->message.len, len);
    default:
        return bytes_of(NULL, 0, len);
    }
}

const uint8_t *rp_event_id(const struct rp_event *e, size_t *len)
{
    switch (rp_event_get_type(e)) {
    case RP_EV_NEW_SESSION:
        return bytes_of(e->new_session.id, e->new_session.id_len, len);
    case RP_EV_RESUME_SESSION:
        return bytes_of(e->resume_session.id, e->resume_session.id_len, len);
    default:
        return bytes_of(NULL, 0, len);
    }
}

const uint8_t *rp_event_certificate(const struct rp_event *e, size_t *len)
{
    if (rp_event_get_type(e) != RP_EV_OCSP_REQUEST)
        return bytes_of(NULL, 0, len);
    return bytes_of(e->ocsp_request.certificate, e->ocsp_request.certificate_len, len);
}

const uint8_t *rp_event_issuer(const struct rp_event *e, size_t *len)
{
    if (rp_event_get_type(e) != RP_EV_OCSP_REQUEST)
        return bytes_of(NULL, 0, len);
    return bytes_of(e->ocsp_request.issuer, e->ocsp_request.issuer_len, len);
}

const uint8_t *rp_event_binder(const struct rp_event *e, size_t *len)
{
    if (rp_event_get_type(e) != RP_EV_EARLY_DATA)
        return bytes_of(NULL, 0, len);
    return bytes_of(e->early_data.binder, e->early_data.binder_len, len);
}

/* -- results */

const struct rp_error *rp_event_error(const struct rp_event *e)
{
    switch (rp_event_get_type(e)) {
    case RP_EV_ERROR:
        return e->error.error;
    case RP_EV_TLS_CLIENT_ERROR:
        return e->tls_client_error.error;
    default:
        return NULL;
    }
}

bool rp_event_had_error(const struct rp_event *e)
{
    return rp_event_get_type(e) == RP_EV_CLOSE && e->close.had_error;
}

/* -- objects */

struct rp_session *rp_event_session(const struct rp_event *e)
{
    return rp_event_get_type(e) == RP_EV_SESSION ? e->session.handle : NULL;
}

struct rp_request *rp_event_request(const struct rp_event *e)
{
    switch (rp_event_get_type(e)) {
    case RP_EV_NEW_SESSION:
        return e->new_session.request;
    case RP_EV_RESUME_SESSION:
        return e->resume_session.request;
    case RP_EV_OCSP_REQUEST:
        return e->ocsp_request.request;
    case RP_EV_EARLY_DATA:
        return e->early_data.request;
    default:
        return NULL;
    }
}

struct rp_socket *rp_event_socket(const struct rp_event *e)
{
    switch (rp_event_get_type(e)) {
    case RP_EV_KEYLOG:
        return e->keylog.socket;
    case RP_EV_SECURE_CONNECTION:
        return e->secure_connection.socket;
    case RP_EV_TLS_CLIENT_ERROR:
        return e->tls_client_error.socket;
    case RP_EV_NEW_SESSION:
        return e->new_session.socket;
    case RP_EV_RESUME_SESSION:
        return e->resume_session.socket;
    case RP_EV_OCSP_REQUEST:
        return e->ocsp_request.socket;
    case RP_EV_EARLY_DATA:
        return e->early_data.socket;
    default:
        return NULL;
    }
}

static bool is_of_transport(const struct rp_event *e)
{
    return rp_event_get_type(e) == RP_EV_CONNECTION || rp_event_get_type(e) == RP_EV_DROP;
}

struct rp_stream *rp_event_stream(const struct rp_event *e)
{
    return is_of_transport(e) ? e->connection.stream : NULL;
}

const struct rp_address *rp_event_address(const struct rp_event *e)
{
    if (is_of_transport(e))
        return e->connection.remote;
    return rp_event_get_type(e) == RP_EV_LOOKUP ? e->lookup.address : NULL;
}

const char *rp_event_host(const struct rp_event *e)
{
    return rp_event_get_type(e) == RP_EV_LOOKUP ? e->lookup.host : NULL;
}

/* -- workers */

static bool is_of_worker(const struct rp_event *e)
{
    enum rp_event_type type = rp_event_get_type(e);

    return type == RP_EV_FORK || type == RP_EV_ONLINE || type == RP_EV_DISCONNECT ||
           type == RP_EV_EXIT;
}

unsigned rp_event_worker_id(const struct rp_event *e)
{
    if (rp_event_get_type(e) == RP_EV_MESSAGE)
        return e->message.id;
    return is_of_worker(e) ? e->worker.id : 0;
}

int rp_event_worker_pid(const struct rp_event *e)
{
    return is_of_worker(e) ? e->worker.pid : 0;
}

int rp_event_worker_status(const struct rp_event *e)
{
    return rp_event_get_type(e) == RP_EV_EXIT ? e->worker.status : 0;
}
