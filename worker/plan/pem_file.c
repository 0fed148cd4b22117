/* SPDX-License-Identifier: MIT
 *
 * pem_file.c - read a whole file. The danger: private keys. Memory that contained one is wiped
 * before it is freed, also if reading fails half way. OpenSSL parses the content; this file only
 * looks for BEGIN lines. */
#include "worker/plan/pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <reprise/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void pem_file_wipe(struct pem_file *file)
{
    if (file->bytes != NULL)
        explicit_bzero(file->bytes, file->len);
    free(file->bytes);
    free(file->path);
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

/* The group may read a file of root: in a container, or with a group of its own, the service reads
 * files that root has created. */
static bool is_exposed(const struct stat *st)
{
    return (st->st_mode & 077) != 0 && (st->st_uid != 0 || (st->st_mode & 037) != 0);
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
    file->path = strdup(path);
    file->mode = st.st_mode & 07777;
    file->exposed = is_exposed(&st);
    if (file->bytes == NULL || file->path == NULL) {
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

/* Whether the line "-----BEGIN ...-----" at `at` has this label or one that ends with it. */
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

bool pem_file_check(const struct pem_file *file, struct rp_error *err)
{
    size_t count = pem_file_blocks(file, "CERTIFICATE", NULL, 0);
    const char **starts = calloc(count + 1, sizeof *starts);
    struct rp_error why = {0};
    bool ok = starts != NULL || rp_error_set(err, "ENOMEM", "no memory for certificates");

    if (ok)
        pem_file_blocks(file, "CERTIFICATE", starts, count);
    for (size_t i = 0; ok && i < count; i++) {
        const char *end = i + 1 < count ? starts[i + 1] : file->bytes + file->len;
        struct rp_x509 *cert = rp_x509_parse(starts[i], (size_t)(end - starts[i]), &why);

        ok = cert != NULL ||
             rp_error_set(err, why.code,
                          "\"%s\": certificate %zu of %zu is damaged or cut off (%s); replace or "
                          "remove it",
                          file->path, i + 1, count, why.message);
        rp_x509_unref(cert);
    }
    free(starts);
    return ok;
}
