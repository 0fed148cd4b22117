/* SPDX-License-Identifier: MIT
 *
 * pages.c - the HTTP server of `admin` across reloads, and its two pages; see pages.h. */
#include "master/pages.h"

#include "master/metrics.h"
#include "master/requests.h"

#include <string.h>

static const struct conf_strings *admin_hosts(void *arg)
{
    const struct master *m = arg;
    const struct generation *g = m->current != NULL ? m->current : m->next;

    return g != NULL ? &generation_conf(g)->admin_hosts : NULL;
}

static void on_admin_refused(const char *host, uint64_t count, void *arg)
{
    struct rp_log_line line;

    rp_log_begin(&line, master_log(arg), RP_LOG_WARN,
                 "admin: request refused: unknown Host; add it to admin { hosts = ... }");
    rp_log_text(&line, "host", host);
    rp_log_number(&line, "count", (int64_t)count);
    rp_log_end(&line);
}

static void on_page_asked(enum admin_page page, struct rp_text *out, void *arg)
{
    struct status_generation list[REQUESTS_GENERATIONS];
    struct status status;
    struct rp_json json = {0};

    requests_show(arg, &status, list);
    if (page == ADMIN_METRICS) {
        metrics_compose(out, &status);
        return;
    }
    status_compose(&json, &status);
    rp_text_puts(&json.text, "\n");
    *out = json.text;
}

/* Another address is listened on beside the former one, until it is known which is to be. */
bool pages_prepare(struct master *m, const struct conf *conf, struct rp_error *err)
{
    const char *now = admin_address(m->admin), *address = conf->admin_listen;
    struct admin_options options = {.address = address,
                                    .beside = now,
                                    .user = conf->user,
                                    .hosts = admin_hosts,
                                    .refused = on_admin_refused,
                                    .counters = &m->stats->admin,
                                    .asked = on_page_asked,
                                    .arg = m};
    struct rp_error why;

    if (address == NULL || (now != NULL && strcmp(now, address) == 0))
        return true;
    m->next_admin = admin_new(m->loop, &options, &why);
    return m->next_admin != NULL || rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
}

void pages_settle(struct master *m, bool ready)
{
    const char *wanted = m->current != NULL ? generation_conf(m->current)->admin_listen : NULL;

    if (!ready) {
        admin_free(m->next_admin);
    } else if (m->next_admin != NULL || wanted == NULL) {
        admin_free(m->admin);
        m->admin = m->next_admin;
        if (wanted != NULL && !admin_is_local(wanted))
            rp_log(master_log(m), RP_LOG_WARN,
                   "admin: %s is reachable from other hosts without authentication; listen on a "
                   "loopback address or a Unix socket",
                   wanted);
    }
    m->next_admin = NULL;
}
