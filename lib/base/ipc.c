/* SPDX-License-Identifier: MIT
 *
 * ipc.c - look up a message in its table. The danger: the sender may be a compromised process, so
 * only types in the table are handled, and every length is checked. */
#include "lib/base/ipc.h"

#include <string.h>

static const struct rp_ipc_rule *find(const struct rp_ipc_rule *rules, size_t count, uint8_t type)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].type == type)
            return &rules[i];
    return NULL;
}

bool rp_ipc_dispatch(const struct rp_ipc_rule *rules, size_t count, unsigned who, void *context,
                     const void *bytes, size_t len, struct rp_error *err)
{
    struct rp_cursor content = rp_cursor_of(bytes, len);
    uint8_t type = (uint8_t)rp_cursor_uint(&content, 1);
    const struct rp_ipc_rule *rule = content.bad ? NULL : find(rules, count, type);
    size_t left = rp_cursor_left(&content);

    if (rule == NULL)
        return rp_error_set(err, "ERR_IPC", "unknown message type %u (%zu bytes)", type, len);
    if ((rule->allowed & who) == 0)
        return rp_error_set(err, "ERR_IPC", "unexpected message %s", rule->name);
    if (left < rule->shortest || left > rule->longest)
        return rp_error_set(err, "ERR_IPC", "message %s has an invalid length: %zu bytes",
                            rule->name, len);
    rule->handle(context, content);
    return true;
}

size_t rp_ipc_compose(uint8_t out[RP_IPC_MAX], uint8_t type, const void *content, size_t len)
{
    if (len > RP_IPC_MAX - 1)
        len = RP_IPC_MAX - 1;
    out[0] = type;
    if (len > 0)
        memcpy(out + 1, content, len);
    return len + 1;
}
