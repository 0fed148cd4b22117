/* SPDX-License-Identifier: MIT
 *
 * ends.c - how the peer of a TLS connection may leave, and what is told then: an end only where
 * the peer sent one, an error where it broke off, what arrived before in any case. Client and
 * server, over a descriptor and over a stream; and in the handshake. */
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/link.h"
#include "tests/unit/unit.h"

enum how { RESET, UNREAD, FIN, CLOSE_NOTIFY, HOWS };
enum subject { CLIENT, SERVER, WRAPPED, SUBJECTS };
/* UPLOADING: what the peer said is unread when the next bytes are sent; HEARD: it was read. */
enum when { IDLE, UPLOADING, HEARD, WHENS };
enum { CASES = SUBJECTS * HOWS * WHENS * 2 * 2 };

static char told[200], code[40];
static struct rp_stream *subject, *peer, *carrier;

static void tell(const char *what)
{
    size_t n = strlen(told);

    snprintf(told + n, sizeof told - n, "%s%s", n > 0 ? "," : "", what);
}

static void on_event(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_DATA)
        tell("data");
    if (e->type == RP_EV_END)
        tell("end");
    if (e->type == RP_EV_ERROR) {
        snprintf(code, sizeof code, "%.39s", e->error.error->code);
        tell("error");
    }
    if (e->type == RP_EV_CLOSE)
        tell("close");
    if (e->type == RP_EV_END)
        rp_stream_end(subject);
}

static bool is_told(const char *what)
{
    return strstr(told, what) != NULL;
}

static bool is_over(void)
{
    return is_told("close");
}

static bool is_sent(void)
{
    return rp_stream_writable_length(subject) == 0 && rp_stream_writable_length(peer) == 0;
}

/* -- connections that stand */

static void open_both(enum subject which, const char *version, bool half_open)
{
    memset(told, 0, sizeof told);
    memset(code, 0, sizeof code);
    carrier = NULL;
    link_prepare();
    linked.server_tls.min_version = linked.server_tls.max_version = version;
    linked.server_options.stream.allow_half_open = half_open || which != SERVER;
    linked.options.stream_options.allow_half_open = half_open || which == SERVER;
    link_listen();
    if (which == WRAPPED)
        carrier = link_over_a_stream();
    else
        link_connect();
    link_run(link_is_open);
    subject = rp_socket_stream(which == SERVER ? linked.accepted : linked.client);
    peer = rp_socket_stream(which == SERVER ? linked.client : linked.accepted);
    rp_stream_listen(subject, RP_EVENT_ALL, on_event, NULL);
}

static void close_both(void)
{
    link_close();
    rp_stream_unref(carrier);
}

/* Something of each is on its way to the other, and the peer's read, unless it is to leave without.
 */
static void say_something(enum how how)
{
    rp_stream_pause(subject);
    if (how == UNREAD)
        rp_stream_pause(peer);
    rp_stream_write(subject, "question", 8);
    rp_stream_write(peer, "half", 4);
    link_run(is_sent);
    while (how != UNREAD && rp_stream_bytes_read(peer) < 8)
        rp_loop_turn(linked.loop, true);
}

static bool is_heard(void)
{
    return is_told("data");
}

static void hear_it(void)
{
    rp_stream_resume(subject);
    link_run(is_heard);
}

static void leave(enum how how)
{
    switch (how) {
    case RESET:
        rp_stream_reset_and_destroy(peer);
        break;
    case UNREAD:
        rp_stream_destroy(peer, NULL);
        break;
    case FIN:
        ck_assert_int_eq(shutdown(rp_stream_fd(peer), SHUT_WR), 0);
        break;
    default:
        rp_stream_end(peer);
        while (!rp_stream_destroyed(peer) && rp_stream_writable_length(peer) > 0)
            rp_loop_turn(linked.loop, true);
    }
}

START_TEST(end_is_told_where_there_was_one)
{
    enum subject which = _i % SUBJECTS;
    enum how how = _i / SUBJECTS % HOWS;
    enum when when = _i / SUBJECTS / HOWS % WHENS;
    int rest = _i / SUBJECTS / HOWS / WHENS;

    open_both(which, rest % 2 == 1 ? "TLSv1.2" : "TLSv1.3", rest / 2 == 1);
    say_something(how);
    if (when == HEARD)
        hear_it();
    leave(how);
    rp_stream_resume(subject);
    if (when != IDLE)
        rp_stream_write(subject, "more", 4);
    link_run(is_over);
    if (how < FIN) {
        ck_assert_msg(strcmp(told, "data,error,close") == 0, "%s", told);
        ck_assert_str_eq(code, "ECONNRESET");
    } else {
        ck_assert_msg(strcmp(told, "data,end,close") == 0, "%s %s", told, code);
    }
    ck_assert_int_eq(rp_socket_truncated(rp_socket_from_stream(subject)), how == FIN);
    close_both();
}
END_TEST

