/* SPDX-License-Identifier: MIT
 *
 * backend.c - the server behind the servers that are compared: answers GET /N with N bytes, takes
 * in the body of a POST, cheaply and always alike. Keeps connections open unless told to close. One
 * thread, epoll, loopback only; on eight addresses, 127.0.0.1 to .8, since a port of one address
 * can have no more connections than its peer has ports, and on a Unix socket if one is named.
 * usage: backend PORT [PROCESSES [PATH]] */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEAD_MAX = 4096, BODY_CHUNK = 256 * 1024, EVENTS = 256, HOSTS = 8, LISTENERS = HOSTS + 1 };

struct peer {
    int fd;
    bool closing, waits_for_room;
    size_t head_len;    /* of the request so far */
    uint64_t body_left; /* of the answer */
    uint64_t upload_left;
    size_t answer_len, answer_at;
    char head[HEAD_MAX + 1], answer[128];
};

static char body[BODY_CHUNK], upload[BODY_CHUNK];
static int poll_fd;

static void drop(struct peer *p)
{
    close(p->fd);
    free(p);
}

/* false: the peer is gone. */
static bool send_answer(struct peer *p)
{
    while (p->answer_at < p->answer_len || p->body_left > 0) {
        size_t chunk = p->body_left < BODY_CHUNK ? (size_t)p->body_left : BODY_CHUNK;
        struct iovec parts[2] = {{p->answer + p->answer_at, p->answer_len - p->answer_at},
                                 {body, chunk}};
        ssize_t n = writev(p->fd, parts, 2);
        size_t head;

        if (n < 0 && errno == EAGAIN) {
            struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = p};

            p->waits_for_room = true;
            return epoll_ctl(poll_fd, EPOLL_CTL_MOD, p->fd, &event) == 0;
        }
        if (n < 0)
            return false;
        head = (size_t)n < parts[0].iov_len ? (size_t)n : parts[0].iov_len;
        p->answer_at += head;
        p->body_left -= (size_t)n - head;
    }
    return !p->closing;
}

static bool answer(struct peer *p)
{
    const char *path = strchr(p->head, '/');

    p->body_left = path != NULL ? strtoull(path + 1, NULL, 10) : 0;
    p->closing = strcasestr(p->head, "\nconnection: close") != NULL;
    p->answer_at = 0;
    p->answer_len = (size_t)snprintf(
        p->answer, sizeof p->answer, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n%s\r\n",
        (unsigned long long)p->body_left, p->closing ? "Connection: close\r\n" : "");
    p->head_len = 0;
    return send_answer(p);
}

/* The head is there, and perhaps the beginning of a body. */
static bool begin_upload(struct peer *p, size_t head_end)
{
    const char *length = strcasestr(p->head, "\ncontent-length:");
    uint64_t here = p->head_len - head_end;

    p->upload_left = length != NULL ? strtoull(length + 16, NULL, 10) : 0;
    p->upload_left -= here < p->upload_left ? here : p->upload_left;
    return p->upload_left > 0 || answer(p);
}

static bool read_upload(struct peer *p)
{
    size_t want = p->upload_left < BODY_CHUNK ? (size_t)p->upload_left : BODY_CHUNK;
    ssize_t n = read(p->fd, upload, want);

    if (n < 0)
        return errno == EAGAIN;
    p->upload_left -= (uint64_t)n;
    return n > 0 && (p->upload_left > 0 || answer(p));
}

/* One request at a time: a peer that sends another one before its answer has it ignored. */
static bool read_request(struct peer *p)
{
    ssize_t n;
    char *end;

    if (p->upload_left > 0)
        return read_upload(p);
    n = read(p->fd, p->head + p->head_len, HEAD_MAX - p->head_len);
    if (n < 0)
        return errno == EAGAIN;
    if (n == 0)
        return false;
    p->head_len += (size_t)n;
    p->head[p->head_len] = '\0';
    end = strstr(p->head, "\r\n\r\n");
    if (end != NULL)
        return begin_upload(p, (size_t)(end + 4 - p->head));
    return p->head_len < HEAD_MAX;
}

static bool serve(struct peer *p, uint32_t events)
{
    if ((events & EPOLLOUT) != 0 && p->waits_for_room) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = p};

        p->waits_for_room = false;
        if (epoll_ctl(poll_fd, EPOLL_CTL_MOD, p->fd, &event) != 0 || !send_answer(p))
            return false;
    }
    return (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || read_request(p);
}

static void welcome(int listen_fd)
{
    int fd, on = 1;

    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct peer *p = calloc(1, sizeof *p);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = p};

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (p == NULL || epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
            close(fd);
            free(p);
            continue;
        }
        p->fd = fd;
    }
}

static int listen_on(const char *port, unsigned host)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK + host)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0) {
        perror("backend: listen");
        exit(1);
    }
    return fd;
}

/* Anybody may connect: some servers give up root. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "backend: %s: too long\n", path);
        exit(1);
    }
    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0777) != 0 || listen(fd, 4096) != 0) {
        perror("backend: listen");
        exit(1);
    }
    return fd;
}

/* Each process has listening sockets of its own, and none outlives the first. */
static void multiply(unsigned long processes)
{
    pid_t first = getpid();

    while (processes-- > 1)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != first)
                exit(0);
            return;
        }
}

/* `path` NULL: on no Unix socket. */
static void listen_everywhere(const char *port, const char *path, int *listeners)
{
    for (unsigned i = 0; i < (path != NULL ? LISTENERS : HOSTS); i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listeners[i]};

        listeners[i] = i < HOSTS ? listen_on(port, i) : listen_at(path);
        if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, listeners[i], &event) != 0) {
            perror("backend: epoll");
            exit(1);
        }
    }
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    int listeners[LISTENERS];

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: backend PORT [PROCESSES [PATH]]\n");
        return 2;
    }
    memset(body, 'x', sizeof body);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    multiply(argc >= 3 ? strtoul(argv[2], NULL, 10) : 1);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_everywhere(argv[1], argc == 4 ? argv[3] : NULL, listeners);
    for (;;) {
        int count = epoll_wait(poll_fd, events, EVENTS, -1);

        for (int i = 0; i < count; i++) {
            int *listener = events[i].data.ptr;

            if (listener >= listeners && listener < listeners + LISTENERS)
                welcome(*listener);
            else if (!serve(events[i].data.ptr, events[i].events))
                drop(events[i].data.ptr);
        }
    }
}
