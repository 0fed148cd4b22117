/* SPDX-License-Identifier: MIT
 *
 * proxy_protocol.h - the PROXY protocol, versions 1 and 2: a proxy states the client's address. A
 * header before a ClientHello is parsed, and a header before a backend's stream is built. Follows
 * HAProxy's specification, doc/proxy-protocol.txt. */
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

/* TLV types of this program, in the range for applications; see reprise.conf(5). */
enum { PROXY_TLV_EARLY_DATA = 0xE0 };

/* The content of a header. Not `proxied` (LOCAL, UNKNOWN, UNSPEC): use the connection's own
 * addresses. */
struct proxy_said {
    bool proxied;
    struct rp_address source, destination;
};

/* Parse the bytes received so far, of the versions in `accept` (not CONF_PROXY_OFF). Returns the
 * header's length; 0: incomplete, and so far valid; -1: invalid, with *err set. */
int proxy_protocol_parse(const uint8_t *bytes, size_t len, enum conf_proxy_protocol accept,
                         struct proxy_said *said, struct rp_error *err);

/* What to tell a backend. Pointers are borrowed for the call; NULL omits an item. */
struct proxy_tell {
    const struct rp_address *source, *destination; /* NULL: unknown */
    const char *alpn, *authority;                  /* version 2 only, as all below */
    bool tls;                                      /* add the SSL TLV with the items below */
    const char *version, *cipher, *group;
    bool certificate; /* the client sent one in this connection or in its session */
    bool verified;    /* ... and it was valid */
    bool resumed;     /* ... in the session */
    const char *common_name;
    bool early_data; /* PROXY_TLV_EARLY_DATA: the stream starts with early data */
    bool checksum;   /* add a CRC32C */
};
/* Each returns the header's length. Values that are too long for their TLV or for `out` are
 * omitted. */
size_t proxy_protocol_build_v1(const struct proxy_tell *, uint8_t out[PROXY_OUT_MAX]);
size_t proxy_protocol_build_v2(const struct proxy_tell *, uint8_t out[PROXY_OUT_MAX]);

/* CRC-32C (Castagnoli, RFC 4960 appendix B) of bytes; start with crc 0. */
uint32_t proxy_crc32c(uint32_t crc, const uint8_t *bytes, size_t len);

#endif
