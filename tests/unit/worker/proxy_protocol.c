/* SPDX-License-Identifier: MIT
 *
 * proxy_protocol.c - PROXY headers: what is taken, what is refused, what is built. */
#include "worker/proxy_protocol.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define ADDRESSES "\x7f\0\0\1\x7f\0\0\2\x1f\x90\x01\xbb" /* 127.0.0.1:8080 -> 127.0.0.2:443 */

struct header {
    const char *bytes;
    size_t len;
    enum conf_proxy_protocol accept;
    int result;              /* as proxy_protocol_parse gives it */
    const char *source, *to; /* what is said, NULL = nothing */
};
#define HEADER(text, accept, result, source, to)                                                   \
    {                                                                                              \
        text, sizeof text - 1, CONF_PROXY_##accept, result, source, to                             \
    }
#define V1(text, result, source, to) HEADER(text, ANY, result, source, to)

static const struct header headers[] = {
    /* version 1, good */
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r\n", 36, "1.2.3.4:1", "5.6.7.8:65535"),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 0 443\r\n\x16\x03\x01", 34, "1.2.3.4:0", "5.6.7.8:443"),
    V1("PROXY TCP6 ::1 2001:db8::2 56324 443\r\n", 38, "[::1]:56324", "[2001:db8::2]:443"),
    V1("PROXY UNKNOWN\r\n", 15, NULL, NULL),
    V1("PROXY UNKNOWN ffff::1 whatever 1 2\r\n", 36, NULL, NULL),
    /* version 1, not yet */
    V1("", 0, NULL, NULL),
    V1("P", 0, NULL, NULL),
    V1("PROXY ", 0, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r", 0, NULL, NULL),
    /* version 1, bad */
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 01 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 +1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 -1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1 443 \r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1 443 9\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4  5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3 5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 01.2.3.4 5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.256 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 ::1 ::2 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP6 1.2.3.4 5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP6 fe80::1%eth0 ::2 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP5 1.2.3.4 5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY tcp4 1.2.3.4 5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY \r\n", -1, NULL, NULL),
    V1("PROXY  TCP4 1.2.3.4 5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1 443\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4 5.6.7.8 1\r443\r\n", -1, NULL, NULL),
    V1("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 443\r\n", -1, NULL, NULL),
    V1("PROXY UNKNOWN\0", -1, NULL, NULL),
    V1("proxy TCP4", -1, NULL, NULL),
    V1("\x16\x03\x01", -1, NULL, NULL),
    V1("GET / HTTP/1.1\r\n", -1, NULL, NULL),
    HEADER("PROXY UNKNOWN\r\n", V2, -1, NULL, NULL),
    HEADER("P", V2, -1, NULL, NULL),
    HEADER("PROXY UNKNOWN\r\n", V1, 15, NULL, NULL),
    /* version 2, good */
    V1(SIGNATURE "\x21\x11\0\x0c" ADDRESSES, 28, "127.0.0.1:8080", "127.0.0.2:443"),
    V1(SIGNATURE "\x21\x11\0\x0c" ADDRESSES "more", 28, "127.0.0.1:8080", "127.0.0.2:443"),
    V1(SIGNATURE "\x21\x11\0\x13" ADDRESSES "\x01\0\x02h2\x04\0\0" SIGNATURE, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0\x14" ADDRESSES "\x01\0\x02h2\x04\0\0", 36, "127.0.0.1:8080",
       "127.0.0.2:443"),
    V1(SIGNATURE "\x20\x00\0\0", 16, NULL, NULL),
    V1(SIGNATURE "\x20\xff\0\x03zzz", 19, NULL, NULL),
    V1(SIGNATURE "\x20\x11\0\x0c" ADDRESSES, 28, NULL, NULL),
    V1(SIGNATURE "\x21\x00\0\x02zz", 18, NULL, NULL),
    V1(SIGNATURE "\x21\x21\0\x24"
                 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1\0\2",
       52, "[2001:db8::1]:1", "[::1]:2"),
    /* version 2, not yet */
    V1("\r", 0, NULL, NULL),
    V1(SIGNATURE, 0, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0", 0, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0\x0c\x7f", 0, NULL, NULL),
    V1(SIGNATURE "\x20\x00\x0f\xf0", 0, NULL, NULL),
    /* version 2, bad */
    V1(SIGNATURE "\x11\x11\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x22\x11\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x12\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x13\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x41\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x10\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0\x0b" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x21\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x31\0\x0c" ADDRESSES, -1, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0\x0d" ADDRESSES "\x01", -1, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0\x0f" ADDRESSES "\x01\0\1", -1, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0\x13" ADDRESSES "\x03\0\4abcd", -1, NULL, NULL),
    V1(SIGNATURE "\x21\x11\0\x12" ADDRESSES "\x03\0\3abc", -1, NULL, NULL),
    V1(SIGNATURE "\x20\x00\x0f\xf1", -1, NULL, NULL),
    V1(SIGNATURE "\x21\x11\xff\xff", -1, NULL, NULL),
    V1("\r\n\r\n\0\r\nQUIT\r", -1, NULL, NULL),
    HEADER(SIGNATURE "\x20\x00\0\0", V1, -1, NULL, NULL),
    HEADER(SIGNATURE "\x20\x00\0\0", V2, 16, NULL, NULL),
};

