/* SPDX-License-Identifier: MIT
 *
 * load_run.c - one process of the load: so many slots, each with a connection after the other.
 * With a rate, connections arrive by the clock and latency counts from when one was due, not from
 * when the tester got to it: a server that stalls cannot hide who had to wait. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "load_response.h"
#include "load_sessions.h"

enum { FILE_MOST = 256 * 1024, REQUEST_MOST = 2048 };

struct slot {
    struct run *run;
    struct slot *next; /* of the idle ones */
    struct rp_socket *socket;
    struct load_session session;   /* offered, then the newest that came */
    unsigned target, name, origin; /* where to; as whom; whose session was offered */
    bool offered, resumed, secure, done, fresh;
    unsigned requests;
    uint64_t due_us, asked_us;
    struct load_response response;
};

struct run {
    const struct load_options *o;
    struct load_stats *stats;
    struct rp_loop *loop;
    struct rp_secure_context *context;
    struct load_sessions *sessions;
    struct slot *slots, *idle;
    struct rp_timer stop, pace;
    struct rp_signal interrupt;
    unsigned slot_count, active;
    uint64_t count, begun_us, random, turn;
    double rate;
    bool over;
    char request[REQUEST_MOST], last_request[REQUEST_MOST];
};

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* splitmix64: the same seed, the same choices. */
static uint64_t next_random(struct run *r)
{
    uint64_t z = r->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void start_next(struct run *r);

static struct load_second *this_second(struct run *r)
{
    uint64_t second = (now_us() - r->begun_us) / 1000000;

    return &r->stats->seconds[second < LOAD_SECONDS ? second : LOAD_SECONDS - 1];
}

/* -- one connection */

static void fail(struct slot *s, const char *reason)
{
    if (s->done)
        return;
    s->done = true;
    s->run->stats->failed++;
    this_second(s->run)->failed++;
    load_stats_reason(s->run->stats, reason, 1);
}

static void ask(struct slot *s)
{
    struct run *r = s->run;
    const char *text = s->requests + 1 == r->o->requests ? r->last_request : r->request;

    load_response_begin(&s->response);
    s->asked_us = now_us();
    rp_stream_write(rp_socket_stream(s->socket), text, strlen(text));
}

static void finish(struct slot *s)
{
    s->done = true;
    rp_stream_end(rp_socket_stream(s->socket));
}

static void count_handshake(struct slot *s)
{
    struct load_stats *stats = s->run->stats;
    struct load_second *second = this_second(s->run);

    stats->resumed += s->resumed;
    second->resumed += s->resumed;
    stats->full += !s->resumed;
    second->full += !s->resumed;
    stats->declined += s->offered && !s->resumed;
    second->declined += s->offered && !s->resumed;
}

static void on_secure(struct slot *s)
{
    struct load_stats *stats = s->run->stats;
    uint64_t took = now_us() - s->due_us;

    s->secure = true;
    s->resumed = rp_socket_session_reused(s->socket);
    histogram_record(s->resumed ? &stats->resumed_us : &stats->full_us, took);
    count_handshake(s);
    if (s->offered && s->resumed)
        stats->resumed_at[s->origin][s->target]++;
    if (s->run->o->path != NULL)
        ask(s);
    else
        finish(s);
}

static void on_answered(struct slot *s)
{
    histogram_record(&s->run->stats->request_us, now_us() - s->asked_us);
    s->run->stats->requests++;
    s->requests++;
    if (s->requests < s->run->o->requests && !s->run->over)
        ask(s);
    else
        finish(s);
}

static void on_data(struct slot *s, const uint8_t *bytes, size_t len)
{
    if (s->done || s->run->o->path == NULL)
        return;
    switch (load_response_feed(&s->response, bytes, len)) {
    case RESPONSE_DONE:
        on_answered(s);
        break;
    case RESPONSE_BAD:
        fail(s, "not an HTTP response");
        rp_stream_destroy(rp_socket_stream(s->socket), NULL);
        break;
    case RESPONSE_MORE:
        break;
    }
}

static void on_session(struct slot *s, const struct rp_event *event)
{
    if (s->run->o->resume <= 0)
        return;
    load_session_clear(&s->session);
    s->session.handle = rp_session_ref(event->session.handle);
    s->session.born_ms = rp_loop_now(s->run->loop);
    s->fresh = true;
}

/* A session that was used and not renewed may be used again where that is allowed: TLS 1.2. */
static void keep_session(struct slot *s)
{
    const char *protocol = s->run->o->tls;

    if (s->session.handle != NULL && s->secure && s->fresh)
        load_sessions_put(s->run->sessions, s->target, s->name, &s->session);
    else if (s->resumed && protocol != NULL && strcmp(protocol, "TLSv1.2") == 0)
        load_sessions_put(s->run->sessions, s->origin, s->name, &s->session);
    load_session_clear(&s->session);
}

static void on_close(struct slot *s)
{
    struct run *r = s->run;
    struct rp_stream *stream = rp_socket_stream(s->socket);

    if (!s->done && s->secure && s->response.in_body && s->response.until_end)
        on_answered(s);
    fail(s, "closed early");
    r->stats->bytes_read += rp_stream_bytes_read(stream);
    r->stats->bytes_written += rp_stream_bytes_written(stream);
    keep_session(s);
    rp_stream_unref(stream);
    s->socket = NULL;
    s->next = r->idle;
    r->idle = s;
    r->active--;
    start_next(r);
}

static void on_event(const struct rp_event *event, void *arg)
{
    struct slot *s = arg;

    switch (event->type) {
    case RP_EV_SECURE_CONNECT:
        on_secure(s);
        break;
    case RP_EV_SESSION:
        on_session(s, event);
        break;
    case RP_EV_DATA:
        on_data(s, event->data.bytes, event->data.len);
        break;
    case RP_EV_TIMEOUT:
        fail(s, "timeout");
        rp_stream_destroy(rp_socket_stream(s->socket), NULL);
        break;
    case RP_EV_ERROR:
        fail(s, event->error.error->code[0] != '\0' ? event->error.error->code : "error");
        break;
    case RP_EV_CLOSE:
        on_close(s);
        break;
    default:
        break;
    }
}

static unsigned origin_of(struct run *r, unsigned target)
{
    unsigned hosts = r->o->target_count;

    if (r->o->origin == ORIGIN_SAME)
        return target;
    if (r->o->origin == ORIGIN_OTHER)
        return (target + 1 + (unsigned)(next_random(r) % (hosts - 1))) % hosts;
    return (unsigned)(next_random(r) % hosts);
}

static void choose(struct slot *s)
{
    struct run *r = s->run;
    double dice = (double)(next_random(r) >> 11) * 0x1p-53 * 100;

    s->target = (unsigned)(r->turn % r->o->target_count);
    s->name = r->o->sni_count > 0 ? (unsigned)(r->turn / r->o->target_count % r->o->sni_count) : 0;
    r->turn++;
    s->offered = s->resumed = s->secure = s->done = s->fresh = false;
    s->requests = 0;
    load_response_begin(&s->response);
    if (dice >= r->o->resume)
        return;
    s->origin = origin_of(r, s->target);
    s->offered = load_sessions_take(r->sessions, s->origin, s->name, rp_loop_now(r->loop),
                                    r->o->min_age_ms, &s->session);
    if (s->offered) {
        r->stats->offered++;
        r->stats->offered_at[s->origin][s->target]++;
    }
}

/* A PROXY line goes before TLS, so the connection is made first and TLS is spoken over it. */
static struct rp_stream *proxied(struct run *r, const struct rp_net_options *net,
                                 struct rp_error *err)
{
    struct rp_stream *stream;

    if (r->o->proxy == NULL)
        return NULL;
    stream = rp_net_connect(r->loop, net, err);
    if (stream != NULL)
        rp_stream_write(stream, r->o->proxy, strlen(r->o->proxy));
    return stream;
}

static bool open_socket(struct slot *s, struct rp_error *err)
{
    struct run *r = s->run;
    struct rp_net_options net = {.address = &r->o->targets[s->target].address,
                                 .timeout_ms = (uint32_t)r->o->timeout_ms,
                                 .no_delay = RP_ON,
                                 .eager = true};
    struct rp_connect_options connect = {.context = r->context,
                                         .net = &net,
                                         .servername = r->o->sni_count ? r->o->sni[s->name] : NULL,
                                         .allow_unauthorized = r->o->ca == NULL,
                                         .want_handles = true};
    rp_event_set set = RP_EVENT_BIT(RP_EV_SECURE_CONNECT) | RP_EVENT_BIT(RP_EV_DATA) |
                       RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE) |
                       RP_EVENT_BIT(RP_EV_TIMEOUT);

    if (r->o->resume > 0)
        set |= RP_EVENT_BIT(RP_EV_SESSION);
    if (s->offered)
        connect.session_handle = s->session.handle;
    connect.stream = proxied(r, &net, err);
    if (r->o->proxy != NULL && connect.stream == NULL)
        return false;
    s->socket = rp_connect(r->loop, &connect, err);
    if (connect.stream != NULL) {
        if (s->socket == NULL)
            rp_stream_destroy(connect.stream, NULL);
        rp_stream_unref(connect.stream);
    }
    return s->socket != NULL && rp_stream_listen(rp_socket_stream(s->socket), set, on_event, s);
}

