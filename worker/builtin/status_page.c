/* SPDX-License-Identifier: MIT
 *
 * status_page.c - render the status page. The danger: the peer chose the server name and the
 * protocol. Each format escapes every text, trusted or not; the page contains no script and loads
 * nothing. */
#include "worker/builtin/status_page.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *status_page_type(enum status_format format)
{
    static const char *const types[] = {
        [STATUS_TEXT] = "text/plain; charset=utf-8",
        [STATUS_JSON] = "application/json",
        [STATUS_HTML] = "text/html; charset=utf-8",
    };

    return types[format];
}

/* -- what is shown, once for all formats ------------------------------------------------------- */

struct fact {
    const char *key, *label, *text; /* text NULL: the value is missing or a number */
    bool is_number;
    uint64_t number;
};
enum { CONNECTION_FACTS = 9, PROCESS_FACTS = 3 };

static void connection_facts(const struct status_page *page, struct fact facts[CONNECTION_FACTS])
{
    const struct fact all[CONNECTION_FACTS] = {
        {"protocol", "Protocol", page->protocol, false, 0},
        {"cipher", "Cipher", page->cipher, false, 0},
        {"group", "Group", page->group, false, 0},
        {"servername", "Server name", page->servername, false, 0},
        {"alpn", "ALPN", page->alpn, false, 0},
        {"resumed", "Resumed", page->resumed, false, 0},
        {"earlyData", "Early data", page->early_data, false, 0},
        {"client", "Client", page->client, false, 0},
        {"frontend", "Frontend", page->frontend, false, 0},
    };

    memcpy(facts, all, sizeof all);
}

static void process_facts(const struct status_page *page, struct fact facts[PROCESS_FACTS])
{
    const struct fact all[PROCESS_FACTS] = {
        {"slot", "Worker", NULL, true, page->slot},
        {"pid", "Process", NULL, true, (uint64_t)page->pid},
        {"ticketKeyEpoch", "Ticket-key epoch", page->has_epoch ? NULL : "pinned", page->has_epoch,
         page->epoch},
    };

    memcpy(facts, all, sizeof all);
}

static uint64_t resumptions(const struct stats_row *row)
{
    return row->handshakes_ticket + row->handshakes_id + row->handshakes_stateful;
}

static uint64_t handshakes(const struct stats_row *row)
{
    return row->handshakes_full + resumptions(row);
}

/* The share in tenths of a percent. */
static unsigned resumed_share(const struct stats_row *row)
{
    uint64_t all = handshakes(row);

    return all == 0 ? 0 : (unsigned)((double)resumptions(row) * 1000.0 / (double)all);
}

struct count {
    const char *key, *label;
    size_t offset;
};
#define COUNT(field, key, label)                                                                   \
    {                                                                                              \
        key, label, offsetof(struct stats_row, field)                                              \
    }
