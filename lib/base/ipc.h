/* SPDX-License-Identifier: MIT
 *
 * ipc.h - messages between processes of one program: a type byte, then the content.
 * A table says for each type who may send it and when, how long it may be, and what handles it.
 * A message that the table does not allow is an error: the receiver closes the channel. The
 * transport keeps message boundaries (SOCK_SEQPACKET). */
#ifndef RP_IPC_H
#define RP_IPC_H

#include "lib/base/cursor.h"
#include <reprise/error.h>

enum { RP_IPC_MAX = 4096 }; /* bytes of a message, its type included */

struct rp_ipc_rule {
    uint8_t type;
    const char *name; /* for the log */
    unsigned allowed; /* bit set of the states (or senders) in which the message is allowed */
    uint16_t shortest, longest; /* bytes of the content */
    void (*handle)(void *context, struct rp_cursor content);
};

/* Find the rule of a message and call its handler. false, with *err set: the type is unknown, the
 * sender or state is not allowed (`who` is not in `allowed`), or the length is invalid. */
bool rp_ipc_dispatch(const struct rp_ipc_rule *rules, size_t count, unsigned who, void *context,
                     const void *bytes, size_t len, struct rp_error *err);

/* Write a message to `out`; returns its length. Content beyond RP_IPC_MAX is cut off. */
size_t rp_ipc_compose(uint8_t out[RP_IPC_MAX], uint8_t type, const void *content, size_t len);

#endif
