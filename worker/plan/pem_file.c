/* SPDX-License-Identifier: MIT
 *
 * pem_file.c - read a file whole.
 * The danger: private keys. Memory that held one is wiped before it is given back, also when
 * reading fails half way. What is inside is OpenSSL's to judge; here only BEGIN lines are looked
 * for. */
#include "worker/plan/pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void pem_file_wipe(struct pem_file *file)
{
    if (file->bytes != NULL)
        explicit_bzero(file->bytes, file->len);
    free(file->bytes);
    *file = (struct pem_file){0};
}

static bool read_all(struct pem_file *file, int fd, struct rp_error *err)
{
    size_t got = 0;

    while (got < file->len) {
        ssize_t n = read(fd, file->bytes + got, file->len - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rp_error_set(err, rp_errno_name(errno), "%s", strerror(errno));
        if (n == 0)
            break;
        got += (size_t)n;
    }
    file->len = got;
    file->bytes[got] = '\0';
    return true;
}

bool pem_file_read(struct pem_file *file, const char *path, struct rp_error *err)
{
    struct stat st;
    bool ok = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    *file = (struct pem_file){0};
    if (fd < 0 || fstat(fd, &st) < 0) {
        rp_error_set(err, rp_errno_name(errno), "%s", strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > PEM_FILE_MAX) {
        rp_error_set(err, "ERR_INVALID_ARG_VALUE", "not a regular file, or larger than 32 MiB");
        goto out;
    }
    file->len = (size_t)st.st_size;
    file->bytes = malloc(file->len + 1);
    if (file->bytes == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for the file");
        goto out;
    }
    ok = read_all(file, fd, err);
out:
    if (!ok)
        pem_file_wipe(file);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Does the line at `at`, "-----BEGIN ...-----", have this label or one that ends in it? */
static bool has_label(const char *at, const char *label)
{
    const char *end = strstr(at + 11, "-----");
    size_t len = strlen(label);

    return end != NULL && memchr(at, '\n', (size_t)(end - at)) == NULL &&
           (size_t)(end - at) >= 11 + len && memcmp(end - len, label, len) == 0 &&
           (end - len == at + 11 || end[-(ptrdiff_t)len - 1] == ' ');
}

size_t pem_file_blocks(const struct pem_file *file, const char *label, const char **starts,
                       size_t capacity)
{
    size_t count = 0;

    if (file->bytes == NULL)
        return 0;
    for (const char *at = file->bytes; (at = strstr(at, "-----BEGIN ")) != NULL; at += 11) {
        if (!has_label(at, label))
            continue;
        if (starts != NULL && count < capacity)
            starts[count] = at;
        count++;
    }
    return count;
}
