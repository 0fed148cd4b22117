/* SPDX-License-Identifier: MIT
 *
 * allocator.c - OpenSSL's memory by size classes keeps what is written to it, whatever is
 * allocated, grown and freed around it, by one thread or by two. */
#include <reprise/tls.h>
#include "tests/unit/unit.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 500, ROUNDS = 50000, LARGEST = 20000 };

static struct slot {
    uint8_t *bytes;
    size_t size;
    uint8_t mark;
} slots[SLOTS];

static void check_slot(const struct slot *s)
{
    size_t i = 0;

    while (i < s->size && s->bytes[i] == s->mark)
        i++;
    ck_assert_uint_eq(i, s->size);
}

static size_t any_size(unsigned *seed)
{
    unsigned kind = (unsigned)rand_r(seed) % 10;

    return 1 + (unsigned)rand_r(seed) % (kind < 8 ? 600 : kind < 9 ? 9000 : LARGEST);
}

static void change(struct slot *s, unsigned *seed)
{
    size_t size = any_size(seed);

    if (s->bytes == NULL) {
        s->bytes = OPENSSL_malloc(size);
        s->size = 0;
    } else if (rand_r(seed) % 3 == 0) {
        s->bytes = OPENSSL_realloc(s->bytes, size);
        s->size = s->size < size ? s->size : size;
        check_slot(s);
    } else {
        OPENSSL_free(s->bytes);
        s->bytes = NULL;
        return;
    }
    ck_assert_ptr_nonnull(s->bytes);
    ck_assert_uint_eq((uintptr_t)s->bytes % 16, 0);
    s->size = size;
    s->mark = (uint8_t)rand_r(seed);
    memset(s->bytes, s->mark, size);
}

static void free_all(void)
{
    for (size_t i = 0; i < SLOTS; i++) {
        OPENSSL_free(slots[i].bytes);
        slots[i].bytes = NULL;
    }
}

START_TEST(allocator_keeps_what_is_written)
{
    unsigned seed = 1;

    ck_assert(rp_allocator_install());
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct slot *s = &slots[(unsigned)rand_r(&seed) % SLOTS];

        if (s->bytes != NULL)
            check_slot(s);
        change(s, &seed);
    }
    for (size_t i = 0; i < SLOTS; i++)
        if (slots[i].bytes != NULL)
            check_slot(&slots[i]);
    free_all();
}
END_TEST

/* What one thread allocates another may free, both ways. */
static void *other_thread(void *arg)
{
    unsigned seed = 2;

    (void)arg;
    for (size_t i = 0; i < SLOTS; i++) {
        if (slots[i].bytes != NULL)
            check_slot(&slots[i]);
        change(&slots[i], &seed);
    }
    return NULL;
}

START_TEST(allocator_serves_other_threads)
{
    unsigned seed = 3;

    ck_assert(rp_allocator_install());
    for (unsigned round = 0; round < 50; round++) {
        pthread_t thread;

        for (size_t i = 0; i < SLOTS; i++)
            change(&slots[i], &seed);
        ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, NULL), 0);
        pthread_join(thread, NULL);
    }
    free_all();
}
END_TEST

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t size, resident;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%zu %zu", &size, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

enum { FLOOD = 20000, FLOOD_SURVIVORS = 20, BOUND = 8 << 20 };
static const size_t flood_sizes[] = {16, 200, 1000, 3000, 9000, 17000};

/* What a flood of connections needed is given back, but for the slabs that a survivor is in; and
 * the memory that went can be had again. */
START_TEST(allocator_gives_back_what_a_flood_needed)
{
    static uint8_t *blocks[FLOOD];
    size_t before, during;

    ck_assert(rp_allocator_install());
    for (unsigned round = 0; round < 3; round++) {
        before = resident_bytes();
        for (size_t i = 0; i < FLOOD; i++) {
            size_t size = flood_sizes[i % (sizeof flood_sizes / sizeof *flood_sizes)];

            blocks[i] = OPENSSL_malloc(size);
            ck_assert_ptr_nonnull(blocks[i]);
            memset(blocks[i], (int)(i % 251), size);
        }
        during = resident_bytes();
        ck_assert_uint_gt(during, before + 4 * BOUND);
        for (size_t i = 0; i < FLOOD; i++)
            if (i % (FLOOD / FLOOD_SURVIVORS) != 0)
                OPENSSL_free(blocks[i]);
        while (!rp_allocator_trim())
            ;
#ifndef __SANITIZE_ADDRESS__
        ck_assert_uint_lt(resident_bytes(), before + BOUND);
#endif
        for (size_t i = 0; i < FLOOD; i += FLOOD / FLOOD_SURVIVORS) {
            ck_assert_uint_eq(*blocks[i], i % 251);
            OPENSSL_free(blocks[i]);
        }
    }
}
END_TEST

START_TEST(allocator_comes_first_or_not_at_all)
{
    OPENSSL_free(OPENSSL_malloc(1));
#ifndef __SANITIZE_ADDRESS__
    ck_assert(!rp_allocator_install());
#endif
    OPENSSL_free(OPENSSL_malloc(1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("allocator");
    TCase *core = tcase_create("core");

    tcase_add_test(core, allocator_keeps_what_is_written);
    tcase_add_test(core, allocator_serves_other_threads);
    tcase_add_test(core, allocator_gives_back_what_a_flood_needed);
    tcase_add_test(core, allocator_comes_first_or_not_at_all);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
