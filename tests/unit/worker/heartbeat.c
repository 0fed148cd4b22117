/* SPDX-License-Identifier: MIT
 *
 * heartbeat.c - when a process counts as stuck: by looks without a beat, not by time. */
#include "worker/heartbeat.h"
#include "tests/unit/unit.h"

START_TEST(heartbeat_silence_grows_with_each_look_and_ends_with_a_beat)
{
    struct heartbeat h = {0};
    uint64_t counter = 0;

    heartbeat_beat(&counter);
    ck_assert_uint_eq(heartbeat_look(&h, &counter), 0);
    for (uint32_t looks = 1; looks <= HEARTBEAT_KILL_MS / HEARTBEAT_LOOK_MS; looks++)
        ck_assert_uint_eq(heartbeat_look(&h, &counter), looks * HEARTBEAT_LOOK_MS);
    heartbeat_beat(&counter);
    ck_assert_uint_eq(heartbeat_look(&h, &counter), 0);
    ck_assert_uint_eq(heartbeat_look(&h, &counter), HEARTBEAT_LOOK_MS);
}
END_TEST

/* A process that beats as it should is never near the limit. */
START_TEST(heartbeat_of_a_process_that_lives_is_not_stuck)
{
    struct heartbeat h = {0};
    uint64_t counter = 0;

    for (unsigned ms = 0; ms < 20000; ms += HEARTBEAT_LOOK_MS) {
        if (ms % HEARTBEAT_MS == 0)
            heartbeat_beat(&counter);
        ck_assert_uint_lt(heartbeat_look(&h, &counter), HEARTBEAT_STUCK_MS / 2);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("heartbeat");
    TCase *core = tcase_create("core");

    tcase_add_test(core, heartbeat_silence_grows_with_each_look_and_ends_with_a_beat);
    tcase_add_test(core, heartbeat_of_a_process_that_lives_is_not_stuck);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
