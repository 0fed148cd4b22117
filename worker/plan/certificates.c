/* SPDX-License-Identifier: MIT
 *
 * certificates.c - read certificates and keys.
 * The danger: a mistake in one file must stop the start with a line that says which file and what
 * to do, never serve the wrong certificate. Keys are wiped by certificates_clear. */
#include "worker/plan/certificates.h"
#include "worker/plan/names.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_MISMATCH "ERR_OSSL_X509_KEY_VALUES_MISMATCH"

static bool no_memory(struct rp_error *err)
{
    return rp_error_set(err, "ENOMEM", "no memory for certificates");
}

static struct certificate *add(struct certificates *all)
{
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 16 : all->capacity * 2;
        struct certificate *more = reallocarray(all->at, capacity, sizeof *more);

        if (more == NULL)
            return NULL;
        all->at = more;
        all->capacity = capacity;
    }
    all->at[all->count] = (struct certificate){0};
    return &all->at[all->count++];
}

/* `what` names the option or the kind of file. */
static bool read_file(struct pem_file *file, const struct conf_place *place, const char *name,
                      const char *what, const char *path, struct rp_error *err)
{
    struct rp_error why = {0};

    if (pem_file_read(file, path, &why))
        return true;
    return conf_error(err, place, "certificate \"%s\": %s \"%s\": %s", name, what, path,
                      why.message);
}

static bool check_blocks(const struct certificate *c, const char *cert_path, const char *key_path,
                         struct rp_error *err)
{
    const struct pem_file *key = c->key.bytes != NULL ? &c->key : &c->cert;

    if (pem_file_blocks(&c->cert, "CERTIFICATE", NULL, 0) == 0)
        return conf_error(err, c->place,
                          "certificate \"%s\": no certificate in \"%s\"; give a PEM file, the "
                          "server's own certificate first",
                          c->name, cert_path);
    if (pem_file_blocks(key, "PRIVATE KEY", NULL, 0) == 0)
        return conf_error(err, c->place,
                          "certificate \"%s\": no private key in \"%s\"; give a PEM file", c->name,
                          key_path != NULL ? key_path : cert_path);
    if (pem_file_blocks(key, "ENCRYPTED PRIVATE KEY", NULL, 0) > 0)
        return conf_error(err, c->place,
                          "certificate \"%s\": the key is encrypted; decrypt it (openssl pkey) and "
                          "protect it by the file's mode",
                          c->name);
    return true;
}

static bool read_pair(struct certificate *c, const struct conf_place *place, const char *name,
                      const char *cert_path, const char *key_path, struct rp_error *err)
{
    c->place = place;
    c->name = strdup(name);
    if (c->name == NULL)
        return no_memory(err);
    if (!read_file(&c->cert, place, name, "cert", cert_path, err))
        return false;
    if (key_path != NULL && !read_file(&c->key, place, name, "key", key_path, err))
        return false;
    return check_blocks(c, cert_path, key_path, err);
}

static bool read_blocks(struct certificates *all, const struct conf *conf, struct rp_error *err)
{
    for (size_t i = 0; i < conf->certificate_count; i++) {
        const struct conf_certificate *block = &conf->certificates[i];
        struct certificate *c = add(all);

        if (c == NULL)
            return no_memory(err);
        if (!read_pair(c, &block->place, block->name, block->cert, block->key, err))
            return false;
    }
    all->blocks = all->count;
    return true;
}

/* -- the directory ----------------------------------------------------------------------------- */

static bool has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), end = strlen(suffix);

    return name[0] != '.' && len > end && strcmp(name + len - end, suffix) == 0;
}

