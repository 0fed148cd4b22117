/* SPDX-License-Identifier: MIT
 *
 * certificates.c - read certificates and keys. The danger: an error in one file must stop the start
 * with a message that names the file and the remedy; otherwise a wrong certificate would be served.
 * certificates_clear wipes the keys. */
#include "worker/plan/certificates.h"
#include "worker/plan/names.h"

#include <dirent.h>
#include <errno.h>
#include <reprise/x509.h>
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

/* `what` is the option or the kind of file. */
static bool read_file(struct pem_file *file, const struct conf_location *location, const char *name,
                      const char *what, const char *path, struct rp_error *err)
{
    struct rp_error why = {0};

    if (pem_file_read(file, path, &why))
        return true;
    return conf_error(err, location, "certificate \"%s\": %s \"%s\": %s", name, what, path,
                      why.message);
}

static bool check_blocks(const struct certificate *c, const char *cert_path, const char *key_path,
                         struct rp_error *err)
{
    const struct pem_file *key = c->key.bytes != NULL ? &c->key : &c->cert;
    struct rp_error why = {0};

    if (pem_file_blocks(&c->cert, "CERTIFICATE", NULL, 0) == 0)
        return conf_error(err, c->location,
                          "certificate \"%s\": no certificate in \"%s\"; give a PEM file, the "
                          "server's own certificate first",
                          c->name, cert_path);
    if (pem_file_blocks(key, "PRIVATE KEY", NULL, 0) == 0)
        return conf_error(err, c->location,
                          "certificate \"%s\": no private key in \"%s\"; give a PEM file", c->name,
                          key_path != NULL ? key_path : cert_path);
    if (pem_file_blocks(key, "ENCRYPTED PRIVATE KEY", NULL, 0) > 0)
        return conf_error(err, c->location,
                          "certificate \"%s\": the key is encrypted; decrypt it (openssl pkey) and "
                          "protect it by the file's mode",
                          c->name);
    return pem_file_check(&c->cert, &why) ||
           conf_error(err, c->location, "certificate \"%s\": cert %s", c->name, why.message);
}

