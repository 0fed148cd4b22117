/* SPDX-License-Identifier: MIT
 *
 * http_head.h - a strict parser for the head of an HTTP/1 request. For built-in responses only:
 * requests to a backend are not parsed. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_HEAD_MAX = 8192 }; /* bytes of a head, its last empty line included */

/* A part of the head, not terminated. */
struct http_slice {
    const char *at; /* NULL = not there */
    size_t len;
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };
struct http_head {
    enum http_method method;
    unsigned minor;           /* HTTP/1.minor */
    struct http_slice target; /* as sent */
    struct http_slice path;   /* from the first '/', query included; "/" for http://host */
    struct http_slice host;   /* of an absolute target, else of Host; with its port */
    struct http_slice accept; /* the first Accept field */
    bool keep_alive;          /* the connection stays open after the response */
    bool body;                /* a body follows, or might */
};

/* The result of parsing the bytes received so far. */
enum http_verdict {
    HTTP_INCOMPLETE = 0, /* ask again with more */
    HTTP_REQUEST = 200,  /* *head is filled; the request has *used bytes */
    HTTP_BAD_REQUEST = 400,
    HTTP_TOO_LARGE = 431,
    HTTP_VERSION = 505,
};
/* Parse a head. Empty lines before a request are skipped (RFC 9112 section 2.2). A verdict of 400
 * and above ends the connection: the start of the next request is unknown. */
enum http_verdict http_head_parse(const char *bytes, size_t len, struct http_head *head,
                                  size_t *used);

/* Whether this header value is a list that contains `item`, ignoring case and parameters. */
bool http_list_has(struct http_slice list, const char *item);
bool http_slice_is(struct http_slice, const char *text); /* ignores case */
/* Split "name:port", "[v6]:port" or "name" into host and port; false: it is not an authority. *port
 * is 0 if there is none. */
bool http_split_host(struct http_slice authority, struct http_slice *host, unsigned *port);

#endif
