/* SPDX-License-Identifier: MIT
 *
 * redirect.c - builtin:redirect: send a client to where this site lives.
 * It is reached over TLS, so it is not the usual way up from plain HTTP: it is a frontend on
 * another port, or a host block for an alias. So:
 *   - asked for on another port than 443, a name that this frontend serves is sent to the same name
 *     on port 443;
 *   - on port 443, or under a name that this frontend doesn't serve, it is sent to the first name
 * of the frontend's first certificate;
 *   - where that is what was asked for already, there is nowhere to go: 404 instead of a circle.
 * The path and query stay. GET and HEAD get 301; what must keep its method gets 308.
 * The danger: Location. No host goes there that the operator hasn't given a certificate for, and no
 * byte that the head's parser hasn't found to be printable ASCII. */
#include "worker/builtin/http.h"

#include <stdio.h>
#include <string.h>

enum { HTTPS_PORT = 443 };

/* The name that was asked for, if the frontend serves it; else "". */
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

/* Where to send it, or NULL. */
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
