/* SPDX-License-Identifier: MIT
 *
 * words.h - the bytes that a connection sends before and inside TLS, composed once. */
#ifndef LOAD_WORDS_H
#define LOAD_WORDS_H

#include "contrib/load/load.h"

enum { WORDS_MAX = 2048, WORDS_BLOCK = 64 * 1024 };

struct load_words {
    size_t len, last_len;
    char text[WORDS_MAX], last[WORDS_MAX]; /* a request; the last one of its connection */
};
/* Compose the head of a request to this host. false: it is too long. */
bool load_words_make(struct load_words *, const struct load_options *, const char *host);

/* The Host of a request to a target. */
const char *load_http_host(const struct load_target *);

/* WORDS_BLOCK bytes to fill bodies. */
const uint8_t *load_words_block(void);

/* Write a PROXY header, version 1 or 2, from an IPv4 or IPv6 address to a target of any family;
 * returns its length, at most LOAD_PROXY_MAX. */
size_t load_words_proxy(uint8_t header[LOAD_PROXY_MAX], unsigned version,
                        const struct rp_address *from, const struct rp_address *target);

#endif
