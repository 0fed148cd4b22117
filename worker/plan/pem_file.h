/* SPDX-License-Identifier: MIT
 *
 * pem_file.h - a file of certificates, keys or revocation lists, whole in memory. */
#ifndef PEM_FILE_H
#define PEM_FILE_H

#include <reprise/error.h>
#include <stdbool.h>
#include <stddef.h>

enum { PEM_FILE_MAX = 32 << 20 };

struct pem_file {
    char *bytes; /* terminated; NULL = none */
    size_t len;
    char *path;
    unsigned mode; /* the permission bits */
    bool exposed;  /* others than the owner can read it; of root's file the group may */
};

/* Read a regular file of up to PEM_FILE_MAX bytes. *err says what is wrong with it, without its
 * name. */
bool pem_file_read(struct pem_file *, const char *path, struct rp_error *err);
void pem_file_wipe(struct pem_file *); /* it may hold a private key */

/* Can each block of certificates be read? OpenSSL ends at the first one that can't be, without an
 * error. *err says which one it is, in which file. */
bool pem_file_check(const struct pem_file *, struct rp_error *err);

/* How many blocks have this label, or one that ends in it ("PRIVATE KEY": "RSA PRIVATE KEY" too);
 * with `starts` not NULL, where the first `capacity` of them begin. */
size_t pem_file_blocks(const struct pem_file *, const char *label, const char **starts,
                       size_t capacity);

#endif
