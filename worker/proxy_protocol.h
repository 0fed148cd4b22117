/* SPDX-License-Identifier: MIT
 *
 * proxy_protocol.h - the PROXY protocol, versions 1 and 2: the client's address, from a proxy.
 * Both ways: what stands before a ClientHello is parsed, what goes before a backend's stream is
 * built. Follows the specification of HAProxy, doc/proxy-protocol.txt. */
#ifndef PROXY_PROTOCOL_H
#define PROXY_PROTOCOL_H

#include "conf/conf.h"
#include <reprise/net.h>

enum {
    PROXY_V1_MAX = 107,   /* bytes of a version 1 line with its CRLF */
    PROXY_V2_MIN = 16,    /* bytes before the addresses of version 2 */
    PROXY_IN_MAX = 4096,  /* longest header that is accepted, TLVs included */
    PROXY_OUT_MAX = 2048, /* room for any header that is built */
};

/* Of ours, in the range that the specification leaves to applications; see reprise.conf(5). */
enum { PROXY_TLV_EARLY_DATA = 0xE0 };

/* What a header says. Not `proxied` (LOCAL, UNKNOWN, UNSPEC): the connection's own addresses
 * hold. */
struct proxy_said {
    bool proxied;
    struct rp_address source, destination;
};

/* Parse what has arrived so far, of the versions that `accept` names (not CONF_PROXY_OFF).
 * Returns the header's length once it is complete, 0 while more is needed and what is there may
 * still become a header, -1 with *err when it can't. */
int proxy_protocol_parse(const uint8_t *bytes, size_t len, enum conf_proxy_protocol accept,
                         struct proxy_said *said, struct rp_error *err);

/* What to tell a backend. Pointers are borrowed for the call; NULL leaves a thing out. */
struct proxy_tell {
    const struct rp_address *source, *destination; /* NULL: unknown */
    const char *alpn, *authority;                  /* v2 only, as all below */
    bool tls;                                      /* with the SSL TLV and what follows in it */
    const char *version, *cipher, *group;
    bool certificate; /* the client has presented one in this connection or its session */
    bool verified;    /* ... and it was found good */
    bool resumed;     /* ... in the session */
    const char *common_name;
    bool early_data; /* PROXY_TLV_EARLY_DATA: what follows began as early data */
    bool checksum;   /* add a CRC32C */
};
/* Each returns the header's length. Values too long for their TLV or for `out` are left out. */
size_t proxy_protocol_build_v1(const struct proxy_tell *, uint8_t out[PROXY_OUT_MAX]);
size_t proxy_protocol_build_v2(const struct proxy_tell *, uint8_t out[PROXY_OUT_MAX]);

/* CRC-32C (Castagnoli, RFC 4960 appendix B) of bytes; begin with crc 0. */
uint32_t proxy_crc32c(uint32_t crc, const uint8_t *bytes, size_t len);

#endif
