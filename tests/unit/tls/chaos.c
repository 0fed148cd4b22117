/* SPDX-License-Identifier: MIT
 *
 * chaos.c - a server and its clients, whose listeners do anything at any time: write, end,
 * destroy, pause, cork, pipe, renegotiate, answer now, later, twice or never, give the server up.
 * Whatever they do: no event comes from inside a call, `close` comes once and last, `error` at most
 * once and before it, bytes arrive as they were written, the loop comes to an end, and (under ASAN)
 * nothing is used after it is gone and nothing leaks. Each number is the seed of one such life. */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

enum { CLIENTS = 4, ACTORS = 2 * CLIENTS, KEPT = 64, PUMPS = 60, SEEDS = 40 };

struct actor {
    struct rp_stream *s; /* a reference; NULL: free */
    uint64_t read;       /* checked so far */
    unsigned closes, errors, ends;
    bool echoes;
};

static struct actor actors[ACTORS];
static struct rp_request *kept[KEPT];
static size_t kept_count, begun;
static struct rp_secure_context *other;
static struct rp_timer pump;
static unsigned pumps;
static uint64_t state;
static bool quiet, given_up, server_closes, in_call;
static uint8_t session[16384];
static size_t session_len;

/* -- chance */

static unsigned any(unsigned n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % n;
}

static uint8_t byte_at(uint64_t position)
{
    return (uint8_t)(position * 31 + (position >> 8));
}

/* -- what a listener may do */

static void on_renegotiated(struct rp_socket *s, const struct rp_error *error, void *arg)
{
    (void)error, (void)arg;
    if (!quiet && any(4) == 0)
        rp_stream_destroy(rp_socket_stream(s), NULL);
}

static void on_written(struct rp_stream *s, const struct rp_error *error, void *arg)
{
    (void)error, (void)arg;
    if (!quiet && any(8) == 0)
        rp_stream_destroy(s, NULL);
}

static void write_some(struct actor *a)
{
    static uint8_t bytes[40000];
    size_t len = any(3) == 0 ? any(sizeof bytes) : any(200);
    uint64_t from = rp_stream_bytes_written(a->s);

    if (a->echoes || !rp_stream_writable(a->s))
        return; /* what it says is somebody else's */
    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(from + i);
    if (any(3) == 0)
        rp_stream_write_then(a->s, bytes, len, on_written, NULL);
    else
        rp_stream_write(a->s, bytes, len);
}

static void look_at(struct rp_socket *s)
{
    struct rp_cipher_info cipher;
    struct rp_ephemeral_key_info key;
    uint8_t bytes[256], id[32];
    const uint8_t *der;
    char name[RP_SIGALG_NAME_MAX];
    struct rp_x509 *x = rp_socket_peer_x509(s, any(2) == 0, NULL);

    rp_x509_unref(x);
    rp_x509_unref(rp_socket_x509(s, NULL));
    rp_socket_cipher(s, &cipher);
    rp_socket_ephemeral_key_info(s, &key);
    rp_socket_finished(s, bytes);
    rp_socket_peer_finished(s, bytes);
    rp_socket_session(s, bytes, sizeof bytes);
    rp_socket_ticket(s, bytes, sizeof bytes);
    rp_socket_peer_certificate_der(s, &der);
    rp_socket_certificate_der(s, &der);
    rp_socket_shared_sigalg(s, any(30), name);
    rp_socket_export_keying_material(s, bytes, 1 + any(200), "EXPORTER-x", NULL, 0, NULL);
    rp_socket_session_id_context(s, id);
    rp_socket_protocol(s);
    rp_socket_servername(s);
    rp_socket_alpn_protocol(s);
    rp_socket_verify_error(s);
    rp_socket_context(s);
    rp_stream_local_address(rp_socket_stream(s));
    rp_stream_remote_address(rp_socket_stream(s));
}

