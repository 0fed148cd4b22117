/* SPDX-License-Identifier: MIT
 *
 * tool_events.h - events as JSON lines, in node's names and shapes; buffers are hex. */
#ifndef TOOL_EVENTS_H
#define TOOL_EVENTS_H

#include <jansson.h>
#include <reprise/reprise.h>

struct tool_facts {
    bool detailed;        /* the peer's chain below its certificate */
    const char *exporter; /* a label: 32 bytes of keying material; NULL: none */
};

/* {"event": name}; the caller's, to add to and to print. */
json_t *tool_event(const char *name);
/* Print one line, at once, and give it up. */
void tool_print(json_t *event);
/* A text that a peer may have chosen: what is not UTF-8 counts as Latin-1. */
json_t *tool_string(const char *text);
/* Every getter of a socket that is open. */
void tool_add_socket(json_t *event, struct rp_socket *socket, const struct tool_facts *facts);
/* What is to be said of the end of what a peer sends. */
void tool_add_end(json_t *event, const struct rp_socket *socket);
void tool_add_error(json_t *event, const struct rp_error *error);
/* For people: on the standard error, after `what` unless that is NULL. */
void tool_say_error(const char *what, const struct rp_error *error);
void tool_add_hex(json_t *event, const char *key, const uint8_t *bytes, size_t len);
void tool_add_base64(json_t *event, const char *key, const uint8_t *bytes, size_t len);
void tool_add_address(json_t *event, const struct rp_address *address);

#endif
