/* SPDX-License-Identifier: MIT
 *
 * json.c - the JSON writer gives what JSON.stringify gives. */
#include "tests/unit/unit.h"

#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>

static void assert_json(struct rp_json *j, const char *expected)
{
    char *text = rp_json_take(j, NULL);

    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(json_puts_commas_and_colons)
{
    struct rp_json j = {0};

    rp_json_begin_object(&j);
    rp_json_key(&j, "a");
    rp_json_int(&j, -1);
    rp_json_key(&j, "b");
    rp_json_begin_array(&j);
    rp_json_bool(&j, true);
    rp_json_bool(&j, false);
    rp_json_null(&j);
    rp_json_begin_object(&j);
    rp_json_end_object(&j);
    rp_json_begin_array(&j);
    rp_json_end_array(&j);
    rp_json_int(&j, INT64_MIN);
    rp_json_end_array(&j);
    rp_json_key(&j, "c");
    rp_json_string(&j, NULL);
    rp_json_key(&j, "d");
    rp_json_hex(&j, "\x01\xff", 2);
    rp_json_end_object(&j);
    assert_json(&j, "{\"a\":-1,\"b\":[true,false,null,{},[],-9223372036854775808],\"c\":null,"
                    "\"d\":\"01ff\"}");
}
END_TEST

/* The right column was printed by JSON.stringify. */
static const struct {
    const char *bytes;
    size_t len;
    const char *json;
} strings[] = {
    {"", 0, "\"\""},
    {"plain 'text' /", 14, "\"plain 'text' /\""},
    {"\"\\", 2, "\"\\\"\\\\\""},
    {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
    {"\0\x01\x0b\x1f\x7f", 5, "\"\\u0000\\u0001\\u000b\\u001f\x7f\""},
    {"\xc3\xbc\xe2\x80\xa8", 5, "\"\xc3\xbc\xe2\x80\xa8\""},
    {"\xc3\"", 2, "\"\xef\xbf\xbd\\\"\""},
    {"\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\""},
    {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

START_TEST(json_escapes_strings_as_node_does)
{
    struct rp_json j = {0};

    rp_json_string_bytes(&j, strings[_i].bytes, strings[_i].len);
    assert_json(&j, strings[_i].json);
}
END_TEST

START_TEST(json_escapes_keys_too)
{
    struct rp_json j = {0};

    rp_json_begin_object(&j);
    rp_json_key_bytes(&j, "\"\xff", 2);
    rp_json_int(&j, 0);
    rp_json_end_object(&j);
    assert_json(&j, "{\"\\\"\xef\xbf\xbd\":0}");
}
END_TEST

START_TEST(json_is_null_after_a_failure)
{
    struct rp_json j = {0};

    rp_json_begin_array(&j);
    rp_json_hex(&j, "x", SIZE_MAX / 2);
    rp_json_end_array(&j);
    ck_assert_ptr_null(rp_json_take(&j, NULL));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("json");
    TCase *t = tcase_create("json");

    tcase_add_test(t, json_puts_commas_and_colons);
    tcase_add_loop_test(t, json_escapes_strings_as_node_does, 0, sizeof strings / sizeof *strings);
    tcase_add_test(t, json_escapes_keys_too);
    tcase_add_test(t, json_is_null_after_a_failure);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
