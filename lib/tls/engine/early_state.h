/* SPDX-License-Identifier: MIT
 *
 * early_state.h - early data as a server sees it, from the ClientHello to the client's Finished:
 * its states and the legal moves between them, in one place. The words are those of RFC 8446:
 * early data is offered, accepted or rejected. An illegal move is a bug of ours. */
#ifndef RP_EARLY_STATE_H
#define RP_EARLY_STATE_H

#include <stdbool.h>

#define RP_EARLY_STATES(X)                                                                         \
    X(OFF)       /* of a client, or nobody listens: OpenSSL rejects it without being asked */      \
    X(EXPECTED)  /* a ClientHello that offers it may come */                                       \
    X(OFFERED)   /* the ClientHello offers it; the program is asked */                             \
    X(ACCEPTED)  /* by the program; OpenSSL has the last word */                                   \
    X(REJECTED)  /* by us or by the program; OpenSSL skips it */                                   \
    X(READING)   /* OpenSSL has accepted it, too: RFC 8446's WAIT_EOED */                          \
    X(FINISHING) /* EndOfEarlyData was read, Finished was not: WAIT_FINISHED */                    \
    X(OVER)      /* none came, or it is rejected for good, or the handshake is complete */

enum rp_early_state {
#define X(name) RP_EARLY_##name,
    RP_EARLY_STATES(X)
#undef X
        RP_EARLY_STATE_COUNT
};

const char *rp_early_state_name(enum rp_early_state);
bool rp_early_may_move(enum rp_early_state from, enum rp_early_state to);

/* It is not known yet what OpenSSL makes of it. */
static inline bool rp_early_state_is_undecided(enum rp_early_state state)
{
    return state > RP_EARLY_OFF && state < RP_EARLY_READING;
}

/* Data may flow, and the handshake is not complete. */
static inline bool rp_early_state_is_open(enum rp_early_state state)
{
    return state == RP_EARLY_READING || state == RP_EARLY_FINISHING;
}

#endif
