/* SPDX-License-Identifier: MIT
 *
 * cpu_quota.h - the CPU limit of the control group that this process is in (cgroup v2: cpu.max; v1:
 * cpu.cfs_quota_us), as containers have it, and the number of workers that follows from it. */
#ifndef CPU_QUOTA_H
#define CPU_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPU_QUOTA_TEXT = 128 };

/* Where the limit is read from. */
struct cpu_quota_source {
    const char *cgroup;    /* the text of /proc/self/cgroup */
    const char *mountinfo; /* the text of /proc/self/mountinfo */
    bool (*read)(const char *path, char text[CPU_QUOTA_TEXT], void *arg); /* a small file */
    void *arg;
};
/* The limit in thousandths of a CPU, the smallest one of the group and its parents; 0: no limit. */
uint64_t cpu_quota_read(const struct cpu_quota_source *);
/* The same of this process. */
uint64_t cpu_quota_own(void);

/* `workers = auto`: as many as CPUs that this process may use, and no more than the limit, rounded
 * up to a whole CPU, allows. */
unsigned cpu_quota_workers(unsigned cpus, uint64_t limit);
/* The same for this process; at most CONF_WORKERS_MAX. */
unsigned cpu_quota_auto(void);

#endif
