/* SPDX-License-Identifier: MIT
 *
 * places.c - see places.h. Makes nothing; so what is judged may have changed when it is made. */
#include "master/command/places.h"

#include "master/control.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cut the last part off; false: there is nothing before it. */
static bool cut(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL)
        return false;
    slash[slash == path] = '\0';
    return true;
}

/* Could it be made, with all that is missing before it? 0, or the reason. */
static int missing(const char *path, size_t parts)
{
    char parent[PATH_MAX];
    struct stat st;

    if (snprintf(parent, sizeof parent, "%s", path) >= (int)sizeof parent)
        return ENAMETOOLONG;
    for (; parts > 0; parts--) {
        if (!cut(parent))
            snprintf(parent, sizeof parent, ".");
        if (stat(parent, &st) == 0)
            return !S_ISDIR(st.st_mode) ? ENOTDIR : access(parent, W_OK | X_OK) != 0 ? errno : 0;
        if (errno != ENOENT)
            return errno;
    }
    return ENOENT;
}

static bool check_directory(const struct user *user, const char *path, const char *option,
                            struct rp_error *err)
{
    struct rp_error why;
    struct stat st;
    int reason;

    if (stat(path, &st) == 0)
        return user_directory(user, path, 0, option, err); /* it only looks */
    reason = errno == ENOENT ? missing(path, PATH_MAX) : errno;
    if (reason == 0)
        return true;
    rp_error_errno(&why, reason, "mkdir", "%s; make it, or choose another place", path);
    return rp_error_set(err, why.code, "%s: %s", option, why.message);
}

static bool check_log(const char *destination, struct rp_error *err)
{
    struct rp_error why;
    struct stat st;
    int reason = 0;

    if (strcmp(destination, "stderr") == 0 || strcmp(destination, "syslog") == 0)
        return true;
    if (stat(destination, &st) != 0)
        reason = errno == ENOENT ? missing(destination, 1) : errno;
    else if (S_ISDIR(st.st_mode))
        reason = EISDIR;
    else if (access(destination, W_OK) != 0)
        reason = errno;
    if (reason == 0)
        return true;
    rp_error_errno(&why, reason, "open", "%s", destination);
    return rp_error_set(err, why.code, "log: %s; choose another destination", why.message);
}

bool places_check(const struct conf *conf, const struct user *user, struct rp_error *err)
{
    static const struct user unchanged;
    struct rp_error why;

    return (check_directory(&unchanged, conf->run_dir, "run-dir", &why) &&
            control_check(conf->run_dir, &why) &&
            check_directory(user, conf->state_dir, "state-dir", &why) &&
            check_log(conf->log.destination, &why)) ||
           rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
}