static void change(struct rp_socket *s)
{
    struct rp_renegotiate_options o = {any(3), any(3)};

    switch (any(7)) {
    case 0:
        rp_socket_set_max_send_fragment(s, (int)any(20000));
        break;
    case 1:
        rp_socket_disable_renegotiation(s);
        break;
    case 2:
        rp_socket_set_servername(s, "a.example", NULL);
        break;
    case 3:
        rp_socket_set_session(s, session, session_len, NULL);
        break;
    default:
        rp_socket_renegotiate(s, any(2) == 0 ? &o : NULL, any(2) == 0 ? on_renegotiated : NULL,
                              NULL, NULL);
    }
}

static void echo(struct actor *a)
{
    if (a->echoes || rp_stream_bytes_written(a->s) > 0 || a->read > 0)
        return; /* a second pipe is refused, and the first one goes on */
    a->echoes = rp_stream_pipe(a->s, a->s, false);
}

static void destroy(struct rp_stream *s)
{
    struct rp_error mine;

    rp_error_set(&mine, "ERR_MINE", "enough");
    if (any(3) == 0)
        rp_stream_destroy_soon(s);
    else
        rp_stream_destroy(s, any(2) == 0 ? &mine : NULL);
}

static void call_any(struct actor *a)
{
    struct rp_socket *s = rp_socket_from_stream(a->s);

    switch (any(22)) {
    case 0:
        destroy(a->s);
        break;
    case 1:
        rp_stream_end(a->s);
        break;
    case 2:
        rp_stream_pause(a->s);
        break;
    case 3:
    case 4:
        rp_stream_resume(a->s);
        break;
    case 5:
        rp_stream_cork(a->s);
        break;
    case 6:
        rp_stream_uncork(a->s);
        break;
    case 7:
        rp_stream_set_timeout(a->s, any(5));
        break;
    case 8:
    case 9:
        look_at(s);
        break;
    case 10:
    case 11:
        change(s);
        break;
    case 12:
        rp_stream_set_no_delay(a->s, any(2) == 0);
        rp_stream_set_keep_alive(a->s, true, 1000);
        break;
    case 13:
        echo(a);
        break;
    default:
        write_some(a);
    }
}

static void act(struct actor *a)
{
    in_call = true;
    call_any(a);
    in_call = false;
}

static void act_on_any(void)
{
    struct actor *a = &actors[any(ACTORS)];

    if (a->s != NULL)
        act(a);
}

/* -- what is heard */

static void check_data(struct actor *a, const struct rp_event *e)
{
    for (size_t i = 0; i < e->data.len; i++)
        ck_assert_msg(e->data.bytes[i] == byte_at(a->read + i),
                      "actor %td, %s, byte %zu of %zu after %ju is %d", a - actors,
                      rp_socket_protocol(rp_socket_from_stream(a->s)), i, e->data.len,
                      (uintmax_t)a->read, (int)e->data.bytes[i]);
    a->read += e->data.len;
}

static void on_event(const struct rp_event *e, void *arg)
{
    struct actor *a = arg;

    ck_assert_msg(!in_call, "event %d from inside a call", (int)e->type);
    ck_assert_msg(a->closes == 0, "event %d after close", (int)e->type);
    switch (e->type) {
    case RP_EV_CLOSE:
        a->closes++;
        ck_assert_int_eq(e->close.had_error, a->errors > 0);
        break;
    case RP_EV_ERROR:
        ck_assert_uint_eq(a->errors++, 0);
        ck_assert_uint_ne(e->error.error->message[0], '\0');
        break;
    case RP_EV_END:
        ck_assert_uint_eq(a->ends++, 0);
        break;
    case RP_EV_DATA:
        check_data(a, e);
        break;
    case RP_EV_SESSION:
        session_len = e->data.len < sizeof session ? e->data.len : 0;
        memcpy(session, e->data.bytes, session_len);
        break;
    default:
        break;
    }
    if (!quiet && any(3) == 0)
        any(4) == 0 ? act_on_any() : act(a);
}

