/* SPDX-License-Identifier: MIT
 *
 * request.c - the questions of a handshake (I3, I4, J4, J14), answered at once, later, twice,
 * never, and after everybody has gone. */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

enum question { CONTEXT, RESUME, STORE, STAPLE, QUESTIONS };
enum manner { NOW, LATER, TWICE, NEVER, FAIL, TOO_LATE, MANNERS };
enum { ALL = QUESTIONS * MANNERS };

static enum question asked_for;
static enum manner manner;
static struct rp_request *kept;
static struct rp_timer timer;
static struct rp_secure_context *other;
static unsigned asked;
static bool first, second, refused_after;
static uint8_t session[16384];
static size_t session_len;

static bool give(struct rp_request *r)
{
    struct rp_error error;

    if (manner == FAIL) {
        rp_error_set(&error, "ERR_MINE", "no answer today");
        return rp_request_fail(r, &error);
    }
    switch (asked_for) {
    case CONTEXT:
        return rp_request_answer_context(r, other);
    case STORE:
        return rp_request_done(r);
    case STAPLE:
        return rp_request_answer(r, (const uint8_t *)"staple", 6);
    default:
        return rp_request_answer(r, NULL, 0);
    }
}

static void on_timer(struct rp_timer *t)
{
    (void)t;
    first = give(kept);
    if (manner == TWICE)
        second = give(kept);
}

/* What a listener does with a question. */
static void treat(struct rp_request *r)
{
    asked++;
    switch (manner) {
    case NOW:
        first = give(r);
        break;
    case FAIL:
    case LATER:
    case TWICE:
        kept = rp_request_ref(r);
        timer.fire = on_timer;
        rp_timer_start(linked.loop, &timer, 1);
        break;
    default: /* kept, and not answered in time */
        kept = rp_request_ref(r);
    }
}

static struct rp_secure_context *on_name(struct rp_socket *s, const char *name,
                                         struct rp_request *r, void *arg)
{
    (void)s, (void)name, (void)arg;
    treat(r);
    return NULL;
}

static void on_question(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_NEW_SESSION && asked_for != STORE)
        rp_request_done(e->new_session.request);
    else
        treat(e->type == RP_EV_NEW_SESSION      ? e->new_session.request
              : e->type == RP_EV_RESUME_SESSION ? e->resume_session.request
                                                : e->ocsp_request.request);
}

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    session_len = e->data.len < sizeof session ? e->data.len : 0;
    memcpy(session, e->data.bytes, session_len);
}

/* An id that somebody could know: from a connection before. */
static void take_a_session(void)
{
    link_prepare();
    linked.server_tls.tickets = RP_OFF;
    linked.client_tls.max_version = "TLSv1.2";
    link_listen();
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SESSION, on_session, NULL);
    link_run(link_is_open);
    link_close();
    ck_assert_uint_gt(session_len, 0);
}

static void prepare(void)
{
    link_prepare();
    kept = NULL;
    asked = 0;
    first = second = refused_after = false;
    linked.server_tls.tickets = RP_OFF;
    linked.client_tls.max_version = "TLSv1.2";
    linked.server_options.handshake_timeout_ms = manner == NEVER ? 100 : 0;
    if (asked_for == CONTEXT)
        linked.server_options.sni_callback = on_name;
    linked.options.request_ocsp = asked_for == STAPLE;
    if (asked_for == RESUME)
        linked.options.session = (struct rp_bytes){session, session_len};
    linked.options.session_anywhere = true; /* the certificate is another one by now */
    other = rp_secure_context_new(&linked.server_tls, NULL);
    ck_assert_ptr_nonnull(other);
}

static bool is_over(void)
{
    return link_is_open() && (!linked.client_closed || linked.server_error.code[0] != '\0');
}

static bool is_asked(void)
{
    return kept != NULL;
}

static void begin(void)
{
    static const enum rp_event_type events[] = {[RESUME] = RP_EV_RESUME_SESSION,
                                                [STORE] = RP_EV_NEW_SESSION,
                                                [STAPLE] = RP_EV_OCSP_REQUEST};

    link_listen();
    if (asked_for != CONTEXT)
        rp_server_on(linked.server, events[asked_for], on_question, NULL);
    link_connect();
}

