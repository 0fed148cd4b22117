/* SPDX-License-Identifier: MIT
 *
 * outcome.c - `key value` lines; a message is the rest of its line. */
#include "master/outcome.h"

#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char file_name[] = "reprise.reload";

static bool path_of(char path[PATH_MAX], const char *run_dir, const char *suffix)
{
    return snprintf(path, PATH_MAX, "%s/%s%s", run_dir, file_name, suffix) < PATH_MAX;
}

bool outcome_write(const char *run_dir, const struct outcome *o, struct rp_error *err)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    int fd, written;

    if (!path_of(path, run_dir, "") || !path_of(fresh, run_dir, ".new"))
        return rp_error_set(err, "ENAMETOOLONG", "run-dir is too long");
    unlink(fresh); /* of a master that was killed here */
    fd = rp_file_open(fresh, O_WRONLY | O_CREAT | O_EXCL, 0644, geteuid(), err);
    if (fd < 0)
        return false;
    written = dprintf(
        fd, "done %" PRIu64 "\nrunning %" PRIu64 "\ngeneration %" PRIu64 "\nok %d\nmessage %s\n",
        o->done, o->running, o->generation, o->ok, o->message);
    close(fd);
    if (written < 0 || rename(fresh, path) != 0)
        return rp_error_errno(err, errno, "write", "%s", path);
    return true;
}

bool outcome_read(const char *run_dir, struct outcome *o, struct rp_error *err)
{
    char path[PATH_MAX], line[sizeof o->message + 16];
    FILE *file;
    int fd, ok = 0;

    *o = (struct outcome){0};
    if (!path_of(path, run_dir, ""))
        return rp_error_set(err, "ENAMETOOLONG", "run-dir is too long");
    if ((fd = rp_file_open(path, O_RDONLY, 0, RP_FILE_ANY_OWNER, err)) < 0)
        return false;
    if ((file = fdopen(fd, "r")) == NULL) {
        close(fd);
        return rp_error_errno(err, errno, "fdopen", "%s", path);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "done %" SCNu64, &o->done) == 1 ||
            sscanf(line, "running %" SCNu64, &o->running) == 1 ||
            sscanf(line, "generation %" SCNu64, &o->generation) == 1 ||
            sscanf(line, "ok %d", &ok) == 1)
            continue;
        if (strncmp(line, "message ", 8) == 0)
            snprintf(o->message, sizeof o->message, "%.*s", (int)sizeof o->message - 1, line + 8);
    }
    o->ok = ok == 1;
    fclose(file);
    return true;
}

void outcome_remove(const char *run_dir)
{
    char path[PATH_MAX];

    if (path_of(path, run_dir, ""))
        unlink(path);
}

/* One that runs now may have read the configuration before it was changed. */
uint64_t outcome_next(const struct outcome *o)
{
    return (o->running != 0 ? o->running : o->done) + 1;
}
