/* SPDX-License-Identifier: MIT
 *
 * files.c - the result files. They are opened before the run, so that an unwritable file is
 * reported at once and not after an hour of load. They are truncated when there are results: a
 * failed run leaves the old content. */
#include "contrib/load/load.h"
#include "contrib/load/report/page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void writer(FILE *, const struct load_options *, const struct load_result *);

static writer *const writers[LOAD_FILES] = {load_write_json, load_write_csv, load_write_timeline,
                                            load_page_write};

static const char *path_of(const struct load_options *o, unsigned which)
{
    const char *const paths[LOAD_FILES] = {o->json, o->csv, o->timeline, o->html};

    return paths[which];
}

static bool flush_stdout(struct rp_error *err)
{
    errno = EIO; /* the errno of an earlier failure is not known */
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    return rp_error_set(err, "EIO", "standard output cannot be written: %s", strerror(errno));
}

bool load_flush_text(void)
{
    struct rp_error err;

    if (flush_stdout(&err))
        return true;
    fprintf(stderr, "reprise-load: %s\n", err.message);
    return false;
}

/* Compare regular files only: a pipe or device may be given twice. */
static bool is_file(FILE *f, struct stat *there)
{
    return f != NULL && fstat(fileno(f), there) == 0 && S_ISREG(there->st_mode);
}

static bool are_same(FILE *a, FILE *b)
{
    struct stat one, other;

    return is_file(a, &one) && is_file(b, &other) && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static FILE *open_unemptied(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (f == NULL && fd >= 0)
        close(fd);
    return f;
}

bool load_files_open(struct load_files *files, const struct load_options *o, struct rp_error *err)
{
    for (unsigned i = 0; i < LOAD_FILES; i++) {
        const char *path = path_of(o, i);

        if (path == NULL)
            continue;
        files->out[i] = strcmp(path, "-") == 0 ? stdout : open_unemptied(path);
        if (files->out[i] == NULL)
            return rp_error_set(err, rp_errno_name(errno), "%.200s: %s", path, strerror(errno));
        for (unsigned j = 0; j < i; j++)
            if (are_same(files->out[i], files->out[j]))
                return rp_error_set(err, "EINVAL", "%.200s: two results cannot go to one file",
                                    path);
        files->use_stdout |= files->out[i] == stdout;
    }
    return true;
}

/* Standard output is flushed by its owner. */
static bool empty(FILE *f)
{
    struct stat there;

    return f == stdout || !is_file(f, &there) || ftruncate(fileno(f), 0) == 0;
}

static bool end_file(FILE *f, const char *path, bool ok, struct rp_error *err)
{
    if (f == stdout)
        return flush_stdout(err);
    ok = fflush(f) == 0 && !ferror(f) && ok;
    if (fclose(f) == 0 && ok)
        return true;
    return rp_error_set(err, "EIO", "%.200s: cannot be written", path);
}

/* Report the first failure. */
bool load_files_write(struct load_files *files, const struct load_options *o,
                      const struct load_result *r, struct rp_error *err)
{
    bool all = true;

    for (unsigned i = 0; i < LOAD_FILES; i++) {
        FILE *f = files->out[i];
        bool emptied;

        if (f == NULL)
            continue;
        emptied = empty(f);
        writers[i](f, o, r);
        all = end_file(f, path_of(o, i), emptied, all ? err : NULL) && all;
    }
    return all;
}
