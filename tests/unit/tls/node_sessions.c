/* SPDX-License-Identifier: MIT
 *
 * node_sessions.c - which connections resume which sessions, in both versions, as in node: the rows
 * of sessions.json.
 * The differences that the contract names: a resumed TLS 1.3 client gets a new ticket, a stateful
 * TLS 1.3 session resumes, the store is not asked about ids that can resume nothing, a second
 * answer is refused without effect, and a client without a certificate is not authorized (N2). */
#include "tests/unit/golden_pair.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static const char *version;
static json_t *goldens;
static uint8_t ticket[16384], first_ticket[16384];
static size_t ticket_len, first_ticket_len;
static unsigned sessions;

static void setup(void)
{
    goldens = golden_json("sessions.json");
    pair_begin();
    ticket_len = first_ticket_len = 0;
    sessions = 0;
}

static void teardown(void)
{
    pair_close();
    json_decref(goldens);
}

static const json_t *golden(const char *name)
{
    char whole[96];
    const json_t *row;

    snprintf(whole, sizeof whole, "%s %s", name, version);
    row = json_object_get(goldens, whole);
    ck_assert_msg(row != NULL, "%s is not in sessions.json", whole);
    return row;
}

/* Members of a row that are true or false. */
static bool says(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);

    ck_assert_msg(json_is_boolean(value), "%s", key);
    return json_is_true(value);
}

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert_uint_le(e->data.len, sizeof ticket);
    sessions++;
    ticket_len = e->data.len;
    memcpy(ticket, e->data.bytes, ticket_len);
}

static void keeps_sessions(struct rp_socket *client)
{
    rp_stream_on(rp_socket_stream(client), RP_EV_SESSION, on_session, NULL);
}

static bool has_session(void)
{
    return sessions > 0;
}

static void begin(int index)
{
    version = versions[index];
    pair_versions(version);
    pair.prepare_client = keeps_sessions;
}

/* A full handshake, and what it leaves behind. */
static void first_connection(void)
{
    ck_assert(pair_run());
    ck_assert_msg(pair.connected, "%s", pair.client_error.message);
    ck_assert(!rp_socket_session_reused(pair.client));
    pair_wait(has_session);
    first_ticket_len = ticket_len;
    memcpy(first_ticket, ticket, ticket_len);
    pair_hang_up();
}

static void again_with(const uint8_t *session, size_t len)
{
    sessions = 0;
    pair.options.session = (struct rp_bytes){len > 0 ? session : NULL, len};
    pair_connect();
    pair_wait(pair_is_decided);
}

/* Another one that offers the session of the first: was it resumed? */
static bool resumes(void)
{
    bool reused;

    again_with(first_ticket, first_ticket_len);
    ck_assert_msg(pair.connected, "%s", pair.client_error.message);
    reused = rp_socket_session_reused(pair.client);
    ck_assert_int_eq(rp_socket_session_reused(pair.accepted), reused);
    return reused;
}

/* -- tickets */

START_TEST(ticket_resumes_as_with_node)
{
    const json_t *row, *key;
    struct rp_ephemeral_key_info info = {0};
    uint8_t der[16384];
    size_t len;

    begin(_i);
    row = golden("ticket resume");
    ck_assert(pair_run());
    pair_wait(has_session);
    len = rp_socket_session(pair.client, der, sizeof der);
    if (says(row, "first_session_eq_getSession")) {
        ck_assert_uint_eq(len, ticket_len);
        ck_assert_mem_eq(der, ticket, len);
    }
    memcpy(first_ticket, ticket, first_ticket_len = ticket_len);
    pair_hang_up();
    ck_assert_int_eq(resumes(), json_is_true(json_array_get(json_object_get(row, "b"), 1)));
    key = json_array_get(json_object_get(row, "b"), 4);
    ck_assert_int_eq(rp_socket_ephemeral_key_info(pair.client, &info), json_object_size(key) > 0);
    pair_check_group(pair.client, info.name, golden_string(key, "name"));
    pair_hang_up();
    ck_assert_int_eq(resumes(), says(row, "second_use_same_ticket"));
}
END_TEST

START_TEST(nothing_resumes_without_tickets_and_a_store)
{
    begin(_i);
    pair.server_tls.tickets = RP_OFF;
    ck_assert(pair_run());
    pair_settle(50);
    memcpy(first_ticket, ticket, first_ticket_len = ticket_len);
    pair_hang_up();
    ck_assert_int_eq(resumes(), json_is_true(json_array_get(
                                    json_object_get(golden("no ticket, no cache"), "b"), 0)));
}
END_TEST

