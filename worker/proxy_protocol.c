/* SPDX-License-Identifier: MIT
 *
 * proxy_protocol.c - parse and build PROXY protocol headers. The danger: anyone who can connect to
 * the port can write this header, and its address is then used as the client's. So the parser
 * accepts only what the specification permits, and rejects a malformed header as soon as that is
 * certain. Does no I/O and no allocation. */
#include "worker/proxy_protocol.h"

#include "lib/base/cursor.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t signature_v2[12] = "\r\n\r\n\0\r\nQUIT\n";
static const char signature_v1[] = "PROXY ";

enum { V2_LOCAL = 0x20, V2_PROXY = 0x21 };
enum { V2_UNSPEC = 0x00, V2_TCP4 = 0x11, V2_TCP6 = 0x21, V2_UNIX = 0x31 };
enum { V2_TCP4_LEN = 12, V2_TCP6_LEN = 36, V2_UNIX_LEN = 216, V2_PATH_LEN = 108 };
enum {
    TLV_ALPN = 0x01,
    TLV_AUTHORITY = 0x02,
    TLV_CRC32C = 0x03,
    TLV_SSL = 0x20,
    TLV_SSL_VERSION = 0x21,
    TLV_SSL_CN = 0x22,
    TLV_SSL_CIPHER = 0x23,
    TLV_SSL_GROUP = 0x26,
};
enum { CLIENT_SSL = 0x01, CLIENT_CERT_CONN = 0x02, CLIENT_CERT_SESS = 0x04 };

uint32_t proxy_crc32c(uint32_t crc, const uint8_t *bytes, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82F63B78U & (0U - (crc & 1)));
    }
    return ~crc;
}

/* -- parsing ----------------------------------------------------------------------------------- */

static int malformed(struct rp_error *err, const char *what)
{
    rp_error_set(err, "ERR_PROXY_PROTOCOL", "PROXY protocol: %s", what);
    return -1;
}

/* The next word of a version 1 line, which ends with one space or with the line. */
static const char *next_word(char **rest)
{
    return strsep(rest, " ");
}

/* A decimal port as specified: no sign, no leading zero, at most 65535. */
static bool parse_port(const char *word, in_port_t *port)
{
    unsigned long value = 0;
    size_t len = word == NULL ? 0 : strlen(word);

    if (len == 0 || len > 5 || (word[0] == '0' && len > 1))
        return false;
    for (const char *p = word; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return false;
        value = value * 10 + (unsigned long)(*p - '0');
    }
    *port = htons((uint16_t)value);
    return value <= 65535;
}

static bool parse_host(struct rp_address *address, int family, const char *word)
{
    if (word == NULL)
        return false;
    if (family == AF_INET) {
        address->len = sizeof address->in;
        address->in.sin_family = AF_INET;
        return inet_pton(AF_INET, word, &address->in.sin_addr) == 1;
    }
    address->len = sizeof address->in6;
    address->in6.sin6_family = AF_INET6;
    return inet_pton(AF_INET6, word, &address->in6.sin6_addr) == 1;
}

static in_port_t *port_of(struct rp_address *address)
{
    return address->any.sa_family == AF_INET ? &address->in.sin_port : &address->in6.sin6_port;
}

/* The line without "PROXY " and CRLF, NUL-terminated. */
static int parse_v1_line(char *line, struct proxy_said *said, struct rp_error *err)
{
    const char *protocol = next_word(&line);
    int family;

    if (strcmp(protocol, "UNKNOWN") == 0)
        return 0;
    if (strcmp(protocol, "TCP4") == 0)
        family = AF_INET;
    else if (strcmp(protocol, "TCP6") == 0)
        family = AF_INET6;
    else
        return malformed(err, "protocol is not TCP4, TCP6 or UNKNOWN");
    if (!parse_host(&said->source, family, next_word(&line)) ||
        !parse_host(&said->destination, family, next_word(&line)))
        return malformed(err, "invalid address");
    if (!parse_port(next_word(&line), port_of(&said->source)) ||
        !parse_port(next_word(&line), port_of(&said->destination)))
        return malformed(err, "invalid port");
    if (line != NULL)
        return malformed(err, "unexpected text after the ports");
    said->proxied = true;
    return 0;
}

