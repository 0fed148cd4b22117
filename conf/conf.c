/* SPDX-License-Identifier: MIT
 *
 * conf.c - load and free a configuration; see conf.h. */
#include "conf/conf.h"

#include "conf/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20 };

static bool no_memory(struct rp_error *err)
{
    return rp_error_set(err, "ENOMEM", "no memory for the configuration");
}

struct conf *conf_parse(const char *text, const char *name, struct rp_error *err)
{
    struct conf *conf = calloc(1, sizeof *conf);
    struct conf_tree tree = {NULL, NULL};
    bool ok;

    if (conf == NULL || (conf->file = strdup(name)) == NULL) {
        free(conf);
        no_memory(err);
        return NULL;
    }
    ok = conf_tree_parse(&tree, text, conf->file, err) && conf_read(conf, &tree, err) &&
         conf_check(conf, err);
    conf_tree_free(&tree);
    if (ok)
        return conf;
    conf_free(conf);
    return NULL;
}

/* -- the file */

static bool read_all(int fd, char *text, size_t size, const char *path, struct rp_error *err)
{
    size_t len = 0;
    ssize_t got;

    while (len < size && (got = read(fd, text + len, size - len)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rp_error_errno(err, errno, "read", "%s", path);
        len += (size_t)got;
    }
    text[len < size ? len : size - 1] = '\0';
    if (len == size)
        return rp_error_set(err, "ERR_CONF", "%s: is larger than 4 MiB", path);
    return memchr(text, '\0', len) == NULL ||
           rp_error_set(err, "ERR_CONF", "%s: contains a NUL byte", path);
}

static char *read_file(const char *path, struct rp_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text = NULL;
    struct stat st;

    if (fd < 0) {
        rp_error_set(err, rp_errno_name(errno), "%s: %s; give the configuration with -c FILE", path,
                     strerror(errno));
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) /* reading a FIFO would block */
        rp_error_set(err, "ERR_CONF", "%s: is not a regular file; give the path of a file", path);
    else if ((text = malloc(FILE_MAX)) == NULL)
        no_memory(err);
    else if (!read_all(fd, text, FILE_MAX, path, err)) {
        free(text);
        text = NULL;
    }
    close(fd);
    return text;
}

struct conf *conf_load(const char *path, struct rp_error *err)
{
    char *text = read_file(path, err);
    struct conf *conf = text != NULL ? conf_parse(text, path, err) : NULL;

    free(text);
    return conf;
}

/* -- freeing */

static void clear_tls(struct conf_tls *tls)
{
    free(tls->certificates);
    conf_strings_free(&tls->alpn_protocols);
    free(tls->ca);
    free(tls->crl);
}

static void clear_frontend(struct conf_frontend *f)
{
    free(f->name);
    conf_strings_free(&f->listen);
    conf_strings_free(&f->proxy_from);
    clear_tls(&f->tls);
    for (size_t i = 0; i < f->alpn_backend_count; i++)
        free(f->alpn_backends[i].protocol);
    free(f->alpn_backends);
    for (size_t i = 0; i < f->host_count; i++) {
        free(f->hosts[i].name);
        clear_tls(&f->hosts[i].tls);
    }
    free(f->hosts);
    free(f->min_version);
    free(f->max_version);
    free(f->ciphers);
    free(f->ecdh_curve);
    free(f->sigalgs);
}

static void clear_certificate(struct conf_certificate *c)
{
    free(c->name);
    free(c->cert);
    free(c->key);
    free(c->ocsp_file);
}

void conf_free(struct conf *conf)
{
    if (conf == NULL)
        return;
    for (size_t i = 0; i < conf->frontend_count; i++)
        clear_frontend(&conf->frontends[i]);
    for (size_t i = 0; i < conf->backend_count; i++) {
        free(conf->backends[i].name);
        conf_strings_free(&conf->backends[i].address);
    }
    for (size_t i = 0; i < conf->certificate_count; i++)
        clear_certificate(&conf->certificates[i]);
    free(conf->settings);
    free(conf->frontends);
    free(conf->backends);
    free(conf->certificates);
    free(conf->directory.directory);
    free(conf->cache.store);
    free(conf->cache.l1);
    conf_strings_free(&conf->admin_hosts);
    free(conf->cache.ticket_keys);
    free(conf->log.destination);
    free(conf->admin_listen);
    free(conf->state_dir);
    free(conf->run_dir);
    free(conf->user);
    free(conf->secret_file);
    free(conf->file);
    free(conf);
}
