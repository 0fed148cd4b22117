/* SPDX-License-Identifier: MIT
 *
 * roots.c - the system's trusted roots, at the places that OpenSSL and its environment variables
 * (SSL_CERT_DIR, SSL_CERT_FILE) name. The danger is cost: a bundle has 140 certificates, which each
 * context would parse. So a hashed directory, which OpenSSL reads on demand, is preferred; the
 * bundle is used only if there is no such directory. */
#include "lib/x509/roots.h"

#include <dirent.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "lib/base/text.h"

/* Read an environment variable, unless this program has more privileges than its caller. */
static const char *place(const char *variable, const char *otherwise)
{
    const char *value = secure_getenv(variable);

    return value != NULL && *value != '\0' ? value : otherwise;
}

/* Whether a directory contains names as openssl-rehash creates them: eight hex digits, dot,
 * number. */
static bool is_hashed(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool found = false;

    if (dir == NULL)
        return false;
    while (!found && (entry = readdir(dir)) != NULL)
        found = strspn(entry->d_name, "0123456789abcdef") == 8 && entry->d_name[8] == '.';
    closedir(dir);
    return found;
}

/* Digest the path, size and times: they change with the content, which need not be read. */
static bool digest_place(const char *path, uint8_t digest[32])
{
    struct rp_text text = {0};
    struct stat there = {0};
    bool ok;

    if (stat(path, &there) != 0)
        memset(&there, 0, sizeof there);
    rp_text_puts(&text, path);
    rp_text_printf(&text, "%ju %ju %jd %jd.%ld", (uintmax_t)there.st_dev, (uintmax_t)there.st_ino,
                   (intmax_t)there.st_size, (intmax_t)there.st_mtim.tv_sec, there.st_mtim.tv_nsec);
    ok = !text.failed && EVP_Digest(text.bytes, text.len, digest, NULL, EVP_sha256(), NULL) == 1;
    rp_text_clear(&text);
    return ok;
}

bool rp_roots_add(X509_STORE *store, uint8_t digest[32])
{
    const char *file = place(X509_get_default_cert_file_env(), NULL);
    const char *dir = place(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
    X509_LOOKUP *lookup;
    bool ok = true;

    ERR_set_mark();
    if (file == NULL && is_hashed(dir)) {
        lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
        ok = lookup != NULL && X509_LOOKUP_add_dir(lookup, dir, X509_FILETYPE_PEM) == 1 &&
             digest_place(dir, digest);
    } else {
        file = file != NULL ? file : X509_get_default_cert_file();
        lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
        ok = lookup != NULL && digest_place(file, digest);
        if (ok) /* a system without roots is not an error: no certificate is trusted */
            X509_LOOKUP_load_file(lookup, file, X509_FILETYPE_PEM);
    }
    ERR_pop_to_mark();
    return ok;
}
