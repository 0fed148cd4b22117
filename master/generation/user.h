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
};

/* Look up `name` (NULL ok: none). When we aren't root we can become nobody else: the result is "no
 * change", provided that we are that user already or that nobody said which. */
bool user_find(struct user *, const char *name, struct rp_error *);
void user_clear(struct user *);
/* Become it for good, supplementary groups included. Does nothing without a name. */
bool user_become(const struct user *, struct rp_error *);

/* A directory that is there or is made, with its missing parents; a made one belongs to the user
 * and has `mode`, one that is there must belong to the user. `option` is what the configuration
 * calls it. */
bool user_directory(const struct user *, const char *path, mode_t mode, const char *option,
                    struct rp_error *);

#endif
