/* SPDX-License-Identifier: MIT
 *
 * names.c - a hash table from host names and wildcards to pointers. The danger: the peer chooses
 * the name of a lookup. So the name is normalised into a fixed buffer, and an invalid host name is
 * refused before it is hashed. Only the operator adds names, so the hash needs no random seed. Does
 * not depend on TLS. */
#include "worker/plan/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char *key; /* normalised; ".example.com" for "*.example.com"; NULL = free */
    void *value;
    uint32_t hash;
};
struct names {
    struct entry *entries;
    size_t capacity; /* a power of two, at most half full */
    size_t count;
};

enum { NAMES_FIRST_CAPACITY = 16 };

static bool is_name_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

size_t names_normalise(const char *name, char out[NAMES_MAX + 1])
{
    size_t len = 0, label = 0;

    for (const char *p = name; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;

        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
        if (c == '.') {
            if (label == 0)
                return 0;
            if (p[1] == '\0')
                break;
            label = 0;
        } else if (!is_name_byte(c) || ++label > 63) {
            return 0;
        }
        if (len == NAMES_MAX)
            return 0;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return len;
}

/* The key of a pattern, and its length; 0: the pattern is invalid. */
static size_t pattern_key(const char *pattern, char out[NAMES_MAX + 1])
{
    char name[NAMES_MAX + 1];
    size_t len;

    if (strncmp(pattern, "*.", 2) != 0)
        return names_normalise(pattern, out);
    len = names_normalise(pattern + 2, name);
    if (len == 0 || len == NAMES_MAX)
        return 0;
    out[0] = '.';
    memcpy(out + 1, name, len + 1);
    return len + 1;
}

bool names_valid_pattern(const char *pattern)
{
    char key[NAMES_MAX + 1];

    return pattern_key(pattern, key) > 0;
}

static uint32_t hash_of(const char *key, size_t len) /* FNV-1a */
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)key[i]) * 16777619U;
    return hash ^ hash >> 15;
}

/* The entry of a key, or the free entry for it. */
static struct entry *slot_of(const struct names *names, const char *key, uint32_t hash)
{
    size_t mask = names->capacity - 1, at = hash & mask;

    while (names->entries[at].key != NULL &&
           (names->entries[at].hash != hash || strcmp(names->entries[at].key, key) != 0))
        at = (at + 1) & mask;
    return &names->entries[at];
}

struct names *names_new(void)
{
    struct names *names = calloc(1, sizeof *names);

    if (names == NULL)
        return NULL;
    names->capacity = NAMES_FIRST_CAPACITY;
    names->entries = calloc(names->capacity, sizeof *names->entries);
    if (names->entries == NULL) {
        free(names);
        return NULL;
    }
    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    for (size_t i = 0; i < names->capacity; i++)
        free(names->entries[i].key);
    free(names->entries);
    free(names);
}

static bool names_grow(struct names *names)
{
    struct names bigger = {.capacity = names->capacity * 2, .count = names->count};

    bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
    if (bigger.entries == NULL)
        return false;
    for (size_t i = 0; i < names->capacity; i++) {
        struct entry *entry = &names->entries[i];

        if (entry->key != NULL)
            *slot_of(&bigger, entry->key, entry->hash) = *entry;
    }
    free(names->entries);
    *names = bigger;
    return true;
}

enum names_added names_add(struct names *names, const char *pattern, void *value)
{
    char key[NAMES_MAX + 1];
    size_t len = pattern_key(pattern, key);
    uint32_t hash;
    struct entry *entry;

    if (len == 0)
        return NAMES_INVALID;
    hash = hash_of(key, len);
    if (slot_of(names, key, hash)->key != NULL)
        return NAMES_PRESENT;
    if (names->count >= names->capacity / 2 && !names_grow(names))
        return NAMES_NO_MEMORY;
    entry = slot_of(names, key, hash);
    entry->key = strdup(key);
    if (entry->key == NULL)
        return NAMES_NO_MEMORY;
    entry->hash = hash;
    entry->value = value;
    names->count++;
    return NAMES_ADDED;
}

static void *value_of(const struct names *names, const char *key, size_t len)
{
    return slot_of(names, key, hash_of(key, len))->value;
}

void *names_get(const struct names *names, const char *pattern)
{
    char key[NAMES_MAX + 1];
    size_t len = pattern_key(pattern, key);

    return len == 0 ? NULL : value_of(names, key, len);
}

void *names_find(const struct names *names, const char *name)
{
    char key[NAMES_MAX + 1];
    size_t len = name == NULL ? 0 : names_normalise(name, key);
    void *value;
    const char *dot;

    if (len == 0)
        return NULL;
    value = value_of(names, key, len);
    if (value != NULL)
        return value;
    dot = memchr(key, '.', len);
    return dot == NULL ? NULL : value_of(names, dot, len - (size_t)(dot - key));
}

size_t names_count(const struct names *names)
{
    return names->count;
}