static bool read_pair(struct certificate *c, const struct conf_location *location, const char *name,
                      const char *cert_path, const char *key_path, struct rp_error *err)
{
    c->location = location;
    c->name = strdup(name);
    if (c->name == NULL)
        return no_memory(err);
    if (!read_file(&c->cert, location, name, "cert", cert_path, err))
        return false;
    if (key_path != NULL && !read_file(&c->key, location, name, "key", key_path, err))
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
        if (!read_pair(c, &block->location, block->name, block->cert, block->key, err))
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

/* Skips hidden files, and "..data" in Kubernetes volumes. */
static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* DIRECTORY/NAME with its suffix of four bytes replaced by `suffix`. */
static char *path_of(const char *directory, const char *file, const char *suffix)
{
    char *path;
    int stem = (int)strlen(file) - 4;

    return asprintf(&path, "%s/%.*s%s", directory, stem, file, suffix) < 0 ? NULL : path;
}

/* A CA certificate without a key, which cert-manager writes beside the server's certificate. */
static bool is_issuer(const char *cert, const char *key)
{
    struct pem_file file;
    struct rp_x509 *first = NULL;
    bool issuer = false;

    if (access(key, F_OK) == 0 || !pem_file_read(&file, cert, NULL))
        return false;
    if (pem_file_blocks(&file, "PRIVATE KEY", NULL, 0) == 0)
        first = rp_x509_parse(file.bytes, file.len, NULL);
    if (first != NULL)
        issuer = rp_x509_ca(first);
    rp_x509_unref(first);
    pem_file_wipe(&file);
    return issuer;
}

static bool read_entry(struct certificates *all, const struct conf_certificates *conf,
                       const char *file, struct rp_error *err)
{
    bool pem = has_suffix(file, ".pem"), ok = false;
    char *cert = path_of(conf->directory, file, pem ? ".pem" : ".crt");
    char *key = path_of(conf->directory, file, ".key");
    char *other = path_of(conf->directory, file, ".crt");
    struct certificate *c;

    if (cert == NULL || key == NULL || other == NULL) {
        no_memory(err);
        goto out;
    }
    if (is_issuer(cert, key)) {
        all->passed_over++;
        ok = true;
        goto out;
    }
    if (pem && access(other, F_OK) == 0) {
        conf_error(err, &conf->location,
                   "certificates: both \"%s\" and \"%s\" exist; remove one of them", cert, other);
        goto out;
    }
    c = add(all);
    ok = c == NULL ? no_memory(err)
                   : read_pair(c, &conf->location, cert, cert,
                               pem && access(key, F_OK) < 0 && errno == ENOENT ? NULL : key, err);
out:
    free(cert);
    free(key);
    free(other);
    return ok;
}

/* File names of certificate and key in the directories of certbot and cert-manager. */
static const struct layout {
    const char *cert, *key;
} certbot = {"fullchain.pem", "privkey.pem"}, cert_manager = {"tls.crt", "tls.key"};

/* *found: both files exist. */
static bool read_layout(struct certificates *all, const struct conf_certificates *conf,
                        const char *directory, const struct layout *layout, bool *found,
                        struct rp_error *err)
{
    char *cert = NULL, *key = NULL;
    struct certificate *c;
    bool ok = true;

    *found = false;
    if (asprintf(&cert, "%s/%s", directory, layout->cert) < 0)
        cert = NULL;
    if (asprintf(&key, "%s/%s", directory, layout->key) < 0)
        key = NULL;
    if (cert == NULL || key == NULL) {
        ok = no_memory(err);
    } else if (access(cert, F_OK) == 0 && access(key, F_OK) == 0) {
        *found = true;
        c = add(all);
        ok = c != NULL ? read_pair(c, &conf->location, cert, cert, key, err) : no_memory(err);
    }
    free(cert);
    free(key);
    return ok;
}

/* Read a directory of certbot or cert-manager; its other files are ignored. */
static bool read_below(struct certificates *all, const struct conf_certificates *conf,
                       const char *name, struct rp_error *err)
{
    char *directory;
    bool found, ok;

    if (asprintf(&directory, "%s/%s", conf->directory, name) < 0)
        return no_memory(err);
    ok = read_layout(all, conf, directory, &certbot, &found, err) &&
         (found || read_layout(all, conf, directory, &cert_manager, &found, err));
    free(directory);
    return ok;
}

static bool read_name(struct certificates *all, const struct conf_certificates *conf,
                      const char *name, bool certbots, struct rp_error *err)
{
    if (has_suffix(name, ".pem"))
        return certbots || read_entry(all, conf, name, err);
    return has_suffix(name, ".crt") ? read_entry(all, conf, name, err)
                                    : read_below(all, conf, name, err);
}

static bool read_directory(struct certificates *all, const struct conf_certificates *conf,
                           struct rp_error *err)
{
    struct dirent **entries;
    int count = scandir(conf->directory, &entries, is_visible, by_bytes);
    bool certbots = false, ok;

    if (count < 0)
        return conf_error(err, &conf->location, "certificates: directory \"%s\": %s",
                          conf->directory, strerror(errno));
    ok = read_layout(all, conf, conf->directory, &certbot, &certbots, err);
    for (int i = 0; i < count; i++) {
        ok = ok && read_name(all, conf, entries[i]->d_name, certbots, err);
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

/* -- names and key types from a context
 * --------------------------------------------------------- */

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
            continue; /* a common name such as "Test CA" */
        c->names[c->name_count] = strdup(name);
        if (c->names[c->name_count] == NULL)
            return no_memory(err);
        c->name_count++;
    }
    c->key_type = rp_secure_context_key_type(context, 0);
    if (c->key_type == NULL) /* OpenSSL accepts a key of another type */
        return certificate_refuse(c, &(struct rp_error){.code = KEY_MISMATCH}, err);
    c->learned = true;
    return true;
}

static const struct {
    const char *code, *text;
} reasons[] = {
    {KEY_MISMATCH, "the key does not match the certificate; give the certificate's own key, and "
                   "put the server's certificate first"},
    {"ERR_OSSL_X509_KEY_TYPE_MISMATCH",
     "the key does not match the certificate; give the certificate's own key, and put the server's "
     "certificate first"},
    {"ERR_OSSL_PEM_NO_START_LINE", "no certificate in the file; give a PEM file"},
    {"ERR_OSSL_UNSUPPORTED", "the key is invalid; give an unencrypted PEM file"},
    {"ERR_OSSL_BAD_DECRYPT", "the key is encrypted; decrypt it (openssl pkey)"},
    {"ERR_SSL_EE_KEY_TOO_SMALL", "the key is too short; use RSA of 2048 bits, or ECDSA"},
    {"ERR_SSL_CA_MD_TOO_WEAK", "the signature hash is too weak; have the certificate reissued"},
};

bool certificate_refuse(const struct certificate *c, const struct rp_error *why,
                        struct rp_error *err)
{
    const char *key = c->key.path != NULL ? c->key.path : c->cert.path;

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].code, why->code) == 0)
            return conf_error(err, c->location, "certificate \"%s\": %s (cert %s, key %s)", c->name,
                              reasons[i].text, c->cert.path, key);
    return conf_error(err, c->location,
                      "certificate \"%s\": %s; give complete PEM files as they were issued (cert "
                      "%s, key %s)",
                      c->name, why->message, c->cert.path, key);
}
