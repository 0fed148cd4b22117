/* SPDX-License-Identifier: MIT
 *
 * net.c - streams over real sockets: connecting, accepting, backpressure, half-open ends,
 * destroying from inside any event; and what all of that promises: close exactly once, and last. */
#include <netinet/tcp.h>
#include <reprise/net.h>

#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LARGE = 3 << 20 };

static struct rp_loop *loop;
static struct rp_listener_socket *listener;
static struct rp_address where;

struct end {
    struct rp_stream *stream;
    char events[400]; /* a letter for each */
    size_t bytes;
    bool echo;
    enum rp_event_type destroy_at; /* 0: LOOKUP, which no test destroys at */
    bool ends_at_end;
};
static struct end client, served;
static uint8_t block[65536];

static const char letters[RP_EV_COUNT] = {
    [RP_EV_LOOKUP] = 'L', [RP_EV_CONNECT] = 'C', [RP_EV_READY] = 'R',  [RP_EV_DATA] = 'd',
    [RP_EV_END] = 'E',    [RP_EV_DRAIN] = 'D',   [RP_EV_FINISH] = 'F', [RP_EV_TIMEOUT] = 'T',
    [RP_EV_ERROR] = '!',  [RP_EV_CLOSE] = 'X'};

static void on_event(const struct rp_event *event, void *arg)
{
    struct end *e = arg;
    size_t n = strlen(e->events);

    if ((event->type != RP_EV_DATA || n == 0 || e->events[n - 1] != 'd') && n < 390)
        e->events[n] = letters[event->type];
    if (event->type == RP_EV_DATA) {
        e->bytes += event->data.len;
        if (e->echo)
            rp_stream_write(e->stream, event->data.bytes, event->data.len);
    }
    if (event->type == RP_EV_END && e->ends_at_end)
        rp_stream_end(e->stream);
    if (e->destroy_at != RP_EV_LOOKUP && event->type == e->destroy_at)
        rp_stream_destroy(e->stream, NULL);
    if (event->type == RP_EV_CLOSE)
        e->stream = NULL;
}

static void on_accepted(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                        void *arg)
{
    struct rp_stream_options o = {.allow_half_open = true};

    (void)l, (void)remote, (void)arg;
    served.stream = rp_net_open(loop, fd, &o, NULL);
    ck_assert_ptr_nonnull(served.stream);
    rp_stream_listen(served.stream, RP_EVENT_ALL, on_event, &served);
    rp_stream_unref(served.stream); /* it keeps itself until close */
}

static void listen_on(const char *text)
{
    struct rp_address address;
    struct rp_listen_options o = {.address = &address};
    socklen_t len;
    int fd;

    ck_assert(rp_address_parse(&address, text, false, NULL));
    fd = rp_listen_open(&o, NULL);
    ck_assert_int_ge(fd, 0);
    where = address;
    len = sizeof where.un;
    getsockname(fd, &where.any, &len);
    where.len = len;
    listener = rp_listener_start(loop, fd, on_accepted, NULL, NULL);
    ck_assert_ptr_nonnull(listener);
}

static void set_up(void)
{
    loop = rp_loop_new(NULL);
    memset(&client, 0, sizeof client);
    memset(&served, 0, sizeof served);
    served.ends_at_end = true;
    memset(block, 'b', sizeof block);
    listen_on("127.0.0.1:0");
}

static void tear_down(void)
{
    rp_listener_stop(listener, true);
    for (int i = 0; i < 100 && (client.stream != NULL || served.stream != NULL); i++)
        rp_loop_turn(loop, false);
    rp_loop_free(loop);
}

static void connect_with(struct rp_net_options o)
{
    if (o.address == NULL && o.path == NULL && o.host == NULL)
        o.address = &where;
    client.stream = rp_net_connect(loop, &o, NULL);
    ck_assert_ptr_nonnull(client.stream);
    rp_stream_listen(client.stream, RP_EVENT_ALL, on_event, &client);
    rp_stream_unref(client.stream);
    ck_assert_str_eq(client.events, ""); /* nothing from inside the call */
}

static bool has(const struct end *e, char letter)
{
    return strchr(e->events, letter) != NULL;
}

static void run_until(const struct end *e, char letter)
{
    for (int i = 0; i < 100000 && !has(e, letter) && !has(e, 'X'); i++)
        rp_loop_turn(loop, true);
    ck_assert_msg(has(e, letter), "%c in %s", letter, e->events);
}

static void both_close(void)
{
    run_until(&client, 'X');
    if (served.events[0] != '\0' || served.stream != NULL)
        run_until(&served, 'X');
    ck_assert_ptr_eq(strchr(client.events, 'X'), client.events + strlen(client.events) - 1);
}

