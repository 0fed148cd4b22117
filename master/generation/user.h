/* SPDX-License-Identifier: MIT
 *
 * user.h - who the processes below the master are, and the directories they need.
 * Started as root, the master stays root (for ports below 1024 and for keys that only root reads);
 * a generation becomes `user` once it has read certificates and keys, and with it its workers. */
#ifndef USER_H
#define USER_H

#include <reprise/error.h>
#include <sys/types.h>

struct user {
    char *name; /* NULL: nobody changes who he is */
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* all of its groups */
    int group_count;
};

/* Look up `name` (NULL ok: none). When we aren't root we can become nobody else: the result is "no
 * change", provided that we are that user already or that nobody said which. */
bool user_find(struct user *, const char *name, struct rp_error *);
void user_clear(struct user *);
/* Become it for good, supplementary groups included. Does nothing without a name. */
bool user_become(const struct user *, struct rp_error *);
/* Is there a user to become, other than root? */
bool user_differs(const struct user *);

/* Have only the user's rights (effective ids and groups) until user_leave: for files in
 * directories that the user can change. Does nothing without a user, and when we aren't root. */
struct user_before {
    gid_t gid, *groups;
    int group_count; /* -1: nothing was changed */
};
bool user_enter(const struct user *, struct user_before *, struct rp_error *)
    __attribute__((warn_unused_result));
void user_leave(struct user_before *); /* keeps errno */

/* A directory that is there or is made, with its missing parents; a made one belongs to the user
 * and has `mode`, one that is there must belong to the user. `option` is what the configuration
 * calls it. */
bool user_directory(const struct user *, const char *path, mode_t mode, const char *option,
                    struct rp_error *);
/* As root: nobody but root may be able to change run-dir. */
bool user_check_run_dir(const char *run_dir, const struct user *, struct rp_error *);
/* Could a file or directory be made at `path`, with up to `parts` directories before it that are
 * missing? 0, or the errno. */
int user_could_make(const char *path, size_t parts);

#endif
