/* SPDX-License-Identifier: MIT
 *
 * connect_flags.c - the flags of reprise-connect: the options of tls.connect, and what a command
 * line needs besides. */
#include "connect_flags.h"

#include <string.h>

#include "starttls.h"
#include "tool_context.h"

enum { EARLY_DATA_MAX = 16384 };

struct connect_flags flags = {.target.port = TOOL_NO_PORT};

static const struct tool_flag table[] = {
    {"connection", TOOL_TITLE, NULL, NULL, NULL},
    {"host", TOOL_TEXT, &flags.target.host, "HOST", "as in HOST:PORT (localhost)"},
    {"port", TOOL_COUNT, &flags.target.port, "PORT", "as in HOST:PORT"},
    {"path", TOOL_TEXT, &flags.target.path, "PATH", "a Unix socket, as in unix:PATH"},
    {"family", TOOL_COUNT, &flags.family, "4|6", "IPv4 or IPv6 only"},
    {"local-address", TOOL_TEXT, &flags.local_address, "ADDRESS", "where to connect from"},
    {"local-port", TOOL_COUNT, &flags.local_port, "PORT", "of that address"},
    {"servername", TOOL_TEXT, &flags.servername, "NAME", "SNI, and the name to verify"},
    {"alpn-protocols", TOOL_LIST, &flags.alpn_protocols, "NAME,...", "in order of preference"},
    {"reject-unauthorized", TOOL_BOOL, &flags.reject_unauthorized, NULL,
     "end when the server is not who it should be (on)"},
    {"check-server-identity", TOOL_BOOL, &flags.check_server_identity, NULL,
     "compare the certificate's names (on)"},
    {"session", TOOL_FILE, &flags.session, "FILE", "resume this session"},
    {"session-out", TOOL_TEXT, &flags.session_out, "FILE", "keep the last session there"},
    {"early-data", TOOL_FILE, &flags.early_data, "FILE",
     "send it with the first flight, if the session allows"},
    {"request-ocsp", TOOL_BOOL, &flags.request_ocsp, NULL, "ask for a staple (off)"},
    {"min-dh-size", TOOL_COUNT, &flags.min_dh_size, "BITS", "of a finite field (1024)"},
    {"psk-identity", TOOL_TEXT, &flags.psk_identity, "TEXT", "name of the pre-shared key"},
    {"psk", TOOL_HEX, &flags.psk, "HEX", "the key"},
    {"psk-file", TOOL_SECRET, &flags.psk_text, "FILE", "the same, from a file"},
    {"starttls", TOOL_TEXT, &flags.starttls, "PROTOCOL", STARTTLS_PROTOCOLS},
    {"handshake-timeout", TOOL_COUNT, &flags.handshake_timeout, "MS",
     "until the handshake is complete, from the start (none)"},
    {"timeout", TOOL_COUNT, &flags.timeout, "MS", "say when idle for so long (never)"},
    {"no-delay", TOOL_BOOL, &flags.no_delay, NULL, "TCP_NODELAY (off)"},
    {"keep-alive", TOOL_BOOL, &flags.keep_alive, NULL, "TCP keep-alive (off)"},
    {"keep-alive-initial-delay", TOOL_COUNT, &flags.keep_alive_initial_delay, "MS",
     "idle time before the first probe"},
    {"allow-half-open", TOOL_BOOL, &flags.allow_half_open, NULL,
     "go on sending after the server's end (off)"},
    {"high-water-mark", TOOL_COUNT, &flags.high_water_mark, "BYTES",
     "waiting bytes that make the standard input wait (16384)"},
    {"max-send-fragment", TOOL_COUNT, &flags.max_send_fragment, "BYTES",
     "plain bytes in a record, 512 to 16384"},
    {"renegotiate", TOOL_BOOL, &flags.renegotiate, NULL, "once, when connected (off)"},
    TOOL_CONTEXT_ROWS,
    {"output", TOOL_TITLE, NULL, NULL, NULL},
    {"json", TOOL_BOOL, &flags.json, NULL, "events as JSON lines (off)"},
    {"detailed", TOOL_BOOL, &flags.detailed, NULL, "the peer's whole chain (off)"},
    {"export-keying-material", TOOL_TEXT, &flags.exporter, "LABEL", "32 bytes of it"},
    {"keylog", TOOL_BOOL, &flags.keylog, NULL, "secrets, for a protocol analyser (off)"},
    {"keylog-file", TOOL_TEXT, &flags.keylog_file, "FILE", "append them to a file"},
    {"enable-trace", TOOL_BOOL, &flags.enable_trace, NULL, "messages, to the standard error (off)"},
    {"stdin", TOOL_BOOL, &flags.use_stdin, NULL, "send the standard input (on)"},
    {"end", TOOL_BOOL, &flags.end, NULL, "end our side when the standard input ends (on)"},
    {NULL, TOOL_TEXT, NULL, NULL, NULL}};

static bool wrong(const char *why)
{
    tool_complain("%s", why);
    return false;
}

static bool make_sense(void)
{
    if (flags.psk_text != NULL && !tool_read_hex(flags.psk_text, &flags.psk))
        return wrong("--psk-file: that is not hexadecimal");
    if (flags.target.path == NULL && (flags.target.port == 0 || flags.target.port > UINT16_MAX))
        return wrong("where to? HOST:PORT or unix:PATH; see --help");
    if (flags.early_data.len > EARLY_DATA_MAX)
        return wrong("--early-data is of up to 16384 bytes");
    if (flags.local_port > UINT16_MAX)
        return wrong("--local-port is up to 65535");
    if (flags.family != 0 && flags.family != 4 && flags.family != 6)
        return wrong("--family is 4 or 6");
    if ((flags.psk.bytes != NULL) != (flags.psk_identity != NULL))
        return wrong("a pre-shared key is --psk-identity and --psk or --psk-file");
    if (flags.psk.bytes != NULL && (flags.psk.len == 0 || flags.psk.len > RP_PSK_MAX))
        return wrong("a pre-shared key is of 1 to 512 bytes");
    if (flags.psk_identity != NULL && strlen(flags.psk_identity) > RP_PSK_IDENTITY_MAX)
        return wrong("--psk-identity is of up to 256 bytes");
    if (flags.max_send_fragment != 0 &&
        (flags.max_send_fragment < 512 || flags.max_send_fragment > 16384))
        return wrong("--max-send-fragment is from 512 to 16384");
    if (flags.starttls != NULL && !starttls_knows(flags.starttls))
        return wrong("--starttls knows " STARTTLS_PROTOCOLS);
    return true;
}

bool connect_flags_read(int argc, char **argv, int *status)
{
    const char *target = NULL;
    enum tool_outcome outcome;

    tool_name("reprise-connect");
    outcome = tool_parse(table, "[flags] HOST:PORT | unix:PATH", argc, argv, &target);
    *status = outcome == TOOL_DONE ? 0 : 2;
    return outcome == TOOL_GO && (target == NULL || tool_target_parse(&flags.target, target)) &&
           make_sense();
}
