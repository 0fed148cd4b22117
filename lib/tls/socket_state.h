/* SPDX-License-Identifier: MIT
 *
 * socket_state.h - the states of a TLS socket and the legal transitions between them. Every change
 * of state is checked here; an illegal one is a bug. */
#ifndef RP_SOCKET_STATE_H
#define RP_SOCKET_STATE_H

#include <stdbool.h>

#define RP_SOCKET_STATES(X)                                                                        \
    X(START)      /* client: not connected yet. server: no whole ClientHello yet */                \
    X(PREFACE)    /* server: the preface, such as a PROXY header, is incomplete */                 \
    X(HANDSHAKE)  /* OpenSSL is working, or waits for an answer to a question */                   \
    X(STORING)    /* server: complete; secureConnection waits until the session is stored */       \
    X(OPEN_EARLY) /* server: open for early data; the client's Finished is missing */              \
    X(OPEN)       /* the handshake is complete and accepted */                                     \
    X(FAILED)     /* about to be destroyed; the output may contain an alert */                     \
    X(LINGER)     /* destroyed; the alert is being sent */                                         \
    X(CLOSING)    /* destroyed; the transport is about to close */                                 \
    X(CLOSED)

enum rp_socket_state {
#define X(name) RP_SOCKET_##name,
    RP_SOCKET_STATES(X)
#undef X
        RP_SOCKET_STATE_COUNT
};

/* The purpose of a socket's timeout. */
enum rp_socket_timeout {
    RP_TIMEOUT_HANDSHAKE, /* the handshake must be complete */
    RP_TIMEOUT_TICKETS,   /* the tickets have waited long enough for a response */
    RP_TIMEOUT_FAILURE,   /* a paused program had enough time to read the input */
    RP_TIMEOUT_LINGER,    /* the peer had enough time to read the alert */
};

const char *rp_socket_state_name(enum rp_socket_state);
bool rp_socket_may_move(enum rp_socket_state from, enum rp_socket_state to);

/* The handshake is in progress; a destroyed socket has none. */
static inline bool rp_socket_state_is_handshaking(enum rp_socket_state state)
{
    return state < RP_SOCKET_OPEN_EARLY;
}

/* Data may be read and written. */
static inline bool rp_socket_state_is_open(enum rp_socket_state state)
{
    return state == RP_SOCKET_OPEN || state == RP_SOCKET_OPEN_EARLY;
}

#endif
