/* SPDX-License-Identifier: MIT
 *
 * early.c - early data: asked about once for each flight, answered at any time, read once and
 * in order whatever the answer is, and never taken where it must not be. */
#include "tests/unit/flight.h"
#include "tests/unit/unit.h"

enum kind { TICKET, STATEFUL, KINDS };
enum manner { NOW, LATER, TWICE, FORGOTTEN, MANNERS };
enum { BIG = 40000 };

static enum kind kind;
static enum manner manner;
static bool accepts, answered, answered_again;
static struct rp_request *kept;
static struct rp_timer timer;
static unsigned asked;
static uint8_t offered_id[32];
static uint8_t session[16384], stored[16384], binder[64];
static size_t session_len, stored_len, binder_len;

/* What the server read, and how much of it before the handshake was confirmed. */
static struct {
    uint8_t bytes[BIG + 1];
    size_t len, early;
    bool opened, secured, secured_first, ended;
    enum rp_early_data early_data;
    struct rp_error error;
} heard;
static char got[64];
static size_t got_len;

/* -- the server's side */

static bool answer(void)
{
    return rp_request_answer_early_data(kept, accepts);
}

static void on_timer(struct rp_timer *t)
{
    (void)t;
    answered = answer();
    if (manner == TWICE)
        answered_again = answer();
}

static void on_early_data(const struct rp_event *e, void *arg)
{
    (void)arg;
    asked++;
    binder_len = e->early_data.binder_len;
    ck_assert_uint_le(binder_len, sizeof binder);
    memcpy(binder, e->early_data.binder, binder_len);
    if (manner == FORGOTTEN)
        return;
    rp_request_unref(kept);
    kept = rp_request_ref(e->early_data.request);
    if (manner == NOW) {
        answered = answer();
        return;
    }
    timer.fire = on_timer;
    rp_timer_start(linked.loop, &timer, 1);
}

static void on_store(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_NEW_SESSION) {
        stored_len = e->new_session.session_len;
        ck_assert_uint_le(stored_len, sizeof stored);
        memcpy(stored, e->new_session.session, stored_len);
        rp_request_done(e->new_session.request);
    } else {
        ck_assert_uint_eq(e->resume_session.id_len, sizeof offered_id);
        memcpy(offered_id, e->resume_session.id, sizeof offered_id);
        rp_request_answer(e->resume_session.request, stored, stored_len);
    }
}

static void on_server_stream(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = e->target;
    const struct rp_socket *socket = rp_socket_from_stream(stream);

    (void)arg;
    if (e->type == RP_EV_SECURE) {
        heard.secured = true;
        ck_assert(rp_socket_handshake_confirmed(socket));
    } else if (e->type == RP_EV_ERROR) {
        heard.error = *e->error.error;
    } else if (e->type == RP_EV_END) {
        heard.ended = true;
    } else if (e->type == RP_EV_DATA) {
        ck_assert_uint_le(heard.len + e->data.len, sizeof heard.bytes);
        memcpy(heard.bytes + heard.len, e->data.bytes, e->data.len);
        heard.len += e->data.len;
        heard.early += rp_socket_handshake_confirmed(socket) ? 0 : e->data.len;
        rp_stream_write(stream, "!", 1);
    }
}

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_socket *socket = e->secure_connection.socket;

    (void)arg;
    heard.opened = true;
    heard.secured_first = rp_socket_handshake_confirmed(socket);
    heard.early_data = rp_socket_early_data(socket);
    rp_stream_listen(rp_socket_stream(socket),
                     RP_EVENT_BIT(RP_EV_SECURE) | RP_EVENT_BIT(RP_EV_DATA) |
                         RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_END),
                     on_server_stream, NULL);
}

/* -- the client's side */

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    session_len = e->data.len < sizeof session ? e->data.len : 0;
    memcpy(session, e->data.bytes, session_len);
}

static void on_answer(const struct rp_event *e, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < e->data.len && got_len < sizeof got; i++)
        got[got_len++] = (char)e->data.bytes[i];
}

