/* SPDX-License-Identifier: MIT
 *
 * wrap.c - TLS over a stream that is there already: a pair in memory, TCP after a STARTTLS,
 * another TLS connection (D1 to D4, Q1, Q2). */
#include "lib/net/fd.h"
#include "tests/unit/link.h"
#include "tests/unit/unit.h"
#include "tests/unit/openssl_version.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { CLIENT, SERVER };

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static struct rp_secure_context *contexts[2];
static struct rp_socket *sockets[2];
static char got[2][200], failed[2][60];
static int secured[2], ended[2], closed[2], judged;

static void on_event(const struct rp_event *e, void *arg)
{
    size_t i = (size_t)(uintptr_t)arg;

    if (e->type == RP_EV_DATA)
        strncat(got[i], (const char *)e->data.bytes, e->data.len);
    else if (e->type == RP_EV_SECURE)
        secured[i]++;
    else if (e->type == RP_EV_END)
        ended[i]++;
    else if (e->type == RP_EV_CLOSE)
        closed[i]++;
    else if (e->type == RP_EV_SECURE_CONNECT || e->type == RP_EV_SECURE_CONNECTION)
        judged++;
    else if (e->type == RP_EV_ERROR)
        snprintf(failed[i], sizeof failed[i], "%.59s", e->error.error->code);
}

static void begin(const char *version)
{
    link_prepare();
    memset(sockets, 0, sizeof sockets);
    memset(got, 0, sizeof got);
    memset(failed, 0, sizeof failed);
    memset(secured, 0, sizeof secured);
    memset(ended, 0, sizeof ended);
    memset(closed, 0, sizeof closed);
    judged = 0;
    linked.client_tls.max_version = version;
    contexts[CLIENT] = rp_secure_context_new(&linked.client_tls, NULL);
    contexts[SERVER] = rp_secure_context_new(&linked.server_tls, NULL);
    ck_assert(contexts[CLIENT] != NULL && contexts[SERVER] != NULL);
}

static void listen_to(int i, struct rp_socket *s)
{
    sockets[i] = s;
    ck_assert(rp_stream_listen(rp_socket_stream(s), RP_EVENT_ALL, on_event, (void *)(uintptr_t)i));
}

static struct rp_socket *wrap(int i, struct rp_stream *stream, struct rp_socket_options o)
{
    struct rp_error err = {0};
    struct rp_socket *s;

    o.is_server = i == SERVER;
    o.context = contexts[i];
    s = rp_socket_wrap(stream, &o, &err);
    ck_assert_msg(s != NULL, "%s", err.message);
    listen_to(i, s);
    return s;
}

static void say(int i, const char *text)
{
    rp_stream_write(rp_socket_stream(sockets[i]), text, strlen(text));
}

static bool both_said(void)
{
    return (got[0][0] != '\0' && got[1][0] != '\0') || (closed[0] > 0 && closed[1] > 0);
}

static bool both_closed(void)
{
    return closed[0] > 0 && closed[1] > 0;
}

static void finish(void)
{
    for (int i = 0; i < 2; i++) {
        if (sockets[i] == NULL)
            continue;
        rp_stream_destroy(rp_socket_stream(sockets[i]), NULL);
        rp_socket_unref(sockets[i]);
    }
    rp_loop_run(linked.loop);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(closed[i], sockets[i] != NULL);
        rp_secure_context_unref(contexts[i]);
    }
    ck_assert_int_eq(judged, 0);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}

/* Both ends over a pair in memory. */
static void join(struct rp_socket_options client, struct rp_socket_options server)
{
    struct rp_stream *ends[2];

    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    wrap(CLIENT, ends[0], client);
    wrap(SERVER, ends[1], server);
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
}

