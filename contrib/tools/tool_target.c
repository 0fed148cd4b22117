/* SPDX-License-Identifier: MIT
 *
 * tool_target.c - the address argument; see tool_target.h. */
#include "tool_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool_flags.h"

static bool is_path(const char *text)
{
    return strncmp(text, "unix:", 5) == 0 || strchr(text, '/') != NULL;
}

/* Digits only, without sign or space. */
static bool parse_port(const char *text, uint32_t *port)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return false;
    *port = (uint32_t)strtoul(text, NULL, 10);
    return *port <= UINT16_MAX;
}

bool tool_target_parse(struct tool_target *target, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : 0;
    bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
    uint32_t port = 0;

    if (is_path(text)) {
        if (target->path == NULL)
            target->path = strncmp(text, "unix:", 5) == 0 ? text + 5 : text;
        return true;
    }
    if (colon == NULL || !parse_port(colon + 1, &port) || len >= sizeof target->room) {
        tool_complain("\"%s\" is not HOST:PORT, unix:PATH or a path with a slash", text);
        return false;
    }
    if (!brackets && memchr(text, ':', len) != NULL) {
        tool_complain("\"%s\" is ambiguous; write an IPv6 address as [ADDRESS]:PORT", text);
        return false;
    }
    if (target->port == TOOL_NO_PORT)
        target->port = port;
    if (target->host != NULL || len == 0)
        return true;
    memcpy(target->room, text + brackets, len - 2u * brackets);
    target->room[len - 2u * brackets] = '\0';
    target->host = target->room;
    return true;
}

bool tool_target_text(const struct tool_target *target, const char *host, char *text, size_t size)
{
    int len;

    if (target->host != NULL)
        host = target->host;
    if (target->path != NULL)
        len = snprintf(text, size, "unix:%s", target->path);
    else
        len = snprintf(text, size, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host,
                       (unsigned)(target->port == TOOL_NO_PORT ? 0 : target->port));
    return len >= 0 && (size_t)len < size;
}
