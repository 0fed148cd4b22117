/* SPDX-License-Identifier: MIT
 *
 * corpus.h - give every file of a fuzzer's corpus to the fuzzer, once. Tests run in the top
 * directory. */
#ifndef CORPUS_H
#define CORPUS_H

#include <check.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

static inline void corpus_replay(const char *dir, int (*one)(const uint8_t *, size_t))
{
    static uint8_t bytes[64 * 1024];
    char path[512];
    DIR *d = opendir(dir);
    unsigned count = 0;

    ck_assert_msg(d != NULL, "%s cannot be read", dir);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        FILE *file;

        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        file = fopen(path, "re");
        ck_assert_ptr_nonnull(file);
        one(bytes, fread(bytes, 1, sizeof bytes, file));
        fclose(file);
        count++;
    }
    closedir(d);
    ck_assert_uint_gt(count, 0);
}

#endif
