/* SPDX-License-Identifier: MIT
 *
 * early_state.h - early data on a server, from the ClientHello to the client's Finished: the states
 * and the legal transitions between them. The words are those of RFC 8446: early data is offered,
 * accepted or rejected. An illegal transition is a bug. */
#ifndef RP_EARLY_STATE_H
#define RP_EARLY_STATE_H

#include <stdbool.h>

#define RP_EARLY_STATES(X)                                                                         \
    X(OFF)       /* a client, or a server without a listener: OpenSSL rejects early data */        \
    X(EXPECTED)  /* a ClientHello may offer it */                                                  \
    X(OFFERED)   /* the ClientHello offers it; the program decides */                              \
    X(ACCEPTED)  /* accepted by the program; OpenSSL may still reject it */                        \
    X(REJECTED)  /* rejected by the library or the program; OpenSSL skips it */                    \
    X(READING)   /* accepted by OpenSSL, too: state WAIT_EOED of RFC 8446 */                       \
    X(FINISHING) /* EndOfEarlyData was read, Finished was not: WAIT_FINISHED */                    \
    X(OVER)      /* none was sent, it was rejected, or the handshake is complete */

enum rp_early_state {
#define X(name) RP_EARLY_##name,
    RP_EARLY_STATES(X)
#undef X
        RP_EARLY_STATE_COUNT
};

const char *rp_early_state_name(enum rp_early_state);
bool rp_early_may_move(enum rp_early_state from, enum rp_early_state to);

/* Whether OpenSSL's decision is still open. */
static inline bool rp_early_state_is_undecided(enum rp_early_state state)
{
    return state > RP_EARLY_OFF && state < RP_EARLY_READING;
}

/* Whether data may be read and written although the handshake is not complete. */
static inline bool rp_early_state_is_open(enum rp_early_state state)
{
    return state == RP_EARLY_READING || state == RP_EARLY_FINISHING;
}

#endif
