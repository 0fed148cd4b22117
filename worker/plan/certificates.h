/* SPDX-License-Identifier: MIT
 *
 * certificates.h - the certificates of a configuration: those of its blocks, and those of the
 * directory. Which of them serves which name is decided in frontends.c.
 *
 * In the directory, of files whose name does not begin with a dot, and not below it:
 *   NAME.pem with NAME.key   the chain, leaf first, and the key
 *   NAME.pem alone           the chain and the key in one file, in any order
 *   NAME.crt with NAME.key   as the first
 * Anything else is left alone. NAME.pem beside NAME.crt is an error, and so is a file of these
 * that does not hold what it should. They are taken in the order of their names' bytes. */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include "conf/conf.h"
#include "worker/plan/pem_file.h"
#include <reprise/secure_context.h>

struct certificate {
    const struct conf_location
        *location;             /* the location of its block, or of the directory option */
    char *name;                /* shown to users: the block's name, or the file's path */
    struct pem_file cert, key; /* key.bytes NULL: the key is in cert */
    char key_name[128];        /* type and size of the key, shown to users */
    bool rare_key, rare_told;  /* browsers refuse this type; already reported */
    /* Set once a context was created from it: */
    bool learned;
    char **names; /* patterns that names.h accepts, each once */
    size_t name_count;
    const char *key_type; /* as rp_secure_context_key_type */
};
struct certificates {
    struct certificate *at; /* first those of conf->certificates, then those of the directory */
    size_t count, blocks;   /* blocks = conf->certificate_count */
    size_t capacity;
    size_t passed_over; /* CA certificates in the directory, without keys */
};

/* Read all files, and with `directory` the directory. Keys stay in memory until
 * certificates_clear. */
bool certificates_read(struct certificates *, const struct conf *, bool directory,
                       struct rp_error *);
void certificates_clear(struct certificates *);

/* Get names and key type from a context that was created from this certificate alone. */
bool certificate_learn(struct certificate *, const struct rp_secure_context *, struct rp_error *);
/* Report, as an error of its block, why no context can be created from it. Always returns false. */
bool certificate_refuse(const struct certificate *, const struct rp_error *why, struct rp_error *);

#endif
