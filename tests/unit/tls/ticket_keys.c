/* SPDX-License-Identifier: MIT
 *
 * ticket_keys.c - the ring, the forms of a key, and tickets that node made. */
#include "lib/tls/context/ticket_crypt.h"
#include "tests/unit/goldens.h"
#include "tests/unit/unit.h"

#include <openssl/core_names.h>

static struct rp_ticket_keys *ring;
static struct rp_error err;

static void setup(void)
{
    ring = rp_ticket_keys_new(NULL);
    ck_assert_ptr_nonnull(ring);
    err = (struct rp_error){0};
}

static void teardown(void)
{
    rp_ticket_keys_unref(ring);
}

static struct rp_ticket_key key_of(uint8_t seed, uint8_t size)
{
    struct rp_ticket_key key = {.size = size};

    memset(key.name, seed, sizeof key.name);
    memset(key.hmac, seed + 1, size);
    memset(key.aes, seed + 2, size);
    return key;
}

static size_t unhex(uint8_t *bytes, size_t capacity, const char *hex)
{
    size_t len = strlen(hex) / 2;

    ck_assert_uint_le(len, capacity);
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
    return len;
}

/* -- the ring */

START_TEST(ring_without_keys_neither_mints_nor_knows)
{
    static const uint8_t name[16];

    ck_assert(!rp_ticket_keys_mints(ring));
    ck_assert(!rp_ticket_keys_knows(ring, name, sizeof name));
    ck_assert_uint_eq(rp_ticket_keys_count(ring), 0);
}
END_TEST

START_TEST(ring_told_not_to_mint_knows_its_keys)
{
    struct rp_ticket_key key = key_of(1, 16);

    ck_assert(rp_ticket_keys_set(ring, &key, 1, false, &err));
    ck_assert(!rp_ticket_keys_mints(ring));
    ck_assert(rp_ticket_keys_knows(ring, key.name, 16));
    ck_assert(!rp_ticket_keys_knows(ring, key.name, 15));
}
END_TEST

START_TEST(ring_keeps_keys_in_order_and_replaces_them_whole)
{
    struct rp_ticket_key keys[3] = {key_of(1, 16), key_of(2, 32), key_of(3, 16)}, got;

    ck_assert(rp_ticket_keys_set(ring, keys, 3, true, &err));
    for (size_t i = 0; i < 3; i++) {
        ck_assert(rp_ticket_keys_get(ring, i, &got));
        ck_assert_mem_eq(&got, &keys[i], sizeof got);
    }
    ck_assert(!rp_ticket_keys_get(ring, 3, &got));
    ck_assert(rp_ticket_keys_set(ring, &keys[2], 1, true, &err));
    ck_assert(!rp_ticket_keys_knows(ring, keys[0].name, 16));
    ck_assert(rp_ticket_keys_set(ring, NULL, 0, true, &err));
    ck_assert_uint_eq(rp_ticket_keys_count(ring), 0);
}
END_TEST

START_TEST(ring_refuses_too_many_keys_and_odd_sizes_and_keeps_what_it_has)
{
    struct rp_ticket_key keys[RP_TICKET_KEYS_MAX + 1];

    for (size_t i = 0; i <= RP_TICKET_KEYS_MAX; i++)
        keys[i] = key_of((uint8_t)i, 16);
    ck_assert(rp_ticket_keys_set(ring, keys, RP_TICKET_KEYS_MAX, true, &err));
    ck_assert(!rp_ticket_keys_set(ring, keys, RP_TICKET_KEYS_MAX + 1, true, &err));
    ck_assert_str_eq(err.code, "ERR_OUT_OF_RANGE");
    keys[0].size = 24;
    ck_assert(!rp_ticket_keys_set(ring, keys, 1, true, &err));
    ck_assert_uint_eq(rp_ticket_keys_count(ring), RP_TICKET_KEYS_MAX);
}
END_TEST

/* -- a key as bytes */

START_TEST(key_of_48_bytes_is_read_in_the_order_of_its_program)
{
    uint8_t bytes[48], again[RP_TICKET_KEYS_LONG];
    struct rp_ticket_key node, nginx;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    ck_assert(rp_ticket_key_decode(&node, bytes, 48, RP_TICKET_KEY_NODE, &err));
    ck_assert(rp_ticket_key_decode(&nginx, bytes, 48, RP_TICKET_KEY_NGINX, &err));
    ck_assert_mem_eq(node.hmac, bytes + 16, 16);
    ck_assert_mem_eq(node.aes, bytes + 32, 16);
    ck_assert_mem_eq(nginx.aes, bytes + 16, 16);
    ck_assert_mem_eq(nginx.hmac, bytes + 32, 16);
    ck_assert_uint_eq(rp_ticket_key_encode(&node, again), 48);
    ck_assert_mem_eq(again, bytes, 48);
}
END_TEST

