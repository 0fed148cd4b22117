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
    const struct conf_place *place; /* of its block, or of the directory's */
    char *name;                     /* for people: the block's name, or the file's path */
    struct pem_file cert, key;      /* key.bytes NULL: the key stands in cert */
    char key_name[128];             /* type and size of the key, for people */
    bool rare_key, rare_told;       /* browsers refuse this type; that is a finding already */
    /* Known once a context was made of it: */
    bool learned;
    char **names; /* patterns that names.h takes, each once */
    size_t name_count;
    const char *key_type; /* as rp_secure_context_key_type */
};
struct certificates {
    struct certificate *at; /* those of conf->certificates in order, then those of the directory */
    size_t count, blocks;   /* blocks = conf->certificate_count */
    size_t capacity;
    size_t passed_over; /* CA certificates of the directory, which have no key */
};

/* Read all files; the directory only with `directory`. Keys are in memory until
 * certificates_clear. */
bool certificates_read(struct certificates *, const struct conf *, bool directory,
                       struct rp_error *);
void certificates_clear(struct certificates *);

/* Take names and key type from a context made of this certificate alone. */
bool certificate_learn(struct certificate *, const struct rp_secure_context *, struct rp_error *);
/* Say as an error of its block why a context could not be made of it. false, always. */
bool certificate_refuse(const struct certificate *, const struct rp_error *why, struct rp_error *);

#endif