static void follow(struct rp_stream *s)
{
    for (size_t i = 0; i < ACTORS; i++)
        if (actors[i].s == NULL) {
            actors[i] = (struct actor){.s = rp_stream_ref(s)};
            ck_assert(rp_stream_listen(s, RP_EVENT_ALL, on_event, &actors[i]));
            if (quiet)
                rp_stream_destroy(s, NULL);
            return;
        }
}

static bool answer(struct rp_request *r)
{
    struct rp_error error;

    rp_error_set(&error, "ERR_MINE", "no");
    switch (any(5)) {
    case 0:
        return rp_request_fail(r, &error);
    case 1:
        return rp_request_answer(r, (const uint8_t *)"x", 1);
    case 2:
        return rp_request_answer_context(r, any(2) == 0 ? other : NULL);
    case 3:
        return rp_request_done(r);
    default:
        return rp_request_answer(r, session, session_len);
    }
}

static void treat(struct rp_request *r)
{
    if (any(3) == 0)
        answer(r);
    if (any(3) != 0 && kept_count < KEPT)
        kept[kept_count++] = rp_request_ref(r);
    if (any(8) == 0)
        act_on_any();
}

static void give_up(void)
{
    if (given_up)
        return;
    given_up = true;
    rp_server_free(linked.server);
}

static void on_server_event(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert(!given_up);
    switch (e->type) {
    case RP_EV_SECURE_CONNECTION:
        follow(rp_socket_stream(e->secure_connection.socket));
        break;
    case RP_EV_TLS_CLIENT_ERROR:
        look_at(e->tls_client_error.socket);
        break;
    case RP_EV_NEW_SESSION:
        treat(e->new_session.request);
        break;
    case RP_EV_RESUME_SESSION:
        treat(e->resume_session.request);
        break;
    case RP_EV_OCSP_REQUEST:
        treat(e->ocsp_request.request);
        break;
    case RP_EV_CLOSE:
        ck_assert(!server_closes);
        server_closes = true;
        break;
    default:
        break;
    }
    if (quiet || any(6) != 0)
        return;
    if (any(20) == 0)
        give_up();
    else if (any(10) == 0)
        rp_server_close(linked.server);
    else
        act_on_any();
}

static struct rp_secure_context *on_name(struct rp_socket *s, const char *name,
                                         struct rp_request *r, void *arg)
{
    (void)name, (void)arg;
    if (any(10) == 0)
        destroy(rp_socket_stream(s));
    if (any(3) == 0)
        treat(r);
    return any(3) == 0 ? other : NULL;
}

static const char *on_alpn(struct rp_socket *s, const char *name, const char *const *protocols,
                           size_t count, void *arg)
{
    (void)name, (void)arg;
    if (any(10) == 0)
        destroy(rp_socket_stream(s));
    return any(8) == 0 ? NULL : protocols[any((unsigned)count)];
}

/* -- a life */

static void connect_one(void)
{
    static const char *const protocols[] = {"a", "b", NULL};
    struct rp_net_options net = {.address = rp_server_address(linked.server)};
    struct rp_stream *ends[2] = {NULL, NULL};
    struct rp_socket *s;

    begun++;
    linked.options.net = &net;
    linked.options.stream = NULL;
    linked.options.alpn_protocols = any(2) == 0 ? protocols : NULL;
    linked.options.request_ocsp = any(2) == 0;
    linked.options.stream_options.allow_half_open = any(2) == 0;
    linked.options.session = (struct rp_bytes){session_len > 0 ? session : NULL, session_len};
    linked.client_tls.max_version = any(2) == 0 ? "TLSv1.2" : "TLSv1.3";
    linked.options.context_options = &linked.client_tls;
    if (any(2) == 0) {
        ck_assert(rp_stream_pair(linked.loop, NULL, ends, NULL));
        linked.options.stream = ends[0];
        if (!rp_server_take_stream(linked.server, ends[1], NULL))
            rp_stream_destroy(ends[1], NULL);
    } else if (net.address == NULL) {
        return;
    }
    s = rp_connect(linked.loop, &linked.options, NULL);
    ck_assert_ptr_nonnull(s);
    follow(rp_socket_stream(s));
    rp_stream_unref(rp_socket_stream(s));
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
}

