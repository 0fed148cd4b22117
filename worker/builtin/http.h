/* SPDX-License-Identifier: MIT
 *
 * http.h - answers of our own over HTTP/1: what status and redirect share. */
#ifndef BUILTIN_HTTP_H
#define BUILTIN_HTTP_H

#include "lib/base/text.h"
#include "worker/connection.h"
#include "worker/builtin/http_head.h"

struct http_reply {
    unsigned status;         /* 200, 301, 308, 404, 405 ... */
    const char *type;        /* Content-Type; NULL: plain text that says the status */
    struct rp_text body;     /* cleared by whoever takes the reply */
    struct rp_text location; /* empty: none */
};
/* Answers one request whose head is good. Of its body nothing is seen. */
typedef void http_answerer(const struct connection *, const struct http_head *,
                           struct http_reply *);

void http_begin(struct frontend *, struct rp_socket *, struct backend *, http_answerer *);

/* The whole answer, head and body, as it goes over the wire; for HEAD without the body. */
void http_compose(struct rp_text *out, struct http_reply *, const struct http_head *, bool close);

#endif
