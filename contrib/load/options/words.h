/* SPDX-License-Identifier: MIT
 *
 * words.h - what a connection says before TLS and in it: made once, sent as it is. */
#ifndef LOAD_WORDS_H
#define LOAD_WORDS_H

#include "contrib/load/load.h"

enum { WORDS_MAX = 2048, WORDS_BLOCK = 64 * 1024 };

struct load_words {
    size_t len, last_len;
    char text[WORDS_MAX], last[WORDS_MAX]; /* a request; the last one on its connection */
};
/* The head of a request to this host. false: it is too long. */
bool load_words_make(struct load_words *, const struct load_options *, const char *host);

/* What a request to a target calls it. */
const char *load_http_host(const struct load_target *);

/* WORDS_BLOCK bytes for bodies. */
const uint8_t *load_words_block(void);

/* A PROXY header, version 1 or 2, from an address of IPv4 or IPv6 to a target, whatever that is of;
 * returns its length, at most LOAD_PROXY_MAX. */
size_t load_words_proxy(uint8_t header[LOAD_PROXY_MAX], unsigned version,
                        const struct rp_address *from, const struct rp_address *target);

#endif
