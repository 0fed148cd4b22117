/* SPDX-License-Identifier: MIT
 *
 * load_response.c - where one HTTP/1.1 response ends: see load_response.h. */
#include "load_response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void load_response_begin(struct load_response *r)
{
    r->in_body = r->until_end = false;
    r->left = 0;
    r->head_len = 0;
}

/* The head is complete and terminated by NUL in place of its last line feed. */
static bool read_head(struct load_response *r)
{
    static const char name[] = "\ncontent-length:";
    const char *at = strcasestr(r->head, name);
    char *end;

    if (strncmp(r->head, "HTTP/1.", 7) != 0)
        return false;
    r->in_body = true;
    r->until_end = at == NULL;
    if (at == NULL)
        return true;
    at += sizeof name - 1;
    r->left = strtoull(at, &end, 10);
    return end != at && r->left < (uint64_t)1 << 62;
}

enum load_response_state load_response_feed(struct load_response *r, const uint8_t *bytes,
                                            size_t len)
{
    while (!r->in_body && len > 0) {
        if (r->head_len == RESPONSE_HEAD_MAX - 1)
            return RESPONSE_BAD;
        r->head[r->head_len++] = (char)*bytes++;
        len--;
        if (r->head_len < 4 || memcmp(r->head + r->head_len - 4, "\r\n\r\n", 4) != 0)
            continue;
        r->head[r->head_len] = '\0';
        if (!read_head(r))
            return RESPONSE_BAD;
    }
    if (!r->in_body || r->until_end)
        return RESPONSE_MORE;
    r->left -= len < r->left ? len : r->left;
    return r->left == 0 ? RESPONSE_DONE : RESPONSE_MORE;
}