START_TEST(wrapped_sockets_speak_tls_and_judge_nobody)
{
    const char *const protocols[] = {"smtp", NULL};

    begin(versions[_i]);
    join((struct rp_socket_options){.servername = "a.example", .alpn_protocols = protocols},
         (struct rp_socket_options){.alpn_protocols = protocols});
    ck_assert(rp_socket_secure_connecting(sockets[CLIENT]));
    say(CLIENT, "to the server");
    say(SERVER, "to the client");
    link_run(both_said);
    ck_assert_str_eq(got[SERVER], "to the server");
    ck_assert_str_eq(got[CLIENT], "to the client");
    ck_assert_int_eq(secured[CLIENT] + secured[SERVER], 2);
    for (int i = 0; i < 2; i++) {
        ck_assert_str_eq(rp_socket_protocol(sockets[i]), versions[_i]);
        ck_assert_str_eq(rp_socket_alpn_protocol(sockets[i]), "smtp");
        ck_assert_str_eq(rp_socket_servername(sockets[i]), "a.example");
        ck_assert(!rp_socket_authorized(sockets[i]));
        ck_assert_ptr_null(rp_socket_authorization_error(sockets[i]));
        ck_assert_ptr_null(rp_socket_verify_error(sockets[i]));
        ck_assert_ptr_null(rp_socket_server(sockets[i]));
    }
    finish();
}
END_TEST

START_TEST(end_of_a_wrapped_socket_ends_both)
{
    begin(versions[_i]);
    join((struct rp_socket_options){0}, (struct rp_socket_options){0});
    say(CLIENT, "bye");
    rp_stream_end(rp_socket_stream(sockets[CLIENT]));
    link_run(both_closed);
    ck_assert_str_eq(got[SERVER], "bye");
    ck_assert_int_eq(ended[CLIENT] + ended[SERVER], 2);
    ck_assert_str_eq(failed[CLIENT], "");
    finish();
}
END_TEST

/* Socket and stream have one count: what one gives up the other may have taken. */
START_TEST(reference_keeps_a_closed_socket)
{
    begin(versions[_i]);
    join((struct rp_socket_options){0}, (struct rp_socket_options){0});
    ck_assert_ptr_eq(rp_socket_ref(sockets[CLIENT]), sockets[CLIENT]);
    rp_stream_unref(rp_socket_stream(sockets[CLIENT])); /* that of rp_socket_wrap */
    rp_stream_destroy(rp_socket_stream(sockets[CLIENT]), NULL);
    link_run(both_closed);
    ck_assert(rp_stream_closed(rp_socket_stream(sockets[CLIENT])));
    rp_stream_ref(rp_socket_stream(sockets[SERVER]));
    rp_socket_unref(sockets[SERVER]);
    ck_assert(rp_stream_closed(rp_socket_stream(sockets[SERVER])));
    finish();
}
END_TEST

START_TEST(chain_is_looked_at_when_asked)
{
    begin(versions[_i]);
    rp_secure_context_unref(contexts[CLIENT]);
    linked.client_tls.ca = NULL;
    linked.client_tls.ca_count = 0;
    contexts[CLIENT] = rp_secure_context_new(&linked.client_tls, NULL);
    join((struct rp_socket_options){0}, (struct rp_socket_options){0});
    say(CLIENT, "x");
    say(SERVER, "y");
    link_run(both_said);
    ck_assert_str_eq(rp_socket_verify_error(sockets[CLIENT]), "DEPTH_ZERO_SELF_SIGNED_CERT");
    rp_stream_destroy(rp_socket_stream(sockets[CLIENT]), NULL);
    link_run(both_closed);
    rp_socket_unref(sockets[CLIENT]);
    rp_socket_unref(sockets[SERVER]);
    memset(closed, 0, sizeof closed);
    memset(got, 0, sizeof got);

    join((struct rp_socket_options){.reject_unauthorized = true}, (struct rp_socket_options){0});
    say(CLIENT, "x");
    link_run(both_closed);
    ck_assert_str_eq(failed[CLIENT], "DEPTH_ZERO_SELF_SIGNED_CERT");
    ck_assert_str_eq(got[SERVER], "");
    finish();
}
END_TEST

