/* SPDX-License-Identifier: MIT
 *
 * places.c - see places.h. Makes nothing; so what is judged may have changed when it is made. */
#include "master/command/places.h"

#include "lib/base/log.h"
#include "master/control.h"
#include "master/generation/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool check_directory(const struct user *user, const char *path, const char *option,
                            struct rp_error *err)
{
    struct rp_error why;
    struct stat st;
    int reason;

    if (stat(path, &st) == 0)
        return user_directory(user, path, 0, option, err); /* it only looks */
    reason = errno == ENOENT ? user_could_make(path, PATH_MAX) : errno;
    if (reason == 0)
        return true;
    rp_error_errno(&why, reason, "mkdir", "%s; create it, or choose another directory", path);
    return rp_error_set(err, why.code, "%s: %s", option, why.message);
}

static bool check_log(const struct user *user, const char *destination, struct rp_error *err)
{
    struct rp_error why;

    return !rp_log_is_file(destination) || log_file_check(user, destination, &why) ||
           rp_error_set(err, why.code, "log: %s; choose another destination", why.message);
}

bool places_check(const struct conf *conf, const struct user *user, struct rp_error *err)
{
    static const struct user unchanged;
    struct rp_error why;

    return (check_directory(&unchanged, conf->run_dir, "run-dir", &why) &&
            user_check_run_dir(conf->run_dir, user, &why) && control_check(conf->run_dir, &why) &&
            check_directory(user, conf->state_dir, "state-dir", &why) &&
            check_log(user, conf->log.destination, &why)) ||
           rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
}
