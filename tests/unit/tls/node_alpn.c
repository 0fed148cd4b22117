/* SPDX-License-Identifier: MIT
 *
 * node_alpn.c - the choice of a protocol as in node: the rows of alpn.json. NULL stands for node's
 * undefined, and destroying the socket with an error for a callback that throws. */
#include "tests/unit/golden_pair.h"

enum { LIST = 4 };
struct alpn_row {
    const char *golden; /* before "@TLSv1.x"; with a callback: the whole name */
    const char *server[LIST], *client[LIST];
};
static const struct alpn_row rows[] = {
    {"both none", {NULL}, {NULL}},
    {"server only", {"h2"}, {NULL}},
    {"client only", {NULL}, {"h2"}},
    {"overlap server pref", {"a", "b"}, {"b", "a"}},
    {"one overlap", {"x", "b"}, {"b", "a"}},
    {"no overlap", {"x"}, {"a"}},
    {"buffer form", {"h2", "http/1.1"}, {"http/1.1", "h2"}},
    {"empty arrays", {NULL}, {NULL}},
    {"uint8 typed", {"a"}, {"a"}},
};
enum { ROWS = sizeof rows / sizeof *rows };

static json_t *goldens;

static void setup(void)
{
    goldens = golden_json("alpn.json");
}

static void teardown(void)
{
    json_decref(goldens);
}

static void check_outcome(const json_t *golden, const char *what)
{
    if (json_is_string(json_object_get(golden, "client")) &&
        strcmp(golden_string(golden, "client"), "$failed") == 0) {
        ck_assert_msg(!pair.connected && pair.accepted == NULL, "%s", what);
        pair_check_error(&pair.client_error, json_object_get(golden, "clientError"), what);
        pair_check_error(&pair.server_error, json_object_get(golden, "tlsClientError"), what);
    } else {
        ck_assert_msg(pair.connected && pair.accepted != NULL, "%s", what);
        ck_assert_texts_eq(rp_socket_alpn_protocol(pair.client), golden_string(golden, "client"));
        ck_assert_texts_eq(
            rp_socket_alpn_protocol(pair.accepted),
            golden_string(golden, json_object_get(golden, "server") != NULL ? "server" : "client"));
    }
    if (json_object_get(golden, "events") != NULL) {
        pair_check_told(json_object_get(golden, "events"), true, what);
        pair_check_told(json_object_get(golden, "events"), false, what);
    }
}

START_TEST(protocol_is_chosen_as_by_node)
{
    const struct alpn_row *row = &rows[_i % ROWS];
    const char *version = _i < ROWS ? "TLSv1.2" : "TLSv1.3";
    char name[64];

    snprintf(name, sizeof name, "%s@%s", row->golden, version);
    pair_begin();
    pair_versions(version);
    pair.server_options.alpn_protocols = row->server;
    pair.options.alpn_protocols = row->client;
    ck_assert(pair_run());
    ck_assert_ptr_nonnull(json_object_get(goldens, name));
    check_outcome(json_object_get(goldens, name), name);
    pair_close();
}
END_TEST

/* -- the callback */

enum answer { SECOND, NOTHING, UNKNOWN, THROWS, FIRST, ANSWERS };
static const struct {
    enum answer answer;
    const char *golden;
    const char *client[LIST];
    bool no_name;
} callbacks[] = {
    {SECOND, "ALPNCallback returns 2nd", {"p1", "p2"}, false},
    {NOTHING, "ALPNCallback returns undefined", {"p1", "p2"}, false},
    {UNKNOWN, "ALPNCallback returns unknown", {"p1", "p2"}, false},
    {THROWS, "ALPNCallback throws", {"p1", "p2"}, false},
    {FIRST, "ALPNCallback client without ALPN", {NULL}, false},
    {FIRST, "ALPNCallback without SNI", {"p1"}, true},
};
enum { CALLBACKS = sizeof callbacks / sizeof *callbacks };

static unsigned called;
static const json_t *asked;

static const char *choose(struct rp_socket *s, const char *servername, const char *const *protocols,
                          size_t count, void *arg)
{
    const json_t *list = json_object_get(asked, "protocols");
    struct rp_error boom = {.message = "boom"};
    enum answer answer = *(const enum answer *)arg;

    called++;
    ck_assert_texts_eq(servername, golden_string(asked, "servername"));
    ck_assert_uint_eq(count, json_array_size(list));
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(protocols[i], json_string_value(json_array_get(list, i)));
    if (answer == THROWS)
        rp_stream_destroy(rp_socket_stream(s), &boom);
    return answer == SECOND    ? protocols[1]
           : answer == FIRST   ? protocols[0]
           : answer == UNKNOWN ? "zzz"
                               : NULL;
}

START_TEST(callback_is_asked_and_obeyed_as_by_node)
{
    const json_t *golden = json_object_get(goldens, callbacks[_i].golden);
    enum answer answer = callbacks[_i].answer;

    ck_assert_ptr_nonnull(golden);
    asked = json_object_get(golden, "arg");
    called = 0;
    pair_begin();
    pair.server_options.alpn_callback = choose;
    pair.server_options.arg = &answer;
    pair.options.alpn_protocols = callbacks[_i].client;
    if (callbacks[_i].no_name) {
        pair.options.servername = NULL;
        pair.options.allow_unauthorized = true;
    }
    ck_assert(pair_run());
    ck_assert_uint_eq(called, asked != NULL);
    check_outcome(golden, callbacks[_i].golden);
    pair_close();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("node_alpn");
    TCase *t = tcase_create("node_alpn");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, protocol_is_chosen_as_by_node, 0, 2 * ROWS);
    tcase_add_loop_test(t, callback_is_asked_and_obeyed_as_by_node, 0, CALLBACKS);
    suite_add_tcase(s, t);
    return unit_run(s);
}