static int parse_v1(const uint8_t *bytes, size_t len, struct proxy_said *said, struct rp_error *err)
{
    char line[PROXY_V1_MAX + 1];
    size_t looked = len < PROXY_V1_MAX ? len : PROXY_V1_MAX, end;
    const uint8_t *lf = memchr(bytes, '\n', looked);

    if (lf == NULL) {
        if (memchr(bytes, '\0', looked) != NULL)
            return malformed(err, "NUL byte in the line");
        return looked == PROXY_V1_MAX ? malformed(err, "line longer than 107 bytes") : 0;
    }
    end = (size_t)(lf - bytes);
    if (bytes[end - 1] != '\r' || memchr(bytes, '\r', end - 1) != NULL ||
        memchr(bytes, '\0', end) != NULL)
        return malformed(err, "line does not end in CRLF");
    memcpy(line, bytes, end - 1);
    line[end - 1] = '\0';
    if (parse_v1_line(line + strlen(signature_v1), said, err) < 0)
        return -1;
    return (int)end + 1;
}

static void take_in(struct rp_cursor *c, struct rp_address *address)
{
    address->len = sizeof address->in;
    address->in.sin_family = AF_INET;
    memcpy(&address->in.sin_addr, rp_cursor_take(c, 4).at, 4);
}

static void take_in6(struct rp_cursor *c, struct rp_address *address)
{
    address->len = sizeof address->in6;
    address->in6.sin6_family = AF_INET6;
    memcpy(&address->in6.sin6_addr, rp_cursor_take(c, 16).at, 16);
}

static void take_unix(struct rp_cursor *c, struct rp_address *address)
{
    const uint8_t *path = rp_cursor_take(c, V2_PATH_LEN).at;
    size_t len = path[0] == '\0' ? 0 : strnlen((const char *)path, V2_PATH_LEN);

    address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    address->un.sun_family = AF_UNIX;
    memcpy(address->un.sun_path, path, len);
}

static bool take_addresses(struct rp_cursor *c, uint8_t family, struct proxy_said *said)
{
    switch (family) {
    case V2_TCP4:
        if (rp_cursor_left(c) < V2_TCP4_LEN)
            return false;
        take_in(c, &said->source);
        take_in(c, &said->destination);
        break;
    case V2_TCP6:
        if (rp_cursor_left(c) < V2_TCP6_LEN)
            return false;
        take_in6(c, &said->source);
        take_in6(c, &said->destination);
        break;
    default:
        if (rp_cursor_left(c) < V2_UNIX_LEN)
            return false;
        take_unix(c, &said->source);
        take_unix(c, &said->destination);
        return true;
    }
    *port_of(&said->source) = htons((uint16_t)rp_cursor_uint(c, 2));
    *port_of(&said->destination) = htons((uint16_t)rp_cursor_uint(c, 2));
    return true;
}

/* The checksum covers the whole header with its own four bytes taken as zero. */
static bool checksum_holds(const uint8_t *header, size_t len, const uint8_t *at)
{
    static const uint8_t zeros[4];
    size_t before = (size_t)(at - header);
    uint32_t crc = proxy_crc32c(0, header, before);

    crc = proxy_crc32c(crc, zeros, sizeof zeros);
    crc = proxy_crc32c(crc, at + 4, len - before - 4);
    return crc == rp_load_uint(at, 4);
}

/* The error, or NULL. At most one checksum is allowed, since each costs a pass over the header. */
static const char *check_tlvs(struct rp_cursor *c, const uint8_t *header, size_t len)
{
    bool checked = false;

    while (rp_cursor_left(c) > 0 && !c->bad) {
        uint64_t type = rp_cursor_uint(c, 1);
        struct rp_cursor value = rp_cursor_vector(c, 2);

        if (c->bad || type != TLV_CRC32C)
            continue;
        if (checked || rp_cursor_left(&value) != 4 || !checksum_holds(header, len, value.at))
            return "invalid CRC32c checksum";
        checked = true;
    }
    return c->bad ? "TLV longer than the header" : NULL;
}