static const struct count counts[] = {
    COUNT(active, "active", "open connections"),
    COUNT(handshaking, "handshaking", "handshakes in progress"),
    COUNT(accepted, "accepted", "accepted connections"),
    COUNT(dropped, "dropped", "refused over a limit"),
    COUNT(proxies_refused, "proxiesRefused", "refused by proxy-from"),
    COUNT(tcp_probes, "tcpProbes", "TCP probes"),
    COUNT(handshakes_full, "handshakesFull", "full handshakes"),
    COUNT(handshakes_ticket, "handshakesTicket", "resumed by ticket"),
    COUNT(handshakes_id, "handshakesId", "resumed by session id"),
    COUNT(handshakes_stateful, "handshakesStateful", "resumed by stateful ticket"),
    COUNT(handshakes_failed, "handshakesFailed", "failed handshakes"),
    COUNT(handshake_timeouts, "handshakeTimeouts", "handshake timeouts"),
    COUNT(handshakes_cut, "handshakesCut", "over max-handshakes"),
    COUNT(idle_timeouts, "idleTimeouts", "idle timeouts"),
    COUNT(tls12, "tls12", "TLS 1.2"),
    COUNT(tls13, "tls13", "TLS 1.3"),
    COUNT(group_x25519, "groupX25519", "group x25519"),
    COUNT(group_secp256r1, "groupSecp256r1", "group secp256r1"),
    COUNT(group_secp384r1, "groupSecp384r1", "group secp384r1"),
    COUNT(group_x25519mlkem768, "groupX25519mlkem768", "group X25519MLKEM768"),
    COUNT(group_other, "groupOther", "another group"),
    COUNT(group_none, "groupNone", "no group"),
    COUNT(client_certificates, "clientCertificates", "with a client certificate"),
    COUNT(bytes_in, "bytesIn", "bytes in"),
    COUNT(bytes_out, "bytesOut", "bytes out"),
    COUNT(backend_connects, "backendConnects", "backend connections"),
    COUNT(backend_failures, "backendFailures", "backend failures"),
    COUNT(store_restarts, "storeRestarts", "damaged stores replaced"),
    COUNT(early_data.offered, "earlyDataOffered", "early data offered"),
    COUNT(early_data_accepted, "earlyDataAccepted", "early data accepted"),
    COUNT(early_data.seen, "earlyDataSeen", "early data replayed"),
    COUNT(early_data.failed, "earlyDataFailed", "early data, store failed"),
    COUNT(early_data.late, "earlyDataLate", "early data, store timeout"),
    COUNT(early_data.doubted, "earlyDataDoubted", "early data, unsure store"),
    COUNT(sessions.stored, "sessionsStored", "sessions stored"),
    COUNT(sessions.hits, "sessionHits", "sessions found"),
    COUNT(sessions.far_hits, "sessionFarHits", "found in shared store"),
    COUNT(sessions.misses, "sessionMisses", "sessions not found"),
    COUNT(sessions.failed, "sessionLookupsFailed", "failed lookups"),
    COUNT(sessions.timeouts, "sessionTimeouts", "lookup timeouts"),
    COUNT(sessions.bad_seals, "sessionBadSeals", "sessions with bad seal"),
    COUNT(near.gets, "nearLookups", "local store lookups"),
    COUNT(far.gets, "farLookups", "shared store lookups"),
    COUNT(far.outages, "farOutages", "shared store outages"),
};
enum { COUNTS = sizeof counts / sizeof *counts };

static uint64_t value_of(const struct stats_row *row, const struct count *count)
{
    return *(const uint64_t *)(const void *)((const char *)row + count->offset);
}

static uint64_t uptime(const struct status_page *page, const struct stats_row *row)
{
    return page->now_s > row->started_s ? page->now_s - row->started_s : 0;
}

/* Running workers, sorted by slot and then by process. */
static int by_slot(const void *a, const void *b)
{
    const struct stats_row *x = *(const struct stats_row *const *)a;
    const struct stats_row *y = *(const struct stats_row *const *)b;

    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static size_t living_rows(const struct stats *stats, const struct stats_row *rows[STATS_ROWS])
{
    size_t count = 0;

    for (size_t i = 0; i < STATS_ROWS; i++)
        if (stats->rows[i].started_s != 0 && stats_alive(&stats->rows[i]))
            rows[count++] = &stats->rows[i];
    qsort(rows, count, sizeof *rows, by_slot);
    return count;
}

/* -- text -------------------------------------------------------------------------------------- */

/* For terminals: control bytes and non-ASCII bytes are escaped. */
static void put_plain(struct rp_text *out, const char *text)
{
    for (; *text != '\0'; text++)
        rp_text_printf(out, *text >= 0x20 && *text < 0x7f ? "%c" : "\\x%02x", (unsigned char)*text);
}

static void text_facts(struct rp_text *out, const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rp_text_printf(out, "  %-17s ", facts[i].label);
        if (facts[i].is_number)
            rp_text_printf(out, "%llu", (unsigned long long)facts[i].number);
        else
            put_plain(out, facts[i].text != NULL ? facts[i].text : "-");
        rp_text_puts(out, "\n");
    }
}

static void render_text(struct rp_text *out, const struct status_page *page,
                        const struct fact *connection, const struct fact *process,
                        const struct stats_row *sum)
{
    const struct stats_row *rows[STATS_ROWS];
    size_t count = living_rows(page->stats, rows);
    unsigned share = resumed_share(sum);

    rp_text_puts(out, "This connection\n");
    text_facts(out, connection, CONNECTION_FACTS);
    text_facts(out, process, PROCESS_FACTS);
    rp_text_printf(out, "\nThe cluster: %zu worker%s, %u.%u %% of handshakes resumed\n", count,
                   count == 1 ? "" : "s", share / 10, share % 10);
    for (size_t i = 0; i < COUNTS; i++)
        if (value_of(sum, &counts[i]) != 0)
            rp_text_printf(out, "  %-26s %llu\n", counts[i].label,
                           (unsigned long long)value_of(sum, &counts[i]));
    rp_text_puts(out, "\nWorker  process    open  handshakes  resumed\n");
    for (size_t i = 0; i < count; i++)
        rp_text_printf(out, "%6llu %8lld %7llu %11llu %8llu\n", (unsigned long long)rows[i]->slot,
                       (long long)rows[i]->pid, (unsigned long long)rows[i]->active,
                       (unsigned long long)handshakes(rows[i]),
                       (unsigned long long)resumptions(rows[i]));
}