START_TEST(net_connects_talks_and_ends)
{
    connect_with((struct rp_net_options){.no_delay = RP_ON});
    ck_assert(rp_stream_connecting(client.stream));
    served.echo = true;
    rp_stream_write(client.stream, "hello", 5); /* waits for the connection */
    run_until(&client, 'd');
    ck_assert_uint_eq(client.bytes, 5);
    ck_assert_uint_eq(rp_stream_bytes_written(client.stream), 5);
    ck_assert_uint_eq(rp_stream_bytes_read(client.stream), 5);
    ck_assert_ptr_nonnull(rp_stream_remote_address(client.stream));
    ck_assert(rp_address_equal(rp_stream_remote_address(client.stream), &where));
    rp_stream_end(client.stream);
    ck_assert(!rp_stream_writable(client.stream));
    both_close();
    ck_assert_str_eq(client.events, "CRdFEX");
}
END_TEST

START_TEST(net_carries_much_both_ways)
{
    bool more;
    size_t sent = 0;

    connect_with((struct rp_net_options){.eager = true});
    served.echo = true;
    while (sent < LARGE) {
        more = rp_stream_write(client.stream, block, sizeof block);
        sent += sizeof block;
        if (more)
            continue;
        for (char *at = client.events; *at != '\0'; at++)
            if (*at == 'D')
                *at = '.';
        run_until(&client, 'D');
        ck_assert_uint_lt(rp_stream_writable_length(client.stream),
                          rp_stream_high_water_mark(client.stream));
    }
    rp_stream_end(client.stream);
    both_close();
    ck_assert_uint_eq(served.bytes, sent);
    ck_assert_uint_eq(client.bytes, sent);
    ck_assert(!has(&client, '!') && !has(&served, '!'));
}
END_TEST

/* The end that is behind the bytes already is told in the same turn, however the peer sent it. */
START_TEST(net_eager_sees_the_end_with_the_answer)
{
    connect_with((struct rp_net_options){.eager = true});
    rp_stream_write(client.stream, "?", 1);
    run_until(&served, 'd');
    rp_stream_write(served.stream, "answer", 6);
    rp_stream_end(served.stream);
    while (!has(&client, 'd'))
        rp_loop_turn(loop, true);
    ck_assert_uint_eq(client.bytes, 6);
    ck_assert(has(&client, 'E'));
    both_close();
}
END_TEST

/* An answer in the middle of a request, and a close with the rest of it unread: what was said is
 * heard, though the next bytes of ours fail before we look. */
START_TEST(net_hears_who_refuses_the_rest)
{
    int peers[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, peers), 0);
    client.stream = rp_net_open(loop, peers[0], NULL, NULL);
    ck_assert_ptr_nonnull(client.stream);
    rp_stream_listen(client.stream, RP_EVENT_ALL, on_event, &client);
    rp_stream_unref(client.stream);
    ck_assert_int_eq(write(peers[1], "no", 2), 2);
    close(peers[1]);
    rp_stream_write(client.stream, "the rest", 8);
    run_until(&client, 'X');
    ck_assert_uint_eq(client.bytes, 2);
}
END_TEST

static uint64_t ms_until_accepted(void)
{
    uint64_t begin = rp_loop_now(loop);

    while (served.stream == NULL)
        rp_loop_turn(loop, true);
    return rp_loop_now(loop) - begin;
}

/* Its first bytes carry the last ACK of the handshake; whoever has none does not keep the peer
 * waiting. It would be the kernel's 200 ms each time; a busy machine is as slow now and then. */
START_TEST(net_eager_and_silent_stands_at_once)
{
    uint64_t ms = UINT64_MAX;

    for (int i = 0; i < 20 && ms >= 100; i++) {
        client = (struct end){0};
        served = (struct end){.ends_at_end = true};
        connect_with((struct rp_net_options){.eager = true});
        ms = ms_until_accepted();
        rp_stream_write(served.stream, "first", 5);
        run_until(&client, 'd');
        rp_stream_end(client.stream);
        both_close();
    }
    ck_assert_uint_lt(ms, 100);
}
END_TEST

/* Whoever keeps the connection is looked at in vain a few times, and loses nothing by it; what it
 * says is then acknowledged at once, or a second piece of it would wait in a peer with Nagle on. */
