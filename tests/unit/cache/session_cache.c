/* SPDX-License-Identifier: MIT
 *
 * session_cache.c - clients resume through a store: by id in TLS 1.2, by stateful ticket in 1.3;
 * and no answer of the store, early, late, wrong or never, fails a handshake. Real servers and
 * clients over pipes in memory; the store is one that the test answers for, by hand. */
#include "cache/session_cache.h"
#include "tests/memory/pipe.h"
#include "tests/unit/certs.h"
#include "tests/unit/sealers.h"
#include "tests/unit/unit.h"

enum { NAME = 32, KEEP = 16 };
enum manner { AT_ONCE, WHEN_TOLD, FAILING };

/* -- a store of a few entries */

static struct entry {
    uint8_t key[RP_STORE_KEY_MAX], value[RP_STORE_VALUE_MAX];
    size_t key_len, len;
} entries[KEEP];
static struct shelf {
    struct rp_store base;
    enum manner manner;
    size_t count;
    struct rp_store_call *open; /* the one that waits */
    struct rp_store_reply reply;
    unsigned gets, puts;
} shelf;

static enum rp_store_status finish(struct rp_store_reply reply, struct rp_store_reply *now,
                                   struct rp_store_call *later)
{
    if (shelf.manner == FAILING)
        return RP_STORE_FAILED;
    if (shelf.manner == WHEN_TOLD) {
        later->store = &shelf.base;
        shelf.open = later;
        shelf.reply = reply;
        return RP_STORE_LATER;
    }
    if (now != NULL)
        *now = reply;
    return reply.status;
}

static enum rp_store_status shelf_get(struct rp_store *s, struct rp_bytes key,
                                      struct rp_store_reply *now, struct rp_store_call *later)
{
    struct rp_store_reply reply = {.status = RP_STORE_MISSING};

    (void)s;
    shelf.gets++;
    for (size_t i = 0; i < shelf.count; i++)
        if (entries[i].key_len == key.len && memcmp(entries[i].key, key.bytes, key.len) == 0)
            reply = (struct rp_store_reply){.status = RP_STORE_OK,
                                            .value = {entries[i].value, entries[i].len}};
    return finish(reply, now, later);
}

static enum rp_store_status shelf_put(struct rp_store *s, struct rp_bytes key,
                                      struct rp_bytes value, uint64_t ttl_ms,
                                      struct rp_store_call *later)
{
    struct entry *e = &entries[shelf.count++ % KEEP];

    (void)s;
    ck_assert_uint_gt(ttl_ms, 0);
    shelf.puts++;
    memcpy(e->key, key.bytes, key.len);
    memcpy(e->value, value.bytes, value.len);
    e->key_len = key.len;
    e->len = value.len;
    return finish((struct rp_store_reply){.status = RP_STORE_OK}, NULL, later);
}

static void shelf_cancel(struct rp_store_call *call)
{
    ck_assert_ptr_eq(call, shelf.open);
    shelf.open = NULL;
}

static void answer(void)
{
    struct rp_store_call *call = shelf.open;

    ck_assert_ptr_nonnull(call);
    shelf.open = NULL;
    rp_store_answer(call, &shelf.reply);
}

/* -- the world */

static struct rp_loop *loop;
static struct rp_session_cache *cache;
static struct rp_session_cache_counters counters;
static struct rp_server *server;
static struct rp_secure_context *context, *other;
static struct cert cert;

static struct rp_secure_context *make_context(const char *max_version, enum rp_toggle tickets)
{
    struct rp_pem pem = {.bytes = cert.pem}, key = {.bytes = cert.key_pem};
    struct rp_secure_context_options o = {.cert = &pem,
                                          .cert_count = 1,
                                          .key = &key,
                                          .key_count = 1,
                                          .max_version = max_version,
                                          .tickets = tickets,
                                          .session_timeout = 100};
    struct rp_secure_context *c = rp_secure_context_new(&o, NULL);

    ck_assert_ptr_nonnull(c);
    return c;
}

static struct rp_secure_context *choose(struct rp_socket *socket, const char *name,
                                        struct rp_request *request, void *arg)
{
    (void)socket, (void)request, (void)arg;
    return name != NULL && strcmp(name, "other.example") == 0 ? other : NULL;
}

