/* SPDX-License-Identifier: MIT
 *
 * network.c - which texts are sets of addresses, and which addresses are in them. */
#include "lib/base/network.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

static socklen_t address_of(union address *a, const char *text)
{
    memset(a, 0, sizeof *a);
    if (strcmp(text, "unix") == 0) {
        a->un.sun_family = AF_UNIX;
        return sizeof a->un.sun_family; /* as a client without a name has it */
    }
    if (strchr(text, ':') != NULL) {
        a->in6.sin6_family = AF_INET6;
        ck_assert_int_eq(inet_pton(AF_INET6, text, &a->in6.sin6_addr), 1);
        return sizeof a->in6;
    }
    a->in.sin_family = AF_INET;
    ck_assert_int_eq(inet_pton(AF_INET, text, &a->in.sin_addr), 1);
    return sizeof a->in;
}

static const struct {
    const char *network, *address;
    bool in;
} pairs[] = {
    {"10.0.0.0/8", "10.255.255.255", true},
    {"10.0.0.0/8", "11.0.0.0", false},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
    {"192.0.2.1/32", "192.0.2.1", true},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"172.16.0.0/12", "172.31.255.255", true},
    {"172.16.0.0/12", "172.32.0.0", false},
    {"0.0.0.0/0", "255.255.255.255", true},
    {"0.0.0.0/0", "::1", false},
    {"0.0.0.0/0", "unix", false},
    {"2001:db8::/32", "2001:db8:ffff::1", true},
    {"2001:db8::/32", "2001:db9::", false},
    {"2001:db8::/33", "2001:db8:7fff::", true},
    {"2001:db8::/33", "2001:db8:8000::", false},
    {"::1", "::1", true},
    {"::1", "::2", false},
    {"::1", "127.0.0.1", false},
    {"::/0", "2001:db8::", true},
    {"::/0", "192.0.2.1", false},
    {"::/0", "unix", false},
    /* a dual-stack socket's, and written so */
    {"192.0.2.0/24", "::ffff:192.0.2.7", true},
    {"192.0.2.0/24", "::ffff:192.0.3.7", false},
    {"0.0.0.0/0", "::ffff:192.0.3.7", true},
    {"::/0", "::ffff:192.0.2.7", false},
    {"::ffff:192.0.2.0/120", "192.0.2.9", true},
    {"::ffff:192.0.2.0/120", "::ffff:192.0.2.9", true},
    {"::ffff:0:0/96", "192.0.2.9", true},
    {"unix:", "unix", true},
    {"unix:", "127.0.0.1", false},
    {"unix:", "::1", false},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

START_TEST(network_contains)
{
    struct rp_network network;
    struct rp_error err;
    union address address;
    socklen_t len = address_of(&address, pairs[_i].address);

    ck_assert_msg(rp_network_parse(&network, pairs[_i].network, &err), "%s", err.message);
    ck_assert_msg(rp_network_contains(&network, &address.any, len) == pairs[_i].in, "%s and %s",
                  pairs[_i].network, pairs[_i].address);
}
END_TEST

START_TEST(network_contains_no_address_that_is_cut)
{
    struct rp_network network;
    union address address;

    ck_assert(rp_network_parse(&network, "0.0.0.0/0", NULL));
    address_of(&address, "192.0.2.1");
    for (socklen_t len = 0; len < sizeof address.in; len++)
        ck_assert(!rp_network_contains(&network, &address.any, len));
    ck_assert(rp_network_parse(&network, "unix:", NULL));
    ck_assert(!rp_network_contains(&network, &address.any, 0));
}
END_TEST

static const char *const wrong[] = {
    "",
    "/",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8x",
    "10.0.0.0/08",
    "10.0.0.0/8/8",
    "10.0.0.0/ 8",
    "10.0.0/8",
    "10",
    "::/129",
    "::1%lo",
    "[::1]",
    "localhost",
    "127.0.0.1:80",
    "unix",
    "unix:/run/x",
    "*",
    "all",
    "10.0.0.0 ",
    " 10.0.0.0",
    "10.0.0.0/999",
    "10.0.0.0/4294967304",
    "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff/64"};
enum { WRONG = sizeof wrong / sizeof *wrong };

START_TEST(network_is_refused)
{
    struct rp_network network;
    struct rp_error err = {0};

    ck_assert_msg(!rp_network_parse(&network, wrong[_i], &err), "%s", wrong[_i]);
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    ck_assert_ptr_nonnull(strstr(err.message, "is not a network; write"));
    ck_assert(!rp_network_parse(&network, wrong[_i], NULL));
}
END_TEST

static const struct {
    const char *text, *right;
} loose[] = {{"10.1.2.3/8", "\"10.0.0.0/8\""},
             {"192.0.2.129/25", "\"192.0.2.128/25\""},
             {"1.0.0.0/0", "\"0.0.0.0/0\""},
             {"2001:db8::1/32", "\"2001:db8::/32\""}};

START_TEST(network_with_bits_behind_its_prefix_is_refused)
{
    struct rp_network network;
    struct rp_error err = {0};

    ck_assert(!rp_network_parse(&network, loose[_i].text, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "has host bits set; write"));
    ck_assert_ptr_nonnull(strstr(err.message, loose[_i].right));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("network");
    TCase *t = tcase_create("network");

    tcase_add_loop_test(t, network_contains, 0, PAIRS);
    tcase_add_test(t, network_contains_no_address_that_is_cut);
    tcase_add_loop_test(t, network_is_refused, 0, WRONG);
    tcase_add_loop_test(t, network_with_bits_behind_its_prefix_is_refused, 0,
                        sizeof loose / sizeof *loose);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