static bool has_session(void)
{
    return link_is_open() && session_len > 0;
}

static void prepare(void)
{
    link_prepare();
    asked = 0;
    accepts = true;
    answered = answered_again = false;
    kept = NULL;
    session_len = stored_len = got_len = 0;
    memset(&heard, 0, sizeof heard);
    linked.server_tls.max_early_data = 16384;
    linked.server_tls.tickets = kind == STATEFUL ? RP_OFF : RP_DEFAULT;
}

static void listen_for(bool early_data)
{
    link_listen();
    rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    if (early_data)
        rp_server_on(linked.server, RP_EV_EARLY_DATA, on_early_data, NULL);
    if (kind == STATEFUL) {
        rp_server_on(linked.server, RP_EV_NEW_SESSION, on_store, NULL);
        rp_server_on(linked.server, RP_EV_RESUME_SESSION, on_store, NULL);
    }
}

static bool both_closed(void)
{
    return linked.client_closed && linked.accepted_closed;
}

static void let_go(void)
{
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    rp_stream_destroy(rp_socket_stream(linked.accepted), NULL);
    link_run(both_closed);
    rp_stream_unref(rp_socket_stream(linked.client));
    rp_stream_unref(rp_socket_stream(linked.accepted));
    linked.client = linked.accepted = NULL;
    linked.connected = linked.client_closed = linked.accepted_closed = false;
}

/* A first connection, for its session; and then nothing has been heard. */
static void take_a_session(void)
{
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SESSION, on_session, NULL);
    link_run(has_session);
    ck_assert_msg(session_len > 0, "%s", linked.client_error.message);
    ck_assert(heard.secured_first);
    ck_assert_uint_eq(asked, 0);
    let_go();
    memset(&heard, 0, sizeof heard);
    linked.options.session = (struct rp_bytes){session, session_len};
    linked.options.early_data = true;
}

static void connect_saying(const void *bytes, size_t len)
{
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_DATA, on_answer, NULL);
    rp_stream_write(rp_socket_stream(linked.client), bytes, len);
}

static size_t expected_len;

static bool all_heard(void)
{
    return link_is_open() &&
           (linked.client_closed ||
            (heard.len >= expected_len && (heard.secured || heard.secured_first) && got_len > 0));
}

static void assert_heard(const void *bytes, size_t len)
{
    expected_len = len;
    link_run(all_heard);
    ck_assert_msg(!linked.client_closed, "%s / %s", linked.client_error.message,
                  heard.error.message);
    ck_assert_uint_eq(heard.len, len);
    ck_assert_mem_eq(heard.bytes, bytes, len);
    ck_assert(rp_socket_session_reused(linked.client));
    ck_assert_int_eq(rp_socket_early_data(linked.client), rp_socket_early_data(linked.accepted));
    ck_assert_int_eq(rp_socket_early_data(linked.client), heard.early_data);
}

static void finish(void)
{
    rp_request_unref(kept);
    kept = NULL;
    link_close();
}

static const char text[] = "what could not wait";

/* -- tests */

START_TEST(early_data_is_read_once_whatever_the_answer_is_and_whenever)
{
    bool taken;

    kind = (enum kind)(_i % KINDS);
    manner = (enum manner)(_i / KINDS % MANNERS);
    prepare();
    listen_for(true);
    take_a_session();
    accepts = _i / KINDS / MANNERS == 0;
    taken = accepts && manner != FORGOTTEN;
    connect_saying(text, sizeof text);
    assert_heard(text, sizeof text);
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_ge(binder_len, 32);
    ck_assert_int_eq(heard.early_data, taken ? RP_EARLY_DATA_ACCEPTED : RP_EARLY_DATA_REJECTED);
    ck_assert_int_eq(answered, manner != FORGOTTEN);
    ck_assert(!answered_again);
    ck_assert(kept == NULL || (!rp_request_pending(kept) && !answer()));
    /* Taken, it is there before the client has proved anything, and secure comes after it. */
    ck_assert_uint_eq(heard.early, taken ? sizeof text : 0);
    ck_assert_int_eq(heard.secured_first, !taken);
    finish();
}
END_TEST

