/* SPDX-License-Identifier: MIT
 *
 * request.c - questions of a handshake and their answers; see request.h and event.h. */
#include "lib/base/args.h"
#include "lib/tls/request.h"

#include <stdlib.h>
#include <string.h>

#include "lib/tls/engine/session.h"
#include "lib/tls/socket_internal.h"

enum { STAPLE_MAX = 0xffff }; /* the limit of a certificate message in TLS */

struct rp_request *rp_request_new(struct rp_socket *s, enum rp_request_kind kind)
{
    struct rp_request *r = calloc(1, sizeof *r), **last = &s->questions;

    if (r == NULL)
        return NULL;
    r->refs = 1;
    r->kind = kind;
    r->socket = s;
    while (*last != NULL)
        last = &(*last)->next;
    *last = r;
    return r;
}

void rp_request_drop(struct rp_request *r)
{
    struct rp_request **at = &r->socket->questions;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    r->socket = NULL;
    rp_request_unref(r);
}

struct rp_request *rp_request_ref(struct rp_request *r)
{
    if (r == NULL)
        return NULL;
    r->refs++;
    return r;
}

void rp_request_unref(struct rp_request *r)
{
    if (r == NULL || --r->refs > 0)
        return;
    SSL_SESSION_free(r->session);
    rp_secure_context_unref(r->context);
    free(r->bytes);
    free(r);
}

bool rp_request_pending(const struct rp_request *r)
{
    return r != NULL && r->socket != NULL;
}

/* The answer is known; continue the handshake, unless the event is still being emitted. */
static bool answered(struct rp_request *r)
{
    struct rp_socket *s = r->socket;

    rp_request_ref(r);
    rp_request_drop(r);
    if (!r->asking)
        rp_socket_answered(s, r);
    rp_request_unref(r);
    return true;
}

/* Without memory no staple is sent, which clients tolerate. */
static void keep(struct rp_request *r, const uint8_t *bytes, size_t len)
{
    if (bytes == NULL || len == 0 || len > STAPLE_MAX || (r->bytes = malloc(len)) == NULL)
        return;
    memcpy(r->bytes, bytes, len);
    r->len = len;
}

bool rp_request_answer(struct rp_request *r, const uint8_t *bytes, size_t len)
{
    if (r == NULL)
        return false;
    if (r->socket == NULL)
        return false;
    if (r->kind == RP_REQUEST_SESSION)
        r->session = rp_session_decode(bytes, len);
    else if (r->kind == RP_REQUEST_STAPLE)
        keep(r, bytes, len);
    else
        return false;
    return answered(r);
}

bool rp_request_done(struct rp_request *r)
{
    if (r == NULL)
        return false;
    if (r->socket == NULL || r->kind != RP_REQUEST_STORE)
        return false;
    return answered(r);
}

bool rp_request_answer_early_data(struct rp_request *r, bool accept)
{
    if (r == NULL)
        return false;
    if (r->socket == NULL || r->kind != RP_REQUEST_EARLY)
        return false;
    r->accepted = accept;
    return answered(r);
}

bool rp_request_answer_context(struct rp_request *r, struct rp_secure_context *context)
{
    if (r == NULL)
        return false;
    if (r->socket == NULL || r->kind != RP_REQUEST_CONTEXT)
        return false;
    r->context = context != NULL ? rp_secure_context_ref(context) : NULL;
    return answered(r);
}

bool rp_request_unrecognized_name(struct rp_request *r)
{
    if (r == NULL)
        return false;
    if (r->socket == NULL || r->kind != RP_REQUEST_CONTEXT)
        return false;
    r->unrecognized_name = true;
    return answered(r);
}

bool rp_request_fail(struct rp_request *r, const struct rp_error *error)
{
    if (r == NULL)
        return false;
    struct rp_socket *s = r->socket;
    struct rp_error unknown;

    if (s == NULL)
        return false;
    if (!rp_given(error, "error", &unknown))
        error = &unknown; /* refused nevertheless */
    rp_stream_ref(&s->stream);
    rp_request_drop(r);
    rp_socket_fail(s, error);
    rp_stream_unref(&s->stream);
    return true;
}
