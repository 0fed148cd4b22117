/* SPDX-License-Identifier: MIT
 *
 * net_names.c - host names with several addresses. The resolver is replaced by one of our own, so
 * that a name can have what this machine's names have not. */
#include "tests/unit/unit.h"

#include <netdb.h>
#include <reprise/net.h>
#include <stdlib.h>
#include <string.h>

/* -- "two" is 127.0.0.2 and 127.0.0.1, and in IPv6 ::1; "none" has nothing */

static struct addrinfo *entry(const char *text, struct addrinfo *next)
{
    struct addrinfo *a = calloc(1, sizeof *a);
    struct rp_address address;

    ck_assert(rp_address_parse(&address, text, false, NULL));
    a->ai_family = address.any.sa_family;
    a->ai_addrlen = address.len;
    a->ai_addr = malloc(sizeof address.in6);
    memcpy(a->ai_addr, &address.any, address.len);
    a->ai_next = next;
    return a;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)service;
    *list = NULL;
    if (strcmp(node, "two") != 0)
        return EAI_NONAME;
    if (hints->ai_family != AF_INET6)
        *list = entry("127.0.0.2:0", entry("127.0.0.1:0", NULL));
    if (hints->ai_family != AF_INET)
        *list = entry("[::1]:0", *list);
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;

        free(list->ai_addr);
        free(list);
        list = next;
    }
}

/* -- one connection to a listener on 127.0.0.1 */

static struct {
    struct rp_loop *loop;
    struct rp_listener_socket *listener;
    struct rp_stream *stream, *accepted;
    struct rp_address address;
    char got[16], remote[RP_ADDRESS_TEXT], message[256];
    size_t len;
    unsigned connects, lookups, errors;
} t;

static void on_accepted_event(const struct rp_event *e, void *arg)
{
    (void)arg;
    ck_assert_uint_le(t.len + e->data.len, sizeof t.got);
    memcpy(t.got + t.len, e->data.bytes, e->data.len);
    t.len += e->data.len;
}

static void on_accepted(struct rp_listener_socket *l, int fd, const struct rp_address *remote,
                        void *arg)
{
    (void)l, (void)remote, (void)arg;
    t.accepted = rp_net_open(t.loop, fd, NULL, NULL);
    rp_stream_on(t.accepted, RP_EV_DATA, on_accepted_event, NULL);
    rp_stream_unref(t.accepted);
}

static void on_event(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_LOOKUP)
        t.lookups++;
    if (e->type == RP_EV_CONNECT) {
        t.connects++;
        rp_address_host(rp_stream_remote_address(t.stream), t.remote);
    }
    if (e->type == RP_EV_ERROR) {
        t.errors++;
        strcpy(t.message, e->error.error->message);
    }
    if (e->type == RP_EV_CLOSE)
        rp_listener_stop(t.listener, true);
}

static void dial(const char *host, unsigned family)
{
    struct rp_listen_options where = {.address = &t.address};
    struct rp_net_options o = {.host = host, .family = family};
    int fd;

    memset(&t, 0, sizeof t);
    t.loop = rp_loop_new(NULL);
    ck_assert(rp_address_parse(&t.address, "127.0.0.1:0", false, NULL));
    fd = rp_listen_open(&where, NULL);
    t.address.len = sizeof t.address.in;
    ck_assert_int_eq(getsockname(fd, &t.address.any, &t.address.len), 0);
    o.port = rp_address_port(&t.address);
    t.listener = rp_listener_start(t.loop, fd, on_accepted, NULL, NULL);
    t.stream = rp_net_connect(t.loop, &o, NULL);
    rp_stream_listen(t.stream, RP_EVENT_ALL, on_event, NULL);
    rp_stream_write(t.stream, "early", 5);
    rp_stream_end(t.stream);
    rp_loop_run(t.loop);
    rp_stream_unref(t.stream);
    rp_loop_free(t.loop);
}

START_TEST(net_tries_every_address_of_a_name)
{
    dial("two", 0);
    ck_assert_uint_eq(t.errors, 0);
    ck_assert_uint_eq(t.lookups, 1);
    ck_assert_uint_eq(t.connects, 1);
    ck_assert_str_eq(t.remote, "127.0.0.1");
    ck_assert_mem_eq(t.got, "early", 5); /* once, to the one that connected */
    ck_assert_uint_eq(t.len, 5);
}
END_TEST

START_TEST(net_tries_addresses_of_the_family_only)
{
    dial("two", 6);
    ck_assert_uint_eq(t.connects, 0);
    ck_assert_uint_eq(t.errors, 1);
    ck_assert_ptr_nonnull(strstr(t.message, "[::1]:"));
    dial("two", 4);
    ck_assert_uint_eq(t.connects, 1);
}
END_TEST

START_TEST(net_says_that_a_name_is_unknown)
{
    dial("none", 0);
    ck_assert_uint_eq(t.errors, 1);
    ck_assert_str_eq(t.message, "getaddrinfo ENOTFOUND: none");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net_names");
    TCase *tcase = tcase_create("names");

    tcase_add_test(tcase, net_tries_every_address_of_a_name);
    tcase_add_test(tcase, net_tries_addresses_of_the_family_only);
    tcase_add_test(tcase, net_says_that_a_name_is_unknown);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
