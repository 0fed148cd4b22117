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
    uint8_t bits;       /* that count, from the first; the others of `bytes` are zero */
    uint8_t bytes[16];
};

/* From text. "::ffff:192.0.2.0/120" is 192.0.2.0/24. Errors: ERR_INVALID_ARG_VALUE, with what is
 * wrong and what would be right. */
bool rp_network_parse(struct rp_network *, const char *text, struct rp_error *);
/* Is this address in it? IPv4 addresses of a dual-stack socket (::ffff:192.0.2.1) are those of
 * IPv4. What is shorter than its family is in none. */
bool rp_network_contains(const struct rp_network *, const struct sockaddr *, socklen_t len);

#endif
