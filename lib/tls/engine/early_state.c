/* SPDX-License-Identifier: MIT
 *
 * early_state.c - the table of legal transitions of early data; see early_state.h. */
#include "lib/tls/engine/early_state.h"

#define TO(name) (1u << RP_EARLY_##name)

const char *rp_early_state_name(enum rp_early_state state)
{
    static const char *const names[] = {
#define X(name) #name,
        RP_EARLY_STATES(X)
#undef X
    };

    return names[state];
}

bool rp_early_may_move(enum rp_early_state from, enum rp_early_state to)
{
    /* OpenSSL accepts and reads in one call, which may read everything. */
    static const unsigned moves[] = {
        [RP_EARLY_OFF] = TO(EXPECTED),
        [RP_EARLY_EXPECTED] = TO(OFFERED) | TO(OVER),
        [RP_EARLY_OFFERED] = TO(ACCEPTED) | TO(REJECTED),
        [RP_EARLY_ACCEPTED] = TO(READING) | TO(FINISHING) | TO(OVER),
        [RP_EARLY_REJECTED] = TO(OVER),
        [RP_EARLY_READING] = TO(FINISHING) | TO(OVER),
        [RP_EARLY_FINISHING] = TO(OVER),
        [RP_EARLY_OVER] = 0,
    };

    return (moves[from] & 1u << to) != 0;
}
