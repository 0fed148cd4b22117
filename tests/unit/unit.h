/* SPDX-License-Identifier: MIT
 *
 * unit.h - main() of a unit test program: runs one suite, says "N passed, N failed". */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdio.h>

static inline int unit_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int run, failed;

    srunner_run_all(runner, CK_ENV);
    run = srunner_ntests_run(runner);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed != 0 || run == 0;
}

#endif
