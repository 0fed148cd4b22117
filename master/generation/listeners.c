/* SPDX-License-Identifier: MIT
 *
 * listeners.c - open, share, steer and close listening sockets.
 * The danger: what waits in a socket's queue is lost when the socket is closed. So slots that have
 * served are never closed while their address is wanted. When there are fewer workers than slots,
 * a slot beyond them belongs to worker `slot % workers`, and a classic BPF program keeps the kernel
 * from putting anything new there, so that the load stays even. */
#include "master/generation/listeners.h"

#include "master/generation/unix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <reprise/net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    IN_USE_TRIES = 25,
    IN_USE_WAIT_MS = 20,
};

enum kind { TCP, UNIX, INHERITED };

struct listener {
    struct listener *next;
    char name[RP_ADDRESS_TEXT]; /* "0.0.0.0:8443", "unix:/run/x.sock", "fd:3" */
    enum kind kind;
    struct rp_address address;
    bool ipv6_only;
    unsigned holders;
    bool listening, steered;
    size_t count, proven; /* slots; those that have served */
    int *fds;
    struct unix_file file;
};

/* -- what the configuration means */

struct wanted {
    const struct conf *conf;
    const struct conf_frontend *frontend;
    const char *text;
    enum kind kind;
    int fd; /* INHERITED */
    struct rp_address address;
    bool ipv6_only;
    char name[RP_ADDRESS_TEXT];
};

static bool refuse(const struct wanted *w, struct rp_error *err, const char *why)
{
    return conf_error(err, &w->frontend->tls.location, "listen: %s %s", w->text, why);
}

static bool read_inherited(struct wanted *w, struct rp_error *err)
{
    socklen_t len = sizeof(int);
    int listens = 0;
    char *end;
    long fd;

    errno = 0;
    fd = strtol(w->text + 3, &end, 10);
    if (errno != 0 || *end != '\0' || end == w->text + 3 || fd < 3 || fd > INT32_MAX)
        return refuse(w, err, "is not a descriptor; give fd:N with N from 3 on");
    w->kind = INHERITED;
    w->fd = (int)fd;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 || !listens)
        return refuse(w, err, "is not a listening socket; the service manager must pass one");
    snprintf(w->name, sizeof w->name, "fd:%d", w->fd);
    return true;
}

static bool wants_ipv4_beside(const struct wanted *w);

static bool read_wanted(struct wanted *w, struct rp_error *err)
{
    struct rp_error why;

    if (strncmp(w->text, "fd:", 3) == 0)
        return read_inherited(w, err);
    if (!rp_address_parse(&w->address, w->text, true, &why))
        return conf_error(err, &w->frontend->tls.location, "listen: %s: %s", w->text, why.message);
    w->kind = w->address.any.sa_family == AF_UNIX ? UNIX : TCP;
    if (w->kind == TCP && rp_address_port(&w->address) == 0)
        return refuse(w, err, "missing port; write host:port");
    w->ipv6_only = w->kind == TCP && w->address.any.sa_family == AF_INET6 && wants_ipv4_beside(w);
    rp_address_format(&w->address, w->name);
    return true;
}