/* More than may be early: the rest follows the handshake, behind it. */
START_TEST(early_data_is_the_beginning_of_what_is_written)
{
    static uint8_t big[BIG];

    kind = TICKET;
    manner = NOW;
    for (size_t i = 0; i < BIG; i++)
        big[i] = (uint8_t)(i * 7 + i / 256);
    prepare();
    linked.server_tls.max_early_data = _i < 2 ? 16384 : 1000;
    listen_for(true);
    take_a_session();
    accepts = _i % 2 == 0;
    connect_saying(big, BIG);
    assert_heard(big, BIG);
    ck_assert_uint_eq(heard.early, !accepts ? 0 : _i < 2 ? 16384 : 1000);
    finish();
}
END_TEST

/* For several contexts. */
static struct rp_ticket_keys *one_ring(void)
{
    struct rp_ticket_keys *ring = rp_ticket_keys_new(NULL);
    struct rp_ticket_key key = {.name = "ring", .size = 16};

    memset(key.aes, 1, 16);
    memset(key.hmac, 2, 16);
    ck_assert(rp_ticket_keys_set(ring, &key, 1, true, NULL));
    return ring;
}

/* What OpenSSL or we decline without asking, or although the program accepts. */
enum obstacle { NO_LISTENER, NO_LONGER, OTHER_GROUP, OTHER_PROTOCOL, OBSTACLES };

static void meet(enum obstacle obstacle, struct rp_secure_context **none)
{
    static const char *const first[] = {"one", NULL}, *const both[] = {"two", "one", NULL};

    switch (obstacle) {
    case NO_LISTENER:
        rp_server_off(linked.server, RP_EV_EARLY_DATA, on_early_data, NULL);
        break;
    case NO_LONGER:
        linked.server_tls.max_early_data = 0;
        *none = rp_secure_context_new(&linked.server_tls, NULL);
        rp_server_set_secure_context(linked.server, *none);
        break;
    case OTHER_PROTOCOL: /* the server prefers another one of those offered now */
        linked.options.alpn_protocols = linked.options.alpn_protocols == NULL ? first : both;
        break;
    default:
        break;
    }
}

START_TEST(early_data_that_cannot_be_taken_is_declined_and_read_after_the_handshake)
{
    static const char *const protocols[] = {"two", "one", NULL};
    enum obstacle obstacle = (enum obstacle)_i;
    struct rp_secure_context *none = NULL;
    struct rp_ticket_keys *keys = one_ring();

    kind = TICKET;
    manner = NOW;
    prepare();
    linked.server_tls.ticket_keys = keys;
    if (obstacle == OTHER_GROUP) { /* a HelloRetryRequest */
        linked.server_tls.ecdh_curve = "P-384";
        linked.client_tls.ecdh_curve = "P-256:P-384";
    }
    if (obstacle == OTHER_PROTOCOL) {
        linked.server_options.alpn_protocols = protocols;
        meet(obstacle, &none);
    }
    listen_for(true);
    take_a_session();
    meet(obstacle, &none);
    connect_saying(text, sizeof text);
    assert_heard(text, sizeof text);
    ck_assert_int_eq(heard.early_data, RP_EARLY_DATA_REJECTED);
    ck_assert_uint_eq(heard.early, 0);
    ck_assert(heard.secured_first);
    rp_secure_context_unref(none);
    rp_ticket_keys_unref(keys);
    finish();
}
END_TEST