static int parse_v2(const uint8_t *bytes, size_t len, struct proxy_said *said, struct rp_error *err)
{
    struct rp_cursor c = rp_cursor_of(bytes, len), body;
    uint8_t command, family;
    const char *wrong;
    size_t total;

    if (len < PROXY_V2_MIN)
        return 0;
    rp_cursor_take(&c, sizeof signature_v2);
    command = (uint8_t)rp_cursor_uint(&c, 1);
    family = (uint8_t)rp_cursor_uint(&c, 1);
    total = PROXY_V2_MIN + (size_t)rp_cursor_uint(&c, 2);
    if (command != V2_LOCAL && command != V2_PROXY)
        return malformed(err, "unknown version or command");
    if (command == V2_PROXY && family != V2_UNSPEC && family != V2_TCP4 && family != V2_TCP6 &&
        family != V2_UNIX)
        return malformed(err, "unsupported address family or transport");
    if (total > PROXY_IN_MAX)
        return malformed(err, "header longer than 4096 bytes");
    if (len < total)
        return 0;
    if (command == V2_LOCAL || family == V2_UNSPEC)
        return (int)total;
    body = rp_cursor_take(&c, total - PROXY_V2_MIN);
    if (!take_addresses(&body, family, said))
        return malformed(err, "header too short for its addresses");
    wrong = check_tlvs(&body, bytes, total);
    if (wrong != NULL)
        return malformed(err, wrong);
    said->proxied = true;
    return (int)total;
}

static bool may_begin(const uint8_t *bytes, size_t len, const void *signature, size_t size)
{
    return memcmp(bytes, signature, len < size ? len : size) == 0;
}

int proxy_protocol_parse(const uint8_t *bytes, size_t len, enum conf_proxy_protocol accept,
                         struct proxy_said *said, struct rp_error *err)
{
    memset(said, 0, sizeof *said);
    if (len == 0)
        return 0;
    if (accept != CONF_PROXY_V2 && may_begin(bytes, len, signature_v1, strlen(signature_v1)))
        return len < strlen(signature_v1) ? 0 : parse_v1(bytes, len, said, err);
    if (accept != CONF_PROXY_V1 && may_begin(bytes, len, signature_v2, sizeof signature_v2))
        return len < sizeof signature_v2 ? 0 : parse_v2(bytes, len, said, err);
    return malformed(err, "missing header; make the sender send one, or set proxy-protocol = off");
}

/* -- building ---------------------------------------------------------------------------------- */

static void map(const struct rp_address *from, struct rp_address *to)
{
    memset(to, 0, sizeof *to);
    to->len = sizeof to->in6;
    to->in6.sin6_family = AF_INET6;
    to->in6.sin6_port = from->in.sin_port;
    memset(to->in6.sin6_addr.s6_addr + 10, 0xff, 2);
    memcpy(to->in6.sin6_addr.s6_addr + 12, &from->in.sin_addr, 4);
}

static int family_of(const struct rp_address *address)
{
    return address->len == 0 ? AF_UNSPEC : address->any.sa_family;
}

/* Convert both addresses to one family; AF_UNSPEC: they have none in common. */
static int common_family(const struct proxy_tell *tell, struct rp_address *source,
                         struct rp_address *destination)
{
    if (tell->source == NULL || tell->destination == NULL)
        return AF_UNSPEC;
    *source = *tell->source;
    *destination = *tell->destination;
    rp_address_unmap(source); /* an IPv4 client of a dual-stack socket */
    rp_address_unmap(destination);
    if (family_of(source) == AF_INET && family_of(destination) == AF_INET6) {
        struct rp_address four = *source;

        map(&four, source);
    } else if (family_of(source) == AF_INET6 && family_of(destination) == AF_INET) {
        struct rp_address four = *destination;

        map(&four, destination);
    }
    return family_of(source) == family_of(destination) ? family_of(source) : AF_UNSPEC;
}

size_t proxy_protocol_build_v1(const struct proxy_tell *tell, uint8_t out[PROXY_OUT_MAX])
{
    struct rp_address source, destination;
    char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
    int family = common_family(tell, &source, &destination), len;

    if (family == AF_INET) {
        inet_ntop(family, &source.in.sin_addr, from, sizeof from);
        inet_ntop(family, &destination.in.sin_addr, to, sizeof to);
    } else if (family == AF_INET6) {
        inet_ntop(family, &source.in6.sin6_addr, from, sizeof from);
        inet_ntop(family, &destination.in6.sin6_addr, to, sizeof to);
    } else {
        static const char unknown[] = "PROXY UNKNOWN\r\n";

        memcpy(out, unknown, sizeof unknown - 1);
        return sizeof unknown - 1;
    }
    len = snprintf((char *)out, PROXY_OUT_MAX, "PROXY TCP%c %s %s %u %u\r\n",
                   family == AF_INET ? '4' : '6', from, to, ntohs(*port_of(&source)),
                   ntohs(*port_of(&destination)));
    return (size_t)len;
}

