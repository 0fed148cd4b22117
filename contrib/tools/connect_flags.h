/* SPDX-License-Identifier: MIT
 *
 * connect_flags.h - the command line of reprise-connect. */
#ifndef CONNECT_FLAGS_H
#define CONNECT_FLAGS_H

#include <reprise/reprise.h>

#include "tool_flags.h"
#include "tool_target.h"

struct connect_flags {
    struct tool_target target;
    struct tool_list alpn_protocols;
    struct tool_bytes session, psk, early_data;
    const char *servername, *session_out, *psk_identity, *psk_text, *starttls, *local_address,
        *exporter, *keylog_file;
    uint32_t min_dh_size, timeout, handshake_timeout, high_water_mark, max_send_fragment,
        keep_alive_initial_delay, local_port, family;
    enum rp_toggle json, reject_unauthorized, check_server_identity, request_ocsp, enable_trace,
        allow_half_open, no_delay, keep_alive, keylog, detailed, use_stdin, end, renegotiate;
};
extern struct connect_flags flags;

/* false: exit with *status. */
bool connect_flags_read(int argc, char **argv, int *status);

#endif