START_TEST(failure_is_an_error_of_the_socket)
{
    begin(versions[_i]);
    rp_secure_context_unref(contexts[SERVER]);
    linked.server_tls.cert = linked.server_tls.key = NULL;
    linked.server_tls.cert_count = linked.server_tls.key_count = 0;
    contexts[SERVER] = rp_secure_context_new(&linked.server_tls, NULL);
    join((struct rp_socket_options){0}, (struct rp_socket_options){0});
    link_run(both_closed);
    ck_assert_str_eq(failed[SERVER], _i == 0 ? "ERR_SSL_NO_SHARED_CIPHER"
                                             : "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM");
    ck_assert_str_eq(failed[CLIENT], alert_code("HANDSHAKE_FAILURE"));
    finish();
}
END_TEST

START_TEST(handshake_timeout_is_an_error_of_the_socket)
{
    struct rp_stream *ends[2];

    begin(NULL);
    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    wrap(_i, ends[1], (struct rp_socket_options){.handshake_timeout_ms = 10});
    rp_stream_unref(ends[1]);
    while (closed[_i] == 0)
        rp_loop_turn(linked.loop, true);
    ck_assert_str_eq(failed[_i], "ERR_TLS_HANDSHAKE_TIMEOUT");
    rp_stream_destroy(ends[0], NULL);
    rp_stream_unref(ends[0]);
    finish();
}
END_TEST

/* TLS has no word for it, so the streams below must say it. */
START_TEST(reset_of_a_wrapped_socket_is_an_error_over_there)
{
    begin(versions[_i % 2]);
    join((struct rp_socket_options){0}, (struct rp_socket_options){0});
    say(CLIENT, "x");
    say(SERVER, "y");
    link_run(both_said);
    rp_stream_reset_and_destroy(rp_socket_stream(sockets[_i / 2]));
    link_run(both_closed);
    ck_assert_str_eq(failed[1 - _i / 2], "ECONNRESET");
    ck_assert_int_eq(ended[1 - _i / 2], 0);
    ck_assert_str_eq(failed[_i / 2], "");
    finish();
}
END_TEST

/* -- over descriptors */

/* A terminal that changes no byte, or two ends of a Unix socket. */
static void open_descriptors(bool terminal, int fd[2])
{
    struct termios raw;

    if (!terminal) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        return;
    }
    fd[CLIENT] = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(grantpt(fd[CLIENT]) == 0 && unlockpt(fd[CLIENT]) == 0);
    fd[SERVER] = open(ptsname(fd[CLIENT]), O_RDWR | O_NOCTTY);
    ck_assert_int_eq(tcgetattr(fd[SERVER], &raw), 0);
    cfmakeraw(&raw);
    ck_assert_int_eq(tcsetattr(fd[SERVER], TCSANOW, &raw), 0);
}

START_TEST(tls_goes_through_descriptors)
{
    int fd[2];

    begin(versions[_i % 2]);
    open_descriptors(_i >= 2, fd);
    for (int i = 0; i < 2; i++) {
        struct rp_stream *stream = rp_stream_from_fd(linked.loop, fd[i], NULL, NULL);

        ck_assert_ptr_nonnull(stream);
        wrap(i, stream, (struct rp_socket_options){0});
        rp_stream_unref(stream);
    }
    say(CLIENT, "question");
    say(SERVER, "answer");
    link_run(both_said);
    ck_assert_str_eq(got[SERVER], "question");
    ck_assert_str_eq(got[CLIENT], "answer");
    rp_stream_end(rp_socket_stream(sockets[CLIENT]));
    link_run(both_closed);
    ck_assert_int_eq(ended[CLIENT] + ended[SERVER], 2);
    ck_assert_str_eq(failed[CLIENT], "");
    ck_assert_str_eq(failed[SERVER], "");
    finish();
}
END_TEST

/* TLS needs both directions: one end of a pipe, and a pair whose peer has ended. */
START_TEST(stream_of_one_direction_is_refused)
{
    struct rp_socket_options o = {.context = NULL};
    struct rp_error err = {0};
    int p[2];

    begin(NULL);
    ck_assert_int_eq(pipe(p), 0);
    o.context = contexts[CLIENT];
    for (int i = 0; i < 2; i++) {
        struct rp_stream *stream = rp_stream_from_fd(linked.loop, p[i], NULL, NULL);

        ck_assert_ptr_null(rp_socket_wrap(stream, &o, &err));
        ck_assert_str_eq(err.code, "ERR_STREAM_DESTROYED");
        rp_stream_destroy(stream, NULL);
        rp_stream_unref(stream);
    }
    finish();
}
END_TEST

