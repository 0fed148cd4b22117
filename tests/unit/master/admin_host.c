/* SPDX-License-Identifier: MIT
 *
 * admin_host.c - the Host headers that the admin address answers. */
#include "tests/unit/unit.h"

#include "master/admin_host.h"

static const struct {
    const char *host, *listen;
    bool right;
} cases[] = {
    {"127.0.0.1:9443", "127.0.0.1:9443", true},
    {"127.0.0.1", "127.0.0.1:9443", true},
    {"127.0.0.1:80", "127.0.0.1:9443", true}, /* forwarded */
    {"localhost:9443", "127.0.0.1:9443", true},
    {"LocalHost", "127.0.0.1:9443", true},
    {"localhost", "[::1]:9443", true},
    {"[::1]:9443", "[::1]:9443", true},
    {"[0:0::1]", "[::1]:9443", true},
    {"metrics.internal:9443", "127.0.0.1:9443", true},
    {"METRICS.internal", "0.0.0.0:9443", true},
    {"10.1.2.3:9443", "0.0.0.0:9443", true},
    {"10.1.2.3", "*:9443", true},
    {"[2001:db8::1]:9443", ":9443", true},
    {"10.1.2.3", "[::]:9443", true},
    {"10.1.2.3:9443", "10.1.2.3:9443", true},
    {"Host.test:9443", "host.test:9443", true},
    {"evil.test", "unix:/run/admin", true},
    {"evil.test", "127.0.0.1:9443", false},
    {"evil.test:9443", "127.0.0.1:9443", false},
    {"evil.test", "0.0.0.0:9443", false},
    {"evil.test", "[::]:9443", false},
    {"evil.test", "*:9443", false},
    {"localhost.evil.test", "127.0.0.1:9443", false},
    {"127.0.0.1.evil.test", "127.0.0.1:9443", false},
    {"127.0.0.1:9443@evil.test", "127.0.0.1:9443", false},
    {"127.0.0.1:9443.evil.test", "127.0.0.1:9443", false},
    {"[::1]evil.test", "[::1]:9443", false},
    {"[::1", "[::1]:9443", false},
    {"10.1.2.3", "127.0.0.1:9443", false},
    {"2130706433", "127.0.0.1:9443", false},
    {"2130706433", "0.0.0.0:9443", false},
    {"localhost.", "127.0.0.1:9443", false},
    {"", "127.0.0.1:9443", false},
    {":9443", "127.0.0.1:9443", false},
    {"*", "*:9443", true},                 /* as it was written; no name in the DNS */
    {"127.0.0.1", "localhost:9443", true}, /* an address is no name that somebody can redirect */
    {"[::1]:9443", "localhost:9443", true},
    {"evil.test", "localhost:9443", false},
};

START_TEST(host_is_right_or_not)
{
    char name[] = "metrics.internal", *at[] = {name};
    struct conf_strings names = {.at = at, .count = 1};

    ck_assert_msg(admin_host_is_right(cases[_i].host, cases[_i].listen, &names) == cases[_i].right,
                  "%s at %s", cases[_i].host, cases[_i].listen);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin_host");
    TCase *tcase = tcase_create("admin_host");

    tcase_add_loop_test(tcase, host_is_right_or_not, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