static void start(struct run *r, uint64_t due_us)
{
    struct slot *s = r->idle;
    struct rp_error err;

    r->idle = s->next;
    s->due_us = due_us;
    r->stats->started++;
    choose(s);
    r->active++;
    if (open_socket(s, &err))
        return;
    fail(s, err.code);
    s->next = r->idle;
    r->idle = s;
    r->active--;
}

/* -- the whole */

static bool all_started(const struct run *r)
{
    return r->over || (r->count > 0 && r->stats->started >= r->count);
}

static void end_if_idle(struct run *r)
{
    if (all_started(r) && r->active == 0)
        rp_loop_stop(r->loop);
}

static void start_due(struct run *r)
{
    uint64_t now = now_us();

    while (!all_started(r) && r->idle != NULL) {
        uint64_t due = r->begun_us + (uint64_t)((double)r->stats->started / r->rate * 1e6);

        if (due > now)
            return;
        if (now - due > r->stats->late_us)
            r->stats->late_us = now - due;
        start(r, due);
    }
}

static void start_next(struct run *r)
{
    if (r->rate > 0)
        start_due(r);
    else
        while (!all_started(r) && r->idle != NULL) {
            uint64_t failed = r->stats->failed;

            start(r, now_us());
            if (r->stats->failed != failed)
                break; /* no descriptors, no memory: the pace tries again */
        }
    end_if_idle(r);
}

