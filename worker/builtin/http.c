/* SPDX-License-Identifier: MIT
 *
 * http.c - read requests and write responses, with keep-alive and pipelining. The danger: a body.
 * Requests with a body are not supported, so a request that has one, or might, is the last of its
 * connection: what follows it is dropped and never parsed as a second request. A client that sends
 * requests without reading responses is paused. Bytes are kept only while a head is incomplete or
 * the client is paused. */
#include "worker/builtin/http.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct http {
    struct connection c;
    http_answerer *answer;
    char *kept; /* an incomplete head, or queued requests */
    size_t kept_len;
    bool full;     /* responses are queued: the client does not read */
    bool ended;    /* the client has sent its last request */
    bool answered; /* at least one request was answered */
};

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {301, "Moved Permanently"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}

static void put_date(struct rp_text *out)
{
    char date[64];
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    rp_text_puts(out, date);
}

void http_compose(struct rp_text *out, struct http_reply *reply, const struct http_head *head,
                  bool close)
{
    if (reply->type == NULL) {
        reply->type = "text/plain; charset=utf-8";
        rp_text_printf(&reply->body, "%u %s\n", reply->status, reason_of(reply->status));
    }
    rp_text_printf(out, "HTTP/1.1 %u %s\r\n", reply->status, reason_of(reply->status));
    put_date(out);
    rp_text_printf(out, "Server: reprise\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
                   reply->type, reply->body.len);
    rp_text_puts(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                      "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n");
    if (reply->status == 405)
        rp_text_puts(out, "Allow: GET, HEAD\r\n");
    if (reply->location.len > 0) {
        rp_text_puts(out, "Location: ");
        rp_text_add(out, reply->location.bytes, reply->location.len);
        rp_text_puts(out, "\r\n");
    }
    if (close)
        rp_text_puts(out, "Connection: close\r\n");
    else if (head->minor == 0)
        rp_text_puts(out, "Connection: keep-alive\r\n");
    rp_text_puts(out, "\r\n");
    if (head->method != HTTP_HEAD)
        rp_text_add(out, reply->body.bytes, reply->body.len);
}

static void send_reply(struct http *h, struct http_reply *reply, const struct http_head *head,
                       bool close)
{
    struct rp_text out = {0};

    http_compose(&out, reply, head, close);
    rp_text_clear(&reply->body);
    rp_text_clear(&reply->location);
    if (out.failed) {
        close = true;
    } else {
        connection_count_out(&h->c, out.len);
        h->full = !rp_stream_write(h->c.stream, out.bytes, out.len);
    }
    rp_text_clear(&out);
    if (close)
        connection_end(&h->c);
}

static void answer(struct http *h, enum http_verdict verdict, const struct http_head *head)
{
    struct http_reply reply = {.status = (unsigned)verdict};
    bool close = !head->keep_alive || head->body || h->c.frontend->process->draining;

    h->answered = true;
    if (verdict == HTTP_REQUEST)
        h->answer(&h->c, head, &reply);
    else
        close = true;
    send_reply(h, &reply, head, close);
}

/* Answer all complete requests in these bytes. Returns the number of bytes consumed. */
static size_t consume(struct http *h, const char *bytes, size_t len)
{
    size_t done = 0;

    while (done < len && !h->full && h->c.ended_ms == 0) {
        struct http_head head;
        size_t used = 0;
        enum http_verdict verdict = http_head_parse(bytes + done, len - done, &head, &used);

        if (verdict == HTTP_INCOMPLETE)
            break;
        done += used;
        answer(h, verdict, &head);
    }
    return h->c.ended_ms != 0 ? len : done;
}

/* Keep the bytes from `from` on; `bytes` may point into h->kept. */
static void keep_rest(struct http *h, const char *bytes, size_t len, size_t from)
{
    char *kept = NULL;

    if (from < len) {
        kept = malloc(len - from);
        if (kept == NULL)
            connection_end(&h->c);
        else
            memcpy(kept, bytes + from, len - from);
    }
    free(h->kept);
    h->kept = kept;
    h->kept_len = kept != NULL ? len - from : 0;
}

static bool append(struct http *h, const char *bytes, size_t len)
{
    char *more = realloc(h->kept, h->kept_len + len);

    if (more == NULL) {
        connection_end(&h->c);
        return false;
    }
    memcpy(more + h->kept_len, bytes, len);
    h->kept = more;
    h->kept_len += len;
    return true;
}

static void proceed(struct http *h)
{
    if (h->kept_len > 0)
        keep_rest(h, h->kept, h->kept_len, consume(h, h->kept, h->kept_len));
    if (h->full) {
        rp_stream_pause(h->c.stream);
        return;
    }
    rp_stream_resume(h->c.stream);
    if (h->ended)
        rp_stream_end(h->c.stream);
}

static void on_data(struct http *h, const char *bytes, size_t len)
{
    if (connection_is_over(&h->c, len))
        return;
    connection_count_in(&h->c, len);
    if (h->kept_len == 0)
        keep_rest(h, bytes, len, consume(h, bytes, len));
    else if (append(h, bytes, len))
        proceed(h);
    if (h->full)
        rp_stream_pause(h->c.stream);
}

static void http_free(struct http *h)
{
    connection_forget(&h->c);
    free(h->kept);
    free(h);
}

static void on_client(const struct rp_event *event, void *arg)
{
    struct http *h = arg;

    switch (event->type) {
    case RP_EV_DATA:
        on_data(h, (const char *)event->data.bytes, event->data.len);
        break;
    case RP_EV_DRAIN:
        h->full = false;
        if (h->c.ended_ms == 0)
            proceed(h);
        break;
    case RP_EV_END:
        h->ended = true;
        if (!h->full)
            rp_stream_end(h->c.stream);
        break;
    case RP_EV_TIMEOUT:
        connection_timeout(&h->c);
        break;
    case RP_EV_ERROR:
        connection_failed(&h->c, event->error.error);
        break;
    case RP_EV_CLOSE:
        connection_closed(&h->c);
        http_free(h);
        break;
    default:
        break;
    }
}

/* The worker drains: end a connection that is idle between two requests. If its first request has
 * not arrived yet, the connection is ended after the response. */
static void on_rest(struct connection *c)
{
    struct http *h = (struct http *)c;

    if (h->answered && h->kept_len == 0 && !h->full)
        connection_end(c);
}

void http_begin(struct frontend *f, struct rp_socket *socket, struct backend *backend,
                http_answerer *answerer)
{
    struct http *h = calloc(1, sizeof *h);

    if (h == NULL) {
        connection_refuse(f, socket);
        return;
    }
    h->answer = answerer;
    h->c.rest = on_rest;
    if (!connection_begin(&h->c, f, socket, backend, on_client))
        free(h);
}
