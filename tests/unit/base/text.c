/* SPDX-License-Identifier: MIT
 *
 * text.c - the growing text and the decoding of malformed UTF-8. */
#include "tests/unit/unit.h"

#include "lib/base/text.h"

#include <stdlib.h>
#include <string.h>

START_TEST(text_is_empty_when_nothing_was_added)
{
    struct rp_text t = {0};
    size_t len = 9;
    char *s = rp_text_take(&t, &len);

    ck_assert_str_eq(s, "");
    ck_assert_uint_eq(len, 0);
    free(s);
}
END_TEST

START_TEST(text_keeps_every_byte_while_it_grows)
{
    struct rp_text t = {0};
    size_t len;
    char *s;

    for (int i = 0; i < 10000; i++)
        rp_text_add(&t, (const char[]){(char)i}, 1);
    s = rp_text_take(&t, &len);
    ck_assert_uint_eq(len, 10000);
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(s[i], (char)i);
    ck_assert_int_eq(s[10000], '\0');
    free(s);
}
END_TEST

START_TEST(text_prints_what_is_longer_than_its_room)
{
    struct rp_text t = {0};
    char *s;

    rp_text_printf(&t, "%s-%0300d", "a", 7);
    s = rp_text_take(&t, NULL);
    ck_assert_uint_eq(strlen(s), 302);
    ck_assert_str_eq(s + 299, "007");
    free(s);
}
END_TEST

START_TEST(text_writes_hex_in_lower_case)
{
    struct rp_text t = {0};
    char *s;

    rp_text_hex(&t, "\x00\x0f\xa5\xff", 4);
    s = rp_text_take(&t, NULL);
    ck_assert_str_eq(s, "000fa5ff");
    free(s);
}
END_TEST

START_TEST(text_stays_failed_once_it_could_not_grow)
{
    struct rp_text t = {0};

    rp_text_puts(&t, "a");
    rp_text_hex(&t, "x", SIZE_MAX / 2);
    ck_assert(t.failed);
    rp_text_puts(&t, "b");
    ck_assert_ptr_null(rp_text_take(&t, NULL));
    rp_text_puts(&t, "c"); /* taken: a new text begins */
    ck_assert(!t.failed);
    rp_text_clear(&t);
}
END_TEST

/* Expected values are what node's Buffer.toString('utf8') gives; `?` stands for U+FFFD. */
static const struct {
    const char *bytes, *text;
} utf8[] = {
    {"plain", "plain"},
    {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\x80", "?"},
    {"a\xff\xfe"
     "b",
     "a??b"},
    {"\xc0\xaf", "??"},
    {"\xc1\xbf", "??"},
    {"\xe0\x80\xaf", "???"},
    {"\xe0\x9f\xbf", "???"},
    {"\xed\xa0\x80", "???"},
    {"\xed\x9f\xbf", "\xed\x9f\xbf"},
    {"\xf0\x80\x80\xaf", "????"},
    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    {"\xf4\x90\x80\x80", "????"},
    {"\xf5\x80\x80\x80", "????"},
    {"\xc3", "?"},
    {"\xc3(", "?("},
    {"\xe2\x82", "?"},
    {"\xe2\x82(", "?("},
    {"\xe2(\xa1", "?(?"},
    {"\xf0\x9f\x98", "?"},
    {"\xf0\x9f\x98z", "?z"},
    {"\xf0\x9f\xe2\x82\xac", "?\xe2\x82\xac"},
    {"\xef\xbb\xbfx", "\xef\xbb\xbfx"},
};

START_TEST(text_replaces_each_malformed_part_once)
{
    struct rp_text t = {0}, expected = {0};
    size_t len, expected_len;
    char *s, *e;

    rp_text_utf8(&t, utf8[_i].bytes, strlen(utf8[_i].bytes));
    for (const char *p = utf8[_i].text; *p; p++)
        rp_text_puts(&expected, *p == '?' ? "\xef\xbf\xbd" : (const char[]){*p, '\0'});
    s = rp_text_take(&t, &len);
    e = rp_text_take(&expected, &expected_len);
    ck_assert_str_eq(s, e);
    ck_assert_uint_eq(len, expected_len);
    free(s);
    free(e);
}
END_TEST

START_TEST(text_is_tamed_for_terminals)
{
    static const char wild[] =
        "a\x1b[31m\n\x7f \xc2\x9b \x9b \xc3\xa9 \xc2\xa0 \xe2\x82\xac \0z \xe2";
    struct rp_text t = {0};
    char *s;

    rp_text_tame(&t);
    rp_text_add(&t, wild, sizeof wild - 1);
    rp_text_tame(&t);
    s = rp_text_take(&t, NULL);
    ck_assert_str_eq(s, "a?[31m?? ?? ? \xc3\xa9 \xc2\xa0 \xe2\x82\xac ?z ?");
    free(s);
}
END_TEST

START_TEST(text_decodes_utf8_with_embedded_nul)
{
    struct rp_text t = {0};
    size_t len;
    char *s;

    rp_text_utf8(&t, "a\0\xff", 3);
    s = rp_text_take(&t, &len);
    ck_assert_uint_eq(len, 5);
    ck_assert_mem_eq(s, "a\0\xef\xbf\xbd", 5);
    free(s);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("text");
    TCase *t = tcase_create("text");

    tcase_add_test(t, text_is_empty_when_nothing_was_added);
    tcase_add_test(t, text_keeps_every_byte_while_it_grows);
    tcase_add_test(t, text_prints_what_is_longer_than_its_room);
    tcase_add_test(t, text_writes_hex_in_lower_case);
    tcase_add_test(t, text_stays_failed_once_it_could_not_grow);
    tcase_add_loop_test(t, text_replaces_each_malformed_part_once, 0, sizeof utf8 / sizeof *utf8);
    tcase_add_test(t, text_is_tamed_for_terminals);
    tcase_add_test(t, text_decodes_utf8_with_embedded_nul);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