/* A client that knows it cannot be, and sends none. */
START_TEST(early_data_is_not_offered_where_it_would_break_the_connection)
{
    static const char *const one[] = {"one", NULL}, *const other[] = {"other", "one", NULL},
                             *const other_only[] = {"other", NULL};

    kind = TICKET;
    manner = NOW;
    prepare();
    linked.server_tls.max_early_data = _i == 3 ? 0 : 16384;
    if (_i == 0) {
        linked.server_options.alpn_protocols = other;
        linked.options.alpn_protocols = one;
    }
    listen_for(true);
    take_a_session();
    if (_i == 0) /* the protocol of the session is not among those */
        linked.options.alpn_protocols = other_only;
    if (_i == 1) {
        linked.options.servername = "b.example";
        linked.options.allow_unauthorized = true;
    }
    if (_i == 2)
        linked.client_tls.max_version = "TLSv1.2";
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_DATA, on_answer, NULL);
    rp_stream_write(rp_socket_stream(linked.client), text, sizeof text);
    expected_len = sizeof text;
    link_run(all_heard);
    ck_assert_msg(!linked.client_closed, "%s", linked.client_error.message);
    ck_assert_mem_eq(heard.bytes, text, sizeof text);
    ck_assert_int_eq(heard.early_data, RP_EARLY_DATA_NONE);
    ck_assert_uint_eq(asked, 0);
    finish();
}
END_TEST

/* The context of the name decides, whatever the server's own says. */
static struct rp_secure_context *by_name;

START_TEST(early_data_is_the_context_s_that_the_name_chose)
{
    bool allowed = _i != 0;
    struct rp_ticket_keys *keys = one_ring();

    kind = TICKET;
    manner = NOW;
    prepare();
    linked.server_tls.ticket_keys = keys;
    linked.server_tls.max_early_data = 16384;
    by_name = rp_secure_context_new(&linked.server_tls, NULL);
    linked.server_tls.max_early_data = allowed ? 0 : 16384;
    listen_for(true);
    ck_assert(rp_server_add_context(linked.server, "a.example", by_name, NULL));
    take_a_session(); /* which allows it */
    if (!allowed) {
        linked.server_tls.max_early_data = 0;
        rp_secure_context_unref(by_name);
        by_name = rp_secure_context_new(&linked.server_tls, NULL);
        ck_assert(rp_server_add_context(linked.server, "a.example", by_name, NULL));
    }
    connect_saying(text, sizeof text);
    assert_heard(text, sizeof text);
    ck_assert_int_eq(heard.early_data, allowed ? RP_EARLY_DATA_ACCEPTED : RP_EARLY_DATA_REJECTED);
    rp_secure_context_unref(by_name);
    rp_ticket_keys_unref(keys);
    finish();
}
END_TEST

/* -- a flight without a client: captured, and sent again */

static struct flight flight;

static void capture(void)
{
    flight_capture(&flight, text, sizeof text);
}

static struct rp_stream *replay(void)
{
    memset(&heard, 0, sizeof heard);
    return flight_send(&flight, linked.server);
}

static bool has_failed(void)
{
    return heard.error.code[0] != '\0';
}

static bool has_failed_before(void)
{
    return linked.server_error.code[0] != '\0';
}

static void finish_without_client(void)
{
    rp_request_unref(kept);
    kept = NULL;
    if (linked.accepted != NULL)
        rp_stream_unref(rp_socket_stream(linked.accepted));
    rp_server_close(linked.server);
    while (!linked.server_closed)
        rp_loop_turn(linked.loop, true);
    rp_server_free(linked.server);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}

/* It is the same flight, and its binder says so. Declined, nothing of it is read. Nobody is there
 * to finish, and so neither lasts. */
