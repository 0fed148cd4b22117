/* SPDX-License-Identifier: MIT
 *
 * utf8.c - what in a text from the command line is UTF-8, as JSON and the page have to be. */
#include "contrib/load/load.h"

/* How many bytes a first one asks for, and the second ones that RFC 3629 allows after it: neither
 * more bytes than needed, nor surrogates, nor beyond U+10FFFF. */
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
            return 0; /* so is the end of the text */
    return length;
}
