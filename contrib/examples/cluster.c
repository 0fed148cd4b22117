/* SPDX-License-Identifier: MIT
 *
 * cluster.c - an echo server on all CPUs. Workers that die are replaced; a client resumes whichever
 * it meets, since their ticket keys are shared without being asked for. SIGTERM: all finish.
 *     cluster CERT KEY HOST:PORT WORKERS */
#include "example.h"

#include <signal.h>
#include <unistd.h>

struct service {
    struct rp_pem cert, key;
    int fd; /* listens; every worker accepts from it */
};

static void on_secure_connection(const struct rp_event *e, void *arg)
{
    struct rp_stream *stream = rp_socket_stream(e->secure_connection.socket);
    char text[64];
    int len = snprintf(text, sizeof text, "worker %d\n", (int)getpid());

    (void)arg;
    rp_stream_write(stream, text, (size_t)len);
    rp_stream_pipe(stream, stream, false);
}

static int serve(struct rp_worker *worker, struct rp_loop *loop, void *arg)
{
    const struct service *s = arg;
    struct rp_secure_context_options tls = {
        .cert = &s->cert, .key = &s->key, .cert_count = 1, .key_count = 1};
    struct rp_server_options options = {.context_options = &tls};
    struct rp_error error;
    struct rp_server *server = rp_server_new(loop, &options, &error);

    if (server == NULL || !rp_server_listen_fd(server, s->fd, &error))
        give_up(&error);
    rp_server_on(server, RP_EV_SECURE_CONNECTION, on_secure_connection, NULL);
    rp_worker_online(worker);
    rp_loop_run(loop); /* until the primary says that it is enough, or is gone */
    rp_server_free(server);
    return 0;
}

static void on_terminate(struct rp_signal *signal, int signum)
{
    (void)signum;
    rp_cluster_stop(signal->arg);
}

int main(int argc, char **argv)
{
    struct rp_error error;
    struct rp_loop *loop = rp_loop_new(&error);
    struct rp_address address;
    struct rp_listen_options where = {.address = &address};
    struct service service;
    struct rp_cluster_options options = {.worker = serve, .arg = &service};
    struct rp_cluster *cluster;
    struct rp_signal terminate = {.fire = on_terminate};

    if (argc != 5) {
        fprintf(stderr, "usage: cluster CERT KEY HOST:PORT WORKERS\n");
        return 2;
    }
    service.cert = pem_of(argv[1]);
    service.key = pem_of(argv[2]);
    options.workers = (unsigned)strtoul(argv[4], NULL, 10); /* 0: one for each CPU */
    if (loop == NULL || !rp_address_parse(&address, argv[3], true, &error) ||
        (service.fd = rp_listen_open(&where, &error)) < 0 ||
        (cluster = rp_cluster_new(loop, &options, &error)) == NULL)
        give_up(&error);
    terminate.arg = cluster;
    rp_signal_start(loop, &terminate, SIGTERM);
    printf("listening on %s\n", argv[3]);
    fflush(stdout);
    rp_loop_run(loop); /* until the last worker has left */
    rp_cluster_free(cluster);
    rp_loop_free(loop);
    close(service.fd);
    return 0;
}
