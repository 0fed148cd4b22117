/* SPDX-License-Identifier: MIT
 *
 * session_cache.c - answer a server's newSession and resumeSession from a store; see
 * session_cache.h. A record's name is the session id. The record is bound to the server name and
 * the session-id context (names, client verification, CA set, CRLs) of its session, so that it
 * cannot be opened after it was moved, or for another name or policy. The danger is a store that
 * answers late or never: each request has a deadline, after which the handshake continues, and a
 * later answer is dropped. */
#include "cache/session_cache.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "cache/seal.h"

enum {
    SESSION_MAX = 8192, /* DER, including the client's chain */
    NAME_MAX_ = 255,
    CONTEXT_MAX = 32,
    DEFAULT_MS = 50,
};

struct binding {
    uint8_t bytes[NAME_MAX_ + 1 + CONTEXT_MAX];
    size_t len;
};

/* A request that the store will answer later. */
struct waiting {
    struct rp_store_call call; /* its arg is this struct */
    struct rp_session_cache *cache;
    struct rp_request *request; /* a reference; NULL: the handshake has continued */
    struct rp_timer deadline;
    uint64_t since_us;
    struct waiting *next, **at; /* list of the cache */
    uint8_t id[RP_SEAL_ID_SIZE];
    struct binding binding;
};

struct rp_session_cache {
    struct rp_loop *loop;
    struct rp_store *store;
    const struct rp_sealer *sealer, *former; /* former: NULL unless the secret is being changed */
    uint32_t lookup_timeout_ms, store_timeout_ms;
    bool single_use;
    bool late; /* the last answer was late: no second wait in the same handshake */
    uint64_t (*now_ms)(void);
    struct rp_session_cache_counters *counters, own;
    struct waiting *waiting, *spare; /* spare: preallocated, used if a request must wait */
    uint8_t plain[SESSION_MAX + RP_SEAL_OVERHEAD], sealed[SESSION_MAX + RP_SEAL_OVERHEAD];
};

/* The secret with which an id was created, and with which its record was sealed. */
static const struct rp_sealer *sealer_of(const struct rp_session_cache *cache, struct rp_bytes id)
{
    return cache->former != NULL && rp_seal_is_id(cache->former, id) ? cache->former
                                                                     : cache->sealer;
}

/* -- what a session is bound to */

static struct binding binding_of(const struct rp_socket *socket)
{
    const char *name = rp_socket_servername(socket);
    struct binding binding = {.len = 0};
    uint8_t *at = binding.bytes;

    for (size_t i = 0; name != NULL && i < NAME_MAX_ && name[i] != '\0'; i++)
        *at++ = (uint8_t)tolower((unsigned char)name[i]);
    *at++ = '\0';
    at += rp_socket_session_id_context(socket, at);
    binding.len = (size_t)(at - binding.bytes);
    return binding;
}

static struct rp_bytes bytes_of(const struct binding *binding)
{
    return (struct rp_bytes){binding->bytes, binding->len};
}

/* -- waiting */

static void free_waiting(struct waiting *w)
{
    struct rp_session_cache *cache = w->cache;

    rp_timer_stop(&w->deadline);
    rp_request_unref(w->request);
    if (w->next != NULL)
        w->next->at = w->at;
    *w->at = w->next;
    *w = (struct waiting){.cache = cache};
    if (cache->spare == NULL)
        cache->spare = w;
    else
        free(w);
}

/* NULL: no memory, so no session is stored or found. */
static struct waiting *spare_of(struct rp_session_cache *cache)
{
    if (cache->spare == NULL) {
        cache->spare = calloc(1, sizeof *cache->spare);
        if (cache->spare != NULL)
            cache->spare->cache = cache;
    }
    return cache->spare;
}

/* The store will answer `w`: the handshake waits up to this time. */
static void wait_for(struct waiting *w, struct rp_request *request, uint32_t ms)
{
    struct rp_session_cache *cache = w->cache;

    cache->spare = NULL;
    w->request = rp_request_ref(request);
    w->next = cache->waiting;
    w->at = &cache->waiting;
    if (w->next != NULL)
        w->next->at = &w->next;
    cache->waiting = w;
    rp_timer_start(cache->loop, &w->deadline, ms);
}

static void took(const struct waiting *w, struct rp_latency *latency)
{
    rp_latency_add(latency, rp_latency_now_us() - w->since_us);
}

/* -- resumeSession */

/* Copy a session that another host stored to this host's tier. */
static void keep(struct rp_session_cache *cache, struct rp_bytes id, struct rp_bytes sealed,
                 uint64_t expires)
{
    uint64_t now = cache->now_ms();
    uint8_t key[RP_SEAL_KEY_SIZE];

    if (expires > now && rp_seal_name(sealer_of(cache, id), id, key))
        rp_store_keep(cache->store, (struct rp_bytes){key, sizeof key}, sealed, expires - now);
}