START_TEST(questions_may_be_answered_at_any_time)
{
    asked_for = (enum question)(_i / MANNERS);
    manner = (enum manner)(_i % MANNERS);
    if (asked_for == RESUME)
        take_a_session();
    prepare();
    begin();
    if (manner == TOO_LATE) { /* the client goes while we think; the answer finds nobody */
        link_run(is_asked);
        rp_stream_destroy(rp_socket_stream(linked.client), NULL);
        rp_server_close(linked.server);
        first = give(kept);
        link_run(link_is_closed);
        ck_assert(!give(kept));
        ck_assert(!rp_request_pending(kept));
    } else {
        link_run(is_over);
        ck_assert_int_eq(linked.connected, manner == NOW || manner == LATER || manner == TWICE);
        ck_assert_uint_eq(asked, 1);
        ck_assert_int_eq(first, manner != NEVER);
        ck_assert(!second);
        if (manner == NEVER)
            ck_assert_str_eq(linked.server_error.code, "ERR_TLS_HANDSHAKE_TIMEOUT");
        if (manner == FAIL)
            ck_assert_str_eq(linked.server_error.code, "ERR_MINE");
        if (kept != NULL)
            ck_assert(!give(kept)); /* once more, and it has no effect */
    }
    rp_request_unref(kept);
    rp_secure_context_unref(other);
    if (manner == TOO_LATE) {
        rp_stream_unref(rp_socket_stream(linked.client));
        if (linked.accepted != NULL)
            rp_stream_unref(rp_socket_stream(linked.accepted));
        rp_server_free(linked.server);
        rp_loop_free(linked.loop);
        cert_free(&linked.leaf);
    } else {
        link_close();
    }
}
END_TEST

/* A question that nobody keeps is answered with "none". */
START_TEST(question_that_nobody_keeps_does_not_stop_the_handshake)
{
    asked_for = STAPLE;
    manner = NOW;
    prepare();
    link_listen();
    linked.options.request_ocsp = true;
    link_connect();
    link_run(link_is_open);
    ck_assert(linked.connected);
    rp_secure_context_unref(other);
    link_close();
}
END_TEST

/* -- every event may destroy the socket it tells of */

static enum rp_event_type fatal;
static unsigned told, closes[2];

static void on_fatal(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_NEW_SESSION || e->type == RP_EV_RESUME_SESSION ||
        e->type == RP_EV_OCSP_REQUEST) /* their sockets are the server's */
        rp_stream_destroy(rp_socket_stream(e->new_session.socket), NULL);
    else if (e->type == RP_EV_SECURE_CONNECTION)
        rp_stream_destroy(rp_socket_stream(e->secure_connection.socket), NULL);
    else if (e->type == RP_EV_TLS_CLIENT_ERROR)
        rp_stream_destroy(rp_socket_stream(e->tls_client_error.socket), NULL);
    else if (e->type == RP_EV_KEYLOG)
        rp_stream_destroy(rp_socket_stream(e->keylog.socket), NULL);
    else
        rp_stream_destroy(e->target, NULL);
    told++;
}

static void on_any_close(const struct rp_event *e, void *arg)
{
    (void)e;
    closes[(uintptr_t)arg]++;
}

static void on_accepted(const struct rp_event *e, void *arg)
{
    struct rp_stream *s = rp_socket_stream(e->secure_connection.socket);

    (void)arg;
    rp_stream_on(s, RP_EV_CLOSE, on_any_close, (void *)1);
    rp_stream_write(s, "hello", 5);
    rp_stream_end(s);
}

static const enum rp_event_type of_client[] = {
    RP_EV_CONNECT, RP_EV_READY, RP_EV_KEYLOG, RP_EV_SECURE,        RP_EV_SECURE_CONNECT,
    RP_EV_SESSION, RP_EV_DATA,  RP_EV_END,    RP_EV_OCSP_RESPONSE, RP_EV_FINISH,
};
static const enum rp_event_type of_server[] = {
    RP_EV_KEYLOG,
    RP_EV_SECURE_CONNECTION,
    RP_EV_NEW_SESSION,
    RP_EV_OCSP_REQUEST,
};
enum {
    OF_CLIENT = sizeof of_client / sizeof *of_client,
    OF_SERVER = sizeof of_server / sizeof *of_server
};
static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};

static bool is_told(void)
{
    return told > 0 && linked.client_closed;
}

static void prepare_fatal(int i)
{
    link_prepare();
    told = 0;
    memset(closes, 0, sizeof closes);
    linked.client_tls.max_version = versions[i % 2];
    linked.options.request_ocsp = true;
}

