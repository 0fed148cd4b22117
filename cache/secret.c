/* SPDX-License-Identifier: MIT
 *
 * secret.c - the file of the cluster secret and the keys derived from it; see secret.h. The danger:
 * two processes that start together and create different secrets. So a new file is written under a
 * temporary name and linked to its final name, which only one process can do; then both read the
 * file there. Uses OpenSSL; does not depend on stores or sessions. */
#include "cache/secret.h"

#include "cache/secret_text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

/* -- HKDF */

/* One half of HKDF (RFC 5869), extract or expand. For rare use: it fetches the algorithm by
 * name. */
static bool hkdf(const char *mode, const void *key, size_t key_len, const void *info,
                 size_t info_len, uint8_t *out, size_t out_len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    /* OSSL_PARAM has no const; these are not modified. */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)(uintptr_t)mode, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, info_len),
        OSSL_PARAM_construct_end(),
    };
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, out, out_len, params) == 1;

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok;
}

bool rp_secret_derive(const struct rp_secret *secret, const char *label, const void *context,
                      size_t context_len, uint8_t *out, size_t out_len)
{
    uint8_t info[256];
    size_t label_len = strlen(label) + 1; /* the NUL separates it from the context */

    if (label_len + context_len > sizeof info)
        return false;
    memcpy(info, label, label_len);
    if (context_len > 0)
        memcpy(info + label_len, context, context_len);
    return hkdf("EXPAND_ONLY", secret->key, sizeof secret->key, info, label_len + context_len, out,
                out_len);
}

bool rp_secret_former(const struct rp_secret *secret, struct rp_secret *former)
{
    *former = (struct rp_secret){.has_former = false};
    if (secret->has_former)
        memcpy(former->key, secret->former, sizeof former->key);
    return secret->has_former;
}

void rp_secret_wipe(struct rp_secret *secret)
{
    OPENSSL_cleanse(secret, sizeof *secret);
}

/* -- the file */

/* The group may read a file of root: in a container the service cannot chmod mounted secrets. */
static bool check_file(int fd, const char *path, struct rp_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return rp_error_errno(err, errno, "fstat", "%s", path);
    if (!S_ISREG(st.st_mode))
        return rp_error_set(err, "ERR_SECRET_FILE", "%s is not a regular file", path);
    if ((st.st_mode & 077) == 0 || (st.st_uid == 0 && (st.st_mode & 037) == 0))
        return true;
    return rp_error_set(
        err, "ERR_SECRET_FILE",
        "%s is open to group or others (mode %03o); run chmod 600 on it (440 if root "
        "owns it); if others may have read it, create a new secret",
        path, (unsigned)st.st_mode & 0777);
}

/* Reads up to one byte more than allowed; -1 with errno. */
static ssize_t read_whole(int fd, uint8_t *bytes, size_t capacity)
{
    size_t len = 0;
    ssize_t n;

    do {
        n = read(fd, bytes + len, capacity - len);
        if (n < 0 && errno != EINTR)
            return -1;
        len += n > 0 ? (size_t)n : 0;
    } while (n != 0 && len < capacity);
    return (ssize_t)len;
}

static bool accept_secret(uint8_t key[RP_SECRET_SIZE], const char *path, const uint8_t *bytes,
                          size_t len, struct rp_error *err)
{
    if (len < RP_SECRET_LEAST_BYTES || len > RP_SECRET_FILE_MAX)
        return rp_error_set(err, "ERR_SECRET_FILE",
                            "%s has %s bytes; a secret has 32 to %d; make one with: "
                            "head -c 32 /dev/urandom",
                            path, len < RP_SECRET_LEAST_BYTES ? "too few" : "too many",
                            RP_SECRET_FILE_MAX);
    if (!rp_secret_looks_random(bytes, len))
        return rp_error_set(err, "ERR_SECRET_FILE",
                            "%s is not random; make it with: head -c 32 /dev/urandom", path);
    if (!hkdf("EXTRACT_ONLY", bytes, len, NULL, 0, key, RP_SECRET_SIZE))
        return rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED", "HKDF of %s failed", path);
    return true;
}

/* -- secrets as text */

static bool accept_line(uint8_t key[RP_SECRET_SIZE], const char *path, const uint8_t *line,
                        size_t len, struct rp_error *err)
{
    uint8_t bytes[RP_SECRET_FILE_MAX];
    size_t count = rp_secret_decode(bytes, line, len);
    bool ok;

    if (rp_secret_is_hex(line, len) && count < RP_SECRET_LEAST_BYTES)
        ok = rp_error_set(
            err, "ERR_SECRET_FILE",
            "%s has %zu hexadecimal digits; a secret of 32 bytes has 64; make one with: "
            "openssl rand -hex 32",
            path, len);
    else if (count == 0 && len >= RP_SECRET_LEAST_BYTES)
        ok = rp_error_set(err, "ERR_SECRET_FILE",
                          "%s is not random: words, or neither hexadecimal nor base64; make it "
                          "with: openssl rand -hex 32",
                          path);
    else
        ok = accept_secret(key, path, bytes, count, err);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ok;
}

