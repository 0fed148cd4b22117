/* SPDX-License-Identifier: MIT
 *
 * session_store.c - sessions by id in a store of the program's own, here one that answers later, as
 * a database would. Without tickets everybody resumes from it, in TLS 1.2 and in TLS 1.3.
 *     session_store CERT KEY HOST:PORT */
#include "example.h"

#include <string.h>

/* -- the store, in forty lines */

static struct entry {
    uint8_t id[32], session[8192];
    size_t id_len, len;
} store[256];
static unsigned next;

static void on_new_session(const struct rp_event *e, void *arg)
{
    struct entry *entry = &store[next++ % 256];

    (void)arg;
    entry->len = 0;
    if (e->new_session.id_len <= sizeof entry->id &&
        e->new_session.session_len <= sizeof entry->session) {
        memcpy(entry->id, e->new_session.id, entry->id_len = e->new_session.id_len);
        memcpy(entry->session, e->new_session.session, entry->len = e->new_session.session_len);
    }
    rp_request_done(e->new_session.request); /* the handshake has waited for this */
}

struct lookup {
    struct rp_timer timer;
    struct rp_request *request;
    const struct entry *found;
};

static void answer(struct rp_timer *timer)
{
    struct lookup *l = timer->arg;

    /* The client may be gone by now: then this has no effect. */
    rp_request_answer(l->request, l->found != NULL ? l->found->session : NULL,
                      l->found != NULL ? l->found->len : 0);
    rp_request_unref(l->request);
    free(l);
}

static void on_resume_session(const struct rp_event *e, void *loop)
{
    struct lookup *l = calloc(1, sizeof *l);

    if (l == NULL)
        return; /* nobody holds the request: that is an answer, too */
    for (unsigned i = 0; i < 256; i++)
        if (store[i].len > 0 && store[i].id_len == e->resume_session.id_len &&
            memcmp(store[i].id, e->resume_session.id, store[i].id_len) == 0)
            l->found = &store[i];
    l->request = rp_request_ref(e->resume_session.request);
    l->timer.fire = answer;
    l->timer.arg = l;
    rp_timer_start(loop, &l->timer, 1);
}

/* -- the server */

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_socket *socket = e->secure_connection.socket;
    const char *word = rp_socket_session_reused(socket) ? "resumed\n" : "new\n";

    (void)arg;
    rp_stream_write(rp_socket_stream(socket), word, strlen(word));
    rp_stream_end(rp_socket_stream(socket));
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_pem cert, key;
    struct rp_secure_context_options tls = {
        .cert = &cert, .key = &key, .cert_count = 1, .key_count = 1, .tickets = RP_OFF};
    struct rp_server_options options = {.context_options = &tls};
    struct rp_server *server;

    if (argc != 4) {
        fprintf(stderr, "usage: session_store CERT KEY HOST:PORT\n");
        return 2;
    }
    cert = pem_of(argv[1]);
    key = pem_of(argv[2]);
    if (loop == NULL || (server = rp_server_new(loop, &options, &error)) == NULL)
        give_up(&error);
    rp_server_on(server, RP_EV_NEW_SESSION, on_new_session, NULL);
    rp_server_on(server, RP_EV_RESUME_SESSION, on_resume_session, loop);
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    listen_on(server, argv[3]);
    rp_loop_run(loop);
    rp_server_free(server);
    rp_loop_free(loop);
    return 0;
}