/* For values of up to 255 bytes: six of them and the addresses always fit into PROXY_OUT_MAX. */
static void put_tlv(struct rp_writer *w, uint8_t type, const char *value)
{
    size_t len = value == NULL ? 0 : strlen(value);

    if (len == 0 || len > 255 || 3 + len > rp_writer_left(w))
        return;
    rp_writer_uint(w, type, 1);
    rp_writer_vector(w, value, len, 2);
}

static void put_tls(struct rp_writer *w, const struct proxy_tell *tell)
{
    struct rp_writer length;
    const uint8_t *value;
    uint8_t client = CLIENT_SSL;

    if (tell->certificate)
        client |= tell->resumed ? CLIENT_CERT_SESS : CLIENT_CERT_CONN | CLIENT_CERT_SESS;
    rp_writer_uint(w, TLV_SSL, 1);
    length = rp_writer_take(w, 2);
    value = w->at;
    rp_writer_uint(w, client, 1);
    rp_writer_uint(w, tell->certificate && tell->verified ? 0 : 1, 4);
    put_tlv(w, TLV_SSL_VERSION, tell->version);
    put_tlv(w, TLV_SSL_CIPHER, tell->cipher);
    put_tlv(w, TLV_SSL_GROUP, tell->group);
    put_tlv(w, TLV_SSL_CN, tell->common_name);
    rp_writer_uint(&length, (size_t)(w->at - value), 2);
}

/* A path padded with zeros; bytes beyond the address's length are not part of it. */
static void put_path(struct rp_writer *w, const struct rp_address *address)
{
    static const uint8_t zeros[V2_PATH_LEN];
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t len = address->len > head ? address->len - head : 0;

    if (len > V2_PATH_LEN)
        len = V2_PATH_LEN;
    rp_writer_bytes(w, address->un.sun_path, len);
    rp_writer_bytes(w, zeros, V2_PATH_LEN - len);
}

static void put_addresses(struct rp_writer *w, int family, const struct rp_address *source,
                          const struct rp_address *destination)
{
    if (family == AF_INET) {
        rp_writer_bytes(w, &source->in.sin_addr, 4);
        rp_writer_bytes(w, &destination->in.sin_addr, 4);
        rp_writer_bytes(w, &source->in.sin_port, 2);
        rp_writer_bytes(w, &destination->in.sin_port, 2);
    } else if (family == AF_INET6) {
        rp_writer_bytes(w, &source->in6.sin6_addr, 16);
        rp_writer_bytes(w, &destination->in6.sin6_addr, 16);
        rp_writer_bytes(w, &source->in6.sin6_port, 2);
        rp_writer_bytes(w, &destination->in6.sin6_port, 2);
    } else if (family == AF_UNIX) {
        put_path(w, source);
        put_path(w, destination);
    }
}

size_t proxy_protocol_build_v2(const struct proxy_tell *tell, uint8_t out[PROXY_OUT_MAX])
{
    struct rp_address source = {0}, destination = {0};
    struct rp_writer w = rp_writer_of(out, PROXY_OUT_MAX), length, crc = {0};
    int family = common_family(tell, &source, &destination);

    rp_writer_bytes(&w, signature_v2, sizeof signature_v2);
    rp_writer_uint(&w, V2_PROXY, 1);
    rp_writer_uint(&w,
                   family == AF_INET    ? V2_TCP4
                   : family == AF_INET6 ? V2_TCP6
                   : family == AF_UNIX  ? V2_UNIX
                                        : V2_UNSPEC,
                   1);
    length = rp_writer_take(&w, 2);
    put_addresses(&w, family, &source, &destination);
    put_tlv(&w, TLV_ALPN, tell->alpn);
    put_tlv(&w, TLV_AUTHORITY, tell->authority);
    if (tell->tls)
        put_tls(&w, tell);
    if (tell->early_data)
        put_tlv(&w, PROXY_TLV_EARLY_DATA, "\1");
    if (tell->checksum) {
        rp_writer_uint(&w, TLV_CRC32C, 1);
        rp_writer_uint(&w, 4, 2);
        crc = w;
        rp_writer_uint(&w, 0, 4);
    }
    rp_writer_uint(&length, rp_writer_done(&w) - PROXY_V2_MIN, 2);
    if (tell->checksum)
        rp_writer_uint(&crc, proxy_crc32c(0, out, rp_writer_done(&w)), 4);
    return rp_writer_done(&w);
}