START_TEST(net_eager_reads_on)
{
    int quick = 0;
    socklen_t len = sizeof quick;

    connect_with((struct rp_net_options){.eager = true});
    served.echo = true;
    for (size_t i = 1; i <= 10; i++) {
        rp_stream_write(client.stream, "?", 1);
        while (client.bytes < i)
            rp_loop_turn(loop, true);
        if (i > 1)
            continue;
        getsockopt(rp_stream_fd(client.stream), IPPROTO_TCP, TCP_QUICKACK, &quick, &len);
        ck_assert_int_eq(quick, 1);
    }
    ck_assert(!has(&client, 'E'));
    rp_stream_end(client.stream);
    both_close();
}
END_TEST

START_TEST(net_paused_reads_nothing)
{
    connect_with((struct rp_net_options){0});
    run_until(&client, 'C');
    for (int i = 0; i < 1000 && served.stream == NULL; i++)
        rp_loop_turn(loop, true);
    rp_stream_pause(client.stream);
    ck_assert(rp_stream_is_paused(client.stream));
    rp_stream_write(served.stream, block, 1000);
    for (int i = 0; i < 20; i++)
        rp_loop_turn(loop, false);
    ck_assert_uint_eq(client.bytes, 0);
    rp_stream_resume(client.stream);
    run_until(&client, 'd');
    ck_assert_uint_eq(client.bytes, 1000);
    rp_stream_destroy(client.stream, NULL);
    run_until(&client, 'X');
    rp_stream_destroy(served.stream, NULL);
    run_until(&served, 'X');
}
END_TEST

START_TEST(net_refused_is_an_error_and_a_close)
{
    rp_listener_stop(listener, true);
    listener = NULL;
    connect_with((struct rp_net_options){.eager = _i == 1});
    rp_stream_write(client.stream, "x", 1);
    both_close();
    ck_assert_msg(strcmp(client.events, "!X") == 0, "%s", client.events);
    listen_on("127.0.0.1:0");
}
END_TEST

/* Destroyed at any event: close comes, once and last, and nothing after it. */
static const enum rp_event_type moments[] = {RP_EV_CONNECT, RP_EV_READY,  RP_EV_DATA,
                                             RP_EV_END,     RP_EV_FINISH, RP_EV_DRAIN};

START_TEST(net_may_be_destroyed_at_any_event)
{
    connect_with((struct rp_net_options){.stream = {.allow_half_open = true}});
    client.destroy_at = moments[_i];
    served.echo = true;
    served.destroy_at = RP_EV_ERROR;
    rp_stream_write(client.stream, block, sizeof block);
    rp_stream_end(client.stream);
    both_close();
    ck_assert(!has(&client, '!'));
}
END_TEST

START_TEST(net_destroyed_at_once)
{
    connect_with((struct rp_net_options){0});
    rp_stream_destroy(client.stream, NULL);
    rp_stream_destroy(client.stream, NULL);
    ck_assert(rp_stream_destroyed(client.stream));
    ck_assert_str_eq(client.events, "");
    both_close();
    ck_assert_str_eq(client.events, "X");
}
END_TEST

/* The loop ends before its close can be told: nothing is told, and nothing is lost (ASAN). */
START_TEST(net_destroyed_at_the_loops_end)
{
    struct rp_loop *other = rp_loop_new(NULL);
    struct rp_net_options o = {.path = "/nowhere/at/all"};

    ck_assert_ptr_nonnull(other);
    client.stream = rp_net_connect(other, &o, NULL);
    ck_assert_ptr_nonnull(client.stream);
    ck_assert(rp_stream_listen(client.stream, RP_EVENT_BIT(RP_EV_CLOSE), on_event, &client));
    rp_stream_destroy(client.stream, NULL);
    rp_stream_unref(client.stream);
    rp_loop_free(other);
    client.stream = NULL;
    ck_assert_str_eq(client.events, "");
}
END_TEST

START_TEST(net_destroyed_with_an_error)
{
    struct rp_error error;

    rp_error_set(&error, "ERR_MINE", "enough");
    connect_with((struct rp_net_options){0});
    run_until(&client, 'C');
    rp_stream_destroy(client.stream, &error);
    both_close();
    ck_assert_msg(strstr(client.events, "!X") != NULL, "%s", client.events);
}
END_TEST

START_TEST(net_reset_is_an_error_over_there)
{
    connect_with((struct rp_net_options){0});
    rp_stream_write(client.stream, "q", 1);
    run_until(&served, 'd');
    rp_stream_reset_and_destroy(client.stream);
    both_close();
    ck_assert_str_eq(client.events, "CRX");
    ck_assert_str_eq(served.events, "d!X");
}
END_TEST