START_TEST(keys_that_changed_open_nothing_until_they_are_back)
{
    uint8_t former[RP_TICKET_KEYS_SIZE], other[RP_TICKET_KEYS_SIZE];
    const json_t *row;

    begin(_i);
    row = golden("different ticketKeys");
    first_connection();
    ck_assert(rp_server_get_ticket_keys(pair.server, former));
    memset(other, 7, sizeof other);
    ck_assert(rp_server_set_ticket_keys(pair.server, other, sizeof other, false, NULL));
    ck_assert_int_eq(resumes(), says(row, "after_rotate"));
    pair_hang_up();
    ck_assert(rp_server_set_ticket_keys(pair.server, former, sizeof former, false, NULL));
    ck_assert_int_eq(resumes(), says(row, "after_restore"));
}
END_TEST

static struct rp_ticket_keys *ring_of(uint8_t byte)
{
    struct rp_ticket_keys *ring = rp_ticket_keys_new(NULL);
    uint8_t bytes[RP_TICKET_KEYS_SIZE];
    struct rp_ticket_key key;

    memset(bytes, byte, sizeof bytes);
    ck_assert(rp_ticket_key_decode(&key, bytes, sizeof bytes, RP_TICKET_KEY_NODE, NULL));
    ck_assert(rp_ticket_keys_set(ring, &key, 1, true, NULL));
    return ring;
}

/* C8, C20: keys that were given stay, random ones do not. */
START_TEST(new_context_keeps_keys_that_were_given)
{
    struct rp_ticket_keys *ring = ring_of(9), *found;
    struct rp_secure_context_options fresh;
    uint8_t before[RP_TICKET_KEYS_SIZE], after[RP_TICKET_KEYS_SIZE];
    const json_t *row;
    bool given = _i >= 2;

    begin(_i % 2);
    row = golden("setSecureContext keeps ticketKeys?");
    if (given)
        pair.server_tls.ticket_keys = ring;
    first_connection();
    ck_assert(rp_server_get_ticket_keys(pair.server, before));
    fresh = pair.server_tls;
    fresh.ticket_keys = NULL;
    ck_assert(rp_server_renew_secure_context(pair.server, &fresh, NULL));
    ck_assert(rp_server_get_ticket_keys(pair.server, after));
    ck_assert_int_eq(memcmp(before, after, sizeof after) == 0,
                     says(row, given ? "explicit_kept" : "same"));
    ck_assert_int_eq(resumes(), says(row, given ? "kept_next" : "reused"));
    if (given) { /* those of the options win */
        found = fresh.ticket_keys = ring_of(11);
        ck_assert(rp_server_renew_secure_context(pair.server, &fresh, NULL));
        ck_assert(rp_server_get_ticket_keys(pair.server, after));
        ck_assert_int_eq(after[0], 11);
        rp_ticket_keys_unref(found);
    }
    fresh.min_version = "none"; /* refused: the former context stays */
    ck_assert(!rp_server_renew_secure_context(pair.server, &fresh, NULL));
    rp_ticket_keys_unref(ring);
}
END_TEST

/* The server goes, another one comes. */
static void another_server(void)
{
    rp_server_close(pair.server);
    pair_settle(5);
    rp_server_free(pair.server);
    pair.server_closed = false;
    ck_assert(pair_listen());
}

START_TEST(session_crosses_servers_that_share_keys_and_context)
{
    struct rp_ticket_keys *ring = ring_of(9);
    const json_t *row;

    begin(_i);
    row = golden("two servers same ticketKeys+sidctx");
    pair.server_tls.ticket_keys = ring;
    pair.server_tls.session_id_context = "one";
    pair.server_tls.session_id_context_len = 3;
    first_connection();
    another_server();
    ck_assert_int_eq(resumes(), says(row, "reused_at_second"));
    pair_hang_up();
    pair.server_tls.session_id_context = "two";
    another_server();
    ck_assert_int_eq(resumes(), says(row, "different_sidctx_reused"));
    rp_ticket_keys_unref(ring);
}
END_TEST

START_TEST(context_that_differs_is_a_full_handshake_and_no_error)
{
    struct rp_ticket_keys *ring = ring_of(9);
    const json_t *row;

    begin(_i);
    row = golden("different sidctx + requestCert");
    pair.server_options.request_cert = true;
    pair_show("client-rsa");
    pair.server_tls.ticket_keys = ring;
    pair.server_tls.session_id_context = "one";
    pair.server_tls.session_id_context_len = 3;
    first_connection();
    pair.server_tls.session_id_context = "two";
    another_server();
    ck_assert_int_eq(resumes(), json_is_true(json_array_get(json_object_get(row, "b"), 0)));
    ck_assert_str_eq(pair.server_error.code, "");
    rp_ticket_keys_unref(ring);
}
END_TEST