static void start(const char *version, enum rp_toggle tickets, uint32_t deadline_ms)
{
    static const struct rp_store_ops ops = {
        .kind = "shelf", .get = shelf_get, .put = shelf_put, .cancel = shelf_cancel};
    struct rp_secret secret = {.key = {9}};
    struct rp_session_cache_options o = {.store = &shelf.base,
                                         .sealers = sealers_of(&secret, "session"),
                                         .lookup_timeout_ms = deadline_ms,
                                         .store_timeout_ms = deadline_ms,
                                         .counters = &counters};
    struct rp_server_options so = {.sni_callback = choose,
                                   .make_session_id = rp_session_cache_make_id,
                                   .accept_session_id = rp_session_cache_accept_id};

    cert = cert_make(
        (struct cert_request){.cn = "a.example", .alt = "DNS:a.example,DNS:other.example"});
    memset(&shelf, 0, sizeof shelf);
    memset(&counters, 0, sizeof counters);
    loop = rp_loop_new(NULL);
    rp_store_init(&shelf.base, &ops, loop);
    cache = rp_session_cache_new(loop, &o, NULL);
    ck_assert_ptr_nonnull(cache);
    so.context = context = make_context(version, tickets);
    other = make_context(version, tickets);
    so.arg = cache;
    server = rp_server_new(loop, &so, NULL);
    ck_assert(rp_session_cache_attach(cache, server));
}

static void turn(void)
{
    for (int i = 0; i < 20; i++)
        rp_loop_turn(loop, false);
}

static void stop(void)
{
    rp_server_free(server);
    for (int i = 0; i < 50; i++)
        rp_loop_turn(loop, false);
    rp_session_cache_free(cache);
    turn();
    rp_secure_context_unref(context);
    rp_secure_context_unref(other);
    rp_loop_free(loop);
    cert_free(&cert);
}

/* -- clients */

static uint8_t session[9000];
static size_t session_len;
static unsigned sessions; /* how many were seen */

struct client {
    struct rp_socket *socket;
    bool secure, reused, failed, closed;
};

static void on_client(const struct rp_event *event, void *arg)
{
    struct client *c = arg;

    if (event->type == RP_EV_SECURE_CONNECT) {
        c->secure = true;
        c->reused = rp_socket_session_reused(c->socket);
    } else if (event->type == RP_EV_SESSION) {
        sessions++;
        session_len = event->data.len;
        memcpy(session, event->data.bytes, session_len);
    } else if (event->type == RP_EV_ERROR) {
        c->failed = true;
    } else if (event->type == RP_EV_CLOSE) {
        c->closed = true;
    }
}

static void begin(struct client *c, struct rp_stream *ends[2], const char *name, bool resume)
{
    static unsigned moves;
    struct rp_connect_options o = {
        .servername = name, .allow_unauthorized = true, .session_anywhere = true};

    memset(c, 0, sizeof *c);
    ck_assert(pipe_new(loop, 0, &moves, ends));
    o.stream = ends[0];
    if (resume)
        o.session = (struct rp_bytes){session, session_len};
    ck_assert(rp_server_take_stream(server, ends[1], NULL));
    c->socket = rp_connect(loop, &o, NULL);
    ck_assert_ptr_nonnull(c->socket);
    rp_stream_listen(rp_socket_stream(c->socket), RP_EVENT_ALL, on_client, c);
}

static void end(struct client *c, struct rp_stream *ends[2])
{
    turn();
    rp_stream_destroy(rp_socket_stream(c->socket), NULL);
    for (int i = 0; i < 100 && !c->closed; i++)
        turn();
    ck_assert(c->closed);
    rp_stream_unref(rp_socket_stream(c->socket));
    rp_stream_unref(ends[0]);
    rp_stream_unref(ends[1]);
    turn();
}

/* A whole connection, whatever the store does; true: it was resumed. */
static bool connect_once(const char *name, bool resume)
{
    struct rp_stream *ends[2];
    struct client c;

    sessions = 0;
    begin(&c, ends, name, resume);
    while (!c.failed && (!c.secure || (sessions == 0 && !c.reused)))
        rp_loop_turn(loop, true);
    ck_assert(c.secure);
    ck_assert(!c.failed);
    end(&c, ends);
    return c.reused;
}

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};

START_TEST(sessions_resume)
{
    start(versions[_i], RP_OFF, 60000);
    ck_assert(!connect_once("a.example", false));
    ck_assert_uint_gt(counters.stored, 0);
    ck_assert(connect_once("a.example", true));
    ck_assert(connect_once("A.EXAMPLE", true));
    ck_assert_uint_eq(counters.hits, 2);
    stop();
}
END_TEST

START_TEST(sessions_are_bound_to_the_name)
{
    start(versions[_i], RP_OFF, 60000);
    connect_once("a.example", false);
    ck_assert(!connect_once("other.example", true));
    ck_assert_uint_eq(counters.bad_seals, 1);
    stop();
}
END_TEST