/* -- JSON -------------------------------------------------------------------------------------- */

static void json_facts(struct rp_json *json, const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rp_json_key(json, facts[i].key);
        if (facts[i].is_number)
            rp_json_int(json, (int64_t)facts[i].number);
        else
            rp_json_string(json, facts[i].text);
    }
}

static void json_counts(struct rp_json *json, const struct stats_row *row)
{
    for (size_t i = 0; i < COUNTS; i++) {
        rp_json_key(json, counts[i].key);
        rp_json_int(json, (int64_t)value_of(row, &counts[i]));
    }
}

static void render_json(struct rp_text *out, const struct status_page *page,
                        const struct fact *connection, const struct fact *process,
                        const struct stats_row *sum)
{
    const struct stats_row *rows[STATS_ROWS];
    size_t count = living_rows(page->stats, rows);
    struct rp_json json = {0};

    rp_json_begin_object(&json);
    rp_json_key(&json, "connection");
    rp_json_begin_object(&json);
    json_facts(&json, connection, CONNECTION_FACTS);
    rp_json_end_object(&json);
    rp_json_key(&json, "worker");
    rp_json_begin_object(&json);
    json_facts(&json, process, PROCESS_FACTS);
    rp_json_end_object(&json);
    rp_json_key(&json, "cluster");
    rp_json_begin_object(&json);
    json_counts(&json, sum);
    rp_json_end_object(&json);
    rp_json_key(&json, "workers");
    rp_json_begin_array(&json);
    for (size_t i = 0; i < count; i++) {
        rp_json_begin_object(&json);
        rp_json_key(&json, "slot");
        rp_json_int(&json, (int64_t)rows[i]->slot);
        rp_json_key(&json, "pid");
        rp_json_int(&json, rows[i]->pid);
        rp_json_key(&json, "uptime");
        rp_json_int(&json, (int64_t)uptime(page, rows[i]));
        json_counts(&json, rows[i]);
        rp_json_end_object(&json);
    }
    rp_json_end_array(&json);
    rp_json_end_object(&json);
    rp_text_add(out, json.text.bytes, json.text.len);
    out->failed |= json.text.failed;
    rp_text_puts(out, "\n");
    rp_text_clear(&json.text);
}

/* -- the page ---------------------------------------------------------------------------------- */

static const char page_head[] =
    "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
    "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=color-scheme content=\"light dark\">\n<title>Reprise</title>\n<style>\n"
    ":root{--ink:#1b1f24;--soft:#5b6570;--line:#dde2e7;--card:#fff;--page:#f4f6f8;--hue:#0b6e5b}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#98a2ad;--line:#2c333b;"
    "--card:#181d23;--page:#0f1317;--hue:#4fc9ae}}\n"
    "*{box-sizing:border-box}body{margin:0;padding:2.5rem 1rem;background:var(--page);"
    "color:var(--ink);font:15px/1.5 system-ui,sans-serif}\n"
    "main{max-width:58rem;margin:auto}h1{font-size:1.35rem;margin:0 0 .1rem}"
    "h1+p{margin:0 0 1.6rem;color:var(--soft)}\n"
    "h2{font-size:.78rem;letter-spacing:.07em;text-transform:uppercase;color:var(--soft);"
    "margin:0 0 .8rem}\n"
    "section{background:var(--card);border:1px solid var(--line);border-radius:10px;"
    "padding:1.1rem 1.3rem;margin:0 0 1rem}\n"
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:0 1rem}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem;margin:0}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}\n"
    ".yes{color:var(--hue);font-weight:600}.none{color:var(--soft)}\n"
    ".bar{height:6px;border-radius:3px;background:var(--line);margin:.2rem 0 1rem;overflow:hidden}"
    ".bar i{display:block;height:100%;background:var(--hue)}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;"
    "font-variant-numeric:tabular-nums}"
    "th{font-weight:400;color:var(--soft)}th,td{text-align:right;padding:.3rem .6rem;"
    "border-top:1px solid var(--line)}tr:first-child th{border:0}"
    "th:first-child,td:first-child{text-align:left;padding-left:0}"
    ".here td{font-weight:600}\n</style>\n";

