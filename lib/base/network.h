/* SPDX-License-Identifier: MIT
 *
 * network.h - a set of addresses: "192.0.2.0/24", "2001:db8::/32", one address, or "unix:". */
#ifndef RP_NETWORK_H
#define RP_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <reprise/error.h>

struct rp_network {
    sa_family_t family; /* AF_INET, AF_INET6; AF_UNIX: every Unix socket */
    uint8_t bits;       /* length of the prefix; all further bits of `bytes` are zero */
    uint8_t bytes[16];
};

/* Parse a set from text. "::ffff:192.0.2.0/120" is 192.0.2.0/24. Error: ERR_INVALID_ARG_VALUE,
 * whose message names the mistake and the correct form. */
bool rp_network_parse(struct rp_network *, const char *text, struct rp_error *);
/* Whether the set contains this address. An IPv4-mapped address (::ffff:192.0.2.1), as dual-stack
 * sockets report it, is compared as IPv4. An address shorter than its family requires is in no
 * set. */
bool rp_network_contains(const struct rp_network *, const struct sockaddr *, socklen_t len);

#endif
