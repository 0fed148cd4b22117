/* SPDX-License-Identifier: MIT
 *
 * socket_state.c - a TLS socket moves only where its table says, and always reaches its end. */
#include "lib/tls/socket_state.h"
#include "tests/unit/unit.h"

/* to:                START PREF HS STOR EARLY OPEN FAIL LING CLOSING CLOSED */
static const bool legal[RP_SOCKET_STATE_COUNT][RP_SOCKET_STATE_COUNT] = {
    [RP_SOCKET_START] = {0, 1, 1, 0, 0, 0, 1, 0, 1, 0},
    [RP_SOCKET_PREFACE] = {1, 0, 0, 0, 0, 0, 1, 0, 1, 0},
    [RP_SOCKET_HANDSHAKE] = {0, 0, 0, 1, 1, 1, 1, 0, 1, 0},
    [RP_SOCKET_STORING] = {0, 0, 0, 0, 0, 1, 1, 0, 1, 0},
    [RP_SOCKET_OPEN_EARLY] = {0, 0, 0, 0, 0, 1, 1, 0, 1, 0},
    [RP_SOCKET_OPEN] = {0, 0, 0, 0, 0, 0, 1, 0, 1, 0},
    [RP_SOCKET_FAILED] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 0},
    [RP_SOCKET_LINGER] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0},
    [RP_SOCKET_CLOSING] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
    [RP_SOCKET_CLOSED] = {0},
};

START_TEST(socket_moves_only_where_it_may)
{
    for (enum rp_socket_state from = 0; from < RP_SOCKET_STATE_COUNT; from++)
        for (enum rp_socket_state to = 0; to < RP_SOCKET_STATE_COUNT; to++)
            ck_assert_msg(rp_socket_may_move(from, to) == legal[from][to], "%s -> %s",
                          rp_socket_state_name(from), rp_socket_state_name(to));
}
END_TEST

/* Any event may destroy a socket: there is a way out of each state, and none back into the open. */
START_TEST(socket_can_end_from_every_state)
{
    for (enum rp_socket_state s = 0; s < RP_SOCKET_CLOSING; s++)
        ck_assert_msg(rp_socket_may_move(s, RP_SOCKET_CLOSING), "%s", rp_socket_state_name(s));
    for (enum rp_socket_state s = RP_SOCKET_FAILED; s < RP_SOCKET_STATE_COUNT; s++)
        for (enum rp_socket_state to = 0; to <= s; to++)
            ck_assert_msg(!rp_socket_may_move(s, to), "%s -> %s", rp_socket_state_name(s),
                          rp_socket_state_name(to));
}
END_TEST

START_TEST(socket_is_handshaking_or_open_or_over)
{
    static const struct {
        bool handshaking, open;
    } is[RP_SOCKET_STATE_COUNT] = {
        [RP_SOCKET_START] = {true, false},      [RP_SOCKET_PREFACE] = {true, false},
        [RP_SOCKET_HANDSHAKE] = {true, false},  [RP_SOCKET_STORING] = {true, false},
        [RP_SOCKET_OPEN_EARLY] = {false, true}, [RP_SOCKET_OPEN] = {false, true},
    };

    for (enum rp_socket_state s = 0; s < RP_SOCKET_STATE_COUNT; s++) {
        ck_assert_int_eq(rp_socket_state_is_handshaking(s), is[s].handshaking);
        ck_assert_int_eq(rp_socket_state_is_open(s), is[s].open);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("socket_state");
    TCase *core = tcase_create("core");

    tcase_add_test(core, socket_moves_only_where_it_may);
    tcase_add_test(core, socket_can_end_from_every_state);
    tcase_add_test(core, socket_is_handshaking_or_open_or_over);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