START_TEST(key_of_80_bytes_is_name_hmac_aes_for_all)
{
    uint8_t bytes[80], again[RP_TICKET_KEYS_LONG];
    struct rp_ticket_key key;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (int layout = RP_TICKET_KEY_NODE; layout <= RP_TICKET_KEY_NGINX; layout++) {
        ck_assert(rp_ticket_key_decode(&key, bytes, 80, (enum rp_ticket_key_layout)layout, &err));
        ck_assert_uint_eq(key.size, 32);
        ck_assert_mem_eq(key.hmac, bytes + 16, 32);
        ck_assert_mem_eq(key.aes, bytes + 48, 32);
        ck_assert_uint_eq(rp_ticket_key_encode(&key, again), 80);
        ck_assert_mem_eq(again, bytes, 80);
    }
}
END_TEST

START_TEST(key_of_wrong_length_or_with_zero_secret_is_refused)
{
    uint8_t bytes[81];
    struct rp_ticket_key key;
    static const size_t lengths[] = {0, 1, 47, 49, 79, 81};

    memset(bytes, 7, sizeof bytes);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        ck_assert(!rp_ticket_key_decode(&key, bytes, lengths[i], RP_TICKET_KEY_NODE, &err));
        ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    }
    memset(bytes + 16, 0, 16);
    ck_assert(!rp_ticket_key_decode(&key, bytes, 48, RP_TICKET_KEY_NODE, &err));
    memset(bytes + 16, 7, 16);
    memset(bytes + 48, 0, 32);
    ck_assert(!rp_ticket_key_decode(&key, bytes, 80, RP_TICKET_KEY_NODE, &err));
    memset(bytes, 0, 16); /* a name of zeros is no secret */
    ck_assert(rp_ticket_key_decode(&key, bytes, 48, RP_TICKET_KEY_NODE, &err));
}
END_TEST

/* -- tickets, as OpenSSL makes and reads them with our callback */

struct sealing {
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
};

static struct sealing sealing_new(void)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    struct sealing s = {EVP_CIPHER_CTX_new(), EVP_MAC_CTX_new(hmac)};

    EVP_MAC_free(hmac);
    return s;
}

static void sealing_free(struct sealing *s)
{
    EVP_CIPHER_CTX_free(s->cipher);
    EVP_MAC_CTX_free(s->mac);
}

/* name(16) | IV(16) | ciphertext | HMAC(32) over what is before it (I10) */
static size_t open_ticket(struct rp_ticket_keys *keys, const uint8_t *ticket, size_t len,
                          uint8_t *plain)
{
    struct sealing s = sealing_new();
    uint8_t mac[32];
    size_t mac_len = 0;
    int n = 0, last = 0;

    ck_assert_int_ne(rp_ticket_keys_decrypt(keys, ticket, ticket + 16, s.cipher, s.mac),
                     RP_TICKET_KEY_UNKNOWN);
    ck_assert_int_eq(EVP_MAC_init(s.mac, NULL, 0, NULL), 1);
    ck_assert_int_eq(EVP_MAC_update(s.mac, ticket, len - 32), 1);
    ck_assert_int_eq(EVP_MAC_final(s.mac, mac, &mac_len, sizeof mac), 1);
    ck_assert_mem_eq(mac, ticket + len - 32, 32);
    ck_assert_int_eq(EVP_DecryptUpdate(s.cipher, plain, &n, ticket + 32, (int)len - 64), 1);
    ck_assert_int_eq(EVP_DecryptFinal_ex(s.cipher, plain + n, &last), 1);
    sealing_free(&s);
    return (size_t)(n + last);
}

static const char *const golden_tickets[] = {"ticket.TLSv1.2.json", "ticket.TLSv1.3.json"};

