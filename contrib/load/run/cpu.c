/* SPDX-License-Identifier: MIT
 *
 * cpu.c - the CPU time of a server's processes. */
#include "contrib/load/load.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process {
    int pid, parent;
    uint64_t ticks;
};

/* What follows the name, which may hold anything, blanks and brackets included. */
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
    p->ticks = user + system + child_user + child_system;
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

/* A process may be below more than one of them. */
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
    uint64_t ticks = 0;

    for (size_t i = 0; i < count; i++)
        if (is_below_any(list, count, list[i].pid, pids, pid_count))
            ticks += list[i].ticks;
    free(list);
    *us = ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    return there;
}
