/* SPDX-License-Identifier: MIT
 *
 * serve_flags.c - the flags of reprise-serve: the options of tls.createServer, those of
 * server.listen, and those of the command line. */
#include "serve_flags.h"

#include <string.h>

#include "serve_psk.h"
#include "tool_context.h"

struct serve_flags flags = {.target.port = TOOL_NO_PORT};

static const struct tool_flag table[] = {
    {"server", TOOL_TITLE, NULL, NULL, NULL},
    {"host", TOOL_TEXT, &flags.target.host, "HOST", "the host of HOST:PORT (every address)"},
    {"port", TOOL_COUNT, &flags.target.port, "PORT", "the port of HOST:PORT (0: any free port)"},
    {"path", TOOL_TEXT, &flags.target.path, "PATH", "a Unix socket; the same as unix:PATH"},
    {"backlog", TOOL_COUNT, &flags.backlog, "N", "backlog of waiting connections (511)"},
    {"ipv6-only", TOOL_BOOL, &flags.ipv6_only, NULL, "[::] does not include 0.0.0.0 (off)"},
    {"readable-all", TOOL_BOOL, &flags.readable_all, NULL,
     "let all users read the Unix socket (off)"},
    {"writable-all", TOOL_BOOL, &flags.writable_all, NULL,
     "let all users write to the Unix socket (off)"},
    {"request-cert", TOOL_BOOL, &flags.request_cert, NULL, "request a client certificate (off)"},
    {"reject-unauthorized", TOOL_BOOL, &flags.reject_unauthorized, NULL,
     "refuse clients without a valid certificate (on)"},
    {"handshake-timeout", TOOL_COUNT, &flags.handshake_timeout, "MS", "handshake timeout (120000)"},
    {"alpn-protocols", TOOL_LIST, &flags.alpn_protocols, "NAME,...", "in order of preference"},
    {"sni", TOOL_LIST, &flags.sni, "NAME=CERT=KEY,...", "certificates for other server names"},
    {"psk", TOOL_LIST, &flags.psk, "IDENTITY=HEX,...", "pre-shared keys"},
    {"psk-file", TOOL_FILE, &flags.psk_file, "FILE", "file of pre-shared keys, one per line"},
    {"psk-identity-hint", TOOL_TEXT, &flags.psk_identity_hint, "TEXT",
     "identity hint for TLS 1.2 clients"},
    {"resume-store", TOOL_BOOL, &flags.resume_store, NULL,
     "keep sessions in memory, for resumption by id (off)"},
    {"max-early-data", TOOL_COUNT, &tool_context_flags.options.max_early_data, "BYTES",
     "early data to accept, bytes (0: none)"},
    {"ocsp-staple", TOOL_FILE, &flags.ocsp_staple, "FILE", "OCSP response to staple, DER"},
    {"disable-renegotiation", TOOL_BOOL, &flags.disable_renegotiation, NULL,
     "refuse renegotiation by clients (off)"},
    {"max-connections", TOOL_COUNT, &flags.max_connections, "N",
     "maximum connections; more are dropped (no limit)"},
    {"allow-half-open", TOOL_BOOL, &flags.allow_half_open, NULL,
     "keep our side open after the client has ended (off)"},
    {"pause-on-connect", TOOL_BOOL, &flags.pause_on_connect, NULL, "pause: read nothing (off)"},
    {"no-delay", TOOL_BOOL, &flags.no_delay, NULL, "TCP_NODELAY (off)"},
    {"keep-alive", TOOL_BOOL, &flags.keep_alive, NULL, "TCP keep-alive (off)"},
    {"keep-alive-initial-delay", TOOL_COUNT, &flags.keep_alive_initial_delay, "MS",
     "idle time before the first probe"},
    {"timeout", TOOL_COUNT, &flags.timeout, "MS",
     "report sockets that are idle for this long (never)"},
    {"high-water-mark", TOOL_COUNT, &flags.high_water_mark, "BYTES",
     "queued bytes at which reading is paused (16384)"},
    {"max-send-fragment", TOOL_COUNT, &flags.max_send_fragment, "BYTES",
     "plain bytes in a record, 512 to 16384"},
    {"answer", TOOL_TEXT, &flags.answer, "TEXT", "send this text and end, instead of echoing"},
    {"answer-file", TOOL_FILE, &flags.answer_file, "FILE",
     "send this file and end, instead of echoing"},
    {"count", TOOL_COUNT, &flags.count, "N", "exit after this many connections"},
    TOOL_CONTEXT_ROWS,
    {"output", TOOL_TITLE, NULL, NULL, NULL},
    {"json", TOOL_BOOL, &flags.json, NULL, "events as JSON lines (off)"},
    {"detailed", TOOL_BOOL, &flags.detailed, NULL, "the client's whole chain (off)"},
    {"export-keying-material", TOOL_TEXT, &flags.exporter, "LABEL",
     "print 32 bytes of exported keying material"},
    {"keylog", TOOL_BOOL, &flags.keylog, NULL, "print TLS secrets, for a protocol analyser (off)"},
    {"keylog-file", TOOL_TEXT, &flags.keylog_file, "FILE", "append TLS secrets to a file"},
    {"enable-trace", TOOL_BOOL, &flags.enable_trace, NULL,
     "trace TLS messages on standard error (off)"},
    {NULL, TOOL_TEXT, NULL, NULL, NULL}};

static bool wrong(const char *why)
{
    tool_complain("%s", why);
    return false;
}

static bool make_sense(const char *target)
{
    const struct tool_target *t = &flags.target;

    if (target == NULL && t->host == NULL && t->port == TOOL_NO_PORT && t->path == NULL)
        return wrong("the address is missing; give HOST:PORT or unix:PATH, see --help");
    if (t->port != TOOL_NO_PORT && t->port > UINT16_MAX)
        return wrong("--port must be at most 65535");
    if (flags.max_send_fragment != 0 &&
        (flags.max_send_fragment < 512 || flags.max_send_fragment > 16384))
        return wrong("--max-send-fragment must be from 512 to 16384");
    if (tool_context_flags.options.max_early_data > 0 &&
        tool_context_flags.ticket_keys.bytes != NULL)
        return wrong("--max-early-data and --ticket-keys: another process with these keys would "
                     "accept the same early data again");
    if (flags.backlog > INT32_MAX)
        return wrong("--backlog is too large");
    for (size_t i = 0; i < flags.psk.count; i++)
        if (!serve_psk_add(flags.psk.items[i]))
            return wrong("--psk must be IDENTITY=HEX,... with keys of 1 to 512 bytes");
    if (!serve_psk_add_lines((char *)flags.psk_file.bytes))
        return wrong("--psk-file must have lines IDENTITY=HEX with keys of 1 to 512 bytes");
    return true;
}

static void warn(void)
{
    const struct tool_context_flags *c = &tool_context_flags;

    if (c->cert.count == 0 && c->pfx.count == 0 && flags.sni.count == 0 && !serve_psk_any() &&
        c->options.private_key_engine == NULL)
        tool_complain("no --cert and --key: every handshake will fail");
}

bool serve_flags_read(int argc, char **argv, int *status)
{
    const char *target = NULL;
    enum tool_outcome outcome;

    tool_name("reprise-serve");
    outcome = tool_parse(table, "[flags] HOST:PORT | unix:PATH", argc, argv, &target);
    *status = outcome == TOOL_DONE ? 0 : 2;
    if (outcome != TOOL_GO || (target != NULL && !tool_target_parse(&flags.target, target)) ||
        !make_sense(target))
        return false;
    warn();
    return true;
}