START_TEST(servers_of_one_program_share_their_default_context)
{
    struct rp_ticket_keys *ring = ring_of(9);
    uint8_t context[32];
    const json_t *row;

    begin(_i);
    row = golden("default sidctx same process two servers");
    pair.server_tls.ticket_keys = ring;
    first_connection();
    another_server();
    ck_assert_int_eq(resumes(), says(row, "b"));
    ck_assert_uint_eq(rp_socket_session_id_context(pair.accepted, context),
                      json_integer_value(json_object_get(row, "len")));
    rp_ticket_keys_unref(ring);
}
END_TEST

START_TEST(session_is_over_when_its_time_is)
{
    const json_t *row;

    begin(_i);
    row = golden("sessionTimeout=1 then wait 2.1s");
    pair.server_tls.session_timeout = 1;
    first_connection();
    pair_settle(2100);
    ck_assert_int_eq(resumes(), says(row, "after"));
}
END_TEST

/* -- stores */

enum what { STORE, FAIL, NOTHING, GARBAGE, TWICE };
static enum what what;
static uint8_t stored_id[32], stored[16384];
static size_t stored_len;
static unsigned asked, told;
static bool second_counts;

static void on_new_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    told++;
    ck_assert_uint_eq(e->new_session.id_len, sizeof stored_id);
    memcpy(stored_id, e->new_session.id, sizeof stored_id);
    memcpy(stored, e->new_session.session, stored_len = e->new_session.session_len);
    ck_assert(rp_request_done(e->new_session.request));
    ck_assert(!rp_request_done(e->new_session.request));
}

static void on_resume_session(const struct rp_event *e, void *arg)
{
    struct rp_request *r = rp_request_ref(e->resume_session.request);
    struct rp_error error;
    bool known = e->resume_session.id_len == sizeof stored_id &&
                 memcmp(e->resume_session.id, stored_id, sizeof stored_id) == 0;

    (void)arg;
    asked++;
    rp_error_set(&error, "MYERR", "no");
    if (what == FAIL && known)
        rp_request_fail(r, &error);
    else if (what == GARBAGE)
        rp_request_answer(r, (const uint8_t *)"garbage", 7);
    else
        rp_request_answer(r, known && what != NOTHING ? stored : NULL, stored_len);
    second_counts = rp_request_answer(r, stored, stored_len);
    rp_request_unref(r);
}

static void stores(struct rp_server *server)
{
    rp_server_on(server, RP_EV_NEW_SESSION, on_new_session, NULL);
    rp_server_on(server, RP_EV_RESUME_SESSION, on_resume_session, NULL);
}

static void begin_with_store(int index, enum what how, enum rp_toggle tickets)
{
    begin(index);
    what = how;
    asked = told = 0;
    stored_len = 0;
    pair.server_tls.tickets = tickets;
    pair.prepare_server = stores;
}

START_TEST(store_is_not_needed_where_there_are_tickets)
{
    const json_t *b;

    begin_with_store(_i, STORE, RP_DEFAULT);
    b = json_object_get(golden("new/resumeSession, tickets on"), "b");
    first_connection();
    if (_i == 0) { /* in TLS 1.3 node's script had no ticket to offer */
        ck_assert_uint_eq(told, 0);
        ck_assert_int_eq(resumes(), json_is_true(json_array_get(b, 1)));
    } else {
        ck_assert(resumes());
    }
}
END_TEST

START_TEST(session_by_id_resumes)
{
    const json_t *row;

    begin_with_store(_i, STORE, RP_OFF);
    row = golden("new/resumeSession, NO_TICKET");
    first_connection();
    ck_assert_uint_ge(told, 1);
    ck_assert(resumes());
    ck_assert_uint_ge(asked, 1);
    if (_i == 0)
        ck_assert(json_is_true(json_array_get(json_object_get(row, "b"), 1)));
}
END_TEST

START_TEST(store_that_fails_ends_the_connection)
{
    const json_t *row;

    begin_with_store(_i, FAIL, RP_OFF);
    row = golden("resumeSession err");
    first_connection();
    again_with(first_ticket, first_ticket_len);
    ck_assert(!pair.connected);
    ck_assert_str_eq(pair.server_error.code,
                     json_string_value(json_array_get(json_object_get(row, "tce"), 0)));
    ck_assert_str_eq(pair.client_error.code,
                     json_string_value(json_array_get(json_object_get(row, "b"), 1)));
}
END_TEST