/* What was written arrives, and nobody waits for the other's end. */
START_TEST(net_destroyed_soon_sends_first)
{
    served.ends_at_end = false;
    connect_with((struct rp_net_options){0});
    rp_stream_write(client.stream, block, sizeof block);
    rp_stream_destroy_soon(client.stream);
    run_until(&client, 'X');
    ck_assert_str_eq(client.events, "CRDFX");
    run_until(&served, 'E');
    ck_assert_uint_eq(served.bytes, sizeof block);
    rp_stream_destroy(served.stream, NULL);
    run_until(&served, 'X');
}
END_TEST

START_TEST(net_half_open_still_receives)
{
    served.ends_at_end = false;
    connect_with((struct rp_net_options){.stream = {.allow_half_open = true}});
    rp_stream_write(client.stream, "q", 1);
    rp_stream_end(client.stream);
    run_until(&served, 'E');
    rp_stream_write(served.stream, "answer", 6);
    rp_stream_end(served.stream);
    both_close();
    ck_assert_uint_eq(client.bytes, 6);
}
END_TEST

static void on_written(struct rp_stream *s, const struct rp_error *error, void *arg)
{
    (void)s;
    strcat(arg, error == NULL ? "w" : "e");
}

START_TEST(net_tells_what_was_written)
{
    char told[8] = "";

    connect_with((struct rp_net_options){0});
    rp_stream_cork(client.stream);
    rp_stream_write_then(client.stream, "a", 1, on_written, told);
    rp_stream_write_then(client.stream, "b", 1, on_written, told);
    run_until(&client, 'C');
    ck_assert_str_eq(told, "");
    rp_stream_uncork(client.stream);
    run_until(&served, 'd');
    ck_assert_str_eq(told, "ww");
    rp_stream_end(client.stream);
    rp_stream_write_then(client.stream, "c", 1, on_written, told); /* after the end */
    rp_stream_end(served.stream);
    both_close();
    ck_assert_str_eq(told, "wwe");
}
END_TEST

START_TEST(net_times_out_and_stays)
{
    connect_with((struct rp_net_options){.timeout_ms = 20});
    run_until(&client, 'T');
    ck_assert(!rp_stream_destroyed(client.stream));
    rp_stream_destroy(client.stream, NULL);
    both_close();
}
END_TEST

START_TEST(net_pipes)
{
    connect_with((struct rp_net_options){0});
    run_until(&client, 'C');
    for (int i = 0; i < 1000 && served.stream == NULL; i++)
        rp_loop_turn(loop, true);
    ck_assert(rp_stream_pipe(served.stream, served.stream, false));
    for (int i = 0; i < 16; i++)
        rp_stream_write(client.stream, block, sizeof block);
    rp_stream_end(client.stream);
    both_close();
    ck_assert_uint_eq(client.bytes, 16 * sizeof block);
}
END_TEST

