/* SPDX-License-Identifier: MIT
 *
 * session_handle.c - a client's session as a handle (session.h). */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static struct rp_session *kept;
static bool told_bytes;

static void on_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert_ptr_nonnull(e->session.handle);
    told_bytes = e->session.bytes != NULL;
    rp_session_unref(kept);
    kept = rp_session_ref(e->session.handle);
}

static bool has_session(void)
{
    return kept != NULL || linked.client_closed;
}

static void forget(void)
{
    rp_session_unref(kept);
    kept = NULL;
}

static void connect_again(void)
{
    linked.connected = linked.client_closed = linked.accepted_closed = false;
    rp_stream_unref(rp_socket_stream(linked.client));
    rp_stream_unref(rp_socket_stream(linked.accepted));
    linked.accepted = NULL;
    link_connect();
}

static bool both_closed(void)
{
    return linked.client_closed && linked.accepted_closed;
}

/* Nobody says goodbye. */
static void cut(void)
{
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    link_run(both_closed);
}

static void take_a_session(int version, bool handles)
{
    link_prepare();
    linked.client_tls.max_version = versions[version];
    linked.options.want_handles = handles;
    link_listen();
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SESSION, on_session, NULL);
    link_run(link_is_open);
    ck_assert_msg(linked.connected, "%s", linked.client_error.message);
    link_run(has_session);
    ck_assert_ptr_nonnull(kept);
}

START_TEST(handle_resumes_again_and_again_whatever_became_of_its_connections)
{
    take_a_session(_i, true);
    ck_assert(!told_bytes);
    ck_assert_str_eq(rp_session_protocol(kept), versions[_i]);
    ck_assert_uint_gt(rp_session_ticket(kept, NULL), 32);
    ck_assert_uint_eq(rp_session_lifetime(kept), 300);
    for (int i = 0; i < 3; i++) {
        cut();
        linked.options.session_handle = kept;
        connect_again();
        link_run(link_is_open);
        ck_assert_msg(linked.connected, "%s", linked.client_error.message);
        ck_assert(rp_socket_session_reused(linked.client));
    }
    link_close();
    forget();
}
END_TEST

/* A client with Nagle on that asks after its Finished waits for the ACK that comes with them. */
START_TEST(tickets_of_a_client_that_says_nothing_leave_at_once)
{
    link_prepare();
    linked.options.want_handles = true;
    link_listen();
    link_connect();
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SESSION, on_session, NULL);
    link_run(link_is_open);
    for (int i = 0; i < 10; i++)
        rp_loop_turn(linked.loop, false);
    ck_assert_ptr_nonnull(kept);
    cut();
    link_close();
    forget();
}
END_TEST

START_TEST(handle_and_der_are_the_same_session)
{
    uint8_t der[4096];
    struct rp_error err;
    struct rp_session *copy;
    size_t len;

    take_a_session(_i, false);
    ck_assert(told_bytes);
    len = rp_session_to_der(kept, NULL, 0);
    ck_assert_uint_eq(rp_session_to_der(kept, der, len - 1), len);
    ck_assert(len <= sizeof der && rp_session_to_der(kept, der, sizeof der) == len);
    copy = rp_session_from_der(der, len, &err);
    ck_assert_ptr_nonnull(copy);
    ck_assert_ptr_null(rp_session_from_der(der, len - 1, &err));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    cut();
    linked.options.session_handle = copy;
    linked.options.session = (struct rp_bytes){"nonsense", 8}; /* the handle wins */
    connect_again();
    link_run(link_is_open);
    ck_assert(linked.connected && rp_socket_session_reused(linked.client));
    link_close();
    rp_session_unref(copy);
    forget();
}
END_TEST

static char last_words[8];
static bool ended;

static void on_accepted_data(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_DATA && e->data.len < sizeof last_words)
        memcpy(last_words, e->data.bytes, e->data.len);
    ended = ended || e->type == RP_EV_END; /* by close_notify */
}

/* A client that has said all need not wait for the server's goodbye. */
START_TEST(client_destroyed_soon_sends_its_words_and_its_end)
{
    memset(last_words, 0, sizeof last_words);
    ended = false;
    take_a_session(_i, true);
    rp_stream_listen(rp_socket_stream(linked.accepted),
                     RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END), on_accepted_data, NULL);
    rp_stream_write(rp_socket_stream(linked.client), "bye", 3);
    rp_stream_destroy_soon(rp_socket_stream(linked.client));
    link_run(both_closed);
    ck_assert_str_eq(last_words, "bye");
    ck_assert(ended);
    ck_assert_str_eq(linked.client_error.code, "");
    link_close();
    forget();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_session");
    TCase *t = tcase_create("tls_session");

    tcase_add_test(t, tickets_of_a_client_that_says_nothing_leave_at_once);
    tcase_add_loop_test(t, handle_resumes_again_and_again_whatever_became_of_its_connections, 0, 2);
    tcase_add_loop_test(t, handle_and_der_are_the_same_session, 0, 2);
    tcase_add_loop_test(t, client_destroyed_soon_sends_its_words_and_its_end, 0, 2);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
