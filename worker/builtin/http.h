/* SPDX-License-Identifier: MIT
 *
 * http.h - HTTP/1 responses of the program itself, for builtin:status and builtin:redirect. */
#ifndef BUILTIN_HTTP_H
#define BUILTIN_HTTP_H

#include "lib/base/text.h"
#include "worker/connection.h"
#include "worker/builtin/http_head.h"

struct http_reply {
    unsigned status;         /* 200, 301, 308, 404, 405 ... */
    const char *type;        /* Content-Type; NULL: plain text with the status */
    struct rp_text body;     /* freed by the receiver of the reply */
    struct rp_text location; /* empty: none */
};
/* Answer one request whose head is valid. Its body is not read. */
typedef void http_answerer(const struct connection *, const struct http_head *,
                           struct http_reply *);

void http_begin(struct frontend *, struct rp_socket *, struct backend *, http_answerer *);

/* Compose the response, head and body, as it is sent; for HEAD without the body. */
void http_compose(struct rp_text *out, struct http_reply *, const struct http_head *, bool close);

#endif
