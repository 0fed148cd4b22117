/* SPDX-License-Identifier: MIT
 *
 * overload.c - limit a worker's connections to its descriptors, and return memory afterwards. A
 * worker accepts only as many connections as it has descriptors for, so that those it has can be
 * served. When far fewer connections are open than before, it returns memory to the system. */
#include "worker/overload.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>

enum {
    SPARE_DESCRIPTORS = 32, /* for files, the store, host names */
    EACH = 2,               /* one for the client and one for the backend */
    LOG_EVERY_MS = 60000,
    TRIM_MS = 5000,
    TRIM_MORE_MS = 50,
    TRIMS = 2,      /* connections that linger at the first trim are gone at the second */
    TRIM_LEAST = 64 /* minimum number of closed connections for a trim */
};

/* -- descriptors */

static uint64_t open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    uint64_t count = 0;

    while (dir != NULL && readdir(dir) != NULL)
        count++;
    if (dir != NULL)
        closedir(dir);
    return count;
}

static uint64_t room_for_connections(void)
{
    struct rlimit limit;
    uint64_t taken = open_descriptors() + SPARE_DESCRIPTORS;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    return limit.rlim_cur > taken + EACH ? (limit.rlim_cur - taken) / EACH : 1;
}

bool overload_admit(const struct worker *p)
{
    return p->row->active < p->overload.room;
}

/* -- pauses */

static void log_pause(struct worker *p, int sys_errno)
{
    struct overload *o = &p->overload;
    uint64_t now = rp_loop_now(p->loop);
    struct rp_log_line line;

    o->pauses++;
    o->pause_logged = o->pauses_logged_ms == 0 || now >= o->pauses_logged_ms + LOG_EVERY_MS;
    if (!o->pause_logged)
        return;
    rp_log_begin(&line, p->log, RP_LOG_WARN,
                 "accepting connections paused: out of file descriptors or memory; raise the limit "
                 "of open files (ulimit -n, LimitNOFILE) or fs.file-max");
    rp_log_text(&line, "error", rp_errno_name(sys_errno));
    rp_log_number(&line, "count", (int64_t)o->pauses);
    rp_log_end(&line);
    o->pauses_logged_ms = now + 1; /* 0 means: never */
    o->pauses = 0;
}

void overload_paused(struct worker *p, int sys_errno)
{
    if (p->overload.paused++ > 0)
        return;
    p->row->paused_s = (uint64_t)time(NULL);
    p->row->accept_pauses++;
    log_pause(p, sys_errno);
}

void overload_resumed(struct worker *p)
{
    if (--p->overload.paused > 0)
        return;
    p->row->paused_s = 0;
    if (p->overload.pause_logged)
        rp_log(p->log, RP_LOG_INFO, "accepting connections again");
}

/* -- memory */

static void on_trim(struct rp_timer *timer)
{
    struct worker *p = timer->arg;
    struct overload *o = &p->overload;

    if (o->most >= 2 * p->row->active + TRIM_LEAST)
        o->trims = TRIMS;
    o->most = p->row->active;
    if (o->trims > 0 && !rp_allocator_trim()) {
        rp_timer_start(p->loop, timer, TRIM_MORE_MS);
        return;
    }
    o->trims -= o->trims > 0;
    rp_timer_start(p->loop, timer, TRIM_MS);
}

void overload_count(struct worker *p)
{
    if (p->row->active > p->overload.most)
        p->overload.most = p->row->active;
}

void overload_begin(struct worker *p)
{
    p->overload.room = room_for_connections();
    p->overload.trim.fire = on_trim;
    p->overload.trim.arg = p;
    rp_timer_start(p->loop, &p->overload.trim, TRIM_MS);
}

void overload_end(struct worker *p)
{
    rp_timer_stop(&p->overload.trim);
}