START_TEST(net_over_unix_sockets)
{
    char dir[] = "/tmp/net-XXXXXX", text[64], command[64];

    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(text, sizeof text, "unix:%s/s", dir);
    rp_listener_stop(listener, true);
    listen_on(text);
    rp_listener_stop(listener, true); /* the file stays; nobody listens on it */
    listen_on(text);
    connect_with((struct rp_net_options){.path = text + 5});
    served.echo = true;
    rp_stream_write(client.stream, "hello", 5);
    rp_stream_end(client.stream);
    both_close();
    ck_assert_uint_eq(client.bytes, 5);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static bool path_is_taken(const struct rp_net_options *o)
{
    struct rp_stream *stream = rp_net_connect(loop, o, NULL);

    if (stream == NULL)
        return false;
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
    return true;
}

/* 108 bytes are one too many: the path is named, and nobody is connected to instead. */
START_TEST(net_path_that_is_too_long_is_refused)
{
    struct rp_net_options o = {.port = rp_address_port(&where)};
    struct rp_error error = {0};
    struct rp_address address;
    char path[200], text[210];

    memset(path, 'p', sizeof path);
    path[_i] = '\0';
    o.path = path;
    ck_assert_ptr_null(rp_net_connect(loop, &o, &error));
    ck_assert_str_eq(error.code, "ERR_INVALID_ARG_VALUE");
    ck_assert_ptr_nonnull(strstr(error.message, "unix:pppppppppppppppppppp"));
    snprintf(text, sizeof text, "unix:%s", path);
    ck_assert(!rp_address_parse(&address, text, false, &error));
    path[107] = '\0';
    ck_assert(path_is_taken(&o));
}
END_TEST

START_TEST(net_path_without_bytes_is_refused)
{
    struct rp_net_options o = {.path = "", .port = rp_address_port(&where)};
    struct rp_error error = {0};

    ck_assert_ptr_null(rp_net_connect(loop, &o, &error));
    ck_assert_str_eq(error.code, "ERR_INVALID_ARG_VALUE");
}
END_TEST

START_TEST(net_looks_names_up)
{
    static const char *const hosts[] = {"localhost", ""}; /* both are this machine */

    connect_with((struct rp_net_options){.host = hosts[_i], .port = rp_address_port(&where)});
    run_until(&client, 'L');
    run_until(&client, 'C');
    rp_stream_destroy(client.stream, NULL);
    both_close();
}
END_TEST

START_TEST(net_lookup_may_be_given_up)
{
    connect_with((struct rp_net_options){.host = "no-such-host.invalid", .port = 1});
    if (_i == 1)
        rp_stream_destroy(client.stream, NULL);
    both_close();
    ck_assert(_i == 1 || has(&client, '!'));
}
END_TEST

static struct {
    int calls, reason;
} paused;

static void on_accept_paused(struct rp_listener_socket *l, int sys_errno, void *arg)
{
    ck_assert_ptr_eq(l, listener);
    ck_assert_ptr_null(arg);
    paused.calls++;
    paused.reason = sys_errno;
}

/* Twice: the clients wait, and a pause is told once however long it is. */
START_TEST(net_accepting_pauses_without_descriptors)
{
    struct rlimit before, none;

    memset(&paused, 0, sizeof paused);
    rp_listener_on_pause(listener, on_accept_paused);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 3; /* what is open stays so */
    for (int i = 0; i < 2; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        ck_assert_int_eq(connect(fd, &where.any, where.len), 0);
        setrlimit(RLIMIT_NOFILE, &none);
        while (paused.calls == 2 * i)
            rp_loop_turn(loop, true);
        rp_loop_turn(loop, true); /* it is tried again, and nothing is told */
        rp_loop_turn(loop, true);
        ck_assert_int_eq(paused.calls, 2 * i + 1);
        ck_assert_int_eq(paused.reason, EMFILE);
        ck_assert_ptr_null(served.stream);
        setrlimit(RLIMIT_NOFILE, &before);
        while (served.stream == NULL)
            rp_loop_turn(loop, true);
        ck_assert_int_eq(paused.calls, 2 * i + 2);
        ck_assert_int_eq(paused.reason, 0);
        close(fd);
        while (served.stream != NULL)
            rp_loop_turn(loop, true);
    }
}
END_TEST

START_TEST(net_address_in_use)
{
    struct rp_listen_options o = {.address = &where};
    struct rp_error error = {0};

    ck_assert_int_lt(rp_listen_open(&o, &error), 0);
    ck_assert_str_eq(error.code, "EADDRINUSE");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net");
    TCase *core = tcase_create("core");

    tcase_add_checked_fixture(core, set_up, tear_down);
    tcase_set_timeout(core, 30);
    tcase_add_test(core, net_connects_talks_and_ends);
    tcase_add_test(core, net_carries_much_both_ways);
    tcase_add_test(core, net_eager_sees_the_end_with_the_answer);
    tcase_add_test(core, net_eager_reads_on);
    tcase_add_test(core, net_hears_who_refuses_the_rest);
    tcase_add_test(core, net_eager_and_silent_stands_at_once);
    tcase_add_test(core, net_paused_reads_nothing);
    tcase_add_loop_test(core, net_refused_is_an_error_and_a_close, 0, 2);
    tcase_add_loop_test(core, net_may_be_destroyed_at_any_event, 0,
                        sizeof moments / sizeof *moments);
    tcase_add_test(core, net_destroyed_at_once);
    tcase_add_test(core, net_destroyed_at_the_loops_end);
    tcase_add_test(core, net_destroyed_with_an_error);
    tcase_add_test(core, net_reset_is_an_error_over_there);
    tcase_add_test(core, net_destroyed_soon_sends_first);
    tcase_add_test(core, net_half_open_still_receives);
    tcase_add_test(core, net_tells_what_was_written);
    tcase_add_test(core, net_times_out_and_stays);
    tcase_add_test(core, net_pipes);
    tcase_add_test(core, net_over_unix_sockets);
    tcase_add_test(core, net_path_without_bytes_is_refused);
    tcase_add_loop_test(core, net_path_that_is_too_long_is_refused, 108, 110);
    tcase_add_loop_test(core, net_looks_names_up, 0, 2);
    tcase_add_loop_test(core, net_lookup_may_be_given_up, 0, 2);
    tcase_add_test(core, net_accepting_pauses_without_descriptors);
    tcase_add_test(core, net_address_in_use);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