static void found(struct rp_session_cache *cache, struct rp_request *request, const uint8_t *id,
                  const struct binding *binding, const struct rp_store_reply *reply)
{
    const struct rp_bytes name = {id, RP_SEAL_ID_SIZE};
    uint64_t expires;
    size_t len = 0;

    if (reply->status != RP_STORE_OK || reply->value.len > sizeof cache->plain) {
        cache->counters->misses++;
        cache->counters->failed += reply->status == RP_STORE_FAILED;
        rp_request_answer(request, NULL, 0);
        return;
    }
    len = rp_unseal(sealer_of(cache, name), name, bytes_of(binding), cache->now_ms(), reply->value,
                    cache->plain, &expires);
    if (len == 0) {
        cache->counters->bad_seals++;
        rp_request_answer(request, NULL, 0);
        return;
    }
    cache->counters->hits++;
    cache->counters->far_hits += reply->far;
    if (reply->far)
        keep(cache, name, reply->value, expires);
    rp_request_answer(request, cache->plain, len);
    explicit_bzero(cache->plain, len);
}

static void on_found(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct waiting *w = call->arg;

    took(w, &w->cache->counters->far_lookup);
    w->cache->late = false;
    found(w->cache, w->request, w->id, &w->binding, reply);
    free_waiting(w);
}

static void on_lookup_deadline(struct rp_timer *timer)
{
    struct waiting *w = timer->arg;

    rp_store_cancel(&w->call);
    w->cache->late = true;
    w->cache->counters->timeouts++;
    took(w, &w->cache->counters->far_lookup);
    rp_request_answer(w->request, NULL, 0);
    free_waiting(w);
}

static void on_resume_session(const struct rp_event *event, void *arg)
{
    struct rp_session_cache *cache = arg;
    struct rp_request *request = event->resume_session.request;
    const struct rp_bytes id = {event->resume_session.id, event->resume_session.id_len};
    struct waiting *w = spare_of(cache);
    uint8_t key[RP_SEAL_KEY_SIZE];
    struct rp_store_reply reply;

    if (w == NULL || id.len != RP_SEAL_ID_SIZE || !rp_seal_name(sealer_of(cache, id), id, key)) {
        rp_request_answer(request, NULL, 0);
        return;
    }
    w->call = (struct rp_store_call){.done = on_found, .arg = w};
    w->deadline.fire = on_lookup_deadline;
    w->deadline.arg = w;
    memcpy(w->id, id.bytes, sizeof w->id);
    w->binding = binding_of(event->resume_session.socket);
    w->since_us = rp_latency_now_us();
    if (rp_store_get(cache->store, (struct rp_bytes){key, sizeof key}, &reply, &w->call) ==
        RP_STORE_LATER) {
        wait_for(w, request, cache->lookup_timeout_ms);
    } else {
        took(w, &cache->counters->near_lookup);
        found(cache, request, w->id, &w->binding, &reply);
    }
}

/* -- newSession */

static void stored(struct rp_session_cache *cache, struct rp_request *request,
                   enum rp_store_status status)
{
    if (status == RP_STORE_OK)
        cache->counters->stored++;
    else
        cache->counters->store_failed++;
    if (request != NULL)
        rp_request_done(request);
}

static void on_stored(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct waiting *w = call->arg;
    struct rp_session_cache *cache = w->cache;

    cache->late = rp_latency_now_us() - w->since_us > 1000 * (uint64_t)cache->store_timeout_ms;
    if (w->request != NULL)
        took(w, &cache->counters->store);
    stored(cache, w->request, reply->status);
    free_waiting(w);
}

/* Continue the handshake without waiting; the store may still get the session. */
static void wait_no_longer(struct waiting *w)
{
    struct rp_request *request = w->request;

    w->cache->counters->store_timeouts++;
    rp_timer_stop(&w->deadline);
    w->request = NULL;
    rp_request_done(request);
    rp_request_unref(request);
}

static void on_store_deadline(struct rp_timer *timer)
{
    struct waiting *w = timer->arg;

    w->cache->late = true;
    took(w, &w->cache->counters->store);
    wait_no_longer(w);
}

