/* SPDX-License-Identifier: MIT
 *
 * connection.c - one connection of the load, from the offered session to the result. The danger:
 * each connection must be counted exactly once, as successful or failed, in whatever order events
 * arrive. */
#include "contrib/load/run/run.h"
#include "contrib/tools/tool_io.h"

#include <stdlib.h>
#include <string.h>

enum { LINGER_MS = 100 };

static struct rp_stream *stream_of(const struct slot *s)
{
    return rp_socket_stream(s->socket);
}

/* -- results */

static void fail(struct slot *s, const struct load_reason *reason)
{
    if (s->done)
        return;
    s->done = s->failed = true;
    if (!s->heard)
        histogram_record(&s->run->stats->arrivals_us, load_now_us() - s->due_us);
    s->run->stats->failed++;
    s->run->stats->by_class[reason->class]++;
    load_slices_failed(s->run);
    load_stats_reason(s->run->stats, reason);
}

static void fail_saying(struct slot *s, const char *text, enum load_class class)
{
    struct load_reason reason = {.class = class, .count = 1};

    snprintf(reason.text, sizeof reason.text, "%s", text);
    fail(s, &reason);
}

static void fail_and_destroy(struct slot *s, const char *text, enum load_class class)
{
    fail_saying(s, text, class);
    rp_stream_destroy(stream_of(s), NULL);
}

void load_connection_cut(struct slot *s, const char *why, enum load_class class)
{
    fail_saying(s, why, class);
    rp_stream_destroy(stream_of(s), NULL);
}

bool load_connection_is_stuck(const struct slot *s, uint64_t now_us)
{
    return s->socket != NULL && !s->secure && !s->done &&
           now_us - s->begun_us > s->run->o->timeout_ms * 1000;
}

/* The first byte of the response has arrived, or without requests the handshake is complete. */
static void on_first_byte(struct slot *s)
{
    struct load_stats *stats = s->run->stats;
    uint64_t took = load_now_us() - s->due_us;
    bool declined = s->offers && !s->resumed;

    s->heard = true;
    histogram_record(declined ? &stats->declined_us : &stats->first_byte_us[s->kind], took);
    histogram_record(&stats->arrivals_us, took);
}

static void count_handshake(struct slot *s)
{
    struct load_stats *stats = s->run->stats;
    uint64_t took = load_now_us() - s->due_us;
    bool declined = s->offers && !s->resumed;

    stats->by_kind[s->kind]++;
    histogram_record(&stats->handshake_us[s->kind], took);
    stats->resumed += s->resumed;
    stats->full += !s->resumed;
    stats->declined += declined;
    load_slices_handshake(s->run, s->resumed, declined, took);
    if (s->offers && s->resumed) {
        stats->resumed_by[s->kind] += s->kind == s->asked_kind;
        stats->resumed_at[s->origin][s->target]++;
    }
}

/* -- offering a session */

static unsigned client_of(const struct slot *s)
{
    return s->name * 2 + s->version;
}

/* By default a TLS 1.3 ticket is used once: reuse links connections (RFC 8446 appendix C.4). */
static unsigned uses_of(const struct run *r, const struct slot *s)
{
    const char *version = r->o->versions[s->version];

    if (r->o->uses >= 0)
        return (unsigned)r->o->uses;
    return version != NULL && strcmp(version, "TLSv1.2") == 0 ? 0 : 1;
}

static void count_offer(struct slot *s)
{
    struct load_stats *stats = s->run->stats;
    uint64_t age_ms =
        s->offered.handle != NULL ? rp_loop_now(s->run->loop) - s->offered.born_ms : 0;

    s->offers = true;
    s->asked_kind = s->kind;
    stats->offered++;
    stats->offered_by[s->kind]++;
    stats->offered_at[s->origin][s->target]++;
    stats->age_ms += age_ms;
    if (age_ms > stats->oldest_ms)
        stats->oldest_ms = age_ms;
}

/* Count an offer when the transport is connected: an unreachable host has declined nothing. */
static void on_connect(struct slot *s)
{
    if (s->kind != KIND_FULL)
        count_offer(s);
}