/* D4 */
START_TEST(either_layer_takes_the_other_along)
{
    struct rp_stream *ends[2];

    begin(NULL);
    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    wrap(CLIENT, ends[0], (struct rp_socket_options){0});
    wrap(SERVER, ends[1], (struct rp_socket_options){0});
    say(CLIENT, "x");
    say(SERVER, "y");
    link_run(both_said);
    if (_i == 0)
        rp_stream_destroy(ends[0], NULL);
    else
        rp_stream_destroy(rp_socket_stream(sockets[CLIENT]), NULL);
    link_run(both_closed);
    ck_assert(rp_stream_closed(ends[0]));
    ck_assert(rp_stream_closed(ends[1]));
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
    finish();
}
END_TEST

START_TEST(closed_stream_is_refused)
{
    struct rp_stream *ends[2];
    struct rp_socket_options o = {0};
    struct rp_error err = {0};

    begin(NULL);
    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    rp_stream_destroy(ends[_i], NULL);
    o.is_server = _i == 1;
    o.context = contexts[_i];
    o.head = (struct rp_bytes){(const uint8_t *)"x", 1};
    ck_assert_ptr_null(rp_socket_wrap(ends[_i], &o, &err));
    ck_assert_str_eq(err.code, "ERR_STREAM_DESTROYED");
    rp_stream_destroy(ends[1 - _i], NULL);
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
    finish();
}
END_TEST

/* -- STARTTLS: a dialogue in the clear, then TLS over the same connection */

static struct rp_stream *plain[2];
static struct rp_listener_socket *listener;

static void on_plain_server(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = e->target;

    (void)arg;
    /* The client does not wait: its ClientHello may stand behind the word already. */
    ck_assert_uint_ge(e->data.len, 9);
    ck_assert_mem_eq(e->data.bytes, "STARTTLS\n", 9);
    rp_stream_off(stream, RP_EV_DATA, on_plain_server, NULL);
    wrap(SERVER, stream, (struct rp_socket_options){.head = {e->data.bytes + 9, e->data.len - 9}});
    rp_stream_unref(stream);
}

static void on_accepted(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                        void *arg)
{
    (void)l, (void)remote, (void)arg;
    plain[SERVER] = rp_net_open(linked.loop, fd, NULL, NULL);
    ck_assert(rp_stream_on(plain[SERVER], RP_EV_DATA, on_plain_server, NULL));
}

START_TEST(upgrade_loses_no_byte)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    struct rp_net_options net = {.address = &address};
    int fd;

    begin(versions[_i]);
    ck_assert(rp_address_parse(&address, "127.0.0.1:0", false, NULL));
    fd = rp_listen_open(&listen, NULL);
    ck_assert_int_ge(fd, 0);
    rp_fd_address(fd, false, &address);
    listener = rp_listener_start(linked.loop, fd, on_accepted, NULL, NULL);
    plain[CLIENT] = rp_net_connect(linked.loop, &net, NULL);
    rp_stream_write(plain[CLIENT], "STARTTLS\n", 9); /* leaves before TLS (D3) */
    wrap(CLIENT, plain[CLIENT], (struct rp_socket_options){0});
    rp_stream_unref(plain[CLIENT]);
    say(CLIENT, "secret");
    while (got[SERVER][0] == '\0')
        rp_loop_turn(linked.loop, true);
    say(SERVER, "answer");
    link_run(both_said);
    ck_assert_str_eq(got[SERVER], "secret");
    ck_assert_str_eq(got[CLIENT], "answer");
    ck_assert_ptr_nonnull(rp_stream_remote_address(rp_socket_stream(sockets[SERVER])));
    rp_listener_stop(listener, true);
    finish();
}
END_TEST

/* -- TLS in TLS */

