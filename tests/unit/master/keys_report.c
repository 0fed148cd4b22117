/* SPDX-License-Identifier: MIT
 *
 * keys_report.c - what a generation says of its keys becomes JSON without a key in it; what is cut
 * short, too long or made up is refused. */
#include "master/generation/keys_report.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static uint8_t report[KEYS_REPORT_MAX + 1];

static size_t write_pinned(size_t count)
{
    struct rp_ticket_keys *keys = rp_ticket_keys_new(NULL);
    struct rp_ticket_key *list = calloc(count, sizeof *list);
    size_t len;

    for (size_t i = 0; i < count; i++) {
        list[i].size = 32;
        memset(list[i].name, 'a' + (int)(i % 26), sizeof list[i].name);
        memset(list[i].hmac, 'H', sizeof list[i].hmac);
        memset(list[i].aes, 'S', sizeof list[i].aes);
    }
    ck_assert(rp_ticket_keys_set(keys, list, count, true, NULL));
    len = keys_report_write(report, 7, NULL, keys);
    rp_ticket_keys_unref(keys);
    free(list);
    return len;
}

START_TEST(report_holds_no_key)
{
    struct rp_json json = {0};
    uint64_t question;
    size_t len = write_pinned(2);
    char *text;

    ck_assert_ptr_null(memmem(report, len, "HHHH", 4));
    ck_assert_ptr_null(memmem(report, len, "SSSS", 4));
    ck_assert(keys_report_read(rp_cursor_of(report, len), 0, &question, &json));
    ck_assert_uint_eq(question, 7);
    text = rp_json_take(&json, NULL);
    ck_assert_str_eq(text, "{\"ok\":true,\"pinned\":true,\"keyLifetime\":0,\"count\":2,\"keys\":["
                           "{\"id\":\"61616161\",\"role\":\"pinned\",\"mints\":true},"
                           "{\"id\":\"62626262\",\"role\":\"pinned\",\"mints\":false}]}");
    free(text);
}
END_TEST

START_TEST(report_of_many_keys_says_how_many)
{
    struct rp_json json = {0};
    uint64_t question;
    size_t len = write_pinned(RP_TICKET_KEYS_MAX);
    char *text;

    ck_assert_uint_eq(len, KEYS_REPORT_MAX);
    ck_assert(keys_report_read(rp_cursor_of(report, len), 0, &question, &json));
    text = rp_json_take(&json, NULL);
    ck_assert_ptr_nonnull(strstr(text, "\"count\":240,"));
    free(text);
}
END_TEST

START_TEST(report_that_is_cut_short_is_refused)
{
    size_t len = write_pinned(3);

    for (size_t i = 0; i < len; i++) {
        struct rp_json json = {0};
        uint64_t question;
        bool whole = i >= KEYS_REPORT_HEAD && (i - KEYS_REPORT_HEAD) % KEYS_REPORT_KEY == 0;

        ck_assert_int_eq(keys_report_read(rp_cursor_of(report, i), 0, &question, &json), whole);
        rp_text_clear(&json.text);
    }
}
END_TEST

START_TEST(report_of_any_bytes_is_json_or_refused)
{
    struct rp_json json = {0};
    uint64_t question;
    char *text;

    memset(report, 0xff, sizeof report);
    ck_assert(!keys_report_read(rp_cursor_of(report, sizeof report), 0, &question, &json));
    rp_text_clear(&json.text);
    json = (struct rp_json){0};
    ck_assert(keys_report_read(rp_cursor_of(report, KEYS_REPORT_HEAD + KEYS_REPORT_KEY), 0,
                               &question, &json));
    text = rp_json_take(&json, NULL);
    ck_assert_ptr_nonnull(strstr(text, "\"role\":\"unknown\""));
    free(text);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("keys_report");
    TCase *t = tcase_create("keys_report");

    tcase_add_test(t, report_holds_no_key);
    tcase_add_test(t, report_of_many_keys_says_how_many);
    tcase_add_test(t, report_that_is_cut_short_is_refused);
    tcase_add_test(t, report_of_any_bytes_is_json_or_refused);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
