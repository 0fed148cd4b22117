/* SPDX-License-Identifier: MIT
 *
 * serve_psk.c - identities and their keys; see serve_psk.h. */
#include "serve_psk.h"

#include <reprise/socket.h>
#include <stdlib.h>
#include <string.h>

#include "tool_flags.h"

static struct {
    char *identity;
    struct tool_bytes key;
} * keys;
static size_t count;

bool serve_psk_add(const char *text)
{
    const char *equals = strrchr(text, '=');
    void *grown = realloc(keys, (count + 1) * sizeof *keys);

    if (grown == NULL)
        return false;
    keys = grown;
    if (equals == NULL || equals - text > RP_PSK_IDENTITY_MAX ||
        !tool_read_hex(equals + 1, &keys[count].key))
        return false;
    keys[count].identity = strndup(text, (size_t)(equals - text));
    return keys[count].identity != NULL && keys[count].key.len > 0 &&
           keys[count++].key.len <= RP_PSK_MAX;
}

bool serve_psk_add_lines(char *text)
{
    const char *line;

    while ((line = strsep(&text, "\r\n")) != NULL)
        if (*line != '\0' && !serve_psk_add(line))
            return false;
    return true;
}

bool serve_psk_any(void)
{
    return count > 0;
}

size_t serve_psk_find(const char *identity, uint8_t *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].identity, identity) == 0) {
            memcpy(key, keys[i].key.bytes, keys[i].key.len);
            return keys[i].key.len;
        }
    return 0;
}
