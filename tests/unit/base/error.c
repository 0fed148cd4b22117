/* SPDX-License-Identifier: MIT
 *
 * error.c - errors as plain data, and the cursor that counts lengths. */
#include <reprise/error.h>

#include "lib/base/args.h"
#include "lib/base/cursor.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <string.h>

START_TEST(error_has_code_and_message)
{
    struct rp_error error;

    memset(&error, 0xff, sizeof error);
    ck_assert(!rp_error_set(&error, "ERR_X", "%s %d", "text", 7));
    ck_assert_str_eq(error.code, "ERR_X");
    ck_assert_str_eq(error.message, "text 7");
    ck_assert_str_eq(error.library, "");
    ck_assert_ptr_null(error.syscall);
    ck_assert_int_eq(error.sys_errno, 0);
    rp_error_clear(&error);
    ck_assert_str_eq(error.code, "");
    ck_assert(!rp_error_set(NULL, "ERR_X", "nobody listens"));
    ck_assert(!rp_error_errno(NULL, EPIPE, "write", "nobody listens"));
}
END_TEST

START_TEST(error_is_cut_to_size)
{
    static char huge[RP_ERROR_TEXT + 100];
    struct rp_error error;

    memset(huge, 'x', sizeof huge - 1);
    rp_error_set(&error, huge, "%s", huge);
    ck_assert_uint_eq(strlen(error.code), sizeof error.code - 1);
    ck_assert_uint_eq(strlen(error.message), sizeof error.message - 1);
    rp_error_errno(&error, ECONNREFUSED, "connect", "%s", huge);
    ck_assert_uint_eq(strlen(error.message), sizeof error.message - 1);
    ck_assert_str_eq(error.message + sizeof error.message - sizeof "x...", "x...");
    rp_error_add(&error, "; option cert[%d]", 1);
    ck_assert_str_eq(error.message + sizeof error.message - sizeof "x...", "x...");
    rp_error_reason(&error, huge);
    ck_assert_str_eq(error.reason + sizeof error.reason - sizeof "x...", "x...");
}
END_TEST

/* Wherever the cut falls, no character is left in halves. */
START_TEST(error_is_cut_between_characters)
{
    static char huge[RP_ERROR_TEXT * 2];
    struct rp_error error;
    size_t used, at;

    memset(huge, 'x', (size_t)_i);
    for (at = (size_t)_i; at + 4 < sizeof huge; at += 3)
        memcpy(huge + at, "\xe2\x82\xac", 4);
    rp_error_set(&error, "ERR_X", "%s", huge);
    used = strlen(error.message);
    ck_assert_uint_ge(used, sizeof error.message - 3);
    ck_assert_str_eq(error.message + used - 3, "...");
    ck_assert_mem_eq(error.message, huge, used - 3);
    ck_assert_uint_eq((used - 3 - (size_t)_i) % 3, 0);
}
END_TEST

START_TEST(error_is_added_to)
{
    struct rp_error error;

    rp_error_set(&error, "ERR_X", "no start line");
    ck_assert(!rp_error_add(&error, "; option %s[%d]", "cert", 1));
    ck_assert_str_eq(error.message, "no start line; option cert[1]");
    ck_assert_str_eq(error.code, "ERR_X");
    rp_error_errno(&error, EPIPE, "write", "%s", "");
    ck_assert_str_eq(error.message, "write EPIPE");
}
END_TEST

START_TEST(error_of_a_system_call_names_it)
{
    struct rp_error error;

    ck_assert(!rp_error_errno(&error, ECONNREFUSED, "connect", "127.0.0.1:1"));
    ck_assert_str_eq(error.code, "ECONNREFUSED");
    ck_assert_str_eq(error.message, "connect ECONNREFUSED: 127.0.0.1:1");
    ck_assert_str_eq(error.syscall, "connect");
    ck_assert_int_eq(error.sys_errno, ECONNREFUSED);
    ck_assert_str_eq(rp_errno_name(EPIPE), "EPIPE");
    ck_assert_str_eq(rp_errno_name(99999), "UNKNOWN");
}
END_TEST

static const uint8_t bytes[] = {0, 1, 2, 3, 0xff, 5};

START_TEST(cursor_reads_what_is_there)
{
    struct rp_cursor c = rp_cursor_of(bytes, sizeof bytes), part;

    ck_assert_uint_eq(rp_cursor_uint(&c, 1), 0);
    ck_assert_uint_eq(rp_cursor_uint(&c, 2), 0x0102);
    ck_assert_uint_eq(rp_cursor_left(&c), 3);
    part = rp_cursor_take(&c, 2);
    ck_assert_uint_eq(rp_cursor_uint(&part, 2), 0x03ff);
    ck_assert(rp_cursor_done(&part) && !rp_cursor_done(&c));
    ck_assert_uint_eq(rp_cursor_uint(&c, 1), 5);
    ck_assert(rp_cursor_done(&c));
}
END_TEST

/* Once bad, always bad and empty; whoever forgot to look reads zeros. */
START_TEST(cursor_does_not_read_beyond)
{
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct rp_cursor c = rp_cursor_of(bytes, len), rest;

        rp_cursor_take(&c, len + 1);
        ck_assert(c.bad && rp_cursor_left(&c) == 0 && !rp_cursor_done(&c));
        ck_assert_uint_eq(rp_cursor_uint(&c, 1), 0);
        rest = rp_cursor_take(&c, 0);
        ck_assert(rest.bad);
        c = rp_cursor_of(bytes, len);
        ck_assert_uint_eq(rp_cursor_uint(&c, 8), 0);
        ck_assert(c.bad);
        c = rp_cursor_of(bytes, len);
        rp_cursor_take(&c, SIZE_MAX);
        ck_assert(c.bad);
    }
}
END_TEST

START_TEST(cursor_reads_vectors)
{
    static const uint8_t vectors[] = {2, 'a', 'b', 0, 0, 3, 'x', 'y', 'z', 9, 'q'};
    struct rp_cursor c = rp_cursor_of(vectors, sizeof vectors), v;

    v = rp_cursor_vector(&c, 1);
    ck_assert_uint_eq(rp_cursor_left(&v), 2);
    v = rp_cursor_vector(&c, 1);
    ck_assert(rp_cursor_done(&v));
    v = rp_cursor_vector(&c, 2);
    ck_assert_mem_eq(v.at, "xyz", 3);
    v = rp_cursor_vector(&c, 1); /* says nine, has one */
    ck_assert(v.bad && c.bad);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("error");
    TCase *core = tcase_create("core");

    tcase_add_test(core, error_has_code_and_message);
    tcase_add_test(core, error_is_cut_to_size);
    tcase_add_loop_test(core, error_is_cut_between_characters, 0, 3);
    tcase_add_test(core, error_is_added_to);
    tcase_add_test(core, error_of_a_system_call_names_it);
    tcase_add_test(core, cursor_reads_what_is_there);
    tcase_add_test(core, cursor_does_not_read_beyond);
    tcase_add_test(core, cursor_reads_vectors);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
