/* SPDX-License-Identifier: MIT
 *
 * pinned_keys.c - read a file of ticket keys; see pinned_keys.h. All buffers that contained a key
 * are wiped. */
#include "master/generation/pinned_keys.h"

#include "lib/base/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16384 };

struct keys {
    struct rp_ticket_key at[RP_TICKET_KEYS_MAX];
    size_t count;
};

struct file {
    uint8_t bytes[FILE_MAX];
    size_t len;
};

static bool read_file(struct file *file, const char *path, struct rp_error *err)
{
    struct stat st;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* or a FIFO blocks */

    if (fd < 0)
        return rp_error_errno(err, errno, "open", "%s", path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return rp_error_set(err, "ERR_TICKET_KEYS", "%s is not a regular file", path);
    }
    if ((st.st_mode & 077) != 0) {
        close(fd);
        return rp_error_set(err, "ERR_TICKET_KEYS", "%s is accessible to other users; chmod 600 it",
                            path);
    }
    got = read(fd, file->bytes, sizeof file->bytes);
    close(fd);
    if (got < 0)
        return rp_error_errno(err, errno, "read", "%s", path);
    file->len = (size_t)got;
    return file->len < sizeof file->bytes ||
           rp_error_set(err, "ERR_TICKET_KEYS", "%s is too large for a file of ticket keys", path);
}

static bool is_known(const struct keys *keys, const struct rp_ticket_key *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (memcmp(keys->at[i].name, key->name, sizeof key->name) == 0 ||
            memcmp(keys->at[i].aes, key->aes, sizeof key->aes) == 0)
            return true;
    return false;
}

static bool add(struct keys *keys, const uint8_t *bytes, size_t len,
                enum rp_ticket_key_layout layout, struct rp_error *err)
{
    struct rp_ticket_key *key = &keys->at[keys->count];

    if (keys->count == RP_TICKET_KEYS_MAX)
        return rp_error_set(err, "ERR_TICKET_KEYS", "contains more than %d ticket keys",
                            RP_TICKET_KEYS_MAX);
    memset(key, 0, sizeof *key);
    if (!rp_ticket_key_decode(key, bytes, len, layout, err))
        return false;
    if (is_known(keys, key))
        return rp_error_set(err, "ERR_TICKET_KEYS", "ticket key %zu is a duplicate",
                            keys->count + 1);
    keys->count++;
    return true;
}

/* -- base64 lines */

static bool is_text(const struct file *file)
{
    for (size_t i = 0; i < file->len; i++)
        if (rp_base64_digit(file->bytes[i]) < 0 && strchr("=\r\n", file->bytes[i]) == NULL)
            return false;
    return file->len > 0 && memchr(file->bytes, '\0', file->len) == NULL;
}

static bool read_lines(struct keys *keys, const struct file *file, struct rp_error *err)
{
    const uint8_t *at = file->bytes, *end = file->bytes + file->len;
    uint8_t key[RP_TICKET_KEYS_LONG];
    bool ok = true;

    for (unsigned number = 1; ok && at < end; number++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *next = newline != NULL ? newline + 1 : end;
        size_t len = (size_t)((newline != NULL ? newline : end) - at), decoded;

        if (len > 0 && at[len - 1] == '\r')
            len--;
        decoded = rp_base64_decode(key, sizeof key, at, len);
        at = next;
        if (decoded == RP_TICKET_KEYS_SIZE || decoded == RP_TICKET_KEYS_LONG)
            ok = add(keys, key, decoded, RP_TICKET_KEY_NGINX, err);
        else if (len > 0)
            ok = rp_error_set(err, "ERR_TICKET_KEYS",
                              "line %u is not a key of 48 or 80 bytes in base64", number);
    }
    explicit_bzero(key, sizeof key);
    return ok;
}

/* -- raw keys */

static bool read_raw(struct keys *keys, const struct file *file, struct rp_error *err)
{
    size_t size = file->len % RP_TICKET_KEYS_SIZE == 0 ? RP_TICKET_KEYS_SIZE : RP_TICKET_KEYS_LONG;

    if (file->len == 0 || file->len % size != 0)
        return rp_error_set(err, "ERR_TICKET_KEYS",
                            "%zu bytes is not a multiple of 48 or 80, the sizes of a key",
                            file->len);
    if (file->len % RP_TICKET_KEYS_SIZE == 0 && file->len % RP_TICKET_KEYS_LONG == 0)
        return rp_error_set(
            err, "ERR_TICKET_KEYS",
            "%zu bytes is a multiple of both 48 and 80, the sizes of a key; add or remove one key",
            file->len);
    for (size_t at = 0; at < file->len; at += size)
        if (!add(keys, file->bytes + at, size, RP_TICKET_KEY_NODE, err))
            return false;
    return true;
}

bool pinned_keys_read(struct rp_ticket_keys *ring, const char *path, struct rp_error *err)
{
    struct file file = {.len = 0};
    struct keys keys = {.count = 0};
    struct rp_error why;
    bool ok = false;

    if (!read_file(&file, path, err))
        goto out;
    ok = is_text(&file) ? read_lines(&keys, &file, &why) : read_raw(&keys, &file, &why);
    if (ok && keys.count == 0)
        ok = rp_error_set(&why, "ERR_TICKET_KEYS", "contains no key");
    if (ok)
        ok = rp_ticket_keys_set(ring, keys.at, keys.count, true, err);
    else
        rp_error_set(err, why.code, "%s: %s", path, why.message);
out:
    explicit_bzero(&file, sizeof file);
    explicit_bzero(&keys, sizeof keys);
    return ok;
}
