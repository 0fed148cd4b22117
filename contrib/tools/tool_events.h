/* SPDX-License-Identifier: MIT
 *
 * tool_events.h - events as JSON lines, with node's names and structure; buffers are
 * hexadecimal. */
#ifndef TOOL_EVENTS_H
#define TOOL_EVENTS_H

#include <jansson.h>
#include <reprise/reprise.h>

struct tool_facts {
    bool detailed;        /* include the peer's chain in its certificate */
    const char *exporter; /* export 32 bytes of keying material with this label; NULL: none */
};

/* Create {"event": name}, to be completed and passed to tool_print. */
json_t *tool_event(const char *name);
/* Print the event as one line, flush it and free the event. */
void tool_print(json_t *event);
/* A text that the peer may have chosen: malformed UTF-8 is read as Latin-1. */
json_t *tool_string(const char *text);
/* Add the results of all getters of an open socket. */
void tool_add_socket(json_t *event, struct rp_socket *socket, const struct tool_facts *facts);
/* Add the members of the event END. */
void tool_add_end(json_t *event, const struct rp_socket *socket);
void tool_add_error(json_t *event, const struct rp_error *error);
/* Print the error to standard error, after `what` unless that is NULL. */
void tool_say_error(const char *what, const struct rp_error *error);
void tool_add_hex(json_t *event, const char *key, const uint8_t *bytes, size_t len);
void tool_add_base64(json_t *event, const char *key, const uint8_t *bytes, size_t len);
void tool_add_address(json_t *event, const struct rp_address *address);

#endif
