/* SPDX-License-Identifier: MIT
 *
 * secret.h - the cluster secret: the file that makes many processes one, and keys derived from it.
 * The danger: whoever has it reads every session. It is wiped when let go, never logged, and a
 * file that others can read is refused. */
#ifndef RP_SECRET_H
#define RP_SECRET_H

#include <reprise/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_SECRET_SIZE = 32, RP_SECRET_FILE_MAX = 4096 };
struct rp_secret {
    uint8_t key[RP_SECRET_SIZE]; /* HKDF-Extract of its bytes */
    /* During a change-over there are two: the first seals, both open. */
    bool has_former;
    uint8_t former[RP_SECRET_SIZE];
};

/* Read the file: bytes that are no text are one secret; of a text each line is one, and there may
 * be two: hexadecimal digits or base64, for the bytes that they write. Refuses: what is no regular
 * file, is readable or writable by group or others (of root's file the group may read), is longer
 * than RP_SECRET_FILE_MAX; a secret of less than 32 bytes, that is not random as far as that can be
 * told, or twice the same; words. */
bool rp_secret_read(struct rp_secret *, const char *path, struct rp_error *);
/* The same, but make the file (mode 0600, 32 random bytes, atomically) if it is not there, and
 * follow no symbolic link. */
bool rp_secret_read_or_make(struct rp_secret *, const char *path, struct rp_error *);
/* HKDF-Expand with a label and context: an independent key for each purpose. false: no memory, or
 * out_len is more than 8160. */
bool rp_secret_derive(const struct rp_secret *, const char *label, const void *context,
                      size_t context_len, uint8_t *out, size_t out_len);
/* The other one of two, as one of its own; false: there is none. */
bool rp_secret_former(const struct rp_secret *, struct rp_secret *former);
void rp_secret_wipe(struct rp_secret *);

#endif
