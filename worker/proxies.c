/* SPDX-License-Identifier: MIT
 *
 * proxies.c - who may send a PROXY header; see proxies.h. Looked at before a byte is read.
 * The danger: strangers come in any number, and each line costs a write. So one a second is told
 * with how many there were, and the others only to those who debug. */
#include "worker/proxies.h"

enum { LOG_EVERY_MS = 1000 };

static bool is_listed(const struct frontend_plan *plan, const struct rp_address *remote)
{
    for (size_t i = 0; remote != NULL && i < plan->conf->proxy_from.count; i++)
        if (rp_network_contains(&plan->proxy_from[i], &remote->any, remote->len))
            return true;
    return false;
}

static void tell(struct frontend *f, const struct rp_address *remote)
{
    uint64_t now = rp_loop_now(f->process->loop);
    bool due = f->stranger_logged_ms == 0 || now - f->stranger_logged_ms >= LOG_EVERY_MS;
    char text[RP_ADDRESS_TEXT];
    struct rp_log_line line;

    f->strangers++;
    rp_log_begin(&line, f->process->log, due ? RP_LOG_WARN : RP_LOG_DEBUG,
                 "connection refused: source is not in proxy-from");
    if (line.log != NULL) {
        rp_log_text(&line, "frontend", f->plan->conf->name);
        rp_log_text(&line, "source", remote != NULL ? rp_address_format(remote, text) : NULL);
        rp_log_number(&line, "refused", (int64_t)f->strangers);
        rp_log_end(&line);
    }
    if (!due)
        return;
    f->stranger_logged_ms = now;
    f->strangers = 0;
}

bool proxies_trust(struct frontend *f, const struct rp_address *remote)
{
    if (f->plan->conf->proxy_from.count == 0 || is_listed(f->plan, remote))
        return true;
    f->process->row->proxies_refused++;
    tell(f, remote);
    return false;
}