static void on_pump(struct rp_timer *timer)
{
    if (++pumps > PUMPS)
        return;
    if (begun < CLIENTS && !given_up && any(4) == 0)
        connect_one();
    act_on_any();
    if (kept_count > 0 && any(3) == 0)
        answer(kept[any((unsigned)kept_count)]);
    if (!given_up && any(20) == 0)
        rp_server_set_secure_context(linked.server, other);
    rp_timer_start(linked.loop, timer, 1);
}

static void begin(void)
{
    link_prepare();
    linked.server_tls.secure_options = 0;
    linked.server_tls.tickets = any(2) == 0 ? RP_OFF : RP_ON;
    linked.server_options.request_cert = any(3) == 0;
    linked.server_options.allow_unauthorized = true;
    linked.server_options.handshake_timeout_ms = 20;
    linked.server_options.stream.high_water_mark = any(2) == 0 ? 100 : 0;
    linked.server_options.stream.allow_half_open = any(2) == 0;
    linked.server_options.pause_on_connect = any(5) == 0;
    if (any(2) == 0)
        linked.server_options.sni_callback = on_name;
    if (any(2) == 0)
        linked.server_options.alpn_callback = on_alpn;
    if (any(2) != 0) {
        linked.client_tls.cert = &linked.cert;
        linked.client_tls.key = &linked.key;
        linked.client_tls.cert_count = linked.client_tls.key_count = 1;
    }
    other = rp_secure_context_new(&linked.server_tls, NULL);
    link_listen();
    rp_server_off(linked.server, RP_EV_SECURE_CONNECTION, link_on_server, NULL);
    rp_server_off(linked.server, RP_EV_TLS_CLIENT_ERROR, link_on_server, NULL);
    rp_server_off(linked.server, RP_EV_CLOSE, link_on_server, NULL);
    rp_server_listen_for(linked.server, RP_EVENT_ALL, on_server_event, NULL);
}

/* Everybody goes; what was kept is answered when nobody is there any more. */
static void finish(void)
{
    quiet = true;
    for (size_t i = 0; i < ACTORS; i++)
        if (actors[i].s != NULL)
            rp_stream_destroy(actors[i].s, NULL);
    if (!given_up)
        rp_server_close(linked.server);
    for (size_t i = 0; i < kept_count; i++)
        answer(kept[i]);
    rp_loop_run(linked.loop);
    for (size_t i = 0; i < kept_count; i++) {
        ck_assert(!rp_request_pending(kept[i]));
        ck_assert(!answer(kept[i]));
        rp_request_unref(kept[i]);
    }
    for (size_t i = 0; i < ACTORS; i++) {
        ck_assert(actors[i].s == NULL || actors[i].closes == 1);
        if (actors[i].s != NULL)
            act(&actors[i]); /* after everything */
        rp_stream_unref(actors[i].s);
    }
    ck_assert(given_up || server_closes);
    if (!given_up)
        rp_server_free(linked.server);
    rp_secure_context_unref(other);
    rp_loop_free(linked.loop);
    cert_free(&linked.leaf);
}

START_TEST(listeners_may_do_anything)
{
    state = (uint64_t)_i;
    begin();
    pump.fire = on_pump;
    rp_timer_start(linked.loop, &pump, 1);
    while (pumps <= PUMPS)
        rp_loop_turn(linked.loop, true);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_chaos");
    TCase *tc = tcase_create("tls_chaos");
    const char *seed = getenv("SEED"); /* one alone, to look at */
    int from = seed != NULL ? (int)strtol(seed, NULL, 10) : 0;

    tcase_add_loop_test(tc, listeners_may_do_anything, from, seed != NULL ? from + 1 : SEEDS);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
