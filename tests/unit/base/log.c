/* SPDX-License-Identifier: MIT
 *
 * log.c - lines as text and as JSON; hostile bytes stay harmless. */
#include "tests/unit/unit.h"

#include "lib/base/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static char last[2 * RP_LOG_LINE];

static void make_path(void)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/reprise-log-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void remove_path(void)
{
    unlink(path);
}

static struct rp_log *open_log(bool json, enum rp_log_level level)
{
    struct rp_log_options options = {
        .destination = path, .process = "master", .level = level, .json = json};
    struct rp_log *log = rp_log_open(&options, NULL);

    ck_assert_ptr_nonnull(log);
    return log;
}

/* All that the file holds. */
static const char *written(void)
{
    FILE *file = fopen(path, "r");
    size_t got;

    ck_assert_ptr_nonnull(file);
    got = fread(last, 1, sizeof last - 1, file);
    last[got] = '\0';
    fclose(file);
    return last;
}

START_TEST(log_writes_message_and_fields)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    struct rp_log_line line;

    rp_log_begin(&line, log, RP_LOG_INFO, "worker left");
    rp_log_number(&line, "worker", 3);
    rp_log_text(&line, "why", "signal 9");
    rp_log_text(&line, "none", NULL);
    rp_log_end(&line);
    ck_assert_ptr_nonnull(strstr(written(), ": worker left worker=3 why=\"signal 9\"\n"));
    ck_assert_ptr_nonnull(strstr(last, " info  master["));
    rp_log_close(log);
}
END_TEST

START_TEST(log_keeps_to_its_level)
{
    struct rp_log *log = open_log(false, RP_LOG_WARN);

    rp_log(log, RP_LOG_INFO, "not wanted");
    ck_assert_str_eq(written(), "");
    rp_log(log, RP_LOG_ERROR, "wanted: \"%s\"", "quoted");
    ck_assert_ptr_nonnull(strstr(written(), ": wanted: \"quoted\"\n"));
    rp_log(NULL, RP_LOG_ERROR, "nobody listens");
    rp_log_close(log);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    const char *shown;
} hostile[] = {
    {"a\nb", 3, "v=\"a\\x0ab\"\n"},
    {"a\0b", 3, "v=\"a\\x00b\"\n"},
    {"\x1b[2J", 4, "v=\"\\x1b[2J\"\n"},
    {"\xc2\x9b", 2, "v=\"\\xc2\\x9b\"\n"},
    {"say \"hi\"\\", 9, "v=\"say \\\"hi\\\"\\\\\"\n"},
    {"gr\xc3\xbc\xc3\x9f", 6, "v=\"gr\xc3\xbc\xc3\x9f\"\n"},
    {"\xff\xfe", 2, "v=\"\\xff\\xfe\"\n"},
    {"", 0, "v=\"\"\n"},
    {"plain", 5, "v=plain\n"},
};

START_TEST(log_escapes_hostile_bytes)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    struct rp_log_line line;

    rp_log_begin(&line, log, RP_LOG_INFO, "m");
    rp_log_bytes(&line, "v", hostile[_i].bytes, hostile[_i].len);
    rp_log_end(&line);
    ck_assert_ptr_nonnull(strstr(written(), hostile[_i].shown));
    rp_log_close(log);
}
END_TEST

START_TEST(log_json_is_json_whatever_it_is_given)
{
    struct rp_log *log = open_log(true, RP_LOG_INFO);
    struct rp_log_line line;
    json_t *parsed;
    char bytes[256];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    rp_log_begin(&line, log, RP_LOG_WARN, "a \"message\"\n");
    rp_log_bytes(&line, "all", bytes, sizeof bytes);
    rp_log_number(&line, "n", -7);
    rp_log_end(&line);
    parsed = json_loads(written(), JSON_ALLOW_NUL, NULL);
    ck_assert_ptr_nonnull(parsed);
    ck_assert_str_eq(json_string_value(json_object_get(parsed, "message")), "a \"message\"\n");
    ck_assert_str_eq(json_string_value(json_object_get(parsed, "level")), "warn");
    ck_assert_int_eq(json_integer_value(json_object_get(parsed, "n")), -7);
    json_decref(parsed);
    rp_log_close(log);
}
END_TEST

