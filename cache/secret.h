/* SPDX-License-Identifier: MIT
 *
 * secret.h - the cluster secret: the file that connects the hosts of a cluster, and keys derived
 * from it. The danger: with the secret an attacker can read every session. It is wiped when
 * released, never logged, and a file that others can read is refused. */
#ifndef RP_SECRET_H
#define RP_SECRET_H

#include <reprise/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_SECRET_SIZE = 32, RP_SECRET_FILE_MAX = 4096 };
struct rp_secret {
    uint8_t key[RP_SECRET_SIZE]; /* HKDF-Extract of its bytes */
    /* During a change there are two secrets: the first seals, both open. */
    bool has_former;
    uint8_t former[RP_SECRET_SIZE];
};

/* Read the file. Bytes that are not text are one secret; in a text each line is a secret, one or
 * two of them, in hexadecimal or base64. Refused are: a file that is not regular, that group or
 * others can read or write (the group may read a file of root), or that is longer than
 * RP_SECRET_FILE_MAX; a secret that has fewer than 32 bytes, is evidently not random, or occurs
 * twice; words. */
bool rp_secret_read(struct rp_secret *, const char *path, struct rp_error *);
/* Likewise, but create the file (mode 0600, 32 random bytes, atomically) if it is missing, and
 * follow no symbolic link. */
bool rp_secret_read_or_make(struct rp_secret *, const char *path, struct rp_error *);
/* HKDF-Expand with a label and context: an independent key for each purpose. false: no memory, or
 * out_len is above 8160. */
bool rp_secret_derive(const struct rp_secret *, const char *label, const void *context,
                      size_t context_len, uint8_t *out, size_t out_len);
/* Get the second secret; false: the file has only one. */
bool rp_secret_former(const struct rp_secret *, struct rp_secret *former);
void rp_secret_wipe(struct rp_secret *);

#endif
