/* SPDX-License-Identifier: MIT
 *
 * target.c - the targets of a load: addresses, Unix sockets, and every address of a name. The
 * resolver is replaced by one of our own, so that a name can have what this machine's names lack.
 */
#include "contrib/load/load.h"
#include "contrib/load/options/words.h"
#include "tests/unit/unit.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* -- the names there are */

static struct addrinfo *entry(const char *address, const char *port, struct addrinfo *next)
{
    struct addrinfo *a = calloc(1, sizeof *a);
    struct rp_address parsed;
    char text[RP_ADDRESS_TEXT];

    snprintf(text, sizeof text, strchr(address, ':') != NULL ? "[%s]:%s" : "%s:%s", address, port);
    ck_assert(rp_address_parse(&parsed, text, false, NULL));
    a->ai_addrlen = parsed.len;
    a->ai_addr = malloc(sizeof parsed.in6);
    memcpy(a->ai_addr, &parsed.any, parsed.len);
    a->ai_next = next;
    return a;
}

int getaddrinfo(const char *node, const char *port, const struct addrinfo *hints,
                struct addrinfo **list)
{
    (void)hints;
    *list = NULL;
    if (strcmp(node, "nodes.test") == 0)
        *list = entry(
            "192.0.2.1", port,
            entry("192.0.2.2", port, entry("192.0.2.1", port, entry("2001:db8::1", port, NULL))));
    if (strcmp(node, "here.test") == 0)
        *list = entry("::1", port, entry("127.0.0.1", port, NULL));
    for (int i = 0; strcmp(node, "crowd.test") == 0 && i <= LOAD_TARGETS; i++) {
        char address[24];

        snprintf(address, sizeof address, "192.0.2.%d", i);
        *list = entry(address, port, *list);
    }
    return *list != NULL ? 0 : EAI_NONAME;
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

/* -- what an argument adds */

static struct load_options o;

static void setup(void)
{
    o = (struct load_options){0};
}

static const struct {
    const char *text, *host, *name; /* name NULL: no SNI */
} single[] = {
    {"127.0.0.1:443", "127.0.0.1", NULL},        {"[::1]:443", "::1", NULL},
    {"unix:/run/x.sock", "localhost", NULL},     {"unix:@x", "localhost", NULL},
    {"here.test:443", "here.test", "here.test"}, {"here.test.:443", "here.test", "here.test"},
};

START_TEST(target_has_the_name_that_its_certificate_must_have)
{
    ck_assert(load_targets_add(&o, single[_i].text, NULL));
    ck_assert_uint_eq(o.target_count, 1);
    ck_assert_str_eq(o.targets[0].label, single[_i].text);
    ck_assert_str_eq(o.targets[0].host, single[_i].host);
    ck_assert_pstr_eq(load_server_name(&o, 0, 0), single[_i].name);
    o.sni[1] = (char[]){"a.example"};
    o.sni_count = 2;
    ck_assert_str_eq(load_server_name(&o, 0, 1), "a.example");
}
END_TEST

START_TEST(name_with_several_addresses_is_as_many_targets)
{
    static const struct {
        const char *label, *address;
    } rows[] = {{"10.0.0.1:1", "10.0.0.1:1"},
                {"nodes.test:443 (192.0.2.1)", "192.0.2.1:443"},
                {"nodes.test:443 (192.0.2.2)", "192.0.2.2:443"},
                {"nodes.test:443 (2001:db8::1)", "[2001:db8::1]:443"}};
    char text[RP_ADDRESS_TEXT];

    ck_assert(load_targets_add(&o, "10.0.0.1:1", NULL));
    ck_assert(load_targets_add(&o, "nodes.test:443", NULL));
    ck_assert_uint_eq(o.target_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_str_eq(o.targets[i].label, rows[i].label);
        ck_assert_str_eq(load_http_host(&o.targets[i]), i > 0 ? "nodes.test:443" : "10.0.0.1:1");
        ck_assert_str_eq(rp_address_format(&o.targets[i].address, text), rows[i].address);
        ck_assert_pstr_eq(load_server_name(&o, i, 0), i > 0 ? "nodes.test" : NULL);
    }
}
END_TEST

START_TEST(name_of_this_host_is_the_address_that_accepts)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    char text[32], address[RP_ADDRESS_TEXT];

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(text, sizeof text, "here.test:%u", ntohs(at.sin_port));
    ck_assert(load_targets_add(&o, text, NULL));
    ck_assert_uint_eq(o.target_count, 1);
    ck_assert_str_eq(rp_address_host(&o.targets[0].address, address), "127.0.0.1");
    close(fd);
}
END_TEST

static const struct {
    const char *text, *part; /* of the message */
} invalid[] = {
    {"::1:443", "an IPv6 address needs brackets; write [::1]:443"},
    {":443", "the host is missing; write host:443"},
    {"*:443", "the host is missing; write host:443"},
    {"here.test", ""},
    {"here.test:", "the port must be a number from 1 to 65535"},
    {"here.test:0", "the port must be a number from 1 to 65535"},
    {"here.test:65536", "the port must be a number from 1 to 65535"},
    {"here.test:-1", "the port must be a number from 1 to 65535"},
    {"here.test:4x", "the port must be a number from 1 to 65535"},
    {"127.0.0.1:0", "port 0 is invalid"},
    {"[::1]", ""},
    {"unix:", ""},
    {"gone.test:443", "the host name can't be resolved: "},
    {"crowd.test:443", "more than 32 targets"},
};

START_TEST(invalid_target_is_an_error_with_its_reason)
{
    struct rp_error err = {0};

    ck_assert(!load_targets_add(&o, invalid[_i].text, &err));
    ck_assert_ptr_nonnull(strstr(err.message, invalid[_i].part));
    ck_assert_str_ne(err.message, "");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("target");
    TCase *t = tcase_create("target");

    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_loop_test(t, target_has_the_name_that_its_certificate_must_have, 0,
                        sizeof single / sizeof *single);
    tcase_add_test(t, name_with_several_addresses_is_as_many_targets);
    tcase_add_test(t, name_of_this_host_is_the_address_that_accepts);
    tcase_add_loop_test(t, invalid_target_is_an_error_with_its_reason, 0,
                        sizeof invalid / sizeof *invalid);
    suite_add_tcase(s, t);
    return unit_run(s);
}
