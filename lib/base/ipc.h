/* SPDX-License-Identifier: MIT
 *
 * ipc.h - messages between processes of one program: a byte that says what, then its content.
 * A table says for each type who may send it and when, how long it may be, and what handles it.
 * Whatever is not in the table is not answered and not ignored: its sender is to be dropped. The
 * boundaries of messages are the transport's (SOCK_SEQPACKET). */
#ifndef RP_IPC_H
#define RP_IPC_H

#include "lib/base/cursor.h"
#include <reprise/error.h>

enum { RP_IPC_MAX = 4096 }; /* bytes of a message, its type included */

struct rp_ipc_rule {
    uint8_t type;
    const char *name;           /* for the log */
    unsigned allowed;           /* bit set of the receiver's states (or of senders) */
    uint16_t shortest, longest; /* bytes of the content */
    void (*handle)(void *context, struct rp_cursor content);
};

/* Find the rule and run its handler. false, with *err saying why, when there is none, when the
 * sender may not say this now (`who` is not in `allowed`), or when the length is wrong. */
bool rp_ipc_dispatch(const struct rp_ipc_rule *rules, size_t count, unsigned who, void *context,
                     const void *bytes, size_t len, struct rp_error *err);

/* Put a message together in `out`; returns its length. Content beyond RP_IPC_MAX is cut off. */
size_t rp_ipc_compose(uint8_t out[RP_IPC_MAX], uint8_t type, const void *content, size_t len);

#endif