/* -- a stream underneath that the program destroys: no end of the peer's (node: close) */

START_TEST(destroyed_underneath_is_no_end)
{
    open_both(WRAPPED, "TLSv1.3", _i == 1);
    say_something(RESET);
    rp_stream_destroy(carrier, NULL);
    link_run(is_over);
    ck_assert_str_eq(told, "close");
    close_both();
}
END_TEST

START_TEST(destroyed_underneath_in_the_handshake_is_no_end)
{
    struct rp_stream *ends[2];

    memset(told, 0, sizeof told);
    link_prepare();
    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    linked.options.context_options = &linked.client_tls;
    linked.options.stream = ends[0];
    linked.client = rp_connect(linked.loop, &linked.options, NULL);
    ck_assert_ptr_nonnull(linked.client);
    subject = rp_socket_stream(linked.client);
    rp_stream_listen(subject, RP_EVENT_ALL, on_event, NULL);
    rp_loop_turn(linked.loop, false);
    rp_stream_destroy(ends[0], NULL);
    link_run(is_over);
    ck_assert_str_eq(told, "close");
    rp_stream_destroy(ends[1], NULL);
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
    rp_stream_unref(subject);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}
END_TEST

/* -- in the handshake of a client: the peer is a bare descriptor */

static int listening, bare = -1;
static enum how bare_how;
static bool leaves_at_connect;

static void bare_leave(void)
{
    struct linger linger = {.l_onoff = 1};
    char byte;

    if (bare_how == RESET)
        setsockopt(bare, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    if (bare_how == FIN)
        while (!leaves_at_connect && recv(bare, &byte, 1, MSG_DONTWAIT) == 1)
            ;
    close(bare);
}

/* The ClientHello leaves at the end of this turn, and finds that the peer is gone. */
static void on_connect(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    bare = accept(listening, NULL, NULL);
    ck_assert_int_ge(bare, 0);
    if (leaves_at_connect)
        bare_leave();
}

static void listen_bare(struct rp_address *address)
{
    struct rp_listen_options o = {.address = address};
    socklen_t len = sizeof address->un;

    ck_assert(rp_address_parse(address, "127.0.0.1:0", false, NULL));
    listening = rp_listen_open(&o, NULL);
    ck_assert_int_ge(listening, 0);
    ck_assert_int_eq(getsockname(listening, &address->any, &len), 0);
    address->len = len;
}

static void wait_for_the_hello(void)
{
    char byte;

    while (bare < 0 || recv(bare, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
        rp_loop_turn(linked.loop, true);
}

START_TEST(client_in_the_handshake)
{
    struct rp_address address;
    struct rp_net_options net = {.address = &address};

    memset(told, 0, sizeof told);
    memset(code, 0, sizeof code);
    leaves_at_connect = _i % 2 == 1;
    bare_how = _i / 2;
    link_prepare();
    listen_bare(&address);
    linked.options.context_options = &linked.client_tls;
    linked.options.net = &net;
    linked.client = rp_connect(linked.loop, &linked.options, NULL);
    ck_assert_ptr_nonnull(linked.client);
    subject = rp_socket_stream(linked.client);
    rp_stream_listen(subject, RP_EVENT_ALL, on_event, NULL);
    rp_stream_on(subject, RP_EV_CONNECT, on_connect, NULL);
    rp_stream_write(subject, "upload", 6);
    if (!leaves_at_connect) {
        wait_for_the_hello();
        bare_leave();
    }
    link_run(is_over);
    if (bare_how == FIN ||
        (bare_how == UNREAD && leaves_at_connect)) /* there was nothing to read */
        ck_assert_msg(strcmp(told, "end,error,close") == 0, "%s", told);
    else
        ck_assert_msg(strcmp(told, "error,close") == 0, "%s", told);
    ck_assert_str_eq(code, "ECONNRESET");
    rp_stream_unref(subject);
    close(listening);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ends");
    TCase *t = tcase_create("ends");

    tcase_set_timeout(t, 30);
    tcase_add_loop_test(t, end_is_told_where_there_was_one, 0, CASES);
    tcase_add_loop_test(t, destroyed_underneath_is_no_end, 0, 2);
    tcase_add_test(t, destroyed_underneath_in_the_handshake_is_no_end);
    tcase_add_loop_test(t, client_in_the_handshake, 0, 6);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
