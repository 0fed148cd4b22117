/* SPDX-License-Identifier: MIT
 *
 * load_stats.c - what was counted, added up; and the CPU time of a server's processes. */
#include "load.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* When the table is full, its last row takes all that is new. */
void load_stats_reason(struct load_stats *s, const char *text, uint64_t count)
{
    struct load_reason *r = s->reasons;

    if (count == 0)
        return;
    while (r < s->reasons + LOAD_REASONS - 1 && r->count > 0 &&
           strncmp(r->text, text, sizeof r->text - 1) != 0)
        r++;
    if (r->count == 0)
        snprintf(r->text, sizeof r->text, "%s",
                 r == s->reasons + LOAD_REASONS - 1 ? "other reasons" : text);
    r->count += count;
}

void load_stats_add(struct load_stats *s, const struct load_stats *other)
{
    s->started += other->started;
    s->full += other->full;
    s->resumed += other->resumed;
    s->failed += other->failed;
    s->offered += other->offered;
    s->declined += other->declined;
    s->requests += other->requests;
    s->bytes_read += other->bytes_read;
    s->bytes_written += other->bytes_written;
    s->cpu_us += other->cpu_us;
    if (other->elapsed_us > s->elapsed_us)
        s->elapsed_us = other->elapsed_us;
    if (other->late_us > s->late_us)
        s->late_us = other->late_us;
    for (unsigned i = 0; i < LOAD_TARGETS; i++)
        for (unsigned j = 0; j < LOAD_TARGETS; j++) {
            s->offered_at[i][j] += other->offered_at[i][j];
            s->resumed_at[i][j] += other->resumed_at[i][j];
        }
    for (unsigned i = 0; i < LOAD_SECONDS; i++) {
        s->seconds[i].full += other->seconds[i].full;
        s->seconds[i].resumed += other->seconds[i].resumed;
        s->seconds[i].declined += other->seconds[i].declined;
        s->seconds[i].failed += other->seconds[i].failed;
    }
    for (unsigned i = 0; i < LOAD_REASONS; i++)
        load_stats_reason(s, other->reasons[i].text, other->reasons[i].count);
    histogram_add(&s->full_us, &other->full_us);
    histogram_add(&s->resumed_us, &other->resumed_us);
    histogram_add(&s->request_us, &other->request_us);
}

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

uint64_t load_server_cpu_us(int pid)
{
    enum { MOST = 4096 };
    struct process *list = calloc(MOST, sizeof *list);
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    uint64_t ticks = 0;
    size_t count = 0;

    while (list != NULL && dir != NULL && count < MOST && (entry = readdir(dir)) != NULL) {
        int number = (int)strtol(entry->d_name, NULL, 10);

        if (number > 0 && read_process(number, &list[count]))
            count++;
    }
    for (size_t i = 0; i < count; i++)
        if (is_below(list, count, list[i].pid, pid))
            ticks += list[i].ticks;
    if (dir != NULL)
        closedir(dir);
    free(list);
    return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}
