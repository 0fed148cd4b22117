/* SPDX-License-Identifier: MIT
 *
 * user.h - the user of the processes below the master, and their directories. If it starts as root,
 * the master stays root (for ports below 1024 and for keys that only root may read); a generation's
 * process becomes `user` once it has read certificates and keys, and so do its workers. */
#ifndef USER_H
#define USER_H

#include <reprise/error.h>
#include <sys/types.h>

struct user {
    char *name; /* NULL: the user does not change */
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* all of its groups */
    int group_count;
};

/* Look up `name` (may be NULL). A process that is not root cannot change its user: the result is
 * "no change" if `name` is its own user or not given. */
bool user_find(struct user *, const char *name, struct rp_error *);
void user_clear(struct user *);
/* Become the user permanently, including supplementary groups. Does nothing without a name. */
bool user_become(const struct user *, struct rp_error *);
/* Whether there is a user other than root to become. */
bool user_differs(const struct user *);

/* Use only the user's rights (effective ids and groups) until user_leave: for files in directories
 * that the user can change. Does nothing without a user, or if this process is not root. */
struct user_before {
    gid_t gid, *groups;
    int group_count; /* -1: nothing was changed */
};
bool user_enter(const struct user *, struct user_before *, struct rp_error *)
    __attribute__((warn_unused_result));
void user_leave(struct user_before *); /* preserves errno */

/* Use or create a directory, with its missing parents. A new one belongs to the user and has
 * `mode`; an existing one must belong to the user. `option` is the name of the option, for
 * messages. */
bool user_directory(const struct user *, const char *path, mode_t mode, const char *option,
                    struct rp_error *);
/* As root: only root may be able to change run-dir. */
bool user_check_run_dir(const char *run_dir, const struct user *, struct rp_error *);
/* Whether a file or directory could be created at `path`, with up to `parts` missing directories
 * before it. Returns 0 or the errno. */
int user_could_make(const char *path, size_t parts);

#endif
