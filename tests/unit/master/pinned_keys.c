/* SPDX-License-Identifier: MIT
 *
 * pinned_keys.c - files of ticket keys, as other servers write them. */
#include "tests/unit/unit.h"

#include "master/generation/pinned_keys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static struct rp_ticket_keys *ring;
static struct rp_error error;

static void set_up(void)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/reprise-keys-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ring = rp_ticket_keys_new(NULL);
    ck_assert_ptr_nonnull(ring);
}

static void tear_down(void)
{
    unlink(path);
    rp_ticket_keys_unref(ring);
}

static bool read_bytes(const void *bytes, size_t len)
{
    FILE *file = fopen(path, "w");

    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    fclose(file);
    return pinned_keys_read(ring, path, &error);
}

/* Key number n: every part of it tells. */
static void make_key(uint8_t *key, size_t len, uint8_t n)
{
    size_t secret = (len - 16) / 2;

    memset(key, 0x10 + n, 16);
    memset(key + 16, 0x40 + n, secret);
    memset(key + 16 + secret, 0x80 + n, secret);
}

static const size_t sizes[] = {RP_TICKET_KEYS_SIZE, RP_TICKET_KEYS_LONG};

START_TEST(pinned_keys_reads_raw_keys_in_order)
{
    uint8_t bytes[3 * RP_TICKET_KEYS_LONG];
    struct rp_ticket_key key;
    size_t size = sizes[_i];

    for (uint8_t n = 0; n < 2; n++)
        make_key(bytes + n * size, size, n);
    ck_assert_msg(read_bytes(bytes, 2 * size), "%s", error.message);
    ck_assert_uint_eq(rp_ticket_keys_count(ring), 2);
    for (uint8_t n = 0; n < 2; n++) {
        ck_assert(rp_ticket_keys_get(ring, n, &key));
        ck_assert_uint_eq(key.size, (size - 16) / 2);
        ck_assert_uint_eq(key.name[0], 0x10 + n);
        ck_assert_uint_eq(key.hmac[0], 0x40 + n);
        ck_assert_uint_eq(key.aes[0], 0x80 + n);
    }
}
END_TEST

/* The bytes 1, 2, 3... 48, and 101, 102... 180. */
static const char *const lines[] = {
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8w",
    "ZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp+goaKjpKWmp6ip"
    "qqusra6vsLGys7Q=",
};

START_TEST(pinned_keys_reads_base64_lines)
{
    char text[512];
    struct rp_ticket_key key;

    snprintf(text, sizeof text, _i == 0 ? "%s\n%s\n" : "%s\r\n\r\n%s", lines[0], lines[1]);
    ck_assert_msg(read_bytes(text, strlen(text)), "%s", error.message);
    ck_assert_uint_eq(rp_ticket_keys_count(ring), 2);
    ck_assert(rp_ticket_keys_get(ring, 0, &key)); /* HAProxy: the AES key comes first */
    ck_assert_uint_eq(key.name[0], 1);
    ck_assert_uint_eq(key.aes[0], 17);
    ck_assert_uint_eq(key.hmac[15], 48);
    ck_assert(rp_ticket_keys_get(ring, 1, &key));
    ck_assert_uint_eq(key.name[0], 101);
    ck_assert_uint_eq(key.size, 32);
    ck_assert_uint_eq(key.hmac[0], 117);
    ck_assert_uint_eq(key.aes[31], 180);
}
END_TEST

static const struct {
    size_t len;
    const char *part;
} lengths[] = {
    {0, "0 bytes"},       {47, "47 bytes"},   {49, "49 bytes"},
    {79, "79 bytes"},     {128, "128 bytes"}, {240, "is a multiple of both 48 and 80"},
    {20000, "too large"},
};

START_TEST(pinned_keys_refuses_other_lengths)
{
    static uint8_t bytes[20000];

    memset(bytes, 0xee, sizeof bytes);
    ck_assert(!read_bytes(bytes, lengths[_i].len));
    ck_assert_msg(strstr(error.message, lengths[_i].part) != NULL, "%s", error.message);
    ck_assert_uint_eq(rp_ticket_keys_count(ring), 0);
}
END_TEST