START_TEST(flight_that_comes_again_has_the_same_binder_and_never_completes)
{
    uint8_t before[sizeof binder];
    struct rp_stream *stream;

    kind = (enum kind)_i;
    manner = NOW;
    prepare();
    linked.server_options.handshake_timeout_ms = 1000; /* time enough for the first */
    listen_for(true);
    take_a_session();
    capture();
    stream = replay();
    link_run(has_failed);
    ck_assert_str_eq(heard.error.code, "ERR_TLS_HANDSHAKE_TIMEOUT");
    ck_assert_uint_eq(heard.early, sizeof text);
    ck_assert_mem_eq(heard.bytes, text, sizeof text);
    ck_assert(!heard.secured);
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    rp_stream_unref(rp_socket_stream(linked.accepted));
    linked.accepted = NULL;

    memcpy(before, binder, sizeof before);
    accepts = false;
    stream = replay();
    link_run(has_failed_before);
    ck_assert_str_eq(linked.server_error.code, "ERR_TLS_HANDSHAKE_TIMEOUT");
    ck_assert_uint_eq(asked, 2);
    ck_assert_mem_eq(before, binder, binder_len);
    ck_assert_uint_eq(heard.len, 0);
    ck_assert(!heard.opened);
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    finish_without_client();
}
END_TEST

/* An end before the handshake is complete is no end of the data: it has failed. */
START_TEST(client_that_leaves_after_its_early_data_is_an_error)
{
    struct rp_stream *stream;

    kind = TICKET;
    manner = NOW;
    prepare();
    listen_for(true);
    take_a_session();
    capture();
    stream = replay();
    rp_stream_end(stream);
    link_run(has_failed);
    ck_assert_str_eq(heard.error.code, "ECONNRESET");
    ck_assert_uint_eq(heard.early, sizeof text);
    ck_assert(!heard.ended && !heard.secured);
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    finish_without_client();
}
END_TEST

/* The client goes while the answer is thought about, and the answer finds nobody. */
static bool is_asked(void)
{
    return kept != NULL;
}

static bool is_gone(void)
{
    return has_failed_before() || !rp_request_pending(kept);
}

START_TEST(answer_that_comes_when_the_socket_is_gone_has_no_effect)
{
    struct rp_stream *stream;

    kind = TICKET;
    manner = NOW;
    prepare();
    listen_for(true);
    take_a_session();
    capture();
    rp_server_off(linked.server, RP_EV_EARLY_DATA, on_early_data, NULL);
    manner = LATER;
    rp_server_on(linked.server, RP_EV_EARLY_DATA, on_early_data, NULL);
    stream = replay();
    link_run(is_asked);
    rp_timer_stop(&timer);
    rp_stream_destroy(stream, NULL);
    if (_i == 0)
        rp_server_free(linked.server); /* its sockets keep it */
    ck_assert(rp_request_pending(kept) == answer());
    ck_assert(!answer());
    ck_assert(is_gone());
    rp_stream_unref(stream);
    rp_request_unref(kept);
    kept = NULL;
    if (_i != 0)
        finish_without_client();
    else {
        rp_loop_run(linked.loop);
        rp_loop_free(linked.loop);
        cert_free(&linked.leaf);
    }
}
END_TEST

/* Nobody answers, ever: the handshake has its time. */
START_TEST(question_that_is_never_answered_ends_with_the_handshake_timeout)
{
    struct rp_stream *stream;

    kind = TICKET;
    manner = LATER;
    prepare();
    linked.server_options.handshake_timeout_ms = 1000; /* time enough for the first */
    listen_for(true);
    take_a_session();
    capture();
    stream = replay();
    link_run(is_asked);
    rp_timer_stop(&timer);
    link_run(has_failed_before);
    ck_assert_str_eq(linked.server_error.code, "ERR_TLS_HANDSHAKE_TIMEOUT");
    ck_assert(!heard.opened && !answer());
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    finish_without_client();
}
END_TEST

/* -- a server that ends, and events that destroy */

static void on_data_then_end(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_stream_write(e->target, "bye", 3);
    rp_stream_end(e->target);
}

static void on_secure_connection_end(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_stream_on(rp_socket_stream(e->secure_connection.socket), RP_EV_DATA, on_data_then_end, NULL);
}

static bool client_is_closed(void)
{
    return linked.client_closed;
}