static bool is_any(const struct rp_address *a)
{
    return a->any.sa_family == AF_INET ? a->in.sin_addr.s_addr == INADDR_ANY
                                       : IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

static bool same_host(const struct rp_address *a, const struct rp_address *b)
{
    return a->any.sa_family == AF_INET ? a->in.sin_addr.s_addr == b->in.sin_addr.s_addr
                                       : IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

bool listeners_overlap(const struct rp_address *a, const struct rp_address *b)
{
    if (a->any.sa_family == AF_UNIX || b->any.sa_family == AF_UNIX ||
        rp_address_port(a) != rp_address_port(b))
        return false;
    if (a->any.sa_family == b->any.sa_family)
        return is_any(a) || is_any(b) || same_host(a, b);
    return is_any(a->any.sa_family == AF_INET6 ? a : b); /* it may be for IPv4, too */
}

/* "[::]:443" is for IPv4 too, unless the configuration has "0.0.0.0:443" as well. */
static bool wants_ipv4_beside(const struct wanted *w)
{
    uint16_t port = rp_address_port(&w->address);

    for (size_t f = 0; f < w->conf->frontend_count; f++) {
        const struct conf_strings *listen = &w->conf->frontends[f].listen;

        for (size_t i = 0; i < listen->count; i++) {
            struct rp_address other;

            if (rp_address_parse(&other, listen->at[i], false, NULL) &&
                other.any.sa_family == AF_INET && is_any(&other) && rp_address_port(&other) == port)
                return true;
        }
    }
    return false;
}

/* -- opening */

static bool explain(const struct wanted *w, const struct rp_error *why, struct rp_error *err)
{
    if (w->kind == UNIX && why->sys_errno == EADDRINUSE)
        return refuse(w, err,
                      "is in use, or is not a socket; stop the process that listens there, remove "
                      "the file or choose another path");
    switch (why->sys_errno) {
    case EADDRINUSE:
        return refuse(w, err,
                      "is in use; stop the process that listens there or choose another port");
    case EACCES:
        return refuse(w, err,
                      w->kind == UNIX
                          ? "permission denied; choose a directory that reprise may write to"
                          : "permission denied; start as root or choose a port from 1024 on");
    case EADDRNOTAVAIL:
        return refuse(w, err, "is not an address of this host; choose one of this host, or *");
    case EAFNOSUPPORT:
        return refuse(w, err, "needs IPv6, which this system lacks; write 0.0.0.0:PORT or *:PORT");
    case ENOENT:
        return refuse(w, err, "its directory does not exist; create it or choose another path");
    case EMFILE:
        return refuse(w, err,
                      "too many open files, as each worker needs a socket for each address; raise "
                      "the limit of open files (ulimit -n, LimitNOFILE)");
    default:
        return conf_error(err, &w->frontend->tls.location, "listen: %s", why->message);
    }
}

static int open_one(const struct user *user, struct listener *l, bool reuse_port,
                    struct rp_error *err)
{
    struct rp_listen_options options = {
        .address = &l->address,
        .reuse_port = reuse_port,
        .defer_accept =
            true, /* in TLS, and with a PROXY header before it, the client speaks first */
        .ipv6_only = l->ipv6_only,
        .unix_mode = 0666, /* who may connect is the directory's affair */
        .bind_only = true,
    };

    return unix_file_listen(user, &options, &l->file, err);
}

static bool add_fd(struct listener *l, int fd, struct rp_error *err)
{
    int *fds = realloc(l->fds, (l->count + 1) * sizeof *fds);

    if (fds == NULL) {
        close(fd);
        return rp_error_errno(err, ENOMEM, "malloc", "listening sockets");
    }
    l->fds = fds;
    l->fds[l->count++] = fd;
    return true;
}

/* What has the address may be about to leave: the processes of a master that was killed. */
static int open_patiently(const struct user *user, struct listener *l, struct rp_error *err)
{
    static const struct timespec moment = {.tv_nsec = IN_USE_WAIT_MS * 1000000L};
    int fd = open_one(user, l, false, err);

    for (int i = 0; fd < 0 && err->sys_errno == EADDRINUSE && i < IN_USE_TRIES; i++) {
        nanosleep(&moment, NULL);
        fd = open_one(user, l, false, err);
    }
    return fd;
}

/* With SO_REUSEPORT another program of the same user could have the address already and we would
 * share it unawares. A socket without it finds out. */
static bool is_free(struct listener *l, struct rp_error *err)
{
    int fd = open_patiently(NULL, l, err);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool open_slots(struct listener *l, size_t count, struct rp_error *err)
{
    while (l->count < count) {
        int fd = open_one(NULL, l, true, err);

        if (fd < 0 || !add_fd(l, fd, err))
            return false;
    }
    return true;
}

static bool open_unix(const struct user *user, struct listener *l, struct rp_error *err)
{
    int fd = open_patiently(user, l, err);

    return fd >= 0 && add_fd(l, fd, err);
}

/* A descriptor handed down is ours from now on, for whoever we fork and nobody we might execute. */
static bool open_inherited(struct listener *l, int fd, struct rp_error *err)
{
    int flags = fcntl(fd, F_GETFL);

    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || flags < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return rp_error_errno(err, errno, "fcntl", "%s", l->name);
    l->listening = true;
    return add_fd(l, fd, err);
}

/* Is there one of ours that has connections which could come to this one? */
static bool is_beside_ours(const struct listeners *all, const struct listener *l)
{
    for (const struct listener *other = all->first; other != NULL; other = other->next)
        if (other != l && other->kind == TCP && other->count > 0 &&
            listeners_overlap(&other->address, &l->address))
            return true;
    return false;
}

static bool open_all(const struct listeners *all, struct listener *l, const struct wanted *w,
                     unsigned workers, struct rp_error *err)
{
    bool tolerant = all->tolerant, ok;
    struct rp_error why = {0};

    if (l->kind == INHERITED)
        ok = l->count > 0 || open_inherited(l, w->fd, &why);
    else if (l->kind == UNIX)
        ok = l->count > 0 || open_unix(&all->user, l, &why);
    else
        ok = (l->count > 0 || tolerant || is_beside_ours(all, l) || is_free(l, &why)) &&
             open_slots(l, workers, &why);
    return ok || (tolerant && l->kind == UNIX && why.sys_errno == EADDRINUSE) ||
           explain(w, &why, err);
}

/* -- closing */

static void close_from(struct listener *l, size_t first)
{
    for (size_t i = first; i < l->count; i++)
        close(l->fds[i]);
    if (l->count > first)
        l->count = first;
}

static void destroy(const struct user *user, struct listener *l)
{
    unix_file_remove(user, l->address.un.sun_path, &l->file);
    close_from(l, 0);
    free(l->fds);
    free(l);
}

/* A socket that was handed down can't be had again: it stays, even unused. */
static void forget(struct listeners *all, struct listener *l)
{
    struct listener **at = &all->first;

    if (l->kind == INHERITED)
        return;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    destroy(&all->user, l);
}

void listeners_clear(struct listeners *all)
{
    while (all->first != NULL) {
        struct listener *l = all->first;

        all->first = l->next;
        destroy(&all->user, l);
    }
    user_clear(&all->user);
}

/* -- taking and giving back */

static struct listener *find(struct listeners *all, const struct wanted *w)
{
    for (struct listener *l = all->first; l != NULL; l = l->next)
        if (strcmp(l->name, w->name) == 0 && l->ipv6_only == w->ipv6_only)
            return l;
    return NULL;
}

static struct listener *find_or_add(struct listeners *all, const struct wanted *w)
{
    struct listener *l = find(all, w);

    if (l != NULL || (l = calloc(1, sizeof *l)) == NULL)
        return l;
    memcpy(l->name, w->name, sizeof l->name);
    l->kind = w->kind;
    l->address = w->address;
    l->ipv6_only = w->ipv6_only;
    l->next = all->first;
    all->first = l;
    return l;
}

static bool holds(const struct listening *own, const struct listener *l)
{
    for (size_t i = 0; i < own->held_count; i++)
        if (own->held[i] == l)
            return true;
    return false;
}

static bool add_sockets(struct listening *own, const struct listener *l, size_t frontend)
{
    struct worker_listen *sockets;

    if (l->count == 0)
        return true;
    sockets = realloc(own->sockets, (own->socket_count + l->count) * sizeof *sockets);
    if (sockets == NULL)
        return false;
    own->sockets = sockets;
    for (size_t i = 0; i < l->count; i++)
        sockets[own->socket_count++] = (struct worker_listen){
            .frontend = frontend, .fd = l->fds[i], .slot = l->kind == TCP ? (int)i : -1};
    return true;
}

static bool take(struct listeners *all, struct wanted *w, struct listening *own,
                 struct rp_error *err)
{
    struct listener **held, *l;

    if (!read_wanted(w, err))
        return false;
    if ((l = find(all, w)) != NULL && holds(own, l))
        return refuse(w, err, "is a duplicate of an address above; remove one of the two");
    held = realloc(own->held, (own->held_count + 1) * sizeof *held);
    if (held == NULL || (l = find_or_add(all, w)) == NULL)
        goto no_memory;
    own->held = held;
    own->held[own->held_count++] = l;
    l->holders++;
    if (!open_all(all, l, w, own->workers, err))
        return false;
    if (add_sockets(own, l, (size_t)(w->frontend - w->conf->frontends)))
        return true;
no_memory:
    if (held != NULL)
        own->held = held;
    return rp_error_errno(err, ENOMEM, "malloc", "listening sockets");
}

bool listeners_take(struct listeners *all, const struct conf *conf, unsigned workers,
                    struct listening *own, struct rp_error *err)
{
    *own = (struct listening){.workers = workers};
    user_clear(&all->user);
    if (!user_find(&all->user, conf->user, err))
        return false;
    for (size_t f = 0; f < conf->frontend_count; f++) {
        const struct conf_frontend *frontend = &conf->frontends[f];

        for (size_t i = 0; i < frontend->listen.count; i++) {
            struct wanted w = {
                .conf = conf, .frontend = frontend, .text = frontend->listen.at[i], .fd = -1};

            if (!take(all, &w, own, err)) {
                listeners_give_back(all, own);
                return false;
            }
        }
    }
    return true;
}

bool listeners_check(const struct conf *conf, bool running, struct rp_error *err)
{
    struct listeners all = {.tolerant = running};
    struct listening own;
    bool ok = listeners_take(&all, conf, 1, &own, err);

    if (ok)
        listeners_give_back(&all, &own);
    listeners_clear(&all);
    return ok;
}

void listeners_give_back(struct listeners *all, struct listening *own)
{
    for (size_t i = 0; i < own->held_count; i++) {
        struct listener *l = own->held[i];

        if (--l->holders == 0)
            forget(all, l);
        else if (l->kind == TCP)
            close_from(l, l->proven); /* opened for a configuration that never served */
    }
    free(own->held);
    free(own->sockets);
    *own = (struct listening){0};
}

void listeners_keep(struct listening *own)
{
    for (size_t i = 0; i < own->held_count; i++)
        own->held[i]->proven = own->held[i]->count;
}

/* -- in a forked process */

static bool is_own(const struct listening *own, int fd)
{
    for (size_t i = 0; i < own->socket_count; i++)
        if (own->sockets[i].fd == fd)
            return true;
    return false;
}

/* A copy that stayed open here would keep a socket alive that the master has closed: clients would
 * connect to it and wait for ever. */
void listeners_close_others(const struct listeners *all, const struct listening *own)
{
    for (const struct listener *l = all->first; l != NULL; l = l->next)
        for (size_t i = 0; i < l->count; i++)
            if (!is_own(own, l->fds[i]))
                close(l->fds[i]);
}

void listeners_close_own(struct listening *own)
{
    for (size_t i = 0; i < own->socket_count; i++)
        close(own->sockets[i].fd);
    own->socket_count = 0;
}

/* -- beginning */

/* Of the sockets of one address, in the order in which they were bound, the first `slots` get the
 * connections, at random. Where the kernel can't do that all of them get some, and what is left to
 * the modulo is served, only less evenly. */
static void steer(struct listener *l, size_t slots)
{
    struct sock_filter pick[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM)),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, (uint32_t)slots),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {.len = sizeof pick / sizeof *pick, .filter = pick};

    if (slots < l->count)
        l->steered = setsockopt(l->fds[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
                                sizeof program) == 0;
    else if (l->steered)
        l->steered =
            setsockopt(l->fds[0], SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &(int){0}, sizeof(int)) != 0;
}

static bool begin(struct listener *l, struct rp_error *err)
{
    for (size_t i = 0; i < l->count && l->kind != INHERITED; i++)
        if (!rp_listen_begin(l->fds[i], 0, err))
            return rp_error_set(err, err->code, "listen: %s: %s", l->name, err->message);
    return true;
}

bool listeners_begin(struct listening *own, struct rp_error *err)
{
    struct rp_error why;

    for (size_t i = 0; i < own->held_count; i++) {
        struct listener *l = own->held[i];

        if (!begin(l, &why)) {
            if (err != NULL)
                *err = why;
            return false;
        }
        if (l->kind == TCP)
            steer(l, own->workers);
    }
    return true;
}
