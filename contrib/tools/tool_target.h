/* SPDX-License-Identifier: MIT
 *
 * tool_target.h - the address to connect to or to listen on: HOST:PORT, [V6]:PORT, or a Unix
 * socket. */
#ifndef TOOL_TARGET_H
#define TOOL_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL_NO_PORT UINT32_MAX

/* Initialise the port with TOOL_NO_PORT; the flags --host, --port and --path set members, too. */
struct tool_target {
    const char *host, *path; /* path: of a Unix socket; it takes precedence */
    uint32_t port;
    char room[256]; /* storage of the host */
};

/* Parse HOST:PORT, [V6]:PORT, unix:PATH, or a PATH with a slash. What flags have set stays. An
 * empty host counts as not given. false: an error was printed. */
bool tool_target_parse(struct tool_target *target, const char *text);
/* Format as HOST:PORT or unix:PATH; `host` replaces a missing host. false: too long. */
bool tool_target_text(const struct tool_target *target, const char *host, char *text, size_t size);

#endif
