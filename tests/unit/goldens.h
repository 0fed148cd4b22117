/* SPDX-License-Identifier: MIT
 *
 * goldens.h - what node printed, read for comparison. Tests run at the top of the source tree.
 * In the files a buffer is {"$hex": "..."}, undefined is "$undefined", and a reference to an
 * enclosing object is {"$circular": its depth from the root}. */
#ifndef GOLDENS_H
#define GOLDENS_H

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/openssl_version.h"

/* The alerts as the OpenSSL of this machine calls them. */
static inline json_t *golden_renamed(json_t *json)
{
    const char *text = json_string_value(json), *alert;
    char renamed[256];
    json_t *member;
    const char *key;
    size_t i;

    if (text != NULL && (alert = strstr(text, "SSLV3_ALERT_")) != NULL)
        snprintf(renamed, sizeof renamed, "%.*sSSL/TLS%s", (int)(alert - text), text,
                 alert + strlen("SSLV3"));
    else if (text != NULL && (alert = strstr(text, "sslv3 alert ")) != NULL)
        snprintf(renamed, sizeof renamed, "%.*sssl/tls%s", (int)(alert - text), text,
                 alert + strlen("sslv3"));
    else if (text == NULL) {
        json_object_foreach(json, key, member) golden_renamed(member);
        json_array_foreach(json, i, member) golden_renamed(member);
        return json;
    } else {
        return json;
    }
    json_string_set(json, renamed);
    return json;
}

static inline json_t *golden_json(const char *name)
{
    char path[256];
    json_error_t error;
    json_t *json;

    snprintf(path, sizeof path, "tests/goldens/%s", name);
    json = json_load_file(path, 0, &error);
    if (openssl_since(3, 2))
        golden_renamed(json);
    ck_assert_msg(json != NULL, "%s: %s (run at the top of the source tree)", path, error.text);
    return json;
}

/* A whole file of tests/goldens/certs with a NUL behind it; free() it. */
static inline char *golden_cert(const char *name, size_t *len)
{
    char path[256], *bytes = malloc(1 << 20);
    FILE *file;

    ck_assert_ptr_nonnull(bytes);
    snprintf(path, sizeof path, "tests/goldens/certs/%s", name);
    file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s is missing", path);
    *len = fread(bytes, 1, (1 << 20) - 1, file);
    bytes[*len] = '\0';
    fclose(file);
    return bytes;
}

/* A string member, or NULL when it is null or "$undefined". */
static inline const char *golden_string(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s && strcmp(s, "$undefined") != 0 ? s : NULL;
}

/* The same for texts that are too long for a message: shows where they part. */
static inline void assert_long_texts_eq(const char *a, const char *b)
{
    size_t same = 0;

    while (a[same] != '\0' && a[same] == b[same])
        same++;
    ck_assert_msg(a[same] == b[same], "at %zu: \"%.60s\" != \"%.60s\"", same,
                  a + (same > 20 ? same - 20 : 0), b + (same > 20 ? same - 20 : 0));
}

/* Compare two texts of which either may be NULL. */
#define ck_assert_texts_eq(a, b)                                                                   \
    do {                                                                                           \
        const char *a_ = (a), *b_ = (b);                                                           \
        ck_assert_msg((!a_ && !b_) || (a_ && b_ && strcmp(a_, b_) == 0), "%s: \"%s\" != \"%s\"",   \
                      #a, a_ ? a_ : "(none)", b_ ? b_ : "(none)");                                 \
    } while (0)

#endif
