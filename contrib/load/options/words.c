/* SPDX-License-Identifier: MIT
 *
 * words.c - the bytes that a connection sends before and inside TLS; see words.h. */
#include "contrib/load/options/words.h"

#include <inttypes.h>
#include <string.h>

static size_t make_head(char *text, const struct load_options *o, const char *host, bool last)
{
    char path[1100], length[64] = "";
    int len;

    if (o->path == NULL)
        snprintf(path, sizeof path, "/%" PRIu64, o->download);
    else
        snprintf(path, sizeof path, "%s", o->path);
    if (o->upload > 0)
        snprintf(length, sizeof length, "Content-Length: %" PRIu64 "\r\n", o->upload);
    len = snprintf(text, WORDS_MAX, "%s %s HTTP/1.1\r\nHost: %.256s\r\n%s%s%s\r\n",
                   o->upload > 0 ? "POST" : "GET", path, host, length, o->headers,
                   last ? "Connection: close\r\n" : "");
    return len > 0 && len < WORDS_MAX ? (size_t)len : 0;
}

bool load_words_make(struct load_words *w, const struct load_options *o, const char *host)
{
    w->len = make_head(w->text, o, host, false);
    w->last_len = make_head(w->last, o, host, true);
    return w->len > 0 && w->last_len > 0;
}

const char *load_http_host(const struct load_target *t)
{
    return t->address.any.sa_family == AF_UNIX ? t->host : t->text;
}

const uint8_t *load_words_block(void)
{
    static uint8_t block[WORDS_BLOCK];

    if (block[0] == 0)
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = (uint8_t)('a' + i % 26);
    return block;
}

/* -- PROXY */

static size_t proxy_1(uint8_t *header, const struct rp_address *from, const struct rp_address *to)
{
    char source[RP_ADDRESS_TEXT], target[RP_ADDRESS_TEXT];
    int len =
        snprintf((char *)header, LOAD_PROXY_MAX, "PROXY %s %.46s %.46s %u %u\r\n",
                 from->any.sa_family == AF_INET6 ? "TCP6" : "TCP4", rp_address_host(from, source),
                 rp_address_host(to, target), rp_address_port(from), rp_address_port(to));

    return (size_t)len;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static size_t proxy_2(uint8_t *header, const struct rp_address *from, const struct rp_address *to)
{
    static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";
    bool six = from->any.sa_family == AF_INET6;
    uint8_t *at = put(header, signature, sizeof signature);

    *at++ = 0x21; /* version 2, command PROXY */
    *at++ = six ? 0x21 : 0x11;
    *at++ = 0;
    *at++ = six ? 36 : 12;
    if (six) {
        at = put(at, &from->in6.sin6_addr, 16);
        at = put(at, &to->in6.sin6_addr, 16);
        at = put(at, &from->in6.sin6_port, 2);
        at = put(at, &to->in6.sin6_port, 2);
    } else {
        at = put(at, &from->in.sin_addr, 4);
        at = put(at, &to->in.sin_addr, 4);
        at = put(at, &from->in.sin_port, 2);
        at = put(at, &to->in.sin_port, 2);
    }
    return (size_t)(at - header);
}

/* Both addresses of a header have the same family, and the client's is the one to convey. If the
 * target has another family, or is a Unix socket, loopback is written, with the target's port or
 * 443. */
static void of_same_family(struct rp_address *to, const struct rp_address *from)
{
    unsigned port = to->any.sa_family == AF_UNIX ? 443 : rp_address_port(to);
    char text[32];

    if (to->any.sa_family == from->any.sa_family)
        return;
    snprintf(text, sizeof text, from->any.sa_family == AF_INET6 ? "[::1]:%u" : "127.0.0.1:%u",
             port);
    rp_address_parse(to, text, false, NULL);
}

size_t load_words_proxy(uint8_t header[LOAD_PROXY_MAX], unsigned version,
                        const struct rp_address *from, const struct rp_address *target)
{
    struct rp_address to = *target;

    of_same_family(&to, from);
    return version == 2 ? proxy_2(header, from, &to) : proxy_1(header, from, &to);
}
