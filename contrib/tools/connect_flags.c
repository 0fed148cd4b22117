/* SPDX-License-Identifier: MIT
 *
 * connect_flags.c - the flags of reprise-connect: the options of tls.connect and those of the
 * command line. */
#include "connect_flags.h"

#include <string.h>

#include "starttls.h"
#include "tool_context.h"

enum { EARLY_DATA_MAX = 16384 };

struct connect_flags flags = {.target.port = TOOL_NO_PORT};

static const struct tool_flag table[] = {
    {"connection", TOOL_TITLE, NULL, NULL, NULL},
    {"host", TOOL_TEXT, &flags.target.host, "HOST", "the host of HOST:PORT (localhost)"},
    {"port", TOOL_COUNT, &flags.target.port, "PORT", "the port of HOST:PORT"},
    {"path", TOOL_TEXT, &flags.target.path, "PATH", "a Unix socket; the same as unix:PATH"},
    {"family", TOOL_COUNT, &flags.family, "4|6", "IPv4 or IPv6 only"},
    {"local-address", TOOL_TEXT, &flags.local_address, "ADDRESS", "local address to connect from"},
    {"local-port", TOOL_COUNT, &flags.local_port, "PORT", "local port to connect from"},
    {"servername", TOOL_TEXT, &flags.servername, "NAME", "SNI, and the name to verify"},
    {"alpn-protocols", TOOL_LIST, &flags.alpn_protocols, "NAME,...", "in order of preference"},
    {"reject-unauthorized", TOOL_BOOL, &flags.reject_unauthorized, NULL,
     "end if the server's certificate is not accepted (on)"},
    {"check-server-identity", TOOL_BOOL, &flags.check_server_identity, NULL,
     "check that the certificate names the server (on)"},
    {"session", TOOL_FILE, &flags.session, "FILE", "resume the session in this file"},
    {"session-out", TOOL_TEXT, &flags.session_out, "FILE", "write the last session to this file"},
    {"early-data", TOOL_FILE, &flags.early_data, "FILE",
     "early data, sent if the session allows it"},
    {"request-ocsp", TOOL_BOOL, &flags.request_ocsp, NULL, "request an OCSP staple (off)"},
    {"min-dh-size", TOOL_COUNT, &flags.min_dh_size, "BITS",
     "minimum size of a finite-field DH group, bits (1024)"},
    {"psk-identity", TOOL_TEXT, &flags.psk_identity, "TEXT", "name of the pre-shared key"},
    {"psk", TOOL_HEX, &flags.psk, "HEX", "the key, hexadecimal"},
    {"psk-file", TOOL_SECRET, &flags.psk_text, "FILE", "the key, from a file"},
    {"starttls", TOOL_TEXT, &flags.starttls, "PROTOCOL", STARTTLS_PROTOCOLS},
    {"handshake-timeout", TOOL_COUNT, &flags.handshake_timeout, "MS",
     "handshake timeout, from the start (none)"},
    {"timeout", TOOL_COUNT, &flags.timeout, "MS", "report idleness of this length (never)"},
    {"no-delay", TOOL_BOOL, &flags.no_delay, NULL, "TCP_NODELAY (off)"},
    {"keep-alive", TOOL_BOOL, &flags.keep_alive, NULL, "TCP keep-alive (off)"},
    {"keep-alive-initial-delay", TOOL_COUNT, &flags.keep_alive_initial_delay, "MS",
     "idle time before the first probe"},
    {"allow-half-open", TOOL_BOOL, &flags.allow_half_open, NULL,
     "keep sending after the server has ended (off)"},
    {"high-water-mark", TOOL_COUNT, &flags.high_water_mark, "BYTES",
     "queued bytes at which standard input is paused (16384)"},
    {"max-send-fragment", TOOL_COUNT, &flags.max_send_fragment, "BYTES",
     "plain bytes in a record, 512 to 16384"},
    {"renegotiate", TOOL_BOOL, &flags.renegotiate, NULL, "renegotiate once when connected (off)"},
    TOOL_CONTEXT_ROWS,
    {"output", TOOL_TITLE, NULL, NULL, NULL},
    {"json", TOOL_BOOL, &flags.json, NULL, "events as JSON lines (off)"},
    {"detailed", TOOL_BOOL, &flags.detailed, NULL, "the peer's whole chain (off)"},
    {"export-keying-material", TOOL_TEXT, &flags.exporter, "LABEL",
     "print 32 bytes of exported keying material"},
    {"keylog", TOOL_BOOL, &flags.keylog, NULL, "print TLS secrets, for a protocol analyser (off)"},
    {"keylog-file", TOOL_TEXT, &flags.keylog_file, "FILE", "append TLS secrets to a file"},
    {"enable-trace", TOOL_BOOL, &flags.enable_trace, NULL,
     "trace TLS messages on standard error (off)"},
    {"stdin", TOOL_BOOL, &flags.use_stdin, NULL, "send standard input (on)"},
    {"end", TOOL_BOOL, &flags.end, NULL, "end our side when standard input ends (on)"},
    {NULL, TOOL_TEXT, NULL, NULL, NULL}};

static bool wrong(const char *why)
{
    tool_complain("%s", why);
    return false;
}

static bool make_sense(void)
{
    if (flags.psk_text != NULL && !tool_read_hex(flags.psk_text, &flags.psk))
        return wrong("--psk-file: not hexadecimal");
    if (flags.target.path == NULL && (flags.target.port == 0 || flags.target.port > UINT16_MAX))
        return wrong("the target is missing; give HOST:PORT or unix:PATH, see --help");
    if (flags.early_data.len > EARLY_DATA_MAX)
        return wrong("--early-data takes at most 16384 bytes");
    if (flags.local_port > UINT16_MAX)
        return wrong("--local-port must be at most 65535");
    if (flags.family != 0 && flags.family != 4 && flags.family != 6)
        return wrong("--family must be 4 or 6");
    if ((flags.psk.bytes != NULL) != (flags.psk_identity != NULL))
        return wrong("a pre-shared key needs --psk-identity and one of --psk and --psk-file");
    if (flags.psk.bytes != NULL && (flags.psk.len == 0 || flags.psk.len > RP_PSK_MAX))
        return wrong("a pre-shared key must have 1 to 512 bytes");
    if (flags.psk_identity != NULL && strlen(flags.psk_identity) > RP_PSK_IDENTITY_MAX)
        return wrong("--psk-identity takes at most 256 bytes");
    if (flags.max_send_fragment != 0 &&
        (flags.max_send_fragment < 512 || flags.max_send_fragment > 16384))
        return wrong("--max-send-fragment must be from 512 to 16384");
    if (flags.starttls != NULL && !starttls_knows(flags.starttls))
        return wrong("--starttls must be one of " STARTTLS_PROTOCOLS);
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