static void check_said(const struct header *h, const struct proxy_said *said)
{
    char text[RP_ADDRESS_TEXT];

    ck_assert_int_eq(said->proxied, h->source != NULL);
    if (h->source == NULL)
        return;
    ck_assert_str_eq(rp_address_format(&said->source, text), h->source);
    ck_assert_str_eq(rp_address_format(&said->destination, text), h->to);
}

START_TEST(proxy_header_is_judged)
{
    const struct header *h = &headers[_i];
    struct proxy_said said;
    struct rp_error err = {0};
    /* An exact allocation, so that ASAN sees a byte read too many. */
    uint8_t *bytes = malloc(h->len + 1);

    memcpy(bytes, h->bytes, h->len);
    bytes = realloc(bytes, h->len > 0 ? h->len : 1);
    ck_assert_int_eq(proxy_protocol_parse(bytes, h->len, h->accept, &said, &err), h->result);
    ck_assert_int_eq(err.code[0] != '\0', h->result < 0);
    if (h->result > 0)
        check_said(h, &said);
    free(bytes);
}
END_TEST

START_TEST(proxy_header_is_incomplete_until_its_last_byte)
{
    const struct header *h = &headers[_i];
    struct proxy_said said;

    if (h->result <= 0)
        return;
    for (size_t n = 0; n < (size_t)h->result; n++)
        ck_assert_int_eq(proxy_protocol_parse((const uint8_t *)h->bytes, n, h->accept, &said, NULL),
                         0);
}
END_TEST

START_TEST(proxy_v1_line_over_107_bytes_is_refused)
{
    char line[200] = "PROXY UNKNOWN ";
    struct proxy_said said;

    memset(line + strlen(line), 'x', sizeof line - strlen(line));
    ck_assert_int_eq(proxy_protocol_parse((uint8_t *)line, 106, CONF_PROXY_ANY, &said, NULL), 0);
    ck_assert_int_eq(proxy_protocol_parse((uint8_t *)line, 107, CONF_PROXY_ANY, &said, NULL), -1);
    memcpy(line + 105, "\r\n", 2);
    ck_assert_int_eq(proxy_protocol_parse((uint8_t *)line, 120, CONF_PROXY_ANY, &said, NULL), 107);
    memcpy(line + 105, "x\r\n", 3);
    ck_assert_int_eq(proxy_protocol_parse((uint8_t *)line, 120, CONF_PROXY_ANY, &said, NULL), -1);
}
END_TEST

static struct rp_address address_of(const char *text)
{
    struct rp_address address = {0};

    if (text != NULL)
        ck_assert(rp_address_parse(&address, text, false, NULL));
    return address;
}

static const struct {
    const char *source, *destination, *v1, *parsed_source, *parsed_destination;
} built[] = {
    {"1.2.3.4:5", "6.7.8.9:10", "PROXY TCP4 1.2.3.4 6.7.8.9 5 10\r\n", "1.2.3.4:5", "6.7.8.9:10"},
    {"[2001:db8::1]:5", "[::1]:10", "PROXY TCP6 2001:db8::1 ::1 5 10\r\n", "[2001:db8::1]:5",
     "[::1]:10"},
    {"[::ffff:1.2.3.4]:5", "[::ffff:6.7.8.9]:10", "PROXY TCP4 1.2.3.4 6.7.8.9 5 10\r\n",
     "1.2.3.4:5", "6.7.8.9:10"},
    {"[2001:db8::1]:5", "6.7.8.9:10", "PROXY TCP6 2001:db8::1 ::ffff:6.7.8.9 5 10\r\n",
     "[2001:db8::1]:5", "[::ffff:6.7.8.9]:10"},
    {"unix:/run/a", "unix:/run/b", "PROXY UNKNOWN\r\n", "unix:/run/a", "unix:/run/b"},
    {NULL, NULL, "PROXY UNKNOWN\r\n", NULL, NULL},
    {"1.2.3.4:5", NULL, "PROXY UNKNOWN\r\n", NULL, NULL},
};

START_TEST(proxy_built_headers_say_what_was_told)
{
    struct rp_address source = address_of(built[_i].source);
    struct rp_address destination = address_of(built[_i].destination);
    struct proxy_tell tell = {.source = &source, .destination = &destination};
    uint8_t out[PROXY_OUT_MAX];
    struct proxy_said said;
    size_t len = proxy_protocol_build_v1(&tell, out);
    struct header h = {.source = built[_i].parsed_source, .to = built[_i].parsed_destination};

    ck_assert_uint_eq(len, strlen(built[_i].v1));
    ck_assert_mem_eq(out, built[_i].v1, len);
    ck_assert_int_eq(proxy_protocol_parse(out, len, CONF_PROXY_V1, &said, NULL), (int)len);
    for (int checksum = 0; checksum < 2; checksum++) {
        tell.checksum = checksum;
        len = proxy_protocol_build_v2(&tell, out);
        ck_assert_int_eq(proxy_protocol_parse(out, len, CONF_PROXY_V2, &said, NULL), (int)len);
        check_said(&h, &said);
    }
}
END_TEST

