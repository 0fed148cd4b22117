/* SPDX-License-Identifier: MIT
 *
 * redirect.c - builtin:redirect: redirect a client to the canonical host of this site.
 * It is reached over TLS, so it does not upgrade plain HTTP: it is a frontend on another port, or a
 * host block for an alias.
 * - On another port than 443, a name that this frontend serves is redirected to the same name on
 *   port 443.
 * - On port 443, or for a name that this frontend does not serve, the client is redirected to the
 *   first name of the frontend's first certificate.
 * - If that is the requested address already, the response is 404, to avoid a redirect loop.
 * Path and query stay the same. GET and HEAD get 301; other methods get 308, which keeps the
 * method. The danger: the Location header. It contains only hosts for which the operator has
 * configured a certificate, and only bytes that the head's parser accepted as printable ASCII. */
#include "worker/builtin/http.h"

#include <stdio.h>
#include <string.h>

enum { HTTPS_PORT = 443 };

/* The requested name if the frontend serves it; else "". */
static unsigned asked_for(const struct frontend_plan *plan, const struct http_head *head,
                          char name[NAMES_MAX + 1])
{
    struct http_slice host;
    unsigned port = 0;
    char text[NAMES_MAX + 2];

    name[0] = '\0';
    if (!http_split_host(head->host, &host, &port) || host.len >= sizeof text)
        return HTTPS_PORT;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (names_normalise(text, name) == 0 || !plan_knows(plan, name))
        name[0] = '\0';
    return port == 0 ? HTTPS_PORT : port;
}

/* The host to redirect to, or NULL. */
static const char *destination(const struct frontend_plan *plan, const char *name, unsigned port)
{
    if (port != HTTPS_PORT && name[0] != '\0')
        return name;
    if (plan->canonical[0] == '\0' || strcmp(plan->canonical, name) == 0)
        return NULL;
    return plan->canonical;
}

static void answer(const struct connection *c, const struct http_head *head,
                   struct http_reply *reply)
{
    char name[NAMES_MAX + 1];
    unsigned port = asked_for(c->frontend->plan, head, name);
    const char *to = destination(c->frontend->plan, name, port);

    if (to == NULL || head->path.at[0] != '/') {
        reply->status = 404;
        return;
    }
    reply->status = head->method == HTTP_OTHER ? 308 : 301;
    rp_text_printf(&reply->location, "https://%s", to);
    rp_text_add(&reply->location, head->path.at, head->path.len);
}

void redirect_begin(struct frontend *f, struct rp_socket *socket, struct backend *backend)
{
    http_begin(f, socket, backend, answer);
}