START_TEST(event_of_a_client_may_destroy_it)
{
    prepare_fatal(_i);
    fatal = of_client[_i / 2];
    link_listen();
    rp_server_prepend(linked.server, RP_EV_SECURE_CONNECTION, on_accepted, NULL);
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), fatal, on_fatal, NULL);
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_CLOSE, on_any_close, NULL);
    link_run(is_told);
    link_close();
    ck_assert_uint_ge(told, 1);
    ck_assert_uint_eq(closes[0], 1);
    ck_assert_uint_le(closes[1], 1);
}
END_TEST

START_TEST(event_of_a_server_may_destroy_its_socket)
{
    prepare_fatal(_i);
    fatal = of_server[_i / 2];
    if (_i % 2 == 0 || fatal == RP_EV_NEW_SESSION)
        linked.server_tls.tickets = RP_OFF;
    link_listen();
    rp_server_prepend(linked.server, RP_EV_SECURE_CONNECTION, on_accepted, NULL);
    rp_server_on(linked.server, fatal, on_fatal, NULL);
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_CLOSE, on_any_close, NULL);
    link_run(is_told);
    link_close();
    ck_assert_uint_ge(told, 1);
    ck_assert_uint_eq(closes[0], 1);
    ck_assert_uint_le(closes[1], 1);
}
END_TEST

/* Nobody could be told of the connection, so nobody could ever destroy it. */
static struct rp_secure_context *on_name_give_up(struct rp_socket *s, const char *name,
                                                 struct rp_request *r, void *arg)
{
    (void)name, (void)r, (void)arg;
    linked.accepted = s;
    rp_stream_ref(rp_socket_stream(s));
    rp_stream_on(rp_socket_stream(s), RP_EV_CLOSE, on_any_close, (void *)1);
    rp_server_free(linked.server);
    linked.server = NULL;
    return NULL;
}

static bool is_closed_at_both_ends(void)
{
    return linked.client_closed && closes[1] == 1;
}

START_TEST(connection_of_a_server_that_was_given_up_is_destroyed)
{
    prepare_fatal(_i);
    linked.server_options.sni_callback = on_name_give_up;
    linked.server_options.stream.allow_half_open = linked.server_options.pause_on_connect = true;
    link_listen();
    link_connect();
    link_run(is_closed_at_both_ends);
    rp_stream_unref(rp_socket_stream(linked.client));
    rp_stream_unref(rp_socket_stream(linked.accepted));
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}
END_TEST

/* -- N7: an end behind a session that is stored late */

static char heard[16];
static bool heard_end;

static void on_kept(const struct rp_event *e, void *arg)
{
    (void)arg;
    kept = rp_request_ref(e->new_session.request);
}

static void on_farewell(const struct rp_event *e, void *arg)
{
    struct rp_stream *s = rp_socket_stream(e->secure_connection.socket);

    (void)arg;
    rp_stream_write(s, "farewell", 8);
    rp_stream_end(s);
}

static void on_heard(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_END) {
        heard_end = true;
    } else {
        ck_assert(!heard_end);
        ck_assert_uint_lt(strlen(heard) + e->data.len, sizeof heard);
        strncat(heard, (const char *)e->data.bytes, e->data.len);
    }
}

static bool is_heard(void)
{
    return heard_end;
}

START_TEST(end_does_not_overtake_what_waits_for_a_session)
{
    link_prepare();
    kept = NULL;
    heard[0] = '\0';
    heard_end = false;
    linked.server_tls.tickets = RP_OFF;
    linked.client_tls.max_version = versions[_i];
    link_listen();
    rp_server_on(linked.server, RP_EV_NEW_SESSION, on_kept, NULL);
    rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, on_farewell, NULL);
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_DATA, on_heard, NULL);
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_END, on_heard, NULL);
    link_run(is_asked);
    for (int i = 0; i < 20; i++)
        rp_loop_turn(linked.loop, false);
    ck_assert(!heard_end);
    rp_request_done(kept);
    rp_request_unref(kept);
    link_run(is_heard);
    ck_assert_str_eq(heard, "farewell");
    link_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_async");
    TCase *tc = tcase_create("async");

    tcase_add_loop_test(tc, questions_may_be_answered_at_any_time, 0, ALL);
    tcase_add_test(tc, question_that_nobody_keeps_does_not_stop_the_handshake);
    tcase_add_loop_test(tc, event_of_a_client_may_destroy_it, 0, 2 * OF_CLIENT);
    tcase_add_loop_test(tc, event_of_a_server_may_destroy_its_socket, 0, 2 * OF_SERVER);
    tcase_add_loop_test(tc, end_does_not_overtake_what_waits_for_a_session, 0, 2);
    tcase_add_loop_test(tc, connection_of_a_server_that_was_given_up_is_destroyed, 0, 2);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
