/* SPDX-License-Identifier: MIT
 *
 * tool_target.h - where to connect to, or to listen: HOST:PORT, [V6]:PORT, or a Unix socket. */
#ifndef TOOL_TARGET_H
#define TOOL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL_NO_PORT UINT32_MAX

/* Before use the port is TOOL_NO_PORT; the flags --host, --port and --path fill it, too. */
struct tool_target {
    const char *host, *path; /* path: of a Unix socket; it wins */
    uint32_t port;
    char room[256]; /* for the host */
};

/* HOST:PORT, [V6]:PORT, unix:PATH, or a PATH with a slash in it. What flags said already stays. An
 * empty host counts as none given. false: said on the standard error. */
bool tool_target_parse(struct tool_target *target, const char *text);
/* As HOST:PORT or unix:PATH, with host for one that was not given. false: too long. */
bool tool_target_text(const struct tool_target *target, const char *host, char *text, size_t size);

#endif
