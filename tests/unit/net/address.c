/* SPDX-License-Identifier: MIT
 *
 * address.c - addresses as text and back. */
#include <reprise/net.h>

#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool without_ipv6;

/* Instead of libc's: a system that may have no IPv6. */
int socket(int domain, int type, int protocol)
{
    if (without_ipv6 && domain == AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}

static const struct {
    const char *text, *formatted, *family;
    uint16_t port;
} good[] = {
    {"127.0.0.1:80", "127.0.0.1:80", "IPv4", 80},
    {"0.0.0.0:0", "0.0.0.0:0", "IPv4", 0},
    {"[::1]:443", "[::1]:443", "IPv6", 443},
    {"[::]:65535", "[::]:65535", "IPv6", 65535},
    {"[2001:db8::1]:8443", "[2001:db8::1]:8443", "IPv6", 8443},
    {"unix:/run/x.sock", "unix:/run/x.sock", "Unix", 0},
    {"unix:@abstract", "unix:@abstract", "Unix", 0},
};

START_TEST(address_is_parsed_and_formatted)
{
    struct rp_address a, b;
    struct rp_error error = {0};
    char text[RP_ADDRESS_TEXT];

    ck_assert_msg(rp_address_parse(&a, good[_i].text, false, &error), "%s", error.message);
    ck_assert_str_eq(rp_address_format(&a, text), good[_i].formatted);
    ck_assert_str_eq(rp_address_family(&a), good[_i].family);
    ck_assert_uint_eq(rp_address_port(&a), good[_i].port);
    ck_assert(rp_address_parse(&b, text, false, NULL));
    ck_assert(rp_address_equal(&a, &b));
    rp_address_parse(&b, "127.0.0.2:80", false, NULL);
    ck_assert(!rp_address_equal(&a, &b));
}
END_TEST

static const char *const bad[] = {
    "",
    ":",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:x",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "256.1.1.1:1",
    "[::1]",
    "[::1:80",
    "::1:80",
    "[::g]:80",
    "unix:",
    "name:80",
    "127.0.0.1:80 ",
    "127.0.0.1:0x50",
};

START_TEST(address_refuses)
{
    struct rp_address a;
    struct rp_error error = {0};

    ck_assert_msg(!rp_address_parse(&a, bad[_i], false, &error), "%s", bad[_i]);
    ck_assert_str_ne(error.message, "");
}
END_TEST

START_TEST(address_of_a_path_too_long)
{
    char text[300] = "unix:/";
    struct rp_address a;

    memset(text + 6, 'x', 200);
    ck_assert(!rp_address_parse(&a, text, false, NULL));
}
END_TEST

START_TEST(address_of_every_interface)
{
    struct rp_address a;
    char text[RP_ADDRESS_TEXT];

    ck_assert(rp_address_parse(&a, "*:80", false, NULL));
    ck_assert_uint_eq(rp_address_port(&a), 80);
    ck_assert(rp_address_parse(&a, "localhost:80", true, NULL));
    ck_assert_str_eq(rp_address_host(&a, text),
                     strcmp(rp_address_family(&a), "IPv6") == 0 ? "::1" : "127.0.0.1");
}
END_TEST

START_TEST(address_of_every_interface_without_ipv6)
{
    static const char *const texts[] = {"*:80", ":80"};
    struct rp_address a;

    without_ipv6 = true;
    for (size_t i = 0; i < 2; i++) {
        ck_assert(rp_address_parse(&a, texts[i], false, NULL));
        ck_assert_str_eq(rp_address_family(&a), "IPv4");
        ck_assert_uint_eq(rp_address_port(&a), 80);
    }
    without_ipv6 = false;
}
END_TEST

START_TEST(address_of_ipv4_in_ipv6_is_unmapped)
{
    static const struct {
        const char *from, *to;
        bool mapped;
    } rows[] = {
        {"[::ffff:192.0.2.1]:443", "192.0.2.1:443", true},
        {"[::ffff:0.0.0.0]:1", "0.0.0.0:1", true},
        {"[::192.0.2.1]:443", "[::192.0.2.1]:443", false},
        {"[2001:db8::1]:443", "[2001:db8::1]:443", false},
        {"192.0.2.1:443", "192.0.2.1:443", false},
        {"unix:/run/x", "unix:/run/x", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rp_address address, wanted;
        char text[RP_ADDRESS_TEXT];

        ck_assert(rp_address_parse(&address, rows[i].from, false, NULL));
        ck_assert(rp_address_parse(&wanted, rows[i].to, false, NULL));
        ck_assert_int_eq(rp_address_unmap(&address), rows[i].mapped);
        ck_assert_str_eq(rp_address_format(&address, text), rows[i].to);
        ck_assert(rp_address_equal(&address, &wanted));
        ck_assert_uint_eq(address.len, wanted.len);
    }
    ck_assert(!rp_address_unmap(NULL));
    ck_assert(!rp_address_unmap(&(struct rp_address){.len = 0}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("address");
    TCase *core = tcase_create("core");

    tcase_add_loop_test(core, address_is_parsed_and_formatted, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(core, address_refuses, 0, sizeof bad / sizeof *bad);
    tcase_add_test(core, address_of_a_path_too_long);
    tcase_add_test(core, address_of_every_interface);
    tcase_add_test(core, address_of_ipv4_in_ipv6_is_unmapped);
    tcase_add_test(core, address_of_every_interface_without_ipv6);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
