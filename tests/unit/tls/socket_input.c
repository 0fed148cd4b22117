/* SPDX-License-Identifier: MIT
 *
 * socket_input.c - what a TLS socket reads and tells while the program pauses it: the peer's end or
 * error at once where nothing before it is unread, and otherwise nothing until it resumes. Client
 * and server, over a descriptor and over a stream. */
#include <sys/socket.h>

#include "lib/tls/socket_internal.h"
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

enum subject { CLIENT, SERVER, WRAPPED, SUBJECTS };
enum how { CLOSE_NOTIFY, FIN, GONE, RESET, HOWS };
enum { VARIANTS = SUBJECTS * 2 * 2, CASES = HOWS * VARIANTS };
enum { BULK = 1024 * 1024, SETTLED = 8 };

static char told[200];
static size_t got;
static struct rp_stream *subject, *peer, *carrier;
static bool pauses_in_data, is_piped; /* a pipe pauses before DATA comes */

static void tell(const char *what)
{
    size_t n = strlen(told);

    snprintf(told + n, sizeof told - n, "%s%s", n > 0 ? "," : "", what);
}

static void on_event(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_DATA) {
        ck_assert(is_piped || !rp_stream_is_paused(subject));
        got += e->data.len;
        if (strstr(told, "data") == NULL)
            tell("data");
        if (pauses_in_data)
            rp_stream_pause(subject);
    }
    if (e->type == RP_EV_END)
        tell("end");
    if (e->type == RP_EV_FINISH)
        tell("finish");
    if (e->type == RP_EV_ERROR)
        tell(e->error.error->code);
    if (e->type == RP_EV_CLOSE)
        tell("close");
}

static bool is_told(const char *what)
{
    return strstr(told, what) != NULL;
}

static bool has_ended(void)
{
    return is_told("end");
}

static bool has_closed(void)
{
    return is_told("close");
}

static bool has_finished(void)
{
    return is_told("finish");
}

static bool has_data(void)
{
    return is_told("data");
}

static bool peer_has_sent(void)
{
    return rp_stream_writable_length(peer) == 0;
}

/* All that was sent on the loopback has arrived: what the subject does about it, it does now. */
static void let_it_look(void)
{
    for (int i = 0; i < SETTLED; i++)
        rp_loop_turn(linked.loop, false);
}

/* A connection whose subject is paused and heard. */
static void open_paused(int variant)
{
    enum subject which = variant % SUBJECTS;
    bool half_open = variant / SUBJECTS % 2 == 1;

    memset(told, 0, sizeof told);
    got = 0;
    carrier = NULL;
    pauses_in_data = is_piped = false;
    link_prepare();
    linked.server_tls.min_version = linked.server_tls.max_version =
        variant / SUBJECTS / 2 % 2 == 1 ? "TLSv1.2" : "TLSv1.3";
    linked.server_options.stream.allow_half_open = half_open || which != SERVER;
    linked.server_options.pause_on_connect = which == SERVER;
    linked.options.stream_options.allow_half_open = half_open || which == SERVER;
    link_listen();
    if (which == WRAPPED)
        carrier = link_over_a_stream();
    else
        link_connect();
    link_run(link_is_open);
    subject = rp_socket_stream(which == SERVER ? linked.accepted : linked.client);
    peer = rp_socket_stream(which == SERVER ? linked.client : linked.accepted);
    rp_stream_pause(subject);
    ck_assert(rp_stream_is_paused(subject));
    rp_stream_listen(subject, RP_EVENT_ALL, on_event, NULL);
    let_it_look(); /* at tickets */
    ck_assert_str_eq(told, "");
}

static void close_both(void)
{
    link_close();
    rp_stream_unref(carrier);
}

static void leave(enum how how)
{
    switch (how) {
    case CLOSE_NOTIFY:
        rp_stream_end(peer);
        break;
    case FIN:
        ck_assert_int_eq(shutdown(rp_stream_fd(peer), SHUT_WR), 0);
        break;
    case GONE:
        rp_stream_destroy(peer, NULL);
        break;
    default:
        rp_stream_reset_and_destroy(peer);
    }
}

