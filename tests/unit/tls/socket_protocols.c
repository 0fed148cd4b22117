/* SPDX-License-Identifier: MIT
 *
 * socket_protocols.c - the ALPN protocols of one connection, which an SNI callback sets. */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

static const char *const *set; /* by the callback; NULL: it sets none */
static bool accepted_list;

static struct rp_secure_context *on_name(struct rp_socket *socket, const char *servername,
                                         struct rp_request *request, void *arg)
{
    (void)servername, (void)arg;
    accepted_list = rp_socket_set_alpn_protocols(socket, set);
    rp_request_answer_context(request, NULL); /* that of the server */
    return NULL;
}

static const char *const server_list[] = {"h2", "http/1.1", NULL};
static const char *const only_1[] = {"http/1.1", NULL}, *const other[] = {"x", NULL};
static const char *const nothing[] = {NULL}, *const both[] = {"http/1.1", "h2", NULL};

static const struct {
    const char *const *server, *const *set, *const *client;
    const char *chosen; /* "": refused */
} rows[] = {
    {server_list, NULL, server_list, "h2"},
    {server_list, only_1, server_list, "http/1.1"},
    {server_list, both, server_list, "http/1.1"},
    {server_list, other, server_list, ""},
    {server_list, nothing, server_list, ""},
    {NULL, only_1, server_list, "http/1.1"},
    {server_list, only_1, NULL, NULL},
};
enum { ROWS = sizeof rows / sizeof *rows };

START_TEST(protocols_of_a_connection_replace_those_of_the_server)
{
    const char *chosen = rows[_i % ROWS].chosen;

    link_prepare();
    linked.client_tls.max_version = _i < ROWS ? "TLSv1.2" : "TLSv1.3";
    linked.client_tls.ecdh_curve = "X448:P-256"; /* the second is a retry in TLS 1.3 */
    linked.server_tls.ecdh_curve = "P-256";
    linked.server_options.alpn_protocols = rows[_i % ROWS].server;
    linked.server_options.sni_callback = on_name;
    linked.options.alpn_protocols = rows[_i % ROWS].client;
    set = rows[_i % ROWS].set;
    link_listen();
    link_connect();
    link_run(link_is_open);
    ck_assert(accepted_list == (set != NULL));
    if (chosen != NULL && *chosen == '\0') {
        ck_assert(!linked.connected);
        ck_assert_str_eq(linked.client_error.code, "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
    } else {
        ck_assert(linked.connected && linked.accepted != NULL);
        ck_assert_pstr_eq(rp_socket_alpn_protocol(linked.client), chosen);
        ck_assert_pstr_eq(rp_socket_alpn_protocol(linked.accepted), chosen);
        ck_assert(!rp_socket_set_alpn_protocols(linked.accepted, only_1)); /* too late */
        ck_assert(!rp_socket_set_alpn_protocols(linked.client, only_1));   /* no server */
    }
    ck_assert(!rp_socket_set_alpn_protocols(NULL, only_1));
    link_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("socket_protocols");
    TCase *t = tcase_create("core");

    tcase_add_loop_test(t, protocols_of_a_connection_replace_those_of_the_server, 0, 2 * ROWS);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
