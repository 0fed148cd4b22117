/* SPDX-License-Identifier: MIT
 *
 * seal.c - sealed records open where, as what and as long as they were meant, and nowhere else. */
#include "cache/seal.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { NOW = 1000000, LATER = NOW + 300000 };

static const char text[] = "a session that nobody else may have";
static struct rp_secret secret;
static struct rp_sealer *sealer;

static struct rp_bytes of(const char *bytes)
{
    return (struct rp_bytes){bytes, strlen(bytes)};
}

static void setup(void)
{
    memset(secret.key, 7, sizeof secret.key);
    sealer = rp_sealer_new(&secret, "test", NULL);
    ck_assert_ptr_nonnull(sealer);
}

static void teardown(void)
{
    rp_sealer_free(sealer);
}

static size_t seal(uint8_t *out)
{
    return rp_seal(sealer, of("name"), of("binding"), LATER, of(text), out);
}

static size_t open_as(const struct rp_sealer *s, const char *name, const char *binding,
                      uint64_t now, const uint8_t *sealed, size_t len)
{
    uint8_t plain[256];
    uint64_t expires;

    return rp_unseal(s, of(name), of(binding), now, (struct rp_bytes){sealed, len}, plain,
                     &expires);
}

START_TEST(seal_opens_what_was_sealed)
{
    uint8_t sealed[256], plain[256];
    uint64_t expires = 0;
    size_t len = seal(sealed);

    ck_assert_uint_gt(len, strlen(text));
    ck_assert_uint_le(len, strlen(text) + RP_SEAL_OVERHEAD);
    ck_assert_uint_eq(rp_unseal(sealer, of("name"), of("binding"), NOW,
                                (struct rp_bytes){sealed, len}, plain, &expires),
                      strlen(text));
    ck_assert_mem_eq(plain, text, strlen(text));
    ck_assert_uint_eq(expires, LATER);
}
END_TEST

START_TEST(seal_shows_nothing_of_the_plaintext)
{
    uint8_t sealed[256];
    size_t len = seal(sealed);

    for (size_t i = 0; i + 4 <= strlen(text); i++)
        ck_assert_ptr_null(memmem(sealed, len, text + i, 4));
}
END_TEST

START_TEST(seal_never_seals_alike)
{
    uint8_t one[256], other[256];
    size_t len = seal(one);

    ck_assert_uint_eq(seal(other), len);
    ck_assert_mem_ne(one + 9, other + 9, 12); /* the nonce ... */
    ck_assert_mem_ne(one + 21, other + 21, len - 21);
}
END_TEST