/* A single-use session that was never sent can be offered again. */
static void end_offer(struct slot *s)
{
    struct run *r = s->run;

    if (s->offers && !s->secure)
        r->stats->offered_failed++;
    if (!s->offers && s->offered.handle != NULL && uses_of(r, s) == 1)
        load_sessions_give_back(r->sessions, s->origin, client_of(s), &s->offered);
    load_session_clear(&s->offered);
}

/* -- the end of a connection */

static bool is_13(const struct rp_session *session)
{
    return rp_session_protocol(session)[6] == '3'; /* TLSv1.3 */
}

/* The number of sessions that such a connection receives, as observed so far; 0: unknown. */
static unsigned *usual_count(const struct slot *s)
{
    return &s->run->usual[s->target][s->version][s->resumed];
}

/* Whether to wait for a further session that could be offered later. A TLS 1.3 server sends each
 * ticket separately, and does not announce their number. */
static bool waits_for_session(const struct slot *s)
{
    const struct run *r = s->run;

    if (r->o->resume <= 0 || r->o->mechanism == KIND_PSK || s->fresh_count == FRESH_MOST)
        return false;
    if (s->fresh_count > 0)
        return r->o->uses != 0 && is_13(s->fresh[0].handle) &&
               (*usual_count(s) == 0 || s->fresh_count < *usual_count(s));
    return !s->resumed || (r->o->uses != 0 && is_13(s->offered.handle));
}

static void note_usual_count(const struct slot *s)
{
    if (s->secure && !s->failed && s->fresh_count > *usual_count(s))
        *usual_count(s) = s->fresh_count;
}

static void leave(struct slot *s)
{
    if (s->run->o->ending == ENDING_NOW)
        rp_stream_destroy_soon(stream_of(s));
    else if (s->run->o->ending == ENDING_RESET)
        rp_stream_reset_and_destroy(stream_of(s));
    else
        rp_stream_end(stream_of(s));
}

/* Continue reading for a while, but do not wait for a server that never ends. */
static void linger(struct slot *s)
{
    rp_stream_end(stream_of(s));
    if (s->fresh_count > 0 && s->run->o->ending != ENDING_WAIT)
        rp_stream_set_timeout(stream_of(s), LINGER_MS);
}

static void finish(struct slot *s)
{
    s->done = true;
    if (waits_for_session(s))
        linger(s);
    else
        leave(s);
}

/* -- requests */

static bool say(struct slot *s, const void *bytes, size_t len)
{
    load_slices_bytes(s->run, len);
    return rp_stream_write(stream_of(s), bytes, len);
}

static void send_body(struct slot *s)
{
    while (s->unsent > 0) {
        size_t len = s->unsent < WORDS_BLOCK ? (size_t)s->unsent : WORDS_BLOCK;

        s->unsent -= len;
        if (!say(s, load_words_block(), len))
            return; /* continued at DRAIN */
    }
}

static void ask(struct slot *s)
{
    const struct load_options *o = s->run->o;
    const struct load_words *w = load_words_of(s);
    bool last = s->requests + 1 == o->requests;

    s->asks = true;
    load_response_begin(&s->response);
    s->asked_us = load_now_us();
    s->unsent = s->awaited = o->upload;
    if (o->talk == TALK_HTTP)
        say(s, last ? w->last : w->text, last ? w->last_len : w->len);
    send_body(s);
}

static void on_answered(struct slot *s)
{
    struct run *r = s->run;
    uint64_t wanted = r->o->download;

    if (wanted > 0 && s->response.body != wanted) {
        fail_and_destroy(s, "response body of the wrong length", CLASS_OTHER);
        return;
    }
    if (s->kind != KIND_EARLY || s->requests > 0) /* for 0-RTT the time includes the handshake */
        histogram_record(&r->stats->request_us, load_now_us() - s->asked_us);
    if (r->o->talk == TALK_HTTP)
        r->stats->by_status[s->response.status / 100]++;
    r->stats->requests++;
    load_slices_request(r);
    s->requests++;
    if (s->requests < r->o->requests && !r->over && !s->response.closes)
        ask(s);
    else
        finish(s);
}

