/* SPDX-License-Identifier: MIT
 *
 * names.c - the table from server names to what serves them. */
#include "worker/plan/names.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

static int one, two, three;

static const struct {
    const char *pattern;
    int *value;
} stored[] = {
    {"example.com", &one},        {"*.example.com", &two}, {"www.Example.com.", &three},
    {"*.deep.example.com", &one}, {"localhost", &two},
};

static const struct {
    const char *name;
    int *value;
} found[] = {
    {"example.com", &one},
    {"EXAMPLE.com", &one},
    {"example.com.", &one},
    {"www.example.com", &three},
    {"WWW.EXAMPLE.COM.", &three},
    {"api.example.com", &two},
    {"deep.example.com", &two},
    {"x.deep.example.com", &one},
    {"a.b.example.com", NULL},
    {"localhost", &two},
    {"a.localhost", NULL},
    {"*.example.com", NULL},
    {".example.com", NULL},
    {"example.com..", NULL},
    {"", NULL},
    {".", NULL},
    {"www..example.com", NULL},
    {"com", NULL},
    {"wwwexample.com", NULL},
    {"exa mple.com", NULL},
    {"www.example.com\n", NULL},
    {"www.example.com:443", NULL},
    {"www.ex\xc3\xa4mple.com", NULL},
};

START_TEST(names_find_prefers_exact_and_takes_one_label_for_a_star)
{
    struct names *names = names_new();

    for (size_t i = 0; i < sizeof stored / sizeof *stored; i++)
        ck_assert_int_eq(names_add(names, stored[i].pattern, stored[i].value), NAMES_ADDED);
    ck_assert_msg(names_find(names, found[_i].name) == found[_i].value, "%s", found[_i].name);
    names_free(names);
}
END_TEST

START_TEST(names_find_of_no_name_is_nothing)
{
    struct names *names = names_new();

    ck_assert_ptr_null(names_find(names, NULL));
    names_free(names);
}
END_TEST

static const char *const invalid[] = {
    "",      "*",   "*.",     "*.*.com", "w*.example.com", "a b", "a..b", ".example.com",
    "[::1]", "a/b", "*.a..b", "a.b.*.c", "x:443"};

START_TEST(names_add_refuses_what_is_no_pattern)
{
    struct names *names = names_new();

    ck_assert_int_eq(names_add(names, invalid[_i], &one), NAMES_INVALID);
    ck_assert(!names_valid_pattern(invalid[_i]));
    ck_assert_uint_eq(names_count(names), 0);
    names_free(names);
}
END_TEST

START_TEST(names_add_keeps_what_stands_there)
{
    struct names *names = names_new();

    ck_assert_int_eq(names_add(names, "a.example", &one), NAMES_ADDED);
    ck_assert_int_eq(names_add(names, "A.EXAMPLE.", &two), NAMES_PRESENT);
    ck_assert_ptr_eq(names_get(names, "a.example"), &one);
    ck_assert_ptr_null(names_get(names, "*.example"));
    ck_assert_ptr_null(names_get(names, "*.a.example"));
    names_free(names);
}
END_TEST

START_TEST(names_obey_the_limits_of_labels_and_names)
{
    char label[65], name[260];
    char out[NAMES_MAX + 1];

    memset(label, 'a', 64);
    label[64] = '\0';
    ck_assert_uint_eq(names_normalise(label, out), 0);
    label[63] = '\0';
    ck_assert_uint_eq(names_normalise(label, out), 63);
    snprintf(name, sizeof name, "%s.%s.%s.%.61s", label, label, label, label);
    ck_assert_uint_eq(names_normalise(name, out), 253);
    strcat(name, ".");
    ck_assert_uint_eq(names_normalise(name, out), 253);
    snprintf(name, sizeof name, "%s.%s.%s.%.62s", label, label, label, label);
    ck_assert_uint_eq(names_normalise(name, out), 0);
}
END_TEST

START_TEST(names_find_each_of_many)
{
    struct names *names = names_new();
    static int values[5000];
    char name[64];

    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "%shost-%d.example", i % 7 == 0 ? "*." : "", i);
        ck_assert_int_eq(names_add(names, name, &values[i]), NAMES_ADDED);
    }
    ck_assert_uint_eq(names_count(names), 5000);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "%shost-%d.example", i % 7 == 0 ? "any." : "", i);
        ck_assert_ptr_eq(names_find(names, name), &values[i]);
    }
    ck_assert_ptr_null(names_find(names, "host-5000.example"));
    names_free(names);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("names");
    TCase *t = tcase_create("names");

    tcase_add_loop_test(t, names_find_prefers_exact_and_takes_one_label_for_a_star, 0,
                        sizeof found / sizeof *found);
    tcase_add_test(t, names_find_of_no_name_is_nothing);
    tcase_add_loop_test(t, names_add_refuses_what_is_no_pattern, 0,
                        sizeof invalid / sizeof *invalid);
    tcase_add_test(t, names_add_keeps_what_stands_there);
    tcase_add_test(t, names_obey_the_limits_of_labels_and_names);
    tcase_add_test(t, names_find_each_of_many);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