/* Whatever the length, a line is whole: it ends in a newline and, as JSON, parses. */
START_TEST(log_cuts_what_is_too_long)
{
    static char bytes[RP_LOG_LINE + 64];
    struct rp_log *log = open_log(true, RP_LOG_INFO);

    memset(bytes, 1, sizeof bytes); /* six characters each */
    for (size_t len = RP_LOG_LINE / 8; len < sizeof bytes; len += 61) {
        struct rp_log_line line;
        json_t *parsed;

        ck_assert_int_eq(truncate(path, 0), 0);
        rp_log_begin(&line, log, RP_LOG_INFO, "long");
        rp_log_bytes(&line, "a", bytes, len / 6);
        rp_log_bytes(&line, "b", bytes, len);
        rp_log_text(&line, "c", "no room");
        rp_log_end(&line);
        parsed = json_loads(written(), JSON_ALLOW_NUL, NULL);
        ck_assert_ptr_nonnull(parsed);
        ck_assert_int_eq(last[strlen(last) - 1], '\n');
        json_decref(parsed);
    }
    rp_log_close(log);
}
END_TEST

START_TEST(log_reopens_after_rotation)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    char moved[80];

    snprintf(moved, sizeof moved, "%s.1", path);
    rp_log(log, RP_LOG_INFO, "before");
    ck_assert_int_eq(rename(path, moved), 0);
    ck_assert(rp_log_reopen(log, NULL));
    rp_log(log, RP_LOG_INFO, "after");
    ck_assert_ptr_null(strstr(written(), "before"));
    ck_assert_ptr_nonnull(strstr(last, "after"));
    unlink(moved);
    rp_log_close(log);
}
END_TEST

START_TEST(log_that_cannot_be_opened_says_which)
{
    struct rp_log_options options = {.destination = "/nonexistent/dir/file.log"};
    struct rp_error error;

    ck_assert_ptr_null(rp_log_open(&options, &error));
    ck_assert_str_eq(error.code, "ENOENT");
    ck_assert_ptr_nonnull(strstr(error.message, "/nonexistent/dir/file.log"));
}
END_TEST

static void say_later(struct rp_log *log, int n)
{
    struct rp_log_line line;

    rp_log_begin(&line, log, RP_LOG_INFO, "later");
    rp_log_number(&line, "n", n);
    rp_log_end_later(&line);
}

START_TEST(log_lines_that_may_wait_leave_together_and_in_order)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);

    say_later(log, 1);
    say_later(log, 2);
    ck_assert_str_eq(written(), "");
    rp_log(log, RP_LOG_INFO, "now");
    ck_assert_ptr_nonnull(strstr(written(), "later n=2\n"));
    ck_assert(strstr(last, "n=1") < strstr(last, "n=2"));
    ck_assert(strstr(last, "n=2") < strstr(last, ": now\n"));
    say_later(log, 3);
    rp_log_flush(log);
    ck_assert_ptr_nonnull(strstr(written(), "n=3\n"));
    say_later(log, 4);
    rp_log_close(log);
    ck_assert_ptr_nonnull(strstr(written(), "n=4\n"));
}
END_TEST

START_TEST(log_lines_that_may_wait_are_all_written_whole)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);
    FILE *file;
    int n = 0, read_n;
    char text[256];

    for (int i = 0; i < 3000; i++)
        say_later(log, i);
    rp_log_close(log);
    file = fopen(path, "r");
    while (fgets(text, sizeof text, file) != NULL) {
        ck_assert_int_eq(sscanf(strstr(text, "n="), "n=%d\n", &read_n), 1);
        ck_assert_int_eq(read_n, n++);
    }
    fclose(file);
    ck_assert_int_eq(n, 3000);
}
END_TEST

START_TEST(log_lines_of_the_parent_are_not_repeated_by_the_child)
{
    struct rp_log *log = open_log(false, RP_LOG_INFO);

    say_later(log, 1);
    rp_log_rename(log, "worker 0");
    rp_log_close(log);
    ck_assert_str_eq(written(), "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("log");

    tcase_add_checked_fixture(t, make_path, remove_path);
    tcase_add_test(t, log_writes_message_and_fields);
    tcase_add_test(t, log_keeps_to_its_level);
    tcase_add_loop_test(t, log_escapes_hostile_bytes, 0, sizeof hostile / sizeof *hostile);
    tcase_add_test(t, log_json_is_json_whatever_it_is_given);
    tcase_add_test(t, log_cuts_what_is_too_long);
    tcase_add_test(t, log_reopens_after_rotation);
    tcase_add_test(t, log_lines_that_may_wait_leave_together_and_in_order);
    tcase_add_test(t, log_lines_that_may_wait_are_all_written_whole);
    tcase_add_test(t, log_lines_of_the_parent_are_not_repeated_by_the_child);
    tcase_add_test(t, log_that_cannot_be_opened_says_which);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