START_TEST(tls_goes_through_tls)
{
    struct rp_stream *ends[2], *outer[2];

    begin(versions[_i]);
    ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
    for (int i = 0; i < 2; i++) {
        struct rp_socket_options o = {.is_server = i == SERVER, .context = contexts[i]};
        struct rp_socket *s = rp_socket_wrap(ends[i], &o, NULL);

        ck_assert_ptr_nonnull(s);
        rp_stream_unref(ends[i]);
        outer[i] = rp_socket_stream(s);
        wrap(i, outer[i], (struct rp_socket_options){0});
    }
    say(CLIENT, "inner");
    say(SERVER, "answer");
    link_run(both_said);
    ck_assert_str_eq(got[SERVER], "inner");
    ck_assert_str_eq(got[CLIENT], "answer");
    rp_stream_end(rp_socket_stream(sockets[CLIENT]));
    link_run(both_closed);
    ck_assert(rp_stream_closed(outer[CLIENT]));
    ck_assert(rp_stream_closed(outer[SERVER]));
    rp_stream_unref(outer[0]);
    rp_stream_unref(outer[1]);
    finish();
}
END_TEST

/* -- tls.createSecurePair */

START_TEST(secure_pairs_joined_by_pipes_speak)
{
    struct rp_secure_pair pairs[2];

    begin(versions[_i]);
    for (int i = 0; i < 2; i++) {
        ck_assert(rp_secure_pair_new(linked.loop, contexts[i], i == SERVER, false, false, &pairs[i],
                                     NULL));
        listen_to(i, pairs[i].cleartext);
        rp_stream_ref(rp_socket_stream(pairs[i].cleartext));
    }
    rp_stream_pipe(pairs[0].encrypted, pairs[1].encrypted, false);
    rp_stream_pipe(pairs[1].encrypted, pairs[0].encrypted, false);
    say(CLIENT, "question");
    say(SERVER, "answer");
    link_run(both_said);
    ck_assert_str_eq(got[SERVER], "question");
    ck_assert_str_eq(got[CLIENT], "answer");
    rp_secure_pair_destroy(&pairs[0]);
    rp_secure_pair_destroy(&pairs[0]);
    rp_secure_pair_destroy(&pairs[1]);
    finish();
}
END_TEST

START_TEST(secure_pair_needs_a_context)
{
    struct rp_secure_pair pair;
    struct rp_error err = {0};

    begin(NULL);
    ck_assert(!rp_secure_pair_new(linked.loop, NULL, true, false, false, &pair, &err));
    ck_assert_str_eq(err.code, "ERR_TLS_INVALID_CONTEXT");
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_wrap");
    TCase *tc = tcase_create("wrap");

    tcase_add_loop_test(tc, wrapped_sockets_speak_tls_and_judge_nobody, 0, 2);
    tcase_add_loop_test(tc, end_of_a_wrapped_socket_ends_both, 0, 2);
    tcase_add_loop_test(tc, reference_keeps_a_closed_socket, 0, 2);
    tcase_add_loop_test(tc, chain_is_looked_at_when_asked, 0, 2);
    tcase_add_loop_test(tc, failure_is_an_error_of_the_socket, 0, 2);
    tcase_add_loop_test(tc, handshake_timeout_is_an_error_of_the_socket, CLIENT, SERVER + 1);
    tcase_add_loop_test(tc, reset_of_a_wrapped_socket_is_an_error_over_there, 0, 4);
    tcase_add_loop_test(tc, tls_goes_through_descriptors, 0, 4);
    tcase_add_test(tc, stream_of_one_direction_is_refused);
    tcase_add_loop_test(tc, either_layer_takes_the_other_along, 0, 2);
    tcase_add_loop_test(tc, closed_stream_is_refused, 0, 2);
    tcase_add_loop_test(tc, upgrade_loses_no_byte, 0, 2);
    tcase_add_loop_test(tc, tls_goes_through_tls, 0, 2);
    tcase_add_loop_test(tc, secure_pairs_joined_by_pipes_speak, 0, 2);
    tcase_add_test(tc, secure_pair_needs_a_context);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
