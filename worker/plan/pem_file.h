/* SPDX-License-Identifier: MIT
 *
 * pem_file.h - a file of certificates, keys or revocation lists, completely in memory. */
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
    bool exposed;  /* users other than the owner (and root's group) can read it */
};

/* Read a regular file of up to PEM_FILE_MAX bytes. *err has the reason without the file's name. */
bool pem_file_read(struct pem_file *, const char *path, struct rp_error *err);
void pem_file_wipe(struct pem_file *); /* the file may contain a private key */

/* Whether each certificate block can be parsed. OpenSSL stops without an error at the first one
 * that cannot. *err names the block and the file. */
bool pem_file_check(const struct pem_file *, struct rp_error *err);

/* The number of blocks that have this label, or one that ends with it ("PRIVATE KEY" includes "RSA
 * PRIVATE KEY"). If `starts` is not NULL, it receives the starts of the first `capacity` blocks. */
size_t pem_file_blocks(const struct pem_file *, const char *label, const char **starts,
                       size_t capacity);

#endif