START_TEST(pinned_keys_refuses_zeros_and_repetitions)
{
    uint8_t bytes[2 * RP_TICKET_KEYS_SIZE] = {0};

    ck_assert(!read_bytes(bytes, RP_TICKET_KEYS_SIZE));
    ck_assert_ptr_nonnull(strstr(error.message, "zeros"));
    make_key(bytes, RP_TICKET_KEYS_SIZE, 1);
    make_key(bytes + RP_TICKET_KEYS_SIZE, RP_TICKET_KEYS_SIZE, 1);
    ck_assert(!read_bytes(bytes, sizeof bytes));
    ck_assert_ptr_nonnull(strstr(error.message, "ticket key 2 is a duplicate"));
    bytes[RP_TICKET_KEYS_SIZE] ^= 1; /* another name, the same secrets */
    ck_assert(!read_bytes(bytes, sizeof bytes));
}
END_TEST

START_TEST(pinned_keys_refuses_too_many)
{
    uint8_t bytes[(RP_TICKET_KEYS_MAX + 2) * RP_TICKET_KEYS_SIZE];

    for (size_t i = 0; i < sizeof bytes; i += RP_TICKET_KEYS_SIZE) {
        uint8_t *key = bytes + i;

        make_key(key, RP_TICKET_KEYS_SIZE, 1);
        key[0] = key[16] = key[32] = (uint8_t)(i / RP_TICKET_KEYS_SIZE);
    }
    ck_assert(!read_bytes(bytes, sizeof bytes));
    ck_assert_msg(strstr(error.message, "more than 240 ticket keys") != NULL, "%s", error.message);
}
END_TEST

static const char *const bad_lines[] = {
    "QUJD\n",                                                                 /* 3 bytes */
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8\n",      /* cut */
    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wQUJD\n", /* 51 bytes */
    "AQIDBAUGBwgJCgsMDQ4PEBESE=QVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8w\n",     /* '=' inside */
    "\n\n",
};

START_TEST(pinned_keys_refuses_bad_lines)
{
    ck_assert(!read_bytes(bad_lines[_i], strlen(bad_lines[_i])));
    ck_assert_str_eq(error.code, "ERR_TICKET_KEYS");
    ck_assert_int_eq(strncmp(error.message, path, strlen(path)), 0);
}
END_TEST

START_TEST(pinned_keys_refuses_file_that_others_can_use)
{
    uint8_t bytes[RP_TICKET_KEYS_SIZE];

    make_key(bytes, sizeof bytes, 1);
    ck_assert(read_bytes(bytes, sizeof bytes));
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert(!pinned_keys_read(ring, path, &error));
    ck_assert_ptr_nonnull(strstr(error.message, "chmod 600"));
    ck_assert_uint_eq(rp_ticket_keys_count(ring), 1);
}
END_TEST

START_TEST(pinned_keys_refuses_what_is_no_file)
{
    ck_assert(!pinned_keys_read(ring, "/nonexistent", &error));
    ck_assert_str_eq(error.code, "ENOENT");
    ck_assert(!pinned_keys_read(ring, "/tmp", &error));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("pinned_keys");
    TCase *t = tcase_create("pinned_keys");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, pinned_keys_reads_raw_keys_in_order, 0, 2);
    tcase_add_loop_test(t, pinned_keys_reads_base64_lines, 0, 2);
    tcase_add_loop_test(t, pinned_keys_refuses_other_lengths, 0, sizeof lengths / sizeof *lengths);
    tcase_add_test(t, pinned_keys_refuses_zeros_and_repetitions);
    tcase_add_test(t, pinned_keys_refuses_too_many);
    tcase_add_loop_test(t, pinned_keys_refuses_bad_lines, 0, sizeof bad_lines / sizeof *bad_lines);
    tcase_add_test(t, pinned_keys_refuses_file_that_others_can_use);
    tcase_add_test(t, pinned_keys_refuses_what_is_no_file);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
