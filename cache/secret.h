/* SPDX-License-Identifier: MIT
 *
 * secret.h - the cluster secret: the file that makes many processes one, and keys derived from it.
 * The danger: whoever has it reads every session. It is wiped when let go, never logged, and a
 * file that others can read is refused. */
#ifndef RP_SECRET_H
#define RP_SECRET_H

#include <reprise/error.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_SECRET_SIZE = 32, RP_SECRET_FILE_MAX = 4096 };
struct rp_secret {
    uint8_t key[RP_SECRET_SIZE]; /* HKDF-Extract of the file's bytes */
};

/* Read the file; every byte of it counts, a newline at the end too. Refuses: what is no regular
 * file, is readable or writable by group or others, is shorter than 32 bytes or longer than
 * RP_SECRET_FILE_MAX, or has too few distinct bytes to be random. */
bool rp_secret_read(struct rp_secret *, const char *path, struct rp_error *);
/* The same, but make the file (mode 0600, 32 random bytes, atomically) if it is not there. */
bool rp_secret_read_or_make(struct rp_secret *, const char *path, struct rp_error *);
/* HKDF-Expand with a label and context: an independent key for each purpose. false: no memory, or
 * out_len is more than 8160. */
bool rp_secret_derive(const struct rp_secret *, const char *label, const void *context,
                      size_t context_len, uint8_t *out, size_t out_len);
void rp_secret_wipe(struct rp_secret *);

#endif