static void on_pace(struct rp_timer *timer)
{
    struct run *r = timer->arg;

    start_next(r);
    if (!all_started(r))
        rp_timer_start(r->loop, timer, r->rate > 0 ? 1 : 100);
}

static void on_stop(struct rp_timer *timer)
{
    struct run *r = timer->arg;

    r->over = true;
    end_if_idle(r);
}

static void on_interrupt(struct rp_signal *signal, int signum)
{
    struct run *r = signal->arg;

    (void)signum;
    if (r->over)
        rp_loop_stop(r->loop);
    r->over = true;
    end_if_idle(r);
}

static char *read_file(const char *path, struct rp_error *err)
{
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    char *text = calloc(1, FILE_MOST + 1);

    if (path != NULL && (file == NULL || text == NULL || fread(text, 1, FILE_MOST, file) == 0)) {
        rp_error_set(err, "ENOENT", "%s: it can't be read", path);
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    return text;
}

static bool make_context(struct run *r, struct rp_error *err)
{
    const struct load_options *o = r->o;
    char *ca = read_file(o->ca, err), *cert = read_file(o->cert, err);
    char *key = read_file(o->key, err);
    struct rp_pem ca_pem = {.bytes = ca}, cert_pem = {.bytes = cert}, key_pem = {.bytes = key};
    struct rp_secure_context_options options = {.ca = &ca_pem,
                                                .ca_count = o->ca != NULL,
                                                .empty_ca = o->ca == NULL,
                                                .cert = &cert_pem,
                                                .cert_count = o->cert != NULL,
                                                .key = &key_pem,
                                                .key_count = o->key != NULL,
                                                .min_version = o->tls,
                                                .max_version = o->tls,
                                                .tickets = o->by_id ? RP_OFF : RP_DEFAULT};

    if (ca != NULL && cert != NULL && key != NULL)
        r->context = rp_secure_context_new(&options, err);
    if (key != NULL)
        explicit_bzero(key, FILE_MOST);
    free(key);
    free(cert);
    free(ca);
    return r->context != NULL;
}

static bool prepare(struct run *r, unsigned share, struct rp_error *err)
{
    const struct load_options *o = r->o;
    unsigned n = o->processes;
    const char *host = o->sni_count > 0 ? o->sni[0] : "localhost";

    r->random = o->seed + share * 0x632be59bd9b4e019u;
    r->slot_count = o->concurrency / n + (share < o->concurrency % n);
    r->count = o->count / n + (share < o->count % n);
    r->rate = o->rate / n;
    snprintf(r->request, sizeof r->request, "GET %s HTTP/1.1\r\nHost: %.256s\r\n\r\n",
             o->path != NULL ? o->path : "/", host);
    snprintf(r->last_request, sizeof r->last_request,
             "GET %s HTTP/1.1\r\nHost: %.256s\r\nConnection: close\r\n\r\n",
             o->path != NULL ? o->path : "/", host);
    r->sessions = load_sessions_new(o->target_count, o->sni_count > 0 ? o->sni_count : 1);
    r->slots = calloc(r->slot_count, sizeof *r->slots);
    r->loop = rp_loop_new(err);
    if (r->sessions == NULL || r->slots == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for %u connections", r->slot_count);
    for (unsigned i = 0; i < r->slot_count; i++) {
        r->slots[i].run = r;
        r->slots[i].next = r->idle;
        r->idle = &r->slots[i];
    }
    return r->loop != NULL && make_context(r, err);
}

static void dispose(struct run *r)
{
    for (unsigned i = 0; r->slots != NULL && i < r->slot_count; i++)
        load_session_clear(&r->slots[i].session);
    rp_secure_context_unref(r->context);
    rp_loop_free(r->loop);
    load_sessions_free(r->sessions);
    free(r->slots);
}

/* Connections that an interrupt cut off. */
static void abandon(struct run *r)
{
    for (unsigned i = 0; i < r->slot_count; i++)
        if (r->slots[i].socket != NULL) {
            r->slots[i].done = true;
            rp_stream_destroy(rp_socket_stream(r->slots[i].socket), NULL);
        }
    while (r->active > 0)
        rp_loop_turn(r->loop, false);
}

static void drive(struct run *r)
{
    uint64_t finished;
    struct rusage usage;

    r->begun_us = now_us();
    r->stop = (struct rp_timer){.fire = on_stop, .arg = r};
    r->pace = (struct rp_timer){.fire = on_pace, .arg = r};
    r->interrupt = (struct rp_signal){.fire = on_interrupt, .arg = r};
    rp_signal_start(r->loop, &r->interrupt, 2);
    if (r->o->duration_ms > 0)
        rp_timer_start(r->loop, &r->stop, r->o->duration_ms);
    rp_timer_start(r->loop, &r->pace, 1);
    start_next(r);
    rp_loop_run(r->loop);
    finished = now_us();
    rp_timer_stop(&r->stop);
    rp_timer_stop(&r->pace);
    rp_signal_stop(&r->interrupt);
    abandon(r);
    getrusage(RUSAGE_SELF, &usage);
    r->stats->elapsed_us = finished - r->begun_us;
    r->stats->cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

bool load_run(const struct load_options *o, unsigned share, struct load_stats *stats,
              struct rp_error *err)
{
    struct run *r = calloc(1, sizeof *r);
    bool ok;

    if (r == NULL)
        return rp_error_set(err, "ENOMEM", "no memory");
    r->o = o;
    r->stats = stats;
    ok = prepare(r, share, err);
    if (ok)
        drive(r);
    dispose(r);
    free(r);
    return ok;
}
