/* SPDX-License-Identifier: MIT
 *
 * socket_state.c - the table of legal transitions of a TLS socket; see socket_state.h. */
#include "lib/tls/socket_state.h"

#define TO(name) (1u << RP_SOCKET_##name)
#define TO_END   (TO(FAILED) | TO(CLOSING)) /* after an error of this side; or otherwise */

const char *rp_socket_state_name(enum rp_socket_state state)
{
    static const char *const names[] = {
#define X(name) #name,
        RP_SOCKET_STATES(X)
#undef X
    };

    return names[state];
}

bool rp_socket_may_move(enum rp_socket_state from, enum rp_socket_state to)
{
    static const unsigned moves[] = {
        [RP_SOCKET_START] = TO(PREFACE) | TO(HANDSHAKE) | TO_END,
        [RP_SOCKET_PREFACE] = TO(START) | TO_END,
        [RP_SOCKET_HANDSHAKE] = TO(STORING) | TO(OPEN_EARLY) | TO(OPEN) | TO_END,
        [RP_SOCKET_STORING] = TO(OPEN) | TO_END,
        [RP_SOCKET_OPEN_EARLY] = TO(OPEN) | TO_END,
        [RP_SOCKET_OPEN] = TO_END,
        [RP_SOCKET_FAILED] = TO(LINGER) | TO(CLOSING),
        [RP_SOCKET_LINGER] = TO(CLOSING),
        [RP_SOCKET_CLOSING] = TO(CLOSED),
        [RP_SOCKET_CLOSED] = 0,
    };

    return (moves[from] & 1u << to) != 0;
}
