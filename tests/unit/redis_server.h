/* SPDX-License-Identifier: MIT
 *
 * redis_server.h - real redis-servers for a test: each on a Unix socket in a directory of its own,
 * and on a port if asked; as a server, a sentinel or a node of a cluster; awaited until it answers,
 * ended by its pid. */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <arpa/inet.h>
#include <check.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct redis_server {
    char dir[64], path[96], uri[128];
    unsigned port; /* 0: none */
    pid_t pid;
};

/* A socket that has that port, or -1. */
static inline int redis_bind(int type, uint16_t port)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&in, sizeof in) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Nobody listens there. It lies below the ports that the system gives to clients, and the UDP port
 * of that number keeps other tests away for as long as this one runs (as in tests/e2e/lib.js). */
static inline unsigned redis_free_port(void)
{
    for (;;) {
        uint16_t port = 0;
        int token, fd;

        ck_assert_int_eq(getrandom(&port, sizeof port, 0), sizeof port);
        port = (uint16_t)(10000 + port % 22768);
        token = redis_bind(SOCK_DGRAM, port);
        fd = token >= 0 ? redis_bind(SOCK_STREAM, port) : -1;
        close(fd);
        if (fd >= 0)
            return port;
        close(token);
    }
}

/* What it answers, as text; "" when there is no answer. Kept until the next call. */
static inline const char *redis_ask(const struct redis_server *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline const char *redis_ask(const struct redis_server *r, const char *format, ...)
{
    static char answer[65536];
    redisContext *c = redisConnectUnix(r->path);
    redisReply *reply = NULL;
    char command[512];
    va_list args;

    answer[0] = '\0';
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (c != NULL && c->err == 0)
        reply = redisCommand(c, command);
    if (reply != NULL && reply->str != NULL)
        snprintf(answer, sizeof answer, "%s", reply->str);
    if (reply != NULL)
        freeReplyObject(reply);
    redisFree(c);
    return answer;
}

static inline void redis_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static inline void redis_server_run(struct redis_server *r, const char **argv)
{
    redisContext *c = NULL;

    r->pid = fork();
    if (r->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (freopen("/dev/null", "w", stdout) == NULL)
            _exit(126);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    for (int i = 0; i < 2000; i++) { /* 20 s at most */
        c = redisConnectUnix(r->path);
        if (c != NULL && c->err == 0)
            break;
        redisFree(c);
        c = NULL;
        redis_pause();
    }
    ck_assert_msg(c != NULL, "redis-server does not start");
    redisFree(c);
}

static inline void redis_server_begin(struct redis_server *r, const char *const *more)
{
    char port[16];
    const char *argv[40] = {"redis-server",
                            "--bind",
                            "127.0.0.1",
                            "--port",
                            port,
                            "--unixsocket",
                            r->path,
                            "--save",
                            "",
                            "--dir",
                            r->dir,
                            "--daemonize",
                            "no",
                            "--loglevel",
                            "warning",
                            "--repl-diskless-sync-delay",
                            "0"};
    size_t count = 17;

    snprintf(port, sizeof port, "%u", r->port);
    while (more != NULL && *more != NULL && count < 39)
        argv[count++] = *more++;
    redis_server_run(r, argv);
}

/* A sentinel, on its port; `lines` end its configuration. */
static inline void redis_sentinel_begin(struct redis_server *r, const char *lines)
{
    char conf[128];
    const char *argv[] = {"redis-server", conf, "--sentinel", NULL};
    FILE *file;

    snprintf(conf, sizeof conf, "%s/conf", r->dir);
    file = fopen(conf, "we");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "bind 127.0.0.1\nport %u\nunixsocket %s\ndir %s\n%s", r->port, r->path, r->dir,
            lines);
    fclose(file);
    redis_server_run(r, argv);
}

static inline void redis_server_prepare(struct redis_server *r)
{
    char dir[] = "/tmp/reprise-redis-XXXXXX";

    *r = (struct redis_server){.port = 0};
    ck_assert_ptr_nonnull(mkdtemp(dir));
    memcpy(r->dir, dir, sizeof dir);
    snprintf(r->path, sizeof r->path, "%s/s", dir);
    snprintf(r->uri, sizeof r->uri, "redis+unix:%s/s", dir);
}

static inline void redis_server_start(struct redis_server *r, const char *const *more)
{
    redis_server_prepare(r);
    redis_server_begin(r, more);
}

static inline void redis_server_end(struct redis_server *r)
{
    if (r->pid <= 0)
        return;
    kill(r->pid, SIGKILL);
    waitpid(r->pid, NULL, 0);
    unlink(r->path);
    r->pid = 0;
}

static inline void redis_server_remove(struct redis_server *r)
{
    static const char *const files[] = {"s", "conf", "nodes.conf", "dump.rdb"};
    char path[sizeof r->path + 16];

    redis_server_end(r);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%.64s/%s", r->dir, files[i]);
        unlink(path);
    }
    rmdir(r->dir);
}

#endif
