/* SPDX-License-Identifier: MIT
 *
 * cursor.c - bytes are read and written within their bounds. */
#include <check.h>

#include "lib/base/cursor.h"
#include "tests/unit/unit.h"

START_TEST(integer_is_read_as_it_was_written)
{
    uint64_t value = UINT64_C(0x8182838485868788) >> 8 * (8 - _i);
    uint8_t room[9];

    memset(room, 0xee, sizeof room);
    rp_store_uint(room, value, (size_t)_i);
    ck_assert_uint_eq(room[0], 0x81);
    ck_assert_uint_eq(room[_i], 0xee);
    ck_assert_uint_eq(rp_load_uint(room, (size_t)_i), value);
}
END_TEST

START_TEST(integer_that_needs_more_bytes_is_an_error)
{
    uint8_t room[8];
    struct rp_writer w = rp_writer_of(room, sizeof room);

    rp_writer_uint(&w, 255, 1);
    ck_assert_uint_eq(rp_writer_done(&w), 1);
    rp_writer_uint(&w, 256, 1);
    ck_assert(w.bad);
    ck_assert_uint_eq(rp_writer_done(&w), 0);
}
END_TEST

START_TEST(nothing_is_written_past_the_end)
{
    uint8_t room[6] = {0, 0, 0, 0, 0, 0xee};
    struct rp_writer w = rp_writer_of(room, 5);

    rp_writer_vector(&w, "abcd", 4, 1);
    ck_assert_uint_eq(rp_writer_done(&w), 5);
    ck_assert_uint_eq(rp_writer_left(&w), 0);
    ck_assert_mem_eq(room, "\4abcd\xee", 6);
    rp_writer_bytes(&w, "", 0);
    ck_assert(!w.bad);
    rp_writer_uint(&w, 1, 1);
    rp_writer_bytes(&w, "x", 1);
    ck_assert_uint_eq(rp_writer_done(&w), 0);
    ck_assert_uint_eq(room[5], 0xee);
}
END_TEST

/* What fits after something that did not is no part of it either. */
START_TEST(error_is_sticky)
{
    uint8_t room[4];
    struct rp_writer w = rp_writer_of(room, sizeof room);

    rp_writer_bytes(&w, "12345", 5);
    rp_writer_uint(&w, 1, 1);
    ck_assert(w.bad && rp_writer_take(&w, 1).bad);
    ck_assert_uint_eq(rp_writer_done(&w), 0);
}
END_TEST

START_TEST(length_may_be_written_after_its_content)
{
    uint8_t room[8];
    struct rp_writer w = rp_writer_of(room, sizeof room), length = rp_writer_take(&w, 2);
    struct rp_cursor c, vector;

    rp_writer_bytes(&w, "abc", 3);
    rp_writer_uint(&length, 3, 2);
    rp_writer_uint(&length, 9, 2); /* no room */
    ck_assert(length.bad && !w.bad);
    c = rp_cursor_of(room, rp_writer_done(&w));
    vector = rp_cursor_vector(&c, 2);
    ck_assert_uint_eq(rp_cursor_left(&vector), 3);
    ck_assert_mem_eq(vector.at, "abc", 3);
    ck_assert(rp_cursor_done(&c));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cursor");
    TCase *t = tcase_create("cursor");

    tcase_add_loop_test(t, integer_is_read_as_it_was_written, 1, 9);
    tcase_add_test(t, integer_that_needs_more_bytes_is_an_error);
    tcase_add_test(t, nothing_is_written_past_the_end);
    tcase_add_test(t, error_is_sticky);
    tcase_add_test(t, length_may_be_written_after_its_content);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
