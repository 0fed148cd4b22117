/* SPDX-License-Identifier: MIT
 *
 * compare.c - medians and their ratios, with an interval where there are enough runs. */
#include "contrib/load/report/compare.h"
#include "tests/unit/unit.h"

#include <math.h>

START_TEST(median_is_the_middle)
{
    ck_assert_double_eq(compare_median(&(struct compare_samples){{3, 1, 2}, 3}), 2);
    ck_assert_double_eq(compare_median(&(struct compare_samples){{4, 1, 2, 3}, 4}), 2.5);
    ck_assert_double_eq(compare_median(&(struct compare_samples){{7}, 1}), 7);
    ck_assert(isnan(compare_median(&(struct compare_samples){{0}, 0})));
}
END_TEST

START_TEST(few_runs_have_a_ratio_and_no_interval)
{
    struct compare_samples base = {{100, 110}, 2}, new = {{210, 210, 210}, 3};
    struct compare_ratio r = compare_ratio(&base, &new);

    ck_assert(!r.sure);
    ck_assert_double_eq(r.ratio, 2);
    ck_assert(r.low <= r.ratio && r.ratio <= r.high);
}
END_TEST

START_TEST(interval_contains_one_for_equal_runs_and_not_for_different_ones)
{
    struct compare_samples base = {{98, 100, 103, 99, 101}, 5}, same = {{102, 97, 100, 101, 99}, 5};
    struct compare_samples slower = {{121, 119, 125, 118, 122}, 5};
    struct compare_ratio equal = compare_ratio(&base, &same);
    struct compare_ratio worse = compare_ratio(&base, &slower);

    ck_assert(equal.sure && equal.low < 1 && equal.high > 1);
    ck_assert(worse.sure && worse.low > 1.1 && worse.high < 1.3);
    ck_assert_double_eq_tol(worse.ratio, 1.21, 0.001);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("compare");
    TCase *t = tcase_create("compare");

    tcase_add_test(t, median_is_the_middle);
    tcase_add_test(t, few_runs_have_a_ratio_and_no_interval);
    tcase_add_test(t, interval_contains_one_for_equal_runs_and_not_for_different_ones);
    suite_add_tcase(s, t);
    return unit_run(s);
}
