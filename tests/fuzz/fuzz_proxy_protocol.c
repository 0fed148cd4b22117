/* SPDX-License-Identifier: MIT
 *
 * fuzz_proxy_protocol.c - any bytes as a PROXY header. First byte: which versions are accepted.
 * Held to: a header ends inside its input; no beginning of a good header is refused, and none is
 * taken for the whole; bytes behind it change nothing; what was said can be told again. */
#include "worker/proxy_protocol.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(const struct rp_address *a)
{
    int family = a->any.sa_family;

    assert(a->len <= sizeof *a - offsetof(struct rp_address, any));
    assert(family == AF_INET || family == AF_INET6 || family == AF_UNIX);
}

static void check_beginnings(const uint8_t *bytes, size_t len, enum conf_proxy_protocol accept)
{
    struct proxy_said said;

    for (size_t n = 0; n < len; n++)
        assert(proxy_protocol_parse(bytes, n, accept, &said, NULL) == 0);
}

static void check_told_again(const struct proxy_said *said)
{
    struct proxy_tell tell = {
        .source = &said->source, .destination = &said->destination, .checksum = true};
    uint8_t out[PROXY_OUT_MAX];
    struct proxy_said again;
    size_t len = proxy_protocol_build_v2(&tell, out);

    assert(proxy_protocol_parse(out, len, CONF_PROXY_V2, &again, NULL) == (int)len);
    len = proxy_protocol_build_v1(&tell, out);
    assert(len <= PROXY_V1_MAX);
    assert(proxy_protocol_parse(out, len, CONF_PROXY_V1, &again, NULL) == (int)len);
    if (said->source.any.sa_family == AF_INET)
        assert(again.proxied && rp_address_equal(&again.source, &said->source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum conf_proxy_protocol accept;
    struct proxy_said said, same;
    int used;

    if (size == 0)
        return 0;
    accept = CONF_PROXY_V1 + data[0] % 3;
    data++;
    size--;
    used = proxy_protocol_parse(data, size, accept, &said, NULL);
    assert(used <= (int)size && used <= PROXY_IN_MAX);
    if (used <= 0)
        return 0;
    check_beginnings(data, (size_t)used, accept);
    assert(proxy_protocol_parse(data, (size_t)used, accept, &same, NULL) == used);
    assert(memcmp(&said, &same, sizeof said) == 0);
    if (said.proxied) {
        check_address(&said.source);
        check_address(&said.destination);
        check_told_again(&said);
    }
    return 0;
}