/* The next non-empty line, without surrounding white space. false: end of the text. */
static bool next_line(const uint8_t **at, const uint8_t *end, const uint8_t **line, size_t *len)
{
    const uint8_t *last;

    while (*at < end && isspace(**at))
        (*at)++;
    if (*at == end)
        return false;
    *line = *at;
    last = memchr(*at, '\n', (size_t)(end - *at));
    *at = last != NULL ? last : end;
    for (last = *at; isspace(last[-1]);)
        last--;
    *len = (size_t)(last - *line);
    return true;
}

static bool accept_lines(struct rp_secret *secret, const char *path, const uint8_t *at,
                         const uint8_t *end, struct rp_error *err)
{
    const uint8_t *line;
    size_t len, count = 0;

    for (; next_line(&at, end, &line, &len); count++) {
        if (count == 2)
            return rp_error_set(err, "ERR_SECRET_FILE",
                                "%s has more than two lines; write one secret, or two during a "
                                "change of the secret",
                                path);
        if (!accept_line(count == 0 ? secret->key : secret->former, path, line, len, err))
            return false;
    }
    secret->has_former = count == 2;
    if (secret->has_former && CRYPTO_memcmp(secret->key, secret->former, RP_SECRET_SIZE) == 0)
        return rp_error_set(err, "ERR_SECRET_FILE", "%s has the same secret twice; remove one",
                            path);
    return count > 0 || accept_secret(secret->key, path, end, 0, err);
}

static bool accept_bytes(struct rp_secret *secret, const char *path, const uint8_t *bytes,
                         size_t len, struct rp_error *err)
{
    bool ok;

    *secret = (struct rp_secret){.has_former = false};
    ok = len <= RP_SECRET_FILE_MAX && rp_secret_is_text(bytes, len)
             ? accept_lines(secret, path, bytes, bytes + len, err)
             : accept_secret(secret->key, path, bytes, len, err);
    if (!ok)
        rp_secret_wipe(secret);
    return ok;
}

static bool read_file(struct rp_secret *secret, int fd, const char *path, struct rp_error *err)
{
    uint8_t bytes[RP_SECRET_FILE_MAX + 1];
    bool ok = false;
    ssize_t len;

    if (!check_file(fd, path, err))
        return false;
    len = read_whole(fd, bytes, sizeof bytes);
    if (len < 0)
        rp_error_errno(err, errno, "read", "%s", path);
    else
        ok = accept_bytes(secret, path, bytes, (size_t)len, err);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return ok;
}

/* Opening a FIFO must not block. */
static bool read_from(struct rp_secret *secret, const char *path, int flags, struct rp_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    bool ok;

    if (fd < 0)
        return rp_error_errno(err, errno, "open", "%s", path);
    ok = read_file(secret, fd, path, err);
    close(fd);
    return ok;
}

bool rp_secret_read(struct rp_secret *secret, const char *path, struct rp_error *err)
{
    return read_from(secret, path, 0, err);
}

/* -- creating the file */

static bool write_secret(int fd, const char *path, struct rp_error *err)
{
    uint8_t bytes[RP_SECRET_SIZE];
    bool ok;

    if (RAND_priv_bytes(bytes, sizeof bytes) != 1)
        return rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED", "no random bytes available for %s",
                            path);
    ok = write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes;
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (!ok)
        return rp_error_errno(err, errno != 0 ? errno : ENOSPC, "write", "%s", path);
    /* Sync before the file gets its name: after a crash an empty secret would be worse than
     * none. */
    return fsync(fd) == 0 || rp_error_errno(err, errno, "fsync", "%s", path);
}

static bool make(const char *path, struct rp_error *err)
{
    char name[4096];
    int fd, len = snprintf(name, sizeof name, "%s.XXXXXX", path);
    bool ok;

    if (len < 0 || (size_t)len >= sizeof name)
        return rp_error_errno(err, ENAMETOOLONG, "open", "%s", path);
    fd = mkostemp(name, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return rp_error_errno(err, errno, "open", "%s", name);
    errno = 0;
    ok = write_secret(fd, name, err);
    close(fd);
    if (ok && link(name, path) != 0 && errno != EEXIST)
        ok = rp_error_errno(err, errno, "link", "%s", path);
    unlink(name);
    return ok;
}

/* Others can write to its directory, so root must not follow a link there. */
bool rp_secret_read_or_make(struct rp_secret *secret, const char *path, struct rp_error *err)
{
    struct stat st;

    if (lstat(path, &st) != 0 && errno == ENOENT && !make(path, err))
        return false;
    return read_from(secret, path, O_NOFOLLOW, err);
}