/* node: end, or error and close, and no resume is needed. */
START_TEST(end_with_nothing_unread_is_told_while_paused)
{
    enum how how = _i % HOWS;
    bool half_open = _i / HOWS / SUBJECTS % 2 == 1;

    open_paused(_i / HOWS);
    leave(how);
    if (how == RESET) {
        link_run(has_closed);
        ck_assert_str_eq(told, "ECONNRESET,close");
        close_both();
        return;
    }
    link_run(has_ended);
    if (half_open) {
        let_it_look();
        ck_assert_str_eq(told, "end");
        rp_stream_end(subject);
    }
    link_run(has_closed);
    ck_assert_msg(how == GONE || strcmp(told, "end,finish,close") == 0, "%s", told);
    ck_assert_int_eq(strncmp(told, "end", 3), 0);
    ck_assert(rp_stream_is_paused(subject));
    ck_assert_int_eq(rp_socket_truncated(rp_socket_from_stream(subject)), how != CLOSE_NOTIFY);
    close_both();
}
END_TEST

START_TEST(paused_and_ended_closes_when_the_peer_ends)
{
    open_paused(_i);
    rp_stream_end(subject);
    link_run(has_finished);
    rp_stream_end(peer);
    link_run(has_closed);
    ck_assert_str_eq(told, "finish,end,close");
    close_both();
}
END_TEST

/* What is unread comes first, all of it, and only after a resume. */
START_TEST(end_behind_unread_data_waits)
{
    enum how how = _i % HOWS;

    open_paused(_i / HOWS);
    rp_stream_write(peer, "data", 4);
    link_run(peer_has_sent);
    leave(how);
    let_it_look();
    ck_assert_str_eq(told, "");
    rp_stream_resume(subject);
    ck_assert_str_eq(told, ""); /* never from inside the call */
    if (how == RESET) {
        link_run(has_closed);
        ck_assert_str_eq(told, "data,ECONNRESET,close");
    } else {
        link_run(has_ended);
        ck_assert_int_eq(strncmp(told, "data,end", 8), 0);
    }
    ck_assert_uint_eq(got, 4);
    ck_assert_int_eq(rp_socket_truncated(rp_socket_from_stream(subject)),
                     how != CLOSE_NOTIFY && how != RESET);
    close_both();
}
END_TEST

/* Records of one read, the program paused between them. */
START_TEST(pause_between_records_keeps_the_rest)
{
    open_paused(_i);
    pauses_in_data = true;
    rp_stream_write(peer, "data", 4);
    rp_stream_write(peer, "more", 4);
    rp_stream_end(peer);
    link_run(peer_has_sent);
    let_it_look();
    rp_stream_resume(subject);
    link_run(has_data);
    let_it_look();
    ck_assert_str_eq(told, "data");
    ck_assert_uint_eq(got, 4);
    rp_stream_resume(subject);
    link_run(has_ended); /* without another resume: nothing before it is unread */
    ck_assert_uint_eq(got, 8);
    close_both();
}
END_TEST

static size_t read_ahead(void)
{
    struct rp_socket *s = rp_socket_from_stream(subject);

    return s->ahead.len + s->engine.saved.len;
}

/* A peer does not fill our memory because the program pauses. */
START_TEST(reads_a_record_ahead_and_no_more)
{
    static uint8_t bulk[BULK];

    open_paused(_i);
    rp_stream_write(peer, bulk, BULK);
    rp_stream_end(peer);
    while (read_ahead() == 0)
        rp_loop_turn(linked.loop, true);
    let_it_look();
    ck_assert_uint_le(read_ahead(), 2 * RP_CHUNK_SIZE);
    ck_assert_str_eq(told, "");
    rp_stream_resume(subject);
    link_run(has_ended);
    ck_assert_uint_eq(got, BULK);
    close_both();
}
END_TEST

static bool send_has_failed(void)
{
    return rp_socket_from_stream(subject)->failure != NULL;
}

/* The kernel's error is consumed by the send, and what was read ahead is still delivered. */
START_TEST(failed_write_while_paused_loses_no_data)
{
    open_paused(_i);
    rp_stream_write(peer, "data", 4);
    link_run(peer_has_sent);
    let_it_look();
    leave(RESET);
    rp_stream_write(subject, "question", 8);
    link_run(send_has_failed);
    ck_assert_str_eq(told, "");
    rp_stream_resume(subject);
    link_run(has_closed);
    ck_assert_str_eq(told, "data,ECONNRESET,close");
    close_both();
}
END_TEST

/* A program that does not resume learns of it all the same. */
START_TEST(failed_write_while_paused_is_an_error_in_the_end)
{
    open_paused(_i);
    rp_stream_write(peer, "data", 4);
    link_run(peer_has_sent);
    let_it_look();
    leave(RESET);
    rp_stream_write(subject, "question", 8);
    link_run(has_closed);
    ck_assert_str_eq(told, "ECONNRESET,close");
    close_both();
}
END_TEST