static void put_html(struct rp_text *out, const char *text)
{
    struct rp_text clean = {0};

    rp_text_utf8(&clean, text, strlen(text));
    for (size_t i = 0; i < clean.len; i++) {
        unsigned char c = (unsigned char)clean.bytes[i];

        if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            rp_text_printf(out, "&#%u;", c);
        else if (c < 0x20 || c == 0x7f)
            rp_text_puts(out, "\xef\xbf\xbd");
        else
            rp_text_add(out, &clean.bytes[i], 1);
    }
    out->failed |= clean.failed;
    rp_text_clear(&clean);
}

static void html_facts(struct rp_text *out, const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool resumed = strcmp(facts[i].key, "resumed") == 0 && facts[i].text != NULL &&
                       strcmp(facts[i].text, "no") != 0;

        rp_text_printf(out, "<dt>%s<dd%s>", facts[i].label,
                       resumed                                        ? " class=yes"
                       : facts[i].text == NULL && !facts[i].is_number ? " class=none"
                                                                      : "");
        if (facts[i].is_number)
            rp_text_printf(out, "%llu", (unsigned long long)facts[i].number);
        else
            put_html(out, facts[i].text != NULL ? facts[i].text : "none");
        rp_text_puts(out, "\n");
    }
}

static void html_cluster(struct rp_text *out, const struct stats_row *sum)
{
    unsigned share = resumed_share(sum);

    rp_text_printf(out,
                   "<section><h2>The cluster</h2>\n<div>%u.%u&thinsp;%% of %llu handshakes "
                   "resumed</div><div class=bar><i style=\"width:%u.%u%%\"></i></div>\n<dl>",
                   share / 10, share % 10, (unsigned long long)handshakes(sum), share / 10,
                   share % 10);
    for (size_t i = 0; i < COUNTS; i++)
        if (value_of(sum, &counts[i]) != 0)
            rp_text_printf(out, "<dt>%s<dd>%llu\n", counts[i].label,
                           (unsigned long long)value_of(sum, &counts[i]));
    rp_text_puts(out, "</dl></section>\n");
}

static void html_workers(struct rp_text *out, const struct status_page *page)
{
    const struct stats_row *rows[STATS_ROWS];
    size_t count = living_rows(page->stats, rows);

    rp_text_puts(out, "<section><h2>Workers</h2>\n<div class=scroll><table>\n<tr><th>Worker<th>"
                      "Process<th>Up<th>Open<th>Handshakes<th>Resumed<th>Failed\n");
    for (size_t i = 0; i < count; i++)
        rp_text_printf(
            out, "<tr%s><td>%llu<td>%lld<td>%llu&thinsp;s<td>%llu<td>%llu<td>%llu<td>%llu\n",
            rows[i]->pid == page->pid ? " class=here" : "", (unsigned long long)rows[i]->slot,
            (long long)rows[i]->pid, (unsigned long long)uptime(page, rows[i]),
            (unsigned long long)rows[i]->active, (unsigned long long)handshakes(rows[i]),
            (unsigned long long)resumptions(rows[i]),
            (unsigned long long)rows[i]->handshakes_failed);
    rp_text_puts(out, "</table></div></section>\n");
}

static void render_html(struct rp_text *out, const struct status_page *page,
                        const struct fact *connection, const struct fact *process,
                        const struct stats_row *sum)
{
    rp_text_puts(out, page_head);
    rp_text_puts(out, "<main><h1>Reprise</h1><p>Many processes, one TLS endpoint. Reload this "
                      "page: another worker may answer, and your session still resumes.</p>\n"
                      "<div class=two><section><h2>This connection</h2>\n<dl>");
    html_facts(out, connection, CONNECTION_FACTS);
    html_facts(out, process, PROCESS_FACTS);
    rp_text_puts(out, "</dl></section>\n");
    html_cluster(out, sum);
    rp_text_puts(out, "</div>\n");
    html_workers(out, page);
    rp_text_puts(out, "</main>\n</html>\n");
}

void status_page_render(struct rp_text *out, const struct status_page *page,
                        enum status_format format)
{
    struct fact connection[CONNECTION_FACTS], process[PROCESS_FACTS];
    struct stats_row sum;

    connection_facts(page, connection);
    process_facts(page, process);
    stats_sum(page->stats, &sum);
    if (format == STATUS_JSON)
        render_json(out, page, connection, process, &sum);
    else if (format == STATUS_HTML)
        render_html(out, page, connection, process, &sum);
    else
        render_text(out, page, connection, process, &sum);
}
