/* SPDX-License-Identifier: MIT
 *
 * redis_server.h - a real redis-server for a test: started on a Unix socket in a directory of its
 * own (and on a port, if asked), awaited until it answers, ended by its pid. */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <check.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct redis_server {
    char dir[64], path[96], uri[128];
    pid_t pid;
};

static inline void redis_server_begin(struct redis_server *r, const char *const *more)
{
    const char *argv[40] = {"redis-server", "--port",     "0",      "--unixsocket", r->path,
                            "--save",       "",           "--dir",  r->dir,         "--daemonize",
                            "no",           "--loglevel", "warning"};
    size_t count = 13;
    redisContext *c = NULL;

    while (more != NULL && *more != NULL && count < 39)
        argv[count++] = *more++;
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
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    ck_assert_msg(c != NULL, "redis-server does not start");
    redisFree(c);
}

static inline void redis_server_prepare(struct redis_server *r)
{
    snprintf(r->dir, sizeof r->dir, "/tmp/reprise-redis-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(r->dir));
    snprintf(r->path, sizeof r->path, "%s/s", r->dir);
    snprintf(r->uri, sizeof r->uri, "redis+unix:%s", r->path);
    r->pid = 0;
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
    redis_server_end(r);
    unlink(r->path);
    rmdir(r->dir);
}

#endif
