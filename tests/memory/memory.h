/* SPDX-License-Identifier: MIT
 *
 * memory.h - decide which allocation fails, of the program's and of OpenSSL's.
 * The Makefile links tests/memory with malloc and its kin wrapped; memory_init makes OpenSSL
 * allocate through the same door. Include it in the one file of the program. */
#ifndef MEMORY_H
#define MEMORY_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static struct {
    bool armed, failed;
    unsigned long seen, fail_at; /* counted from 1; 0 = none */
} memory;

/* Count from here; the n-th allocation fails, once. */
static inline void memory_fail_at(unsigned long n)
{
    memory.armed = true;
    memory.failed = false;
    memory.seen = 0;
    memory.fail_at = n;
}

/* Stop counting; true: the n-th came and failed. */
static inline bool memory_calm(void)
{
    memory.armed = false;
    return memory.failed;
}

static bool memory_refuses(void)
{
    if (!memory.armed || ++memory.seen != memory.fail_at)
        return false;
    memory.failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return memory_refuses() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_refuses() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return memory_refuses() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static void *memory_openssl_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size == 0 || memory_refuses() ? NULL : __real_malloc(size);
}

static void *memory_openssl_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return memory_refuses() ? NULL : __real_realloc(old, size);
}

static void memory_openssl_free(void *bytes, const char *file, int line)
{
    (void)file, (void)line;
    free(bytes);
}

/* First thing in main(). */
static inline bool memory_init(void)
{
    return CRYPTO_set_mem_functions(memory_openssl_malloc, memory_openssl_realloc,
                                    memory_openssl_free) == 1;
}

#endif
