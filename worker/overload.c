/* SPDX-License-Identifier: MIT
 *
 * overload.c - what a worker does when too many come, and after they have gone.
 * It takes as many connections as it has descriptors for, so that those it has are served; and
 * when far fewer are open than before, it returns the memory to the system. */
#include "worker/overload.h"

#include <dirent.h>
#include <sys/resource.h>

enum {
    SPARE_DESCRIPTORS = 32, /* for files, the store, host names */
    EACH = 2,               /* the client's descriptor and the backend's */
    TRIM_MS = 5000,
    TRIM_MORE_MS = 50,
    TRIMS = 2,      /* connections that linger at the first one are gone by the second */
    TRIM_LEAST = 64 /* closed connections; for fewer there is nothing to trim */
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