START_TEST(ticket_that_node_made_is_opened)
{
    json_t *golden = golden_json(golden_tickets[_i]);
    uint8_t bytes[48], ticket[4096], expected[4096], plain[4096];
    struct rp_ticket_key key;
    size_t ticket_len, len;

    unhex(bytes, sizeof bytes, golden_string(golden, "keys"));
    ticket_len = unhex(ticket, sizeof ticket, golden_string(golden, "ticket"));
    len = unhex(expected, sizeof expected, golden_string(golden, "plaintext_SSL_SESSION_der"));
    ck_assert(rp_ticket_key_decode(&key, bytes, 48, RP_TICKET_KEY_NODE, &err));
    ck_assert(rp_ticket_keys_set(ring, &key, 1, true, &err));
    ck_assert_uint_eq(open_ticket(ring, ticket, ticket_len, plain), len);
    ck_assert_mem_eq(plain, expected, len);
    json_decref(golden);
}
END_TEST

START_TEST(ticket_is_minted_by_the_first_key_and_opened_by_any)
{
    struct rp_ticket_key keys[2] = {key_of(1, (uint8_t)(_i ? 32 : 16)), key_of(9, 16)}, turned[2];
    struct sealing s = sealing_new();
    uint8_t ticket[128], plain[128];
    size_t mac_len;
    int n = 0, last = 0;

    ck_assert(rp_ticket_keys_set(ring, keys, 2, true, &err));
    ck_assert(rp_ticket_keys_encrypt(ring, ticket, ticket + 16, s.cipher, s.mac));
    ck_assert_mem_eq(ticket, keys[0].name, 16);
    EVP_EncryptUpdate(s.cipher, ticket + 32, &n, (const uint8_t *)"a session", 9);
    EVP_EncryptFinal_ex(s.cipher, ticket + 32 + n, &last);
    EVP_MAC_init(s.mac, NULL, 0, NULL);
    EVP_MAC_update(s.mac, ticket, (size_t)(32 + n + last));
    EVP_MAC_final(s.mac, ticket + 32 + n + last, &mac_len, 32);
    sealing_free(&s);

    turned[0] = keys[1];
    turned[1] = keys[0];
    ck_assert(rp_ticket_keys_set(ring, turned, 2, true, &err));
    ck_assert_uint_eq(open_ticket(ring, ticket, (size_t)(64 + n + last), plain), 9);
    ck_assert_mem_eq(plain, "a session", 9);
    s = sealing_new();
    ck_assert_int_eq(rp_ticket_keys_decrypt(ring, ticket, ticket + 16, s.cipher, s.mac),
                     RP_TICKET_KEY_PAST);
    ck_assert_int_eq(rp_ticket_keys_decrypt(ring, turned[0].name, ticket + 16, s.cipher, s.mac),
                     RP_TICKET_KEY_CURRENT);
    ck_assert_int_eq(rp_ticket_keys_decrypt(ring, (const uint8_t *)"nobody's name...", ticket + 16,
                                            s.cipher, s.mac),
                     RP_TICKET_KEY_UNKNOWN);
    sealing_free(&s);
}
END_TEST

START_TEST(ring_with_random_key_mints_and_differs_from_the_next)
{
    struct rp_ticket_keys *a = rp_ticket_keys_new_random(&err),
                          *b = rp_ticket_keys_new_random(&err);
    struct rp_ticket_key one, two;

    ck_assert(rp_ticket_keys_mints(a));
    ck_assert(rp_ticket_keys_get(a, 0, &one) && rp_ticket_keys_get(b, 0, &two));
    ck_assert_mem_ne(one.name, two.name, 16);
    ck_assert_mem_ne(one.aes, two.aes, 16);
    rp_ticket_keys_unref(a);
    rp_ticket_keys_unref(b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ticket keys");
    TCase *t = tcase_create("ticket keys");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, ring_without_keys_neither_mints_nor_knows);
    tcase_add_test(t, ring_told_not_to_mint_knows_its_keys);
    tcase_add_test(t, ring_keeps_keys_in_order_and_replaces_them_whole);
    tcase_add_test(t, ring_refuses_too_many_keys_and_odd_sizes_and_keeps_what_it_has);
    tcase_add_test(t, key_of_48_bytes_is_read_in_the_order_of_its_program);
    tcase_add_test(t, key_of_80_bytes_is_name_hmac_aes_for_all);
    tcase_add_test(t, key_of_wrong_length_or_with_zero_secret_is_refused);
    tcase_add_loop_test(t, ticket_that_node_made_is_opened, 0, 2);
    tcase_add_loop_test(t, ticket_is_minted_by_the_first_key_and_opened_by_any, 0, 2);
    tcase_add_test(t, ring_with_random_key_mints_and_differs_from_the_next);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