static int is_chain(const struct dirent *entry)
{
    return has_suffix(entry->d_name, ".pem") || has_suffix(entry->d_name, ".crt");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* DIRECTORY/NAME without its suffix of four, and `suffix`. */
static char *path_of(const char *directory, const char *file, const char *suffix)
{
    char *path;
    int stem = (int)strlen(file) - 4;

    return asprintf(&path, "%s/%.*s%s", directory, stem, file, suffix) < 0 ? NULL : path;
}

static bool read_entry(struct certificates *all, const struct conf_certificates *conf,
                       const char *file, struct rp_error *err)
{
    bool pem = has_suffix(file, ".pem"), ok = false;
    char *cert = path_of(conf->directory, file, pem ? ".pem" : ".crt");
    char *key = path_of(conf->directory, file, ".key");
    char *other = path_of(conf->directory, file, ".crt");
    struct certificate *c;

    if (cert == NULL || key == NULL || other == NULL || (c = add(all)) == NULL) {
        no_memory(err);
        goto out;
    }
    if (pem && access(other, F_OK) == 0) {
        conf_error(err, &conf->place,
                   "certificates: both \"%s\" and \"%s\" are there; remove one of them", cert,
                   other);
        goto out;
    }
    ok = read_pair(c, &conf->place, cert, cert,
                   pem && access(key, F_OK) < 0 && errno == ENOENT ? NULL : key, err);
out:
    free(cert);
    free(key);
    free(other);
    return ok;
}

static bool read_directory(struct certificates *all, const struct conf_certificates *conf,
                           struct rp_error *err)
{
    struct dirent **entries;
    int count = scandir(conf->directory, &entries, is_chain, by_bytes);
    bool ok = true;

    if (count < 0)
        return conf_error(err, &conf->place, "certificates: directory \"%s\": %s", conf->directory,
                          strerror(errno));
    for (int i = 0; i < count; i++) {
        ok = ok && read_entry(all, conf, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool certificates_read(struct certificates *all, const struct conf *conf, bool directory,
                       struct rp_error *err)
{
    *all = (struct certificates){0};
    if (read_blocks(all, conf, err) && (!directory || conf->directory.directory == NULL ||
                                        read_directory(all, &conf->directory, err)))
        return true;
    certificates_clear(all);
    return false;
}

void certificates_clear(struct certificates *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct certificate *c = &all->at[i];

        pem_file_wipe(&c->cert);
        pem_file_wipe(&c->key);
        for (size_t n = 0; n < c->name_count; n++)
            free(c->names[n]);
        free(c->names);
        free(c->name);
    }
    free(all->at);
    *all = (struct certificates){0};
}

/* -- what a context tells ---------------------------------------------------------------------- */

bool certificate_learn(struct certificate *c, const struct rp_secure_context *context,
                       struct rp_error *err)
{
    size_t count = 0;

    while (rp_secure_context_name(context, count) != NULL)
        count++;
    c->names = calloc(count > 0 ? count : 1, sizeof *c->names);
    if (c->names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const char *name = rp_secure_context_name(context, i);

        if (!names_valid_pattern(name))
            continue; /* a common name like "Test CA" */
        c->names[c->name_count] = strdup(name);
        if (c->names[c->name_count] == NULL)
            return no_memory(err);
        c->name_count++;
    }
    c->key_type = rp_secure_context_key_type(context, 0);
    if (c->key_type == NULL) /* a key of another type is no contradiction to OpenSSL */
        return certificate_refuse(c, &(struct rp_error){.code = KEY_MISMATCH}, err);
    c->learned = true;
    return true;
}

static const struct {
    const char *code, *text;
} reasons[] = {
    {KEY_MISMATCH, "the key is not the certificate's; give the key that it was requested with, and "
                   "the server's own certificate first"},
    {"ERR_OSSL_X509_KEY_TYPE_MISMATCH",
     "the key is not the certificate's; give the key that it was requested with, and the server's "
     "own certificate first"},
    {"ERR_OSSL_PEM_NO_START_LINE", "no certificate in the file; give a PEM file"},
    {"ERR_OSSL_UNSUPPORTED", "the key can't be read; give an unencrypted PEM file"},
    {"ERR_OSSL_BAD_DECRYPT", "the key is encrypted; decrypt it (openssl pkey)"},
    {"ERR_SSL_EE_KEY_TOO_SMALL", "its key is too short; use RSA of 2048 bits, or ECDSA"},
    {"ERR_SSL_CA_MD_TOO_WEAK", "it is signed with a hash that is too weak; have it issued anew"},
};

bool certificate_refuse(const struct certificate *c, const struct rp_error *why,
                        struct rp_error *err)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].code, why->code) == 0)
            return conf_error(err, c->place, "certificate \"%s\": %s", c->name, reasons[i].text);
    return conf_error(err, c->place,
                      "certificate \"%s\": %s; cert and key must be whole, as they were issued",
                      c->name, why->message);
}