START_TEST(a_changed_record_is_a_full_handshake)
{
    start(versions[_i], RP_OFF, 60000);
    connect_once("a.example", false);
    for (size_t i = 0; i < KEEP; i++)
        entries[i].value[entries[i].len / 2] ^= 1;
    ck_assert(!connect_once("a.example", true));
    ck_assert_uint_eq(counters.bad_seals, 1);
    stop();
}
END_TEST

START_TEST(a_failing_store_is_a_full_handshake)
{
    start(versions[_i], RP_OFF, 60000);
    connect_once("a.example", false);
    shelf.manner = FAILING;
    ck_assert(!connect_once("a.example", true));
    ck_assert_uint_gt(counters.misses, 0);
    ck_assert_uint_eq(counters.failed, counters.misses);
    ck_assert_uint_gt(counters.store_failed, 0);
    stop();
}
END_TEST

START_TEST(a_silent_store_costs_the_deadline)
{
    struct rp_stream *ends[2];
    struct client c;

    start(versions[_i], RP_OFF, 10);
    connect_once("a.example", false);
    shelf.manner = WHEN_TOLD;
    begin(&c, ends, "a.example", true);
    while (counters.timeouts == 0 || counters.store_timeouts == 0)
        rp_loop_turn(loop, true);
    turn();
    ck_assert(c.secure && !c.reused);
    end(&c, ends);
    stop();
}
END_TEST

START_TEST(a_late_answer_resumes)
{
    struct rp_stream *ends[2];
    struct client c;

    start(versions[_i], RP_OFF, 60000);
    connect_once("a.example", false);
    shelf.manner = WHEN_TOLD;
    begin(&c, ends, "a.example", true);
    turn();
    ck_assert(!c.secure);
    answer();
    shelf.manner = AT_ONCE;
    turn();
    ck_assert(c.secure && c.reused);
    end(&c, ends);
    stop();
}
END_TEST

START_TEST(an_answer_to_nobody_is_harmless)
{
    struct rp_stream *ends[2];
    struct client c;

    start(versions[_i], RP_OFF, 60000);
    connect_once("a.example", false);
    shelf.manner = WHEN_TOLD;
    begin(&c, ends, "a.example", true);
    turn();
    end(&c, ends);
    if (shelf.open != NULL)
        answer();
    turn();
    stop();
}
END_TEST

START_TEST(the_cache_may_go_while_a_store_thinks)
{
    struct rp_stream *ends[2];
    struct client c;

    start(versions[_i], RP_OFF, 60000);
    connect_once("a.example", false);
    shelf.manner = WHEN_TOLD;
    begin(&c, ends, "a.example", true);
    turn();
    end(&c, ends);
    stop();
    ck_assert_ptr_null(shelf.open);
}
END_TEST

/* Ids that this cluster did not make never reach the store; nor do stateless tickets. */
START_TEST(the_store_is_asked_only_for_its_own)
{
    uint8_t id[NAME] = {1, 2, 3};
    unsigned gets;

    start(versions[_i], RP_DEFAULT, 60000);
    ck_assert(!rp_session_cache_accept_id(id, sizeof id, cache));
    ck_assert(!rp_session_cache_accept_id(id, 0, cache));
    ck_assert_uint_eq(counters.foreign_ids, 2);
    ck_assert(rp_session_cache_make_id(id, sizeof id, cache));
    ck_assert(rp_session_cache_accept_id(id, sizeof id, cache));
    ck_assert(!rp_session_cache_make_id(id, sizeof id - 1, cache));
    connect_once("a.example", false);
    gets = shelf.gets;
    ck_assert(connect_once("a.example", true)); /* by ticket */
    ck_assert_uint_eq(shelf.gets, gets);
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_cache");
    TCase *core = tcase_create("core");

    tcase_add_loop_test(core, sessions_resume, 0, 2);
    tcase_add_loop_test(core, sessions_are_bound_to_the_name, 0, 2);
    tcase_add_loop_test(core, a_changed_record_is_a_full_handshake, 0, 2);
    tcase_add_loop_test(core, a_failing_store_is_a_full_handshake, 0, 2);
    tcase_add_loop_test(core, a_silent_store_costs_the_deadline, 0, 2);
    tcase_add_loop_test(core, a_late_answer_resumes, 0, 2);
    tcase_add_loop_test(core, an_answer_to_nobody_is_harmless, 0, 2);
    tcase_add_loop_test(core, the_cache_may_go_while_a_store_thinks, 0, 2);
    tcase_add_loop_test(core, the_store_is_asked_only_for_its_own, 0, 2);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