static void on_echo(struct slot *s, size_t len)
{
    if (len > s->awaited) {
        fail_and_destroy(s, "echo longer than the data sent", CLASS_OTHER);
        return;
    }
    s->awaited -= len;
    if (s->awaited == 0)
        on_answered(s);
}

static void on_data(struct slot *s, const uint8_t *bytes, size_t len)
{
    load_slices_bytes(s->run, len);
    if (s->done || s->run->o->talk == TALK_NOTHING)
        return;
    if (!s->heard)
        on_first_byte(s);
    if (s->run->o->talk == TALK_ECHO) {
        on_echo(s, len);
        return;
    }
    switch (load_response_feed(&s->response, bytes, len)) {
    case RESPONSE_DONE:
        on_answered(s);
        break;
    case RESPONSE_BAD:
        fail_and_destroy(s, "not an HTTP response", CLASS_OTHER);
        break;
    case RESPONSE_MORE:
        break;
    }
}

/* -- the handshake */

static enum load_kind kind_of_session(const struct rp_session *session)
{
    size_t ticket = rp_session_ticket(session, NULL);

    if (is_13(session))
        return ticket <= 32 ? KIND_STATEFUL : KIND_TICKET;
    return ticket > 0 ? KIND_TICKET : KIND_ID;
}

/* Whether a pre-shared key was used; TLS 1.2 does not report that as a resumption. */
static bool agreed_on_key(const struct slot *s)
{
    struct rp_cipher_info cipher;

    if (s->run->o->mechanism != KIND_PSK)
        return false;
    return rp_socket_session_reused(s->socket) ||
           (rp_socket_cipher(s->socket, &cipher) && strstr(cipher.name, "PSK") != NULL);
}

/* If early data was not accepted, the ticket alone was used. */
static void judge_early_data(struct slot *s)
{
    enum rp_early_data fate = rp_socket_early_data(s->socket);

    s->run->stats->early[fate]++;
    if (fate != RP_EARLY_DATA_ACCEPTED)
        s->kind = kind_of_session(s->offered.handle);
}

static void on_secure(struct slot *s)
{
    struct run *r = s->run;

    s->secure = true;
    if (s->kind == KIND_EARLY)
        judge_early_data(s);
    s->resumed =
        agreed_on_key(s) || (s->offered.handle != NULL && rp_socket_session_reused(s->socket));
    if (!s->resumed) {
        s->kind = KIND_FULL;
        if (s->offered.handle != NULL)
            load_sessions_drop(r->sessions, s->origin, client_of(s), s->offered.handle);
    }
    count_handshake(s);
    load_negotiated_note(r->stats, s->socket);
    if (r->o->talk == TALK_NOTHING) {
        on_first_byte(s);
        finish(s);
    } else if (!s->asks) {
        ask(s);
    }
}

static void forget_oldest(struct slot *s)
{
    load_session_clear(&s->fresh[0]);
    memmove(s->fresh, s->fresh + 1, --s->fresh_count * sizeof *s->fresh);
}

/* Store a session; a TLS 1.3 server sends one for each ticket. */
static void on_session(struct slot *s, const struct rp_event *event)
{
    if (s->fresh_count == FRESH_MOST)
        forget_oldest(s);
    s->run->stats->given++;
    s->fresh[s->fresh_count++] = (struct load_session){
        .handle = rp_session_ref(event->session.handle), .born_ms = rp_loop_now(s->run->loop)};
    if (s->done)
        finish(s);
}

/* A session without a limit of uses needs no replacement. */
static void keep_sessions(struct slot *s)
{
    bool keep = s->secure && (!s->resumed || s->run->o->uses != 0);

    for (unsigned i = 0; i < s->fresh_count; i++)
        if (keep)
            load_sessions_put(s->run->sessions, s->target, client_of(s), &s->fresh[i]);
        else
            load_session_clear(&s->fresh[i]);
    s->fresh_count = 0;
}

/* -- events */

