/* SPDX-License-Identifier: MIT
 *
 * fuzz_notices.c - any bytes as two lists of notices. Held to: what is decoded fits when it is
 * written down, and comes back the same; a merge covers both, in either order, and never forgets
 * less than each of them did. */
#include "cache/notices.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct rp_notices *n)
{
    static struct rp_notices again;
    uint8_t bytes[RP_NOTICES_MAX];
    size_t len = rp_notices_encode(n, bytes);

    assert(len <= sizeof bytes);
    assert(rp_notices_decode(&again, rp_cursor_of(bytes, len)));
    assert(rp_notices_cover(n, &again) && rp_notices_cover(&again, n));
}

static void check_forgets(const struct rp_notices *merged, const struct rp_notices *part)
{
    for (size_t i = 0; i < part->host_count; i++) {
        const struct rp_notices_host *host = &part->hosts[i];
        uint64_t time_s = host->before_ms / 1000;

        if (rp_notices_forget(part, host->name, time_s))
            assert(rp_notices_forget(merged, host->name, time_s));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rp_notices a, b, ab, ba;
    size_t half = size > 0 ? 1 + data[0] * (size - 1) / 256 : 0;

    if (size == 0 || !rp_notices_decode(&a, rp_cursor_of(data + 1, half - 1)))
        return 0;
    check_round_trip(&a);
    if (!rp_notices_decode(&b, rp_cursor_of(data + half, size - half)))
        return 0;
    ab = a;
    ba = b;
    rp_notices_merge(&ab, &b, 0); /* at 0 nothing is too old */
    rp_notices_merge(&ba, &a, 0);
    assert(rp_notices_cover(&ab, &a) && rp_notices_cover(&ab, &b));
    assert(rp_notices_cover(&ba, &a) && rp_notices_cover(&ba, &b));
    check_round_trip(&ab);
    check_forgets(&ab, &a);
    check_forgets(&ab, &b);
    return 0;
}
