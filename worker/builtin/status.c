/* SPDX-License-Identifier: MIT
 *
 * status.c - builtin:status: a page at / about the client's own connection. HTML for clients that
 * accept text/html, JSON for application/json, text for all others. */
#include "worker/builtin/http.h"
#include "worker/builtin/status_page.h"

#include <time.h>
#include <unistd.h>

static enum status_format format_of(const struct http_head *head)
{
    if (http_list_has(head->accept, "text/html"))
        return STATUS_HTML;
    return http_list_has(head->accept, "application/json") ? STATUS_JSON : STATUS_TEXT;
}

static bool is_root(struct http_slice path)
{
    return path.len > 0 && path.at[0] == '/' && (path.len == 1 || path.at[1] == '?');
}

static void answer(const struct connection *c, const struct http_head *head,
                   struct http_reply *reply)
{
    const struct worker *p = c->frontend->process;
    const struct rp_address *remote = rp_stream_remote_address(c->stream);
    enum status_format format = format_of(head);
    char client[RP_ADDRESS_TEXT];
    struct status_page page = {
        .protocol = c->protocol,
        .cipher = c->cipher,
        .group = c->group,
        .servername = rp_socket_servername(c->socket),
        .alpn = rp_socket_alpn_protocol(c->socket),
        .resumed = frontend_resumption(c->resumed),
        .early_data = frontend_early_data(c->early_data),
        .client = remote != NULL ? rp_address_format(remote, client) : NULL,
        .frontend = c->frontend->plan->conf->name,
        .pid = (int)p->row->pid,
        .slot = p->slot,
        .has_epoch = p->setup->ring != NULL,
        .epoch = p->setup->ring != NULL ? rp_key_ring_epoch(p->setup->ring) : 0,
        .stats = p->setup->stats,
        .now_s = (uint64_t)time(NULL),
    };

    if (head->method == HTTP_OTHER) {
        reply->status = 405;
    } else if (!is_root(head->path)) {
        reply->status = 404;
    } else if (head->body) {
        reply->status = 413;
    } else {
        reply->type = status_page_type(format);
        status_page_render(&reply->body, &page, format);
    }
}

void status_begin(struct frontend *f, struct rp_socket *socket, struct backend *backend)
{
    http_begin(f, socket, backend, answer);
}
