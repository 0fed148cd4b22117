/* SPDX-License-Identifier: MIT
 *
 * cpu.c - the CPU time of a server's processes. The kernel reports it in nanoseconds for each
 * running thread (schedstat), and in ticks of 10 ms for threads and children that have ended
 * (stat). */
#include "contrib/load/load.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process {
    int pid, parent;
    uint64_t ticks, children_ticks; /* its own; those of children that it waited for */
};

static uint64_t us_of_ticks(uint64_t ticks)
{
    return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* 0 if the kernel does not report it. */
static uint64_t thread_us(int pid, const char *thread)
{
    char path[96];
    unsigned long long ns = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, thread);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%llu", &ns) != 1)
        ns = 0;
    fclose(file);
    return ns / 1000;
}

static uint64_t threads_us(int pid)
{
    char path[32];
    struct dirent *entry;
    uint64_t us = 0;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            us += thread_us(pid, entry->d_name);
    if (dir != NULL)
        closedir(dir);
    return us;
}

/* Use ticks if they exceed the nanoseconds by more than rounding: threads have ended, or schedstat
 * is unavailable. */
static uint64_t own_us(int pid, uint64_t ticks)
{
    uint64_t exact = threads_us(pid), rough = us_of_ticks(ticks), tick = us_of_ticks(1);

    return rough > exact + 2 * tick ? rough : exact;
}

/* The text after the process name, which may contain any characters, including spaces and
 * brackets. */
static bool read_process(int pid, struct process *p)
{
    char path[64], line[1024];
    unsigned long long user, system, child_user, child_system;
    const char *at;
    FILE *file;
    bool ok;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    ok = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    at = ok ? strrchr(line, ')') : NULL;
    if (at == NULL ||
        sscanf(at + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
               &p->parent, &user, &system, &child_user, &child_system) != 5)
        return false;
    p->pid = pid;
    p->ticks = user + system;
    p->children_ticks = child_user + child_system;
    return true;
}

static bool is_below(const struct process *list, size_t count, int pid, int root)
{
    for (size_t depth = 0; depth < 16; depth++) {
        size_t i = 0;

        if (pid == root)
            return true;
        while (i < count && list[i].pid != pid)
            i++;
        if (i == count)
            return false;
        pid = list[i].parent;
    }
    return false;
}

/* A process may be a descendant of several of them. */
static bool is_below_any(const struct process *list, size_t count, int pid, const int *roots,
                         unsigned root_count)
{
    for (unsigned i = 0; i < root_count; i++)
        if (is_below(list, count, pid, roots[i]))
            return true;
    return false;
}

static bool are_there(const struct process *list, size_t count, const int *pids, unsigned pid_count)
{
    for (unsigned i = 0; i < pid_count; i++) {
        size_t at = 0;

        while (at < count && list[at].pid != pids[i])
            at++;
        if (at == count)
            return false;
    }
    return true;
}

static size_t read_processes(struct process *list, size_t most)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    size_t count = 0;

    if (dir == NULL)
        return 0;
    while (count < most && (entry = readdir(dir)) != NULL) {
        int number = (int)strtol(entry->d_name, NULL, 10);

        if (number > 0 && read_process(number, &list[count]))
            count++;
    }
    closedir(dir);
    return count;
}

bool load_server_cpu_us(const int *pids, unsigned pid_count, uint64_t *us)
{
    enum { MOST = 4096 };
    struct process *list = calloc(MOST, sizeof *list);
    size_t count = list != NULL ? read_processes(list, MOST) : 0;
    bool there = are_there(list, count, pids, pid_count);

    *us = 0;
    for (size_t i = 0; i < count; i++)
        if (is_below_any(list, count, list[i].pid, pids, pid_count))
            *us += own_us(list[i].pid, list[i].ticks) + us_of_ticks(list[i].children_ticks);
    free(list);
    return there;
}
