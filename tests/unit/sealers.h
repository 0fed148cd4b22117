/* SPDX-License-Identifier: MIT
 *
 * sealers.h - what a test seals with: made once for each secret and purpose, and kept. */
#ifndef SEALERS_H
#define SEALERS_H

#include <check.h>
#include <string.h>

#include "cache/seal.h"

static inline const struct rp_sealers *sealers_of(const struct rp_secret *secret,
                                                  const char *purpose)
{
    static struct {
        struct rp_secret secret;
        struct rp_sealers sealers;
    } made[16];
    size_t i = 0;

    while (i < 16 && made[i].sealers.current != NULL &&
           memcmp(&made[i].secret, secret, sizeof *secret) != 0)
        i++;
    ck_assert_uint_lt(i, 16);
    made[i].secret = *secret;
    if (made[i].sealers.current == NULL)
        ck_assert(rp_sealers_make(&made[i].sealers, secret, purpose, NULL));
    return &made[i].sealers;
}

#endif
