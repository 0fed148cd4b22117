/* SPDX-License-Identifier: MIT
 *
 * fuzz_http_head.c - any bytes as the head of a request.
 * Held to: a request ends inside its input; no beginning of it is judged otherwise than
 * "incomplete"; its parts stand in it, but for the path of a target without one; none of them holds
 * a byte that could end a line. */
#include "worker/builtin/http_head.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(struct http_slice part, const char *bytes, size_t len)
{
    if (part.at == NULL)
        return;
    assert((part.at >= bytes && part.at + part.len <= bytes + len) ||
           (part.len == 1 && part.at[0] == '/'));
    for (size_t i = 0; i < part.len; i++)
        assert(part.at[i] != '\r' && part.at[i] != '\n' && part.at[i] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct http_head head;
    struct http_slice host;
    unsigned port;
    size_t used = 0, ignored;

    if (http_head_parse(bytes, size, &head, &used) != HTTP_REQUEST)
        return 0;
    assert(used > 0 && used <= size && used <= HTTP_HEAD_MAX);
    check_part(head.target, bytes, used);
    check_part(head.path, bytes, used);
    check_part(head.host, bytes, used);
    check_part(head.accept, bytes, used);
    if (http_split_host(head.host, &host, &port)) {
        check_part(host, bytes, used);
        assert(port <= 65535);
    }
    for (size_t n = 0; n < used; n++)
        assert(http_head_parse(bytes, n, &head, &ignored) == HTTP_INCOMPLETE);
    return 0;
}
