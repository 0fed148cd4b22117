/* SPDX-License-Identifier: MIT
 *
 * secret_text.c - see secret_text.h. */
#include "cache/secret_text.h"

#include "lib/base/base64.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <string.h>

/* 32 random bytes have 30 different values on average, and almost never fewer than 22. */
enum { LEAST_DISTINCT = 18, LEAST_REPEATED = 8 };

/* -- bytes */

static bool is_written(uint8_t c)
{
    return isprint(c) || (c != '\0' && strchr("\t\r\n", c) != NULL);
}

static bool is_utf8(const uint8_t *bytes, size_t len)
{
    bool valid = true;

    for (size_t at = 0; at < len && valid;) {
        if (bytes[at] < 0x80 && !is_written(bytes[at]))
            return false;
        at += rp_utf8_sequence(bytes + at, len - at, &valid);
    }
    return valid;
}

bool rp_secret_is_text(const uint8_t *bytes, size_t len)
{
    size_t written = 0;

    for (size_t i = 0; i < len; i++)
        written += is_written(bytes[i]);
    return written >= len - len / 8 || is_utf8(bytes, len);
}

/* Whether each byte differs from the previous one by the same value as `period` bytes earlier:
 * repeated blocks, and sequences such as 00 01 02. */
static bool repeats(const uint8_t *bytes, size_t len, size_t period)
{
    for (size_t i = period + 1; i < len; i++)
        if ((uint8_t)(bytes[i] - bytes[i - 1]) !=
            (uint8_t)(bytes[i - period] - bytes[i - period - 1]))
            return false;
    return true;
}

bool rp_secret_looks_random(const uint8_t *bytes, size_t len)
{
    bool seen[256] = {false};
    int distinct = 0;

    for (size_t i = 0; i < len; i++) {
        distinct += !seen[bytes[i]];
        seen[bytes[i]] = true;
    }
    for (size_t n = 1; n < RP_SECRET_LEAST_BYTES && n + LEAST_REPEATED < len; n++)
        if (repeats(bytes, len, n))
            return false;
    return distinct >= LEAST_DISTINCT;
}

/* -- lines */

bool rp_secret_is_hex(const uint8_t *line, size_t len)
{
    while (len > 0 && isxdigit(line[len - 1]))
        len--;
    return len == 0;
}

static uint8_t digit_of(uint8_t c)
{
    return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static size_t decode_hex(uint8_t *bytes, const uint8_t *line, size_t len)
{
    for (size_t i = 0; i < len / 2; i++)
        bytes[i] = (uint8_t)(digit_of(line[2 * i]) << 4 | digit_of(line[2 * i + 1]));
    return len % 2 == 0 ? len / 2 : 0;
}

/* A passphrase without spaces has the alphabet of base64, but other frequencies of letters. */
static bool might_be_words(const uint8_t *line, size_t len)
{
    size_t small = 0, capital = 0;

    for (size_t i = 0; i < len; i++) {
        small += islower(line[i]) != 0;
        capital += isupper(line[i]) != 0;
    }
    return small == 0 || capital == 0 || small >= len - len / 4 || capital >= len - len / 4;
}

static size_t decode_base64(uint8_t *bytes, const uint8_t *line, size_t len)
{
    size_t padding = len > 1 ? (line[len - 1] == '=') + (line[len - 2] == '=') : 0;

    return might_be_words(line, len - padding) ? 0 : rp_base64_decode(bytes, len, line, len);
}

size_t rp_secret_decode(uint8_t *bytes, const uint8_t *line, size_t len)
{
    return rp_secret_is_hex(line, len) ? decode_hex(bytes, line, len)
                                       : decode_base64(bytes, line, len);
}