static void on_peer(const struct rp_event *e, void *arg)
{
    if (e->type == RP_EV_ERROR)
        snprintf(arg, 40, "%.39s", e->error.error->code);
}

static bool peer_is_gone(void)
{
    return rp_stream_destroyed(peer);
}

/* As if it were still in the kernel. */
START_TEST(peer_of_a_socket_destroyed_with_unread_data_gets_a_reset)
{
    char code[40] = "";

    open_paused(_i);
    rp_stream_listen(peer, RP_EVENT_ALL, on_peer, code);
    rp_stream_write(peer, "data", 4);
    link_run(peer_has_sent);
    let_it_look();
    rp_stream_destroy(subject, NULL);
    link_run(peer_is_gone);
    let_it_look();
    ck_assert_str_eq(code, "ECONNRESET");
    close_both();
}
END_TEST

/* A pipe that has paused its source will not resume it once the sink is gone. */
START_TEST(source_of_a_pipe_is_told_the_end_after_the_sink_is_gone)
{
    struct rp_stream *ends[2];
    static uint8_t bulk[RP_CHUNK_SIZE * 4];

    open_paused(_i);
    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    rp_stream_pause(ends[1]);
    rp_stream_write(ends[0], bulk, sizeof bulk); /* it is full */
    is_piped = true;
    ck_assert(rp_stream_pipe(subject, ends[0], false));
    rp_stream_write(peer, "data", 4);
    link_run(has_data);
    ck_assert(rp_stream_is_paused(subject));
    rp_stream_destroy(ends[0], NULL);
    rp_stream_end(peer);
    link_run(has_ended);
    rp_stream_destroy(ends[1], NULL);
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
    close_both();
}
END_TEST

static void on_end(const struct rp_event *e, void *arg)
{
    (void)arg;
    tell("end");
    rp_stream_end(e->target);
}

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    (void)arg;
    rp_stream_on(rp_socket_stream(e->secure_connection.socket), RP_EV_END, on_end, NULL);
}

static bool client_has_closed(void)
{
    return linked.client_closed;
}

START_TEST(paused_on_connect_with_a_listener_for_the_end_only)
{
    memset(told, 0, sizeof told);
    link_prepare();
    linked.server_options.pause_on_connect = true;
    linked.server_options.stream.allow_half_open = true;
    link_listen();
    rp_server_on(linked.server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    link_connect();
    rp_stream_end(rp_socket_stream(linked.client));
    link_run(client_has_closed);
    ck_assert_str_eq(told, "end");
    link_close();
}
END_TEST

static bool is_bad(void)
{
    return strstr(told, "ERR_SSL") != NULL && has_closed();
}

/* A record that is no record of TLS is an error at once, where nothing before it is unread. */
START_TEST(damaged_record_fails_a_paused_socket)
{
    static const uint8_t junk[40] = "GET / HTTP/1.1";

    open_paused(_i);
    ck_assert_int_eq(send(rp_stream_fd(peer), junk, sizeof junk, 0), sizeof junk);
    link_run(is_bad);
    close_both();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("socket_input");
    TCase *t = tcase_create("socket_input");

    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, end_with_nothing_unread_is_told_while_paused, 0, CASES);
    tcase_add_loop_test(t, paused_and_ended_closes_when_the_peer_ends, 0, VARIANTS);
    tcase_add_loop_test(t, end_behind_unread_data_waits, 0, CASES);
    tcase_add_loop_test(t, pause_between_records_keeps_the_rest, 0, VARIANTS);
    tcase_add_loop_test(t, reads_a_record_ahead_and_no_more, 0, VARIANTS);
    tcase_add_loop_test(t, failed_write_while_paused_loses_no_data, 0, VARIANTS);
    tcase_add_loop_test(t, failed_write_while_paused_is_an_error_in_the_end, 0, SUBJECTS);
    tcase_add_loop_test(t, peer_of_a_socket_destroyed_with_unread_data_gets_a_reset, 0, VARIANTS);
    tcase_add_loop_test(t, source_of_a_pipe_is_told_the_end_after_the_sink_is_gone, 0, VARIANTS);
    tcase_add_test(t, paused_on_connect_with_a_listener_for_the_end_only);
    tcase_add_loop_test(t, damaged_record_fails_a_paused_socket, 0, VARIANTS);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