static void on_new_session(const struct rp_event *event, void *arg)
{
    struct rp_session_cache *cache = arg;
    struct rp_request *request = event->new_session.request;
    struct rp_bytes id = {event->new_session.id, event->new_session.id_len};
    struct rp_bytes session = {event->new_session.session, event->new_session.session_len};
    struct waiting *w = spare_of(cache);
    uint64_t ttl_ms = 1000 * (uint64_t)rp_secure_context_session_timeout(
                                 rp_socket_context(event->new_session.socket));
    uint8_t key[RP_SEAL_KEY_SIZE];
    enum rp_store_status status;
    struct binding binding;
    size_t len;

    if (session.len > SESSION_MAX) {
        cache->counters->too_large++;
        rp_request_done(request);
        return;
    }
    binding = binding_of(event->new_session.socket);
    len = w != NULL && id.len > 0 && session.len > 0 && rp_seal_name(cache->sealer, id, key)
              ? rp_seal(cache->sealer, id, bytes_of(&binding), cache->now_ms() + ttl_ms, session,
                        cache->sealed)
              : 0;
    if (len == 0) {
        stored(cache, request, RP_STORE_FAILED);
        return;
    }
    w->call = (struct rp_store_call){.done = on_stored, .arg = w};
    w->deadline.fire = on_store_deadline;
    w->deadline.arg = w;
    w->since_us = rp_latency_now_us();
    status = rp_store_put(cache->store, (struct rp_bytes){key, sizeof key},
                          (struct rp_bytes){cache->sealed, len}, ttl_ms, &w->call);
    if (status == RP_STORE_LATER) {
        wait_for(w, request, cache->store_timeout_ms);
        if (cache->late)
            wait_no_longer(w);
        return;
    }
    took(w, &cache->counters->store);
    stored(cache, request, status);
}

/* For single use: removed only after the client has proved that it has the session; otherwise an
 * eavesdropper could use up other clients' sessions. */

static void on_secure_connection(const struct rp_event *event, void *arg)
{
    struct rp_session_cache *cache = arg;
    const struct rp_socket *socket = event->secure_connection.socket;
    struct rp_bytes id = {0};
    const uint8_t *bytes;
    uint8_t key[RP_SEAL_KEY_SIZE];

    if (rp_socket_resumption(socket) != RP_RESUMED_STATEFUL_TICKET ||
        !rp_socket_resumed_id(socket, &bytes, &id.len))
        return;
    id.bytes = bytes;
    if (rp_seal_name(sealer_of(cache, id), id, key))
        rp_store_remove(cache->store, (struct rp_bytes){key, sizeof key}, NULL);
}

/* -- ids */

bool rp_session_cache_make_id(uint8_t *id, size_t len, void *cache)
{
    const struct rp_session_cache *c = cache;

    return len == RP_SEAL_ID_SIZE && rp_seal_make_id(c->sealer, id);
}

bool rp_session_cache_accept_id(const uint8_t *id, size_t len, void *cache)
{
    struct rp_session_cache *c = cache;

    if (rp_seal_is_id(sealer_of(c, (struct rp_bytes){id, len}), (struct rp_bytes){id, len}))
        return true;
    c->counters->foreign_ids++;
    return false;
}

/* -- lifetime */

struct rp_session_cache *rp_session_cache_new(struct rp_loop *loop,
                                              const struct rp_session_cache_options *o,
                                              struct rp_error *err)
{
    struct rp_session_cache *cache = calloc(1, sizeof *cache);

    if (cache == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for the session cache");
        return NULL;
    }
    cache->loop = loop;
    cache->store = o->store;
    cache->lookup_timeout_ms = o->lookup_timeout_ms > 0 ? o->lookup_timeout_ms : DEFAULT_MS;
    cache->store_timeout_ms = o->store_timeout_ms > 0 ? o->store_timeout_ms : DEFAULT_MS;
    cache->single_use = o->single_use;
    cache->now_ms = o->now_ms != NULL ? o->now_ms : rp_wall_ms;
    cache->counters = o->counters != NULL ? o->counters : &cache->own;
    cache->sealer = o->sealers->current;
    cache->former = o->sealers->former;
    return cache;
}

void rp_session_cache_free(struct rp_session_cache *cache)
{
    if (cache == NULL)
        return;
    for (struct waiting *w = cache->waiting, *next; w != NULL; w = next) {
        next = w->next;
        rp_store_cancel(&w->call);
        if (w->request != NULL && !rp_request_answer(w->request, NULL, 0))
            rp_request_done(w->request);
        free_waiting(w); /* NOLINT: what it unlinks is not freed yet */
    }
    free(cache->spare);
    explicit_bzero(cache, sizeof *cache);
    free(cache);
}

bool rp_session_cache_attach(struct rp_session_cache *cache, struct rp_server *server)
{
    if (rp_server_on(server, RP_EV_NEW_SESSION, on_new_session, cache) &&
        rp_server_on(server, RP_EV_RESUME_SESSION, on_resume_session, cache) &&
        (!cache->single_use ||
         rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, cache)))
        return true;
    rp_server_off(server, RP_EV_NEW_SESSION, on_new_session, cache);
    rp_server_off(server, RP_EV_RESUME_SESSION, on_resume_session, cache);
    return false;
}