static void on_close(struct slot *s)
{
    struct run *r = s->run;
    struct rp_stream *stream = stream_of(s);

    if (!s->done && s->secure && s->response.state == RESPONSE_UNTIL_END)
        on_answered(s);
    fail_saying(s, "closed early", CLASS_RESET);
    r->stats->bytes_read += rp_stream_bytes_read(stream);
    r->stats->bytes_written += rp_stream_bytes_written(stream);
    note_usual_count(s);
    keep_sessions(s);
    end_offer(s);
    rp_stream_unref(stream);
    s->socket = NULL;
    load_run_freed(s);
    load_run_next(r);
}

/* An alert of a TLS 1.3 server may arrive when the connection already counts as done: the server
 * verifies the client's certificate after the client's handshake is complete. */
static void on_error(struct slot *s, const struct rp_error *error)
{
    struct load_reason reason;

    load_reason_of(error, &reason);
    if (s->secure && !s->failed && reason.class == CLASS_ALERT)
        s->done = false;
    fail(s, &reason);
}

static void on_event(const struct rp_event *event, void *arg)
{
    struct slot *s = arg;

    switch (event->type) {
    case RP_EV_CONNECT:
        on_connect(s);
        break;
    case RP_EV_SECURE_CONNECT:
        on_secure(s);
        break;
    case RP_EV_SESSION:
        on_session(s, event);
        break;
    case RP_EV_DATA:
        on_data(s, event->data.bytes, event->data.len);
        break;
    case RP_EV_DRAIN:
        send_body(s);
        break;
    case RP_EV_TIMEOUT:
        fail_and_destroy(s, "timeout", CLASS_TIMEOUT);
        break;
    case RP_EV_ERROR:
        on_error(s, event->error.error);
        break;
    case RP_EV_KEYLOG:
        tool_keylog_write(event->keylog.line, event->keylog.len);
        break;
    case RP_EV_CLOSE:
        on_close(s);
        break;
    default:
        break;
    }
}

/* -- starting a connection */

static unsigned origin_of(struct run *r, unsigned target)
{
    unsigned hosts = r->o->target_count;

    if (r->o->origin == ORIGIN_SAME)
        return target;
    if (r->o->origin == ORIGIN_OTHER)
        return (target + 1 + load_random_below(r, hosts - 1)) % hosts;
    return load_random_below(r, hosts);
}

static void choose_session(struct slot *s)
{
    struct run *r = s->run;
    struct load_wish wish = {.now = rp_loop_now(r->loop),
                             .min_age_ms = r->o->min_age_ms,
                             .max_age_ms = r->o->max_age_ms,
                             .uses = uses_of(r, s)};

    s->origin = s->target;
    if (load_random(r) * 100 >= r->o->resume)
        return;
    if (r->o->mechanism == KIND_PSK) {
        s->kind = KIND_PSK;
        return;
    }
    s->origin = origin_of(r, s->target);
    if (!load_sessions_take(r->sessions, s->origin, client_of(s), &wish, &s->offered))
        return;
    s->kind = r->o->mechanism == KIND_EARLY ? KIND_EARLY : kind_of_session(s->offered.handle);
}

/* Select the targets in turn; after all targets the next name; then the next version. */
static void choose(struct slot *s)
{
    struct run *r = s->run;
    uint64_t turn = r->turn++;

    s->target = (unsigned)(turn % r->o->target_count);
    turn /= r->o->target_count;
    s->name = r->o->sni_count > 0 ? (unsigned)(turn % r->o->sni_count) : 0;
    turn /= r->o->sni_count > 0 ? r->o->sni_count : 1;
    s->version = (unsigned)(turn % r->o->version_count);
    s->kind = KIND_FULL;
    s->offers = s->resumed = s->secure = s->done = s->failed = s->asks = s->heard = false;
    s->requests = 0;
    s->unsent = 0;
    load_response_begin(&s->response);
    choose_session(s);
}

bool load_connection_begin(struct slot *s, uint64_t due_us)
{
    struct rp_error err;

    s->due_us = due_us;
    s->begun_us = load_now_us();
    choose(s);
    if (load_connection_open(s, on_event, &err)) {
        if (s->kind == KIND_EARLY)
            ask(s); /* in this iteration, so that it is sent with the ClientHello */
        return true;
    }
    on_error(s, &err);
    end_offer(s);
    load_run_freed(s);
    return false;
}
