/* SPDX-License-Identifier: MIT
 *
 * generation_state.h - the states of a generation and the legal transitions between them. Every
 * change of state is checked here; an illegal one is a bug. */
#ifndef GENERATION_STATE_H
#define GENERATION_STATE_H

#include <stdbool.h>

#define GENERATION_STATES(X)                                                                       \
    X(LOADING)    /* reads certificates and keys; its new sockets do not listen yet */             \
    X(STARTING)   /* has read everything; its sockets listen, its workers start */                 \
    X(SERVING)    /* all its workers are up */                                                     \
    X(RECOVERING) /* its process died while serving, and is being replaced */                      \
    X(DRAINING)   /* finishes its connections */                                                   \
    X(GONE)

enum generation_state {
#define X(name) GENERATION_##name,
    GENERATION_STATES(X)
#undef X
        GENERATION_STATE_COUNT
};

/* For tables of what is allowed in which state. */
#define IN(name) (1u << GENERATION_##name)

static inline const char *generation_state_name(enum generation_state state)
{
    static const char *const names[] = {
#define X(name) #name,
        GENERATION_STATES(X)
#undef X
    };

    return names[state];
}

static inline bool generation_may_move(enum generation_state from, enum generation_state to)
{
    /* The next state when the process dies: one that served is replaced, and so is one that a
     * damaged store ended during its start; all others are gone. */
    static const unsigned moves[] = {
        [GENERATION_LOADING] = IN(STARTING) | IN(DRAINING) | IN(GONE),
        [GENERATION_STARTING] = IN(LOADING) | IN(SERVING) | IN(DRAINING) | IN(GONE),
        [GENERATION_SERVING] = IN(RECOVERING) | IN(DRAINING),
        [GENERATION_RECOVERING] = IN(SERVING) | IN(DRAINING),
        [GENERATION_DRAINING] = IN(GONE),
        [GENERATION_GONE] = 0,
    };

    return (moves[from] & 1u << to) != 0;
}

#endif
