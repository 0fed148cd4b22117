/* SPDX-License-Identifier: MIT
 *
 * early_state.c - early data moves only where its table says, and is read only after it was
 * accepted. */
#include "lib/tls/engine/early_state.h"
#include "tests/unit/unit.h"

/* to:                 OFF EXPECTED OFFERED ACCEPTED REJECTED READING FINISHING OVER */
static const bool legal[RP_EARLY_STATE_COUNT][RP_EARLY_STATE_COUNT] = {
    [RP_EARLY_OFF] = {0, 1, 0, 0, 0, 0, 0, 0},       [RP_EARLY_EXPECTED] = {0, 0, 1, 0, 0, 0, 0, 1},
    [RP_EARLY_OFFERED] = {0, 0, 0, 1, 1, 0, 0, 0},   [RP_EARLY_ACCEPTED] = {0, 0, 0, 0, 0, 1, 1, 1},
    [RP_EARLY_REJECTED] = {0, 0, 0, 0, 0, 0, 0, 1},  [RP_EARLY_READING] = {0, 0, 0, 0, 0, 0, 1, 1},
    [RP_EARLY_FINISHING] = {0, 0, 0, 0, 0, 0, 0, 1}, [RP_EARLY_OVER] = {0},
};

START_TEST(early_data_moves_only_where_it_may)
{
    for (enum rp_early_state from = 0; from < RP_EARLY_STATE_COUNT; from++)
        for (enum rp_early_state to = 0; to < RP_EARLY_STATE_COUNT; to++)
            ck_assert_msg(rp_early_may_move(from, to) == legal[from][to], "%s -> %s",
                          rp_early_state_name(from), rp_early_state_name(to));
}
END_TEST

/* It may be replayed: there is no way to read it around an answer. */
START_TEST(early_data_is_read_only_where_it_was_accepted)
{
    for (enum rp_early_state from = 0; from < RP_EARLY_STATE_COUNT; from++)
        for (enum rp_early_state to = 0; to < RP_EARLY_STATE_COUNT; to++)
            if (rp_early_may_move(from, to) && rp_early_state_is_open(to))
                ck_assert_msg(from == RP_EARLY_ACCEPTED || rp_early_state_is_open(from), "%s -> %s",
                              rp_early_state_name(from), rp_early_state_name(to));
}
END_TEST

START_TEST(early_data_is_undecided_or_open_or_neither)
{
    static const struct {
        bool undecided, open;
    } is[RP_EARLY_STATE_COUNT] = {
        [RP_EARLY_EXPECTED] = {true, false}, [RP_EARLY_OFFERED] = {true, false},
        [RP_EARLY_ACCEPTED] = {true, false}, [RP_EARLY_REJECTED] = {true, false},
        [RP_EARLY_READING] = {false, true},  [RP_EARLY_FINISHING] = {false, true},
    };

    for (enum rp_early_state s = 0; s < RP_EARLY_STATE_COUNT; s++) {
        ck_assert_int_eq(rp_early_state_is_undecided(s), is[s].undecided);
        ck_assert_int_eq(rp_early_state_is_open(s), is[s].open);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("early_state");
    TCase *core = tcase_create("core");

    tcase_add_test(core, early_data_moves_only_where_it_may);
    tcase_add_test(core, early_data_is_read_only_where_it_was_accepted);
    tcase_add_test(core, early_data_is_undecided_or_open_or_neither);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
