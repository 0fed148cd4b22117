/* SPDX-License-Identifier: MIT
 *
 * network.c - sets of addresses; see network.h. These comparisons decide which peers are trusted,
 * so an IPv4-mapped IPv6 address is converted to IPv4 on both sides first. */
#include "lib/base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = 96 };
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void unmap(struct rp_network *n)
{
    if (n->family != AF_INET6 || n->bits < MAPPED_BITS ||
        memcmp(n->bytes, mapped, sizeof mapped) != 0)
        return;
    n->family = AF_INET;
    n->bits -= MAPPED_BITS;
    memmove(n->bytes, n->bytes + sizeof mapped, 4);
    memset(n->bytes + 4, 0, sizeof n->bytes - 4);
}

static bool parse_host(struct rp_network *n, const char *host)
{
    n->family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
    n->bits = n->family == AF_INET ? V4_BITS : V6_BITS;
    return inet_pton(n->family, host, n->bytes) == 1;
}

/* Accepts digits only, without a leading zero. */
static bool parse_bits(const char *text, uint8_t most, uint8_t *bits)
{
    size_t len = strspn(text, "0123456789");
    unsigned long value = strtoul(text, NULL, 10);

    if (len == 0 || len > 3 || text[len] != '\0' || (text[0] == '0' && len > 1) || value > most)
        return false;
    *bits = (uint8_t)value;
    return true;
}

static uint8_t mask_of(unsigned bits, size_t byte)
{
    if (bits >= 8 * (byte + 1))
        return 0xff;
    return bits <= 8 * byte ? 0 : (uint8_t)(0xff << (8 - bits % 8));
}

/* Address bits after the prefix are most likely a mistake in the address or in the prefix. */
static bool is_whole(const struct rp_network *n, const char *text, struct rp_error *err)
{
    char host[INET6_ADDRSTRLEN];
    struct rp_network whole = *n;

    for (size_t i = 0; i < sizeof n->bytes; i++)
        whole.bytes[i] &= mask_of(n->bits, i);
    if (memcmp(whole.bytes, n->bytes, sizeof n->bytes) == 0)
        return true;
    inet_ntop(n->family, whole.bytes, host, sizeof host);
    return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                        "\"%.60s\" has host bits set; write \"%s/%u\"", text, host, n->bits);
}

bool rp_network_parse(struct rp_network *n, const char *text, struct rp_error *err)
{
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    char host[INET6_ADDRSTRLEN + 1] = "";

    *n = (struct rp_network){.family = AF_UNIX};
    if (strcmp(text, "unix:") == 0)
        return true;
    if (len < sizeof host)
        memcpy(host, text, len);
    if (!parse_host(n, host) || (slash != NULL && !parse_bits(slash + 1, n->bits, &n->bits)))
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "\"%.60s\" is not a network; write \"192.0.2.1\", \"10.0.0.0/8\", "
                            "\"2001:db8::/32\" or \"unix:\"",
                            text);
    if (!is_whole(n, text, err))
        return false;
    unmap(n);
    return true;
}

static bool network_of(struct rp_network *n, const struct sockaddr *address, socklen_t len)
{
    const struct sockaddr_in *in = (const void *)address;
    const struct sockaddr_in6 *in6 = (const void *)address;

    if (len < sizeof address->sa_family)
        return false;
    *n = (struct rp_network){.family = address->sa_family};
    if (n->family == AF_INET && len >= sizeof *in) {
        n->bits = V4_BITS;
        memcpy(n->bytes, &in->sin_addr, sizeof in->sin_addr);
    } else if (n->family == AF_INET6 && len >= sizeof *in6) {
        n->bits = V6_BITS;
        memcpy(n->bytes, &in6->sin6_addr, sizeof in6->sin6_addr);
        unmap(n);
    } else {
        return n->family == AF_UNIX;
    }
    return true;
}

bool rp_network_contains(const struct rp_network *n, const struct sockaddr *address, socklen_t len)
{
    struct rp_network one;

    if (!network_of(&one, address, len) || one.family != n->family)
        return false;
    for (size_t i = 0; i < sizeof n->bytes; i++)
        if ((one.bytes[i] & mask_of(n->bits, i)) != n->bytes[i])
            return false;
    return true;
}