START_TEST(store_that_has_nothing_is_a_full_handshake)
{
    static const char *const rows[] = {"resumeSession null -> full handshake",
                                       "resumeSession garbage"};

    begin_with_store(_i % 2, _i < 2 ? NOTHING : GARBAGE, RP_OFF);
    first_connection();
    ck_assert_int_eq(resumes(),
                     json_is_true(json_array_get(json_object_get(golden(rows[_i / 2]), "b"), 1)));
}
END_TEST

START_TEST(second_answer_is_refused_and_ends_nothing)
{
    begin_with_store(_i, STORE, RP_OFF);
    ck_assert_str_eq(json_string_value(json_array_get(
                         json_object_get(golden("resumeSession cb twice"), "tce"), 0)),
                     "ERR_MULTIPLE_CALLBACK");
    first_connection();
    ck_assert(resumes());
    ck_assert(!second_counts);
}
END_TEST

static struct rp_request *never;

static void on_new_session_never(const struct rp_event *e, void *arg)
{
    (void)arg;
    told++;
    if (never == NULL)
        never = rp_request_ref(e->new_session.request);
}

static void forgets(struct rp_server *server)
{
    rp_server_on(server, RP_EV_NEW_SESSION, on_new_session_never, NULL);
}

START_TEST(store_that_never_answers_holds_what_it_holds_with_node)
{
    begin(_i);
    told = 0;
    never = NULL;
    pair.prepare_server = forgets;
    if (_i == 1) /* a ticket that nobody could look up is nobody's to store (I2) */
        pair.server_tls.tickets = RP_OFF;
    ck_assert(pair_run());
    ck_assert_int_eq(pair.accepted != NULL,
                     json_integer_value(json_object_get(golden("newSession cb never called"),
                                                        "secureConnections")));
    ck_assert_uint_eq(told, (unsigned)_i); /* in TLS 1.2 there is a ticket */
    rp_stream_destroy(rp_socket_stream(pair.accepted), NULL);
    if (never != NULL) /* I3: the socket is gone */
        ck_assert(!rp_request_done(never));
    rp_request_unref(never);
}
END_TEST

/* -- who the client was */

static void check_seen(const json_t *seen, const char *where)
{
    struct rp_x509 *peer = rp_socket_peer_x509(pair.accepted, false, NULL);
    const char *cn = json_string_value(json_array_get(seen, 3));
    size_t count;

    ck_assert_msg(rp_socket_session_reused(pair.accepted) == json_is_true(json_array_get(seen, 0)),
                  "%s", where);
    ck_assert_msg(rp_socket_authorized(pair.accepted) == json_is_true(json_array_get(seen, 1)),
                  "%s", where);
    ck_assert_texts_eq(rp_socket_authorization_error(pair.accepted),
                       json_string_value(json_array_get(seen, 2)));
    ck_assert_int_eq(peer != NULL, cn != NULL);
    if (peer != NULL) {
        const struct rp_x509_attribute *a = rp_x509_subject_attributes(peer, &count);

        ck_assert_str_eq(a[count - 1].value, cn);
    }
    rp_x509_unref(peer);
}

static void keep_ticket(void)
{
    pair_wait(has_session);
    memcpy(first_ticket, ticket, first_ticket_len = ticket_len);
}

START_TEST(client_is_who_it_was_when_it_resumes)
{
    const json_t *log;

    begin(_i);
    log = json_object_get(golden("resume w/ client cert"), "log");
    pair.server_options.request_cert = true;
    pair_show("client-rsa");
    ck_assert(pair_run());
    check_seen(json_array_get(log, 0), "first");
    keep_ticket();
    pair_hang_up();
    ck_assert(resumes());
    check_seen(json_array_get(log, 1), "second");
    pair_hang_up();
    pair.client_tls.cert = pair.client_tls.key = NULL;
    pair.client_tls.cert_count = pair.client_tls.key_count = 0;
    ck_assert(resumes());
    check_seen(json_array_get(log, 2), "without");
}
END_TEST

