/* SPDX-License-Identifier: MIT
 *
 * utf8.c - find malformed UTF-8 in texts of the command line, which JSON and HTML must not
 * contain. */
#include "contrib/load/load.h"

/* The length that a first byte requires, and the range of the second byte (RFC 3629), which
 * excludes overlong forms, surrogates and code points above U+10FFFF. */
static size_t length_of(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t load_utf8_length(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned char low, high;
    size_t length = length_of(*at, &low, &high);

    for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf)
        if (at[i] < low || at[i] > high)
            return 0; /* this includes the terminating NUL */
    return length;
}
