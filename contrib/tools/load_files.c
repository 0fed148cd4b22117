/* SPDX-License-Identifier: MIT
 *
 * load_files.c - the files that results are written to. They are opened before the run: that one
 * can't be written should not be known only when an hour of load is over. */
#include "load.h"
#include "load_page.h"

#include <errno.h>
#include <string.h>

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
    errno = EIO; /* of what failed before this nothing else is known */
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    return rp_error_set(err, "EIO", "the standard output can't be written: %s", strerror(errno));
}

bool load_flush_text(void)
{
    struct rp_error err;

    if (flush_stdout(&err))
        return true;
    fprintf(stderr, "reprise-load: %s\n", err.message);
    return false;
}

bool load_files_open(struct load_files *files, const struct load_options *o, struct rp_error *err)
{
    for (unsigned i = 0; i < LOAD_FILES; i++) {
        const char *path = path_of(o, i);

        if (path == NULL)
            continue;
        files->out[i] = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
        if (files->out[i] == NULL)
            return rp_error_set(err, rp_errno_name(errno), "%.200s: %s", path, strerror(errno));
        files->use_stdout |= files->out[i] == stdout;
    }
    return true;
}

static bool end_file(FILE *f, const char *path, struct rp_error *err)
{
    bool ok;

    if (f == stdout)
        return flush_stdout(err);
    ok = fflush(f) == 0 && !ferror(f);
    if (fclose(f) == 0 && ok)
        return true;
    return rp_error_set(err, "EIO", "%.200s: it can't be written", path);
}

/* The first that fails is told. */
bool load_files_write(struct load_files *files, const struct load_options *o,
                      const struct load_result *r, struct rp_error *err)
{
    bool all = true;

    for (unsigned i = 0; i < LOAD_FILES; i++) {
        FILE *f = files->out[i];

        if (f == NULL)
            continue;
        writers[i](f, o, r);
        all = end_file(f, path_of(o, i), all ? err : NULL) && all;
    }
    return all;
}