START_TEST(seal_opens_for_no_changed_bit)
{
    uint8_t sealed[256];
    size_t len = seal(sealed);

    for (size_t bit = 0; bit < 8 * len; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_uint_eq(open_as(sealer, "name", "binding", NOW, sealed, len), 0);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(open_as(sealer, "name", "binding", NOW, sealed, len), 0);
}
END_TEST

START_TEST(seal_opens_at_no_other_length)
{
    uint8_t sealed[256] = {0};
    size_t len = seal(sealed);

    for (size_t n = 0; n < len + 8; n++)
        if (n != len)
            ck_assert_uint_eq(open_as(sealer, "name", "binding", NOW, sealed, n), 0);
}
END_TEST

START_TEST(seal_opens_under_no_other_name)
{
    uint8_t sealed[256];
    size_t len = seal(sealed);

    ck_assert_uint_eq(open_as(sealer, "nama", "binding", NOW, sealed, len), 0);
    ck_assert_uint_eq(open_as(sealer, "", "binding", NOW, sealed, len), 0);
    ck_assert_uint_eq(open_as(sealer, "namebinding", "", NOW, sealed, len), 0);
}
END_TEST

START_TEST(seal_opens_under_no_other_binding)
{
    uint8_t sealed[256];
    size_t len = seal(sealed);

    ck_assert_uint_eq(open_as(sealer, "name", "bindinh", NOW, sealed, len), 0);
    ck_assert_uint_eq(open_as(sealer, "name", "", NOW, sealed, len), 0);
    ck_assert_uint_eq(open_as(sealer, "name", "binding2", NOW, sealed, len), 0);
}
END_TEST

START_TEST(seal_opens_until_it_expires)
{
    uint8_t sealed[256];
    size_t len = seal(sealed);

    ck_assert_uint_gt(open_as(sealer, "name", "binding", LATER - 1, sealed, len), 0);
    ck_assert_uint_eq(open_as(sealer, "name", "binding", LATER, sealed, len), 0);
}
END_TEST

START_TEST(seal_of_other_purpose_or_secret_opens_nothing)
{
    struct rp_secret other_secret = secret;
    struct rp_sealer *purpose = rp_sealer_new(&secret, "other", NULL), *cluster;
    uint8_t sealed[256];
    size_t len = seal(sealed);

    other_secret.key[31] ^= 1;
    cluster = rp_sealer_new(&other_secret, "test", NULL);
    ck_assert_uint_eq(open_as(purpose, "name", "binding", NOW, sealed, len), 0);
    ck_assert_uint_eq(open_as(cluster, "name", "binding", NOW, sealed, len), 0);
    rp_sealer_free(purpose);
    rp_sealer_free(cluster);
}
END_TEST

START_TEST(seal_leaves_no_plaintext_of_a_bad_record)
{
    static const uint8_t zeros[sizeof text];
    uint8_t sealed[256], plain[256];
    uint64_t expires;
    size_t len = seal(sealed);

    memset(plain, 1, sizeof plain);
    sealed[len - 1] ^= 1;
    ck_assert_uint_eq(rp_unseal(sealer, of("name"), of("binding"), NOW,
                                (struct rp_bytes){sealed, len}, plain, &expires),
                      0);
    ck_assert_mem_eq(plain, zeros, strlen(text));
}
END_TEST

START_TEST(seal_refuses_to_seal_nothing)
{
    uint8_t sealed[256];

    ck_assert_uint_eq(rp_seal(sealer, of("name"), of("binding"), LATER, of(""), sealed), 0);
}
END_TEST

START_TEST(seal_name_is_the_same_for_all_and_tells_nothing)
{
    struct rp_sealer *again = rp_sealer_new(&secret, "test", NULL);
    uint8_t one[RP_SEAL_KEY_SIZE], two[RP_SEAL_KEY_SIZE], other[RP_SEAL_KEY_SIZE];

    ck_assert(rp_seal_name(sealer, of("name"), one));
    ck_assert(rp_seal_name(again, of("name"), two));
    ck_assert(rp_seal_name(sealer, of("nama"), other));
    ck_assert_mem_eq(one, two, sizeof one);
    ck_assert_mem_ne(one, other, sizeof one);
    rp_sealer_free(again);
}
END_TEST

START_TEST(seal_knows_its_own_ids_only)
{
    uint8_t id[RP_SEAL_ID_SIZE], other[RP_SEAL_ID_SIZE];

    ck_assert(rp_seal_make_id(sealer, id));
    ck_assert(rp_seal_make_id(sealer, other));
    ck_assert_mem_ne(id, other, sizeof id);
    ck_assert(rp_seal_is_id(sealer, (struct rp_bytes){id, sizeof id}));
    ck_assert(!rp_seal_is_id(sealer, (struct rp_bytes){id, sizeof id - 1}));
    ck_assert(!rp_seal_is_id(sealer, (struct rp_bytes){NULL, 0}));
    for (size_t bit = 0; bit < 8 * sizeof id; bit++) {
        id[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!rp_seal_is_id(sealer, (struct rp_bytes){id, sizeof id}));
        id[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("seal");
    TCase *t = tcase_create("seal");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, seal_opens_what_was_sealed);
    tcase_add_test(t, seal_shows_nothing_of_the_plaintext);
    tcase_add_test(t, seal_never_seals_alike);
    tcase_add_test(t, seal_opens_for_no_changed_bit);
    tcase_add_test(t, seal_opens_at_no_other_length);
    tcase_add_test(t, seal_opens_under_no_other_name);
    tcase_add_test(t, seal_opens_under_no_other_binding);
    tcase_add_test(t, seal_opens_until_it_expires);
    tcase_add_test(t, seal_of_other_purpose_or_secret_opens_nothing);
    tcase_add_test(t, seal_leaves_no_plaintext_of_a_bad_record);
    tcase_add_test(t, seal_refuses_to_seal_nothing);
    tcase_add_test(t, seal_name_is_the_same_for_all_and_tells_nothing);
    tcase_add_test(t, seal_knows_its_own_ids_only);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