START_TEST(proxy_v2_carries_the_tls_values)
{
    static const uint8_t wanted[] = SIGNATURE "\x21\x11\0\x5c" ADDRESSES "\x01\0\x02h2"
                                              "\x02\0\x0b"
                                              "example.com"
                                              "\x20\0\x3a\x07\0\0\0\0"
                                              "\x21\0\x07TLSv1.3"
                                              "\x23\0\x16TLS_AES_256_GCM_SHA384"
                                              "\x26\0\x06x25519"
                                              "\x22\0\x06"
                                              "client";
    struct rp_address source = address_of("127.0.0.1:8080");
    struct rp_address destination = address_of("127.0.0.2:443");
    struct proxy_tell tell = {.source = &source,
                              .destination = &destination,
                              .alpn = "h2",
                              .authority = "example.com",
                              .tls = true,
                              .version = "TLSv1.3",
                              .cipher = "TLS_AES_256_GCM_SHA384",
                              .group = "x25519",
                              .certificate = true,
                              .verified = true,
                              .common_name = "client"};
    uint8_t out[PROXY_OUT_MAX];
    size_t len = proxy_protocol_build_v2(&tell, out);

    ck_assert_uint_eq(len, sizeof wanted - 1);
    ck_assert_mem_eq(out, wanted, len);
    tell.resumed = true;
    proxy_protocol_build_v2(&tell, out);
    ck_assert_uint_eq(out[28 + 5 + 14 + 3], 0x05); /* the certificate came with the session */
    tell.verified = false;
    proxy_protocol_build_v2(&tell, out);
    ck_assert_uint_eq(out[28 + 5 + 14 + 7], 1);
}
END_TEST

START_TEST(proxy_v2_leaves_out_what_is_too_long)
{
    char longest[257];
    struct proxy_tell tell = {.tls = true};
    uint8_t out[PROXY_OUT_MAX];
    struct proxy_said said;
    size_t len;

    memset(longest, 'x', 256);
    longest[256] = '\0';
    tell.alpn = tell.authority = tell.version = tell.cipher = tell.group = longest;
    tell.common_name = longest;
    ck_assert_uint_eq(proxy_protocol_build_v2(&tell, out), PROXY_V2_MIN + 3 + 5);
    longest[255] = '\0';
    tell.checksum = true;
    len = proxy_protocol_build_v2(&tell, out);
    ck_assert_uint_eq(len, PROXY_V2_MIN + 3 + 5 + 6 * 258 + 7);
    ck_assert_int_eq(proxy_protocol_parse(out, len, CONF_PROXY_V2, &said, NULL), (int)len);
}
END_TEST

START_TEST(proxy_checksum_is_castagnoli)
{
    ck_assert_uint_eq(proxy_crc32c(0, (const uint8_t *)"123456789", 9), 0xE3069283U);
    ck_assert_uint_eq(
        proxy_crc32c(proxy_crc32c(0, (const uint8_t *)"1234", 4), (const uint8_t *)"56789", 5),
        0xE3069283U);
}
END_TEST

START_TEST(proxy_v2_checksum_detects_each_changed_byte)
{
    struct rp_address source = address_of("127.0.0.1:8080");
    struct proxy_tell tell = {.source = &source, .destination = &source, .checksum = true};
    uint8_t out[PROXY_OUT_MAX];
    struct proxy_said said;
    size_t len = proxy_protocol_build_v2(&tell, out);

    for (size_t i = PROXY_V2_MIN; i < len; i++) {
        if (i >= len - 7 && i < len - 4)
            continue; /* the TLV's own type and length: then there is no checksum */
        out[i] ^= 1;
        ck_assert_int_eq(proxy_protocol_parse(out, len, CONF_PROXY_ANY, &said, NULL), -1);
        out[i] ^= 1;
    }
    ck_assert_int_eq(proxy_protocol_parse(out, len, CONF_PROXY_ANY, &said, NULL), (int)len);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("proxy_protocol");
    TCase *t = tcase_create("proxy_protocol");
    int count = sizeof headers / sizeof *headers;

    tcase_add_loop_test(t, proxy_header_is_judged, 0, count);
    tcase_add_loop_test(t, proxy_header_is_incomplete_until_its_last_byte, 0, count);
    tcase_add_test(t, proxy_v1_line_over_107_bytes_is_refused);
    tcase_add_loop_test(t, proxy_built_headers_say_what_was_told, 0, sizeof built / sizeof *built);
    tcase_add_test(t, proxy_v2_carries_the_tls_values);
    tcase_add_test(t, proxy_v2_leaves_out_what_is_too_long);
    tcase_add_test(t, proxy_checksum_is_castagnoli);
    tcase_add_test(t, proxy_v2_checksum_detects_each_changed_byte);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
