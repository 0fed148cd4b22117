/* SPDX-License-Identifier: MIT
 *
 * order.c - a server that is asked everything a server can be asked, says what and when, and takes
 * its time to answer (J5, C15). order.js is the same in node.
 *     order unix:PATH CERT KEY COUNT        (ends after so many connections) */
#include "contrib/examples/example.h"

#include <string.h>

enum { LATER_MS = 5, END_MS = 50, STORED_MAX = 8, SESSION_MAX = 4096 };

/* A question that waits for its answer. */
struct answer {
    struct rp_timer timer;
    struct rp_request *request;
    enum rp_event_type question; /* CONNECTION stands for the SNI callback */
    int found;                   /* the place of a session in the store; -1: none */
};

static struct {
    uint8_t id[32], session[SESSION_MAX];
    size_t id_len, session_len;
} store[STORED_MAX];
static unsigned stored, left;
static struct rp_loop *loop;
static struct rp_server *server;
static struct rp_secure_context *context;

static void say(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
}

static void on_time(struct rp_timer *timer)
{
    struct answer *a = timer->arg;

    switch (a->question) {
    case RP_EV_CONNECTION:
        rp_request_answer_context(a->request, context);
        break;
    case RP_EV_NEW_SESSION:
        rp_request_done(a->request);
        break;
    case RP_EV_OCSP_REQUEST:
        rp_request_answer(a->request, (const uint8_t *)"staple", 6);
        break;
    default:
        if (a->found < 0)
            rp_request_answer(a->request, NULL, 0);
        else
            rp_request_answer(a->request, store[a->found].session, store[a->found].session_len);
    }
    rp_request_unref(a->request);
    free(a);
}

static void later(struct rp_request *request, enum rp_event_type question, int found)
{
    struct answer *a = calloc(1, sizeof *a);

    if (a == NULL)
        exit(1);
    a->timer = (struct rp_timer){.fire = on_time, .arg = a};
    a->request = rp_request_ref(request);
    a->question = question;
    a->found = found;
    rp_timer_start(loop, &a->timer, LATER_MS);
}

static struct rp_secure_context *on_name(struct rp_socket *s, const char *servername,
                                         struct rp_request *request, void *arg)
{
    (void)s, (void)arg;
    printf("SNICallback %s\n", servername != NULL ? servername : "none");
    later(request, RP_EV_CONNECTION, -1);
    return NULL;
}

static const char *on_protocols(struct rp_socket *s, const char *servername,
                                const char *const *protocols, size_t count, void *arg)
{
    static char first[256];

    (void)s, (void)servername, (void)arg;
    printf("ALPNCallback ");
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i > 0 ? "," : "", protocols[i]);
    say("");
    snprintf(first, sizeof first, "%s", protocols[0]);
    return first;
}

static void on_new_session(const struct rp_event *e, void *arg)
{
    (void)arg;
    say("newSession");
    if (stored < STORED_MAX && e->new_session.session_len <= SESSION_MAX &&
        e->new_session.id_len <= sizeof store[0].id) {
        store[stored].id_len = e->new_session.id_len;
        memcpy(store[stored].id, e->new_session.id, e->new_session.id_len);
        store[stored].session_len = e->new_session.session_len;
        memcpy(store[stored++].session, e->new_session.session, e->new_session.session_len);
    }
    later(e->new_session.request, RP_EV_NEW_SESSION, -1);
}

static void on_resume_session(const struct rp_event *e, void *arg)
{
    int found = (int)stored;

    (void)arg;
    say("resumeSession");
    while (--found >= 0)
        if (store[found].id_len == e->resume_session.id_len &&
            memcmp(store[found].id, e->resume_session.id, store[found].id_len) == 0)
            break;
    later(e->resume_session.request, RP_EV_RESUME_SESSION, found);
}

static void on_ocsp_request(const struct rp_event *e, void *arg)
{
    (void)arg;
    say("OCSPRequest");
    later(e->ocsp_request.request, RP_EV_OCSP_REQUEST, -1);
}

static void on_close(const struct rp_event *e, void *arg)
{
    (void)e, (void)arg;
    if (--left == 0)
        rp_server_close(server);
}

static void on_end_time(struct rp_timer *timer)
{
    struct rp_stream *stream = timer->arg;

    rp_stream_write(stream, "bye", 3);
    rp_stream_end(stream);
    rp_stream_unref(stream);
}

static void on_server(const struct rp_event *e, void *arg)
{
    static struct rp_timer timer = {.fire = on_end_time};
    struct rp_stream *stream;

    (void)arg;
    if (e->type == RP_EV_CONNECTION) {
        say("connection");
    } else if (e->type == RP_EV_TLS_CLIENT_ERROR) {
        say(e->tls_client_error.error->code);
    } else {
        say("secureConnection");
        stream = rp_socket_stream(e->secure_connection.socket);
        rp_stream_on(stream, RP_EV_CLOSE, on_close, NULL);
        timer.arg = rp_stream_ref(stream);
        rp_timer_start(loop, &timer, END_MS);
    }
}

static void listen_at(const char *where)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};
    struct rp_error error;

    if (!rp_address_parse(&address, where, false, &error) ||
        !rp_server_listen(server, &listen, &error))
        give_up(&error);
    rp_server_listen_for(server,
                         RP_EVENT_BIT(RP_EV_CONNECTION) | RP_EVENT_BIT(RP_EV_TLS_CLIENT_ERROR) |
                             RP_EVENT_BIT(RP_EV_SECURE_CONNECTION),
                         on_server, NULL);
    rp_server_on(server, RP_EV_NEW_SESSION, on_new_session, NULL);
    rp_server_on(server, RP_EV_RESUME_SESSION, on_resume_session, NULL);
    rp_server_on(server, RP_EV_OCSP_REQUEST, on_ocsp_request, NULL);
    say("listening");
}

int main(int argc, char **argv)
{
    struct rp_pem cert, key;
    struct rp_secure_context_options tls = {
        .cert = &cert, .key = &key, .cert_count = 1, .key_count = 1, .tickets = RP_OFF};
    struct rp_server_options options = {.sni_callback = on_name, .alpn_callback = on_protocols};
    struct rp_error error;

    if (argc != 5)
        return 2;
    cert = pem_of(argv[2]);
    key = pem_of(argv[3]);
    left = (unsigned)strtoul(argv[4], NULL, 10);
    if ((loop = rp_loop_new(&error)) == NULL ||
        (context = rp_secure_context_new(&tls, &error)) == NULL)
        give_up(&error);
    options.context = context;
    if ((server = rp_server_new(loop, &options, &error)) == NULL)
        give_up(&error);
    listen_at(argv[1]);
    rp_loop_run(loop);
    rp_server_free(server);
    rp_secure_context_unref(context);
    rp_loop_free(loop);
    return 0;
}