START_TEST(client_is_no_better_when_it_resumes)
{
    const json_t *log;

    begin(_i);
    log = json_object_get(golden("resume w/ bad client cert rejF"), "log");
    pair.server_options.request_cert = true;
    pair.server_options.allow_unauthorized = true;
    pair_show("client-self");
    ck_assert(pair_run());
    check_seen(json_array_get(log, 0), "bad");
    keep_ticket();
    pair_hang_up();
    ck_assert(resumes());
    check_seen(json_array_get(log, 1), "bad, resumed");
    pair_hang_up();
    pair.client_tls.cert = pair.client_tls.key = NULL;
    pair.client_tls.cert_count = pair.client_tls.key_count = 0;
    again_with(NULL, 0);
    check_seen(json_array_get(log, 2), "none");
    keep_ticket();
    pair_hang_up();
    ck_assert(resumes());
    if (_i == 0)
        check_seen(json_array_get(log, 3), "none, resumed");
    else
        ck_assert(!rp_socket_authorized(pair.accepted)); /* N2 */
}
END_TEST

/* -- who the server was */

START_TEST(server_is_no_better_when_it_is_resumed)
{
    const json_t *row, *b, *g;

    begin(_i);
    row = golden("client: resume session of unauthorized server, strict");
    b = json_object_get(row, "b");
    g = json_object_get(row, "g");
    pair_serve("expired");
    pair.options.allow_unauthorized = true;
    ck_assert(pair_run());
    ck_assert_int_eq(rp_socket_authorized(pair.client), says(row, "a"));
    keep_ticket();
    pair_hang_up();
    pair.options.allow_unauthorized = false;
    again_with(first_ticket, first_ticket_len);
    ck_assert(!pair.connected);
    ck_assert_str_eq(pair.client_error.code, json_string_value(json_array_get(b, 1)));
    pair_hang_up();
    pair.options.allow_unauthorized = true;
    ck_assert_int_eq(resumes(), json_is_true(json_array_get(g, 0)));
    ck_assert_int_eq(rp_socket_authorized(pair.client), json_is_true(json_array_get(g, 1)));
    ck_assert_texts_eq(rp_socket_authorization_error(pair.client),
                       json_string_value(json_array_get(g, 2)));
}
END_TEST

static unsigned checks;

static bool count_checks(const char *host, const struct rp_x509 *cert, void *arg,
                         struct rp_error *err)
{
    (void)host, (void)cert, (void)arg, (void)err;
    checks++;
    return true;
}

/* Node does not ask again whoever was asked, so a pin that has changed since is not noticed. Ours
 * is asked about the session's certificate before it is offered. */
START_TEST(check_of_the_programs_is_asked_about_a_session)
{
    const json_t *row;

    begin(_i);
    checks = 0;
    row = golden("client: resumed session skips checkServerIdentity");
    pair.options.check_server_identity = count_checks;
    first_connection();
    ck_assert_uint_eq(checks, json_integer_value(json_object_get(row, "first")));
    checks = 0;
    ck_assert_int_eq(resumes(), says(row, "reused"));
    ck_assert_uint_eq(checks, json_integer_value(json_object_get(row, "second")) + 1);
    ck_assert_int_eq(rp_socket_authorized(pair.client), says(row, "auth"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("node_sessions");
    TCase *t = tcase_create("node_sessions");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, ticket_resumes_as_with_node, 0, 2);
    tcase_add_loop_test(t, nothing_resumes_without_tickets_and_a_store, 0, 2);
    tcase_add_loop_test(t, keys_that_changed_open_nothing_until_they_are_back, 0, 2);
    tcase_add_loop_test(t, new_context_keeps_keys_that_were_given, 0, 4);
    tcase_add_loop_test(t, session_crosses_servers_that_share_keys_and_context, 0, 2);
    tcase_add_loop_test(t, context_that_differs_is_a_full_handshake_and_no_error, 0, 2);
    tcase_add_loop_test(t, servers_of_one_program_share_their_default_context, 0, 2);
    tcase_add_loop_test(t, session_is_over_when_its_time_is, 0, 2);
    tcase_add_loop_test(t, store_is_not_needed_where_there_are_tickets, 0, 2);
    tcase_add_loop_test(t, session_by_id_resumes, 0, 2);
    tcase_add_loop_test(t, store_that_fails_ends_the_connection, 0, 2);
    tcase_add_loop_test(t, store_that_has_nothing_is_a_full_handshake, 0, 4);
    tcase_add_loop_test(t, second_answer_is_refused_and_ends_nothing, 0, 2);
    tcase_add_loop_test(t, store_that_never_answers_holds_what_it_holds_with_node, 0, 2);
    tcase_add_loop_test(t, client_is_who_it_was_when_it_resumes, 0, 2);
    tcase_add_loop_test(t, client_is_no_better_when_it_resumes, 0, 2);
    tcase_add_loop_test(t, server_is_no_better_when_it_is_resumed, 0, 2);
    tcase_add_loop_test(t, check_of_the_programs_is_asked_about_a_session, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
