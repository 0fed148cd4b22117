/* SPDX-License-Identifier: MIT
 *
 * cpu_quota.c - find the control group's files and read the limit; see cpu_quota.h.
 * /proc/self/cgroup has the path of the group in each hierarchy, mountinfo has the directory where
 * a hierarchy is mounted and which of its groups that directory is. Every parent may have a limit
 * of its own. The danger: a container sees only a part of this. What can't be read limits nothing.
 */
#include "worker/plan/cpu_quota.h"

#include "conf/conf.h"
#include <reprise/cluster.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct hierarchy {
    const struct cpu_quota_source *source;
    bool v2;
    char group[PATH_MAX]; /* the path of our group in it */
    char root[PATH_MAX];  /* the group that is mounted */
    char where[PATH_MAX]; /* at this directory */
};

/* -- texts */

/* Is `word` in a list separated by commas? */
static bool lists(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (; list != NULL; list = strchr(list, ',')) {
        list += *list == ',';
        if (strncmp(list, word, len) == 0 && (list[len] == ',' || list[len] == '\0'))
            return true;
    }
    return false;
}

/* mountinfo writes a space as \040. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; to++) {
        unsigned byte;

        if (*from == '\\' && sscanf(from + 1, "%3o", &byte) == 1) {
            *to = (char)byte;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* Copy the line at *text and advance to the next one. false: end of the text. */
static bool next_line(const char **text, char *line, size_t size)
{
    size_t len = strcspn(*text, "\n");

    if (**text == '\0')
        return false;
    snprintf(line, size, "%.*s", (int)len, *text);
    *text += len + ((*text)[len] == '\n');
    return true;
}

/* -- finding the group */

/* "4:cpu,cpuacct:/path", or "0::/path" in v2. */
static bool is_group_line(struct hierarchy *h, char *line)
{
    char *controllers = strchr(line, ':');
    char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

    if (path == NULL)
        return false;
    *controllers++ = '\0';
    *path++ = '\0';
    if (h->v2 ? controllers[0] != '\0' || strcmp(line, "0") != 0 : !lists(controllers, "cpu"))
        return false;
    snprintf(h->group, sizeof h->group, "%s", path);
    return true;
}

static bool find_group(struct hierarchy *h)
{
    const char *text = h->source->cgroup;
    char line[PATH_MAX + 256];

    while (next_line(&text, line, sizeof line))
        if (is_group_line(h, line))
            return true;
    return false;
}

/* "36 35 0:31 /root /mount/point rw shared:7 - cgroup2 cgroup2 rw" */
static bool is_mount_line(struct hierarchy *h, const char *line)
{
    const char *rest = strstr(line, " - ");
    char type[32], options[256] = "";

    if (rest == NULL || sscanf(rest, " - %31s %*s %255s", type, options) < 1 ||
        strcmp(type, h->v2 ? "cgroup2" : "cgroup") != 0 || (!h->v2 && !lists(options, "cpu")))
        return false;
    if (sscanf(line, "%*s %*s %*s %4095s %4095s", h->root, h->where) != 2)
        return false;
    unescape(h->root);
    unescape(h->where);
    return true;
}

static bool find_mount(struct hierarchy *h)
{
    const char *text = h->source->mountinfo;
    char line[2 * PATH_MAX + 512];

    while (next_line(&text, line, sizeof line))
        if (is_mount_line(h, line))
            return true;
    return false;
}

/* -- reading the limits */

static bool read_file(const struct hierarchy *h, const char *dir, const char *name,
                      char text[CPU_QUOTA_TEXT])
{
    char path[2 * PATH_MAX + 64];

    snprintf(path, sizeof path, "%s%s/%s", h->where, dir, name);
    return h->source->read(path, text, h->source->arg);
}

/* "max 100000", "150000 100000"; in v1 two files, and -1 for no limit. */
static uint64_t limit_of(const struct hierarchy *h, const char *dir)
{
    char quota[CPU_QUOTA_TEXT], period[CPU_QUOTA_TEXT];
    long long used = 0, of = 0;

    if (h->v2) {
        if (!read_file(h, dir, "cpu.max", quota) || sscanf(quota, "%lld %lld", &used, &of) != 2)
            return 0;
    } else if (!read_file(h, dir, "cpu.cfs_quota_us", quota) ||
               !read_file(h, dir, "cpu.cfs_period_us", period) ||
               sscanf(quota, "%lld", &used) != 1 || sscanf(period, "%lld", &of) != 1) {
        return 0;
    }
    if (used <= 0 || of <= 0 || used > LLONG_MAX / 1000)
        return 0;
    return (uint64_t)(used * 1000 / of > 0 ? used * 1000 / of : 1);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The path of the group below what is mounted; a group that is elsewhere is not to be seen. */
static void path_below_mount(const struct hierarchy *h, char dir[PATH_MAX])
{
    size_t len = strcmp(h->root, "/") == 0 ? 0 : strlen(h->root);
    const char *rest = h->group + len;
    bool below = strncmp(h->group, h->root, len) == 0 && (*rest == '/' || *rest == '\0') &&
                 strstr(h->group, "/..") == NULL;

    snprintf(dir, PATH_MAX, "%s", below && strcmp(rest, "/") != 0 ? rest : "");
}

static uint64_t limit_in(const struct cpu_quota_source *source, bool v2)
{
    struct hierarchy h = {.source = source, .v2 = v2};
    char dir[PATH_MAX], *slash;
    uint64_t limit;

    if (!find_group(&h) || !find_mount(&h))
        return 0;
    path_below_mount(&h, dir);
    limit = limit_of(&h, dir);
    while ((slash = strrchr(dir, '/')) != NULL) {
        *slash = '\0';
        limit = smaller(limit, limit_of(&h, dir));
    }
    return limit;
}

uint64_t cpu_quota_read(const struct cpu_quota_source *source)
{
    return smaller(limit_in(source, true), limit_in(source, false));
}

/* -- this process */

static bool read_small(const char *path, char text[CPU_QUOTA_TEXT], void *arg)
{
    FILE *file = fopen(path, "re");
    bool ok;

    (void)arg;
    if (file == NULL)
        return false;
    ok = fgets(text, CPU_QUOTA_TEXT, file) != NULL;
    fclose(file);
    return ok;
}

/* The contents of the file; NULL: missing, unreadable, or no memory. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (file == NULL)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

uint64_t cpu_quota_own(void)
{
    char *cgroup = read_text("/proc/self/cgroup"), *mountinfo = read_text("/proc/self/mountinfo");
    struct cpu_quota_source source = {.cgroup = cgroup, .mountinfo = mountinfo, .read = read_small};
    uint64_t limit = cgroup != NULL && mountinfo != NULL ? cpu_quota_read(&source) : 0;

    free(cgroup);
    free(mountinfo);
    return limit;
}

unsigned cpu_quota_workers(unsigned cpus, uint64_t limit)
{
    uint64_t allowed = (limit + 999) / 1000;

    return allowed == 0 || allowed > cpus ? cpus : (unsigned)allowed;
}

unsigned cpu_quota_auto(void)
{
    unsigned workers = cpu_quota_workers(rp_available_parallelism(), cpu_quota_own());

    return workers < CONF_WORKERS_MAX ? workers : CONF_WORKERS_MAX;
}