/* Written at once, its end waits for the client's Finished, so that the client has it all. */
START_TEST(server_may_answer_early_data_and_end)
{
    kind = TICKET;
    manner = NOW;
    prepare();
    listen_for(true);
    take_a_session();
    rp_server_off(linked.server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, on_secure_connection_end, NULL);
    connect_saying(text, sizeof text);
    link_run(client_is_closed);
    ck_assert_str_eq(linked.client_error.code, "");
    ck_assert_uint_eq(got_len, 3);
    ck_assert_mem_eq(got, "bye", 3);
    ck_assert_uint_eq(asked, 1);
    finish();
}
END_TEST

static void on_data_then_pause(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_stream_pause(e->target);
}

static void on_secure_connection_pause(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_stream_on(rp_socket_stream(e->secure_connection.socket), RP_EV_DATA, on_data_then_pause,
                 NULL);
}

static bool is_secured(void)
{
    return heard.secured;
}

/* A program that pauses once it has the early data does not keep the client's Finished waiting. */
START_TEST(handshake_completes_while_the_program_pauses)
{
    kind = TICKET;
    manner = NOW;
    prepare();
    listen_for(true);
    take_a_session();
    rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, on_secure_connection_pause, NULL);
    connect_saying(text, sizeof text);
    link_run(is_secured);
    ck_assert(rp_stream_is_paused(rp_socket_stream(linked.accepted)));
    ck_assert_uint_eq(heard.early, sizeof text);
    finish();
}
END_TEST

static enum rp_event_type fatal;

static void on_fatal(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_EARLY_DATA || e->type == RP_EV_RESUME_SESSION)
        rp_stream_destroy(rp_socket_stream(e->early_data.socket), NULL);
    else
        rp_stream_destroy(e->target, NULL);
}

static void on_secure_connection_fatal(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_stream_on(rp_socket_stream(e->secure_connection.socket), fatal, on_fatal, NULL);
}

START_TEST(event_of_early_data_may_destroy_the_socket)
{
    static const enum rp_event_type events[] = {RP_EV_EARLY_DATA, RP_EV_RESUME_SESSION, RP_EV_DATA,
                                                RP_EV_SECURE};

    fatal = events[_i];
    kind = fatal == RP_EV_RESUME_SESSION ? STATEFUL : TICKET;
    manner = NOW;
    prepare();
    listen_for(true);
    take_a_session();
    if (fatal == RP_EV_EARLY_DATA || fatal == RP_EV_RESUME_SESSION)
        rp_server_prepend(linked.server, fatal, on_fatal, NULL); /* others hear of it, too */
    else
        rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, on_secure_connection_fatal, NULL);
    connect_saying(text, sizeof text);
    link_run(client_is_closed);
    ck_assert_uint_le(heard.len, sizeof text);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_early");
    TCase *tc = tcase_create("early");

    tcase_add_loop_test(tc, early_data_is_read_once_whatever_the_answer_is_and_whenever, 0,
                        KINDS * MANNERS * 2);
    tcase_add_loop_test(tc, early_data_is_the_beginning_of_what_is_written, 0, 4);
    tcase_add_loop_test(
        tc, early_data_that_cannot_be_taken_is_declined_and_read_after_the_handshake, 0, OBSTACLES);
    tcase_add_loop_test(tc, early_data_is_not_offered_where_it_would_break_the_connection, 0, 4);
    tcase_add_loop_test(tc, early_data_is_the_context_s_that_the_name_chose, 0, 2);
    tcase_add_loop_test(tc, flight_that_comes_again_has_the_same_binder_and_never_completes, 0,
                        KINDS);
    tcase_add_test(tc, client_that_leaves_after_its_early_data_is_an_error);
    tcase_add_loop_test(tc, answer_that_comes_when_the_socket_is_gone_has_no_effect, 0, 2);
    tcase_add_test(tc, question_that_is_never_answered_ends_with_the_handshake_timeout);
    tcase_add_test(tc, server_may_answer_early_data_and_end);
    tcase_add_test(tc, handshake_completes_while_the_program_pauses);
    tcase_add_loop_test(tc, event_of_early_data_may_destroy_the_socket, 0, 4);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
