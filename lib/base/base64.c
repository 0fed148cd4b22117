/* SPDX-License-Identifier: MIT
 *
 * base64.c - see base64.h. */
#include "lib/base/base64.h"

#include <string.h>

int rp_base64_digit(uint8_t c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

size_t rp_base64_decode(uint8_t *out, size_t capacity, const uint8_t *text, size_t len)
{
    size_t count = 0;
    uint32_t bits = 0;

    if (len == 0 || len % 4 != 0)
        return 0;
    for (size_t i = 0; i < 2 && text[len - 1] == '='; i++)
        len--;
    for (size_t i = 0; i < len; i++) {
        int digit = rp_base64_digit(text[i]);

        if (digit < 0)
            return 0;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 0)
            continue;
        if (count == capacity)
            return 0;
        out[count++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return count;
}
