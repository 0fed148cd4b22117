/* SPDX-License-Identifier: MIT
 *
 * serve_flags.h - the command line of reprise-serve. */
#ifndef SERVE_FLAGS_H
#define SERVE_FLAGS_H

#include <reprise/reprise.h>

#include "tool_flags.h"
#include "tool_target.h"

struct serve_flags {
    struct tool_target target;
    struct tool_list alpn_protocols, sni, psk;
    struct tool_bytes answer_file, ocsp_staple, psk_file;
    const char *answer, *psk_identity_hint, *exporter, *keylog_file;
    uint32_t handshake_timeout, max_connections, timeout, high_water_mark, count, max_send_fragment,
        keep_alive_initial_delay, backlog;
    enum rp_toggle json, request_cert, reject_unauthorized, enable_trace, allow_half_open,
        pause_on_connect, keylog, detailed, resume_store, disable_renegotiation, no_delay,
        keep_alive, ipv6_only, readable_all, writable_all;
};
extern struct serve_flags flags;

/* false: exit with *status. */
bool serve_flags_read(int argc, char **argv, int *status);

#endif
