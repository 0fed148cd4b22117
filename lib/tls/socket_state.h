/* SPDX-License-Identifier: MIT
 *
 * socket_state.h - the life of a TLS socket: its states and the legal moves between them, in one
 * place. Whoever moves a socket asks here; an illegal move is a bug of ours. */
#ifndef RP_SOCKET_STATE_H
#define RP_SOCKET_STATE_H

#include <stdbool.h>

#define RP_SOCKET_STATES(X)                                                                        \
    X(START)      /* client: not connected yet. server: no whole ClientHello yet */                \
    X(PREFACE)    /* server: what comes before TLS, such as a PROXY header, is not complete */     \
    X(HANDSHAKE)  /* OpenSSL is at work, or waits for an answer to a question */                   \
    X(STORING)    /* server: complete; secureConnection waits until the session is stored */       \
    X(OPEN_EARLY) /* server: open for early data; the client's Finished is not here yet */         \
    X(OPEN)       /* the handshake is complete and accepted */                                     \
    X(FAILED)     /* it is about to be destroyed; its alert may be in the output */                \
    X(LINGER)     /* destroyed; the alert is on its way */                                         \
    X(CLOSING)    /* destroyed; the transport is about to close */                                 \
    X(CLOSED)

enum rp_socket_state {
#define X(name) RP_SOCKET_##name,
    RP_SOCKET_STATES(X)
#undef X
        RP_SOCKET_STATE_COUNT
};

/* What the one timeout of a socket is running for. */
enum rp_socket_timeout {
    RP_TIMEOUT_HANDSHAKE, /* the handshake must be complete */
    RP_TIMEOUT_TICKETS,   /* the tickets have waited long enough for an answer to go with */
    RP_TIMEOUT_FAILURE,   /* a paused program has had time enough to read what had arrived */
    RP_TIMEOUT_LINGER,    /* the peer has had time enough to read the alert */
};

const char *rp_socket_state_name(enum rp_socket_state);
bool rp_socket_may_move(enum rp_socket_state from, enum rp_socket_state to);

/* The handshake is not over; a socket that was destroyed has none. */
static inline bool rp_socket_state_is_handshaking(enum rp_socket_state state)
{
    return state < RP_SOCKET_OPEN_EARLY;
}

/* Data may flow. */
static inline bool rp_socket_state_is_open(enum rp_socket_state state)
{
    return state == RP_SOCKET_OPEN || state == RP_SOCKET_OPEN_EARLY;
}

#endif
