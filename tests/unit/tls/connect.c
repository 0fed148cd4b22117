/* SPDX-License-Identifier: MIT
 *
 * tls_connect.c - what a client compares a certificate with (E6), and every list of a CRL entry. */
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/link.h"
#include "tests/unit/unit.h"

/* -- the name that is compared */

static char compared[64];

static bool note_host(const char *host, const struct rp_x509 *cert, void *arg, struct rp_error *err)
{
    (void)cert, (void)arg, (void)err;
    snprintf(compared, sizeof compared, "%s", host);
    return true;
}

enum way { BY_OPTIONS, BY_STREAM, BY_DESCRIPTOR, BY_PATH, BY_STREAM_TO_PATH };
static const struct {
    enum way way;
    bool address;
    const char *host, *servername, *compared;
} names[] = {
    {BY_OPTIONS, false, "127.1", NULL, "127.1"},
    {BY_OPTIONS, true, NULL, NULL, "127.0.0.1"},
    {BY_OPTIONS, true, "a.example", NULL, "a.example"},
    {BY_OPTIONS, true, NULL, "a.example", "a.example"},
    {BY_OPTIONS, false, NULL, NULL, "localhost"},
    {BY_STREAM, false, "127.1", NULL, "127.1"}, /* a name that needs a lookup, but no DNS */
    {BY_STREAM, false, "127.0.0.1", NULL, "127.0.0.1"},
    {BY_STREAM, true, NULL, NULL, "127.0.0.1"},
    {BY_STREAM, true, "a.example", NULL, "a.example"},
    {BY_STREAM, false, "127.1", "a.example", "a.example"},
    {BY_STREAM, false, NULL, NULL, "localhost"},
    {BY_PATH, false, NULL, NULL, "localhost"},
    {BY_PATH, false, "a.example", NULL, "a.example"},
    {BY_PATH, true, "a.example", NULL, "a.example"},
    {BY_PATH, true, NULL, NULL, "localhost"},
    {BY_STREAM_TO_PATH, false, NULL, NULL, "localhost"},
    {BY_STREAM_TO_PATH, false, "a.example", NULL, "a.example"},
    {BY_DESCRIPTOR, true, NULL, NULL, "localhost"}, /* nobody said a name */
    {BY_DESCRIPTOR, true, NULL, "a.example", "a.example"},
};

static struct rp_stream *connected_stream(const struct rp_address *to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(connect(fd, &to->any, to->len), 0);
    return rp_net_open(linked.loop, fd, NULL, NULL);
}

/* The server listens on a Unix socket, too. */
static char path[64];

static char *listen_on_path(void)
{
    char text[sizeof "unix:" + sizeof path];
    struct rp_address address;

    snprintf(path, sizeof path, "/tmp/connect-%d.sock", (int)getpid());
    snprintf(text, sizeof text, "unix:%s", path);
    ck_assert(rp_address_parse(&address, text, false, NULL));
    ck_assert(
        rp_server_listen(linked.server, &(struct rp_listen_options){.address = &address}, NULL));
    return path;
}

static void connect_as(int row)
{
    const struct rp_address *to = rp_server_address(linked.server);
    struct rp_net_options net = {.host = names[row].host, .port = rp_address_port(to)};

    net.path = names[row].way >= BY_PATH ? listen_on_path() : NULL;
    net.address = names[row].address ? to : NULL;
    linked.options.servername = names[row].servername;
    linked.options.net = names[row].way == BY_OPTIONS || names[row].way == BY_PATH ? &net : NULL;
    if (names[row].way == BY_STREAM || names[row].way == BY_STREAM_TO_PATH)
        linked.options.stream = rp_net_connect(linked.loop, &net, NULL);
    else if (names[row].way == BY_DESCRIPTOR)
        linked.options.stream = connected_stream(to);
    linked.client = rp_connect(linked.loop, &linked.options, NULL);
    ck_assert_ptr_nonnull(linked.client);
    if (linked.options.stream != NULL)
        rp_stream_unref(linked.options.stream);
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_SECURE_CONNECT, link_on_client, NULL);
    rp_stream_on(rp_socket_stream(linked.client), RP_EV_CLOSE, link_on_client, NULL);
}

START_TEST(name_that_is_compared_is_the_one_that_was_asked_for)
{
    compared[0] = '\0';
    link_prepare();
    linked.options.check_server_identity = note_host;
    linked.options.context_options = &linked.client_tls;
    link_listen();
    connect_as(_i);
    link_run(link_is_open);
    ck_assert(linked.connected);
    if (names[_i].way >= BY_PATH)
        ck_assert_int_eq(unlink(path), 0);
    ck_assert_str_eq(compared, names[_i].compared);
    link_close();
}
END_TEST

/* -- lists of revoked certificates */

enum { NOBODY_REVOKED, LEAF_REVOKED, SECOND_BROKEN };

START_TEST(every_list_of_a_crl_entry_counts)
{
    struct cert other = cert_make((struct cert_request){.cn = "other", .ca = true});
    char *first = cert_crl(&other, NULL), *second, *both;
    struct rp_secure_context *context;
    struct rp_pem pem;
    struct rp_error err = {0};

    link_prepare();
    second = cert_crl(&linked.leaf, _i == LEAF_REVOKED ? &linked.leaf : NULL);
    if (_i == SECOND_BROKEN)
        second[40] = '!';
    ck_assert_int_gt(asprintf(&both, "%s%s", first, second), 0);
    pem = (struct rp_pem){.bytes = both};
    linked.client_tls.crl = &pem;
    linked.client_tls.crl_count = 1;
    context = rp_secure_context_new(&linked.client_tls, &err);
    if (_i == SECOND_BROKEN) {
        ck_assert_ptr_null(context);
        ck_assert_str_eq(err.message, "Failed to parse CRL; option crl[0]");
        cert_free(&linked.leaf);
        rp_loop_free(linked.loop);
    } else {
        rp_secure_context_unref(context);
        link_listen();
        link_connect();
        link_run(link_is_open);
        ck_assert_int_eq(linked.connected, _i == NOBODY_REVOKED);
        ck_assert_str_eq(linked.client_error.code, _i == LEAF_REVOKED ? "CERT_REVOKED" : "");
        link_close();
    }
    cert_free(&other);
    free(first);
    free(second);
    free(both);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_connect");
    TCase *t = tcase_create("tls_connect");

    tcase_add_loop_test(t, name_that_is_compared_is_the_one_that_was_asked_for, 0,
                        sizeof names / sizeof *names);
    tcase_add_loop_test(t, every_list_of_a_crl_entry_counts, 0, 3);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
