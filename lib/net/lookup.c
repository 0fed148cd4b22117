/* SPDX-License-Identifier: MIT
 *
 * lookup.c - getaddrinfo in a thread that answers through a pipe; see lookup.h. The thread and the
 * loop share one struct; the last of them to release it frees it. */
#include "lib/net/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 8 };

struct rp_lookup {
    atomic_int owners;
    struct rp_io io;
    rp_lookup_done *done;
    void *arg;
    int read_fd, write_fd;
    uint16_t port;
    int family, rc;
    size_t count;
    struct rp_address addresses[ADDRESSES_MAX];
    char host[256];
};

static void let_go(struct rp_lookup *l)
{
    if (atomic_fetch_sub(&l->owners, 1) == 1)
        free(l);
}

static void keep_results(struct rp_lookup *l, const struct addrinfo *list)
{
    for (; list != NULL && l->count < ADDRESSES_MAX; list = list->ai_next) {
        struct rp_address *a = &l->addresses[l->count];

        if (list->ai_family != AF_INET && list->ai_family != AF_INET6)
            continue;
        memcpy(&a->any, list->ai_addr, list->ai_addrlen);
        a->len = list->ai_addrlen;
        if (list->ai_family == AF_INET)
            a->in.sin_port = htons(l->port);
        else
            a->in6.sin6_port = htons(l->port);
        l->count++;
    }
}

static void *resolve(void *arg)
{
    struct rp_lookup *l = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = l->family}, *list = NULL;
    ssize_t n;

    l->rc = getaddrinfo(l->host, NULL, &hints, &list);
    if (l->rc == 0) {
        keep_results(l, list);
        freeaddrinfo(list);
    }
    n = write(l->write_fd, "", 1);
    (void)n; /* if the write fails, the loop sees the pipe close */
    close(l->write_fd);
    let_go(l);
    return NULL;
}

static void on_answer(struct rp_io *io, int events)
{
    struct rp_lookup *l = io->arg;
    struct rp_error error;

    (void)events;
    rp_io_stop(io);
    close(l->read_fd);
    if (l->rc != 0)
        rp_error_set(&error, l->rc == EAI_AGAIN ? "EAI_AGAIN" : "ENOTFOUND",
                     "getaddrinfo %s: %.100s", l->rc == EAI_AGAIN ? "EAI_AGAIN" : "ENOTFOUND",
                     l->host);
    l->done(l->arg, l->host, l->addresses, l->count, l->rc != 0 ? &error : NULL);
    let_go(l);
}

/* Block all signals in the thread: the loop's thread handles them. */
static int start_thread(struct rp_lookup *l)
{
    sigset_t all, before;
    pthread_t thread;
    pthread_attr_t attr;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    rc = pthread_create(&thread, &attr, resolve, l);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

struct rp_lookup *rp_lookup_start(struct rp_loop *loop, const char *host, uint16_t port,
                                  unsigned family, rp_lookup_done *done, void *arg,
                                  struct rp_error *err)
{
    struct rp_lookup *l = calloc(1, sizeof *l);
    int fds[2], rc;

    if (l == NULL || strlen(host) >= sizeof l->host || pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        free(l);
        rp_error_set(err, "ENOTFOUND", "getaddrinfo ENOTFOUND: can't look up %.100s", host);
        return NULL;
    }
    l->done = done;
    l->arg = arg;
    l->port = port;
    l->family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
    l->read_fd = fds[0];
    l->write_fd = fds[1];
    snprintf(l->host, sizeof l->host, "%s", host);
    atomic_init(&l->owners, 2);
    rc = start_thread(l);
    if (rc != 0) {
        close(fds[0]);
        close(fds[1]);
        free(l);
        rp_error_errno(err, rc, "pthread_create", "to look up %.100s", host);
        return NULL;
    }
    l->io.fire = on_answer;
    l->io.arg = l;
    rp_io_start(loop, &l->io, l->read_fd, RP_READABLE);
    return l;
}

void rp_lookup_cancel(struct rp_lookup *l)
{
    if (l == NULL)
        return;
    rp_io_stop(&l->io);
    close(l->read_fd);
    let_go(l);
}
