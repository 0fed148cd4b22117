/* SPDX-License-Identifier: MIT
 *
 * read.c - convert blocks and values to a struct conf; see read.h.
 * The schema gives type, range and default of most options; references to other blocks are resolved
 * here. */
#include "conf/read.h"

#include <stdlib.h>
#include <string.h>

enum { BUILTINS = 3 };
static const char builtin_prefix[] = "builtin:";

static bool no_memory(struct rp_error *err)
{
    return rp_error_set(err, "ENOMEM", "no memory for the configuration");
}

bool conf_strings_add(struct conf_strings *list, char *text)
{
    char **more = text != NULL ? realloc(list->at, (list->count + 1) * sizeof *more) : NULL;

    if (more == NULL) {
        free(text);
        return false;
    }
    list->at = more;
    list->at[list->count++] = text;
    return true;
}

bool conf_strings_has(const struct conf_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i], text) == 0)
            return true;
    return false;
}

void conf_strings_free(struct conf_strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct conf_strings){0};
}

/* -- options in the schema */

static bool read_number(const struct conf_option *o, const struct conf_value *v, void *field,
                        struct rp_error *err)
{
    uint64_t n = 0;
    bool ok = o->kind == CONF_NUMBER || o->kind == CONF_SIZE
                  ? conf_value_number(v, o, &n, err)
                  : conf_value_duration(v, o->min, o->max, &n, err);

    if (ok && o->kind == CONF_SECONDS && n % 1000 != 0)
        return conf_value_error(err, v, "%s is not a whole number of seconds; give one like 2s",
                                v->text);
    if (!ok)
        return false;
    if (o->kind == CONF_LONG_MS)
        *(uint64_t *)field = n;
    else
        *(uint32_t *)field = (uint32_t)(o->kind == CONF_SECONDS ? n / 1000 : n);
    return true;
}

static bool read_single(const struct conf_option *o, const struct conf_value *v, void *field,
                        struct rp_error *err)
{
    int number;

    switch (o->kind) {
    case CONF_TEXT:
    case CONF_URI:
        return conf_value_text(v, field, err);
    case CONF_PATH:
        return conf_word_of(o->words, v->text, &number) ? conf_value_text(v, field, err)
                                                        : conf_value_path(v, field, err);
    case CONF_CHOICE:
        return conf_value_word(v, o->words, &number, err) && conf_value_text(v, field, err);
    case CONF_WORD:
        return conf_value_word(v, o->words, field, err);
    case CONF_BOOL:
        return conf_value_bool(v, field, err);
    case CONF_ADDRESS:
        return conf_value_address(v, true, field, err);
    default:
        return read_number(o, v, field, err);
    }
}

static bool read_string(enum conf_kind kind, const struct conf_value *v, char **text,
                        struct rp_error *err)
{
    switch (kind) {
    case CONF_TEXTS:
        return conf_value_text(v, text, err);
    case CONF_NETWORKS:
        return conf_value_network(v, text, err);
    default:
        return conf_value_address(v, kind == CONF_LISTENS, text, err);
    }
}

static bool read_strings(const struct conf_tree *tree, const struct conf_option *o,
                         struct conf_strings *list, struct rp_error *err)
{
    struct conf_value v;
    char *text = NULL;

    for (size_t i = 0; conf_tree_value(tree, o->name, i, &v); i++, text = NULL) {
        if (!read_string(o->kind, &v, &text, err)) {
            free(text);
            return false;
        }
        if (conf_strings_has(list, text)) {
            free(text);
            return conf_value_error(err, &v, "\"%s\" is given twice; remove one", v.text);
        }
        if (!conf_strings_add(list, text))
            return no_memory(err);
    }
    return true;
}

/* The value in the file, or else the default. */
static bool value_of(const struct conf_tree *tree, const struct conf_block *block,
                     const struct conf_option *o, struct conf_value *v)
{
    if (conf_tree_value(tree, o->name, 0, v))
        return true;
    *v = (struct conf_value){.location = {tree->file, 1}, .option = o->name, .text = o->preset};
    return v->text != NULL && v->text != conf_required && !block->inherits;
}

static bool add_setting(struct conf *conf, const struct conf_setting *setting, struct rp_error *err)
{
    struct conf_setting *more =
        realloc(conf->settings, (conf->setting_count + 1) * sizeof *conf->settings);

    if (more == NULL)
        return no_memory(err);
    conf->settings = more;
    conf->settings[conf->setting_count++] = *setting;
    return true;
}

/* Record which options of the block the file sets. */
static bool read_settings(struct conf *conf, const struct conf_tree *tree,
                          const struct conf_block *block, const void *owner, struct rp_error *err)
{
    for (const struct conf_option *o = block->options; o->name != NULL; o++) {
        struct conf_value v;
        struct conf_setting setting = {.block = block->name, .option = o->name, .owner = owner};

        if (!conf_tree_value(tree, o->name, 0, &v))
            continue;
        setting.location = v.location;
        if (!add_setting(conf, &setting, err))
            return false;
    }
    return true;
}

static bool read_options(struct conf *conf, const struct conf_tree *tree,
                         const struct conf_block *block, void *base, struct rp_error *err)
{
    for (const struct conf_option *o = block->options; o->name != NULL; o++) {
        void *field = (char *)base + o->at;
        struct conf_value v;

        if (conf_kind_is_special(o->kind))
            continue;
        if (conf_kind_is_strings(o->kind)) {
            if (!read_strings(tree, o, field, err))
                return false;
        } else if (value_of(tree, block, o, &v) && !read_single(o, &v, field, err)) {
            return false;
        }
    }
    return read_settings(conf, tree, block, base, err);
}

static bool read_block(struct conf *conf, const struct conf_tree *tree, const char *name,
                       void *base, struct rp_error *err)
{
    return read_options(conf, tree, conf_schema_block(name), base, err);
}

/* A block that occurs at most once; without it, its options have their defaults. */
static bool read_single_block(struct conf *conf, const struct conf_tree *file, const char *name,
                              struct conf_location *location, struct rp_error *err)
{
    struct conf_tree tree = {NULL, file->file};

    *location = (struct conf_location){file->file, 1};
    if (conf_tree_block(file, name, 0, &tree))
        *location = conf_tree_location(&tree);
    return read_block(conf, &tree, name, conf, err);
}

static size_t count_blocks(const struct conf_tree *tree, const char *name)
{
    struct conf_tree block;
    size_t count = 0;

    while (conf_tree_block(tree, name, count, &block))
        count++;
    return count;
}

static bool take_title(const struct conf_tree *tree, char **name, struct rp_error *err)
{
    struct conf_location location = conf_tree_location(tree);
    const char *title = conf_tree_title(tree);

    if (title == NULL || *title == '\0' || strlen(title) > 255)
        return conf_error(err, &location,
                          "the name of a block is missing or longer than 255 bytes");
    *name = strdup(title);
    return *name != NULL || no_memory(err);
}

static bool read_process(struct conf *conf, const struct conf_tree *file, struct rp_error *err)
{
    struct conf_location unused;

    return read_options(conf, file, &conf_schema, conf, err) &&
           read_single_block(conf, file, "log", &unused, err) &&
           read_single_block(conf, file, "cache", &conf->cache.location, err) &&
           read_single_block(conf, file, "admin", &unused, err);
}

/* -- certificates */

static bool read_ocsp(struct conf_certificate *c, const struct conf_tree *tree,
                      struct rp_error *err)
{
    struct conf_value v;

    if (!conf_tree_value(tree, "ocsp", 0, &v) || strcmp(v.text, "auto") == 0)
        return true;
    c->ocsp = strcmp(v.text, "off") == 0 ? CONF_OCSP_OFF : CONF_OCSP_FILE;
    return c->ocsp == CONF_OCSP_OFF || conf_value_path(&v, &c->ocsp_file, err);
}

static bool read_certificate(struct conf *conf, struct conf_certificate *c,
                             const struct conf_tree *tree, struct rp_error *err)
{
    c->location = conf_tree_location(tree);
    if (!take_title(tree, &c->name, err) || !read_block(conf, tree, "certificate", c, err) ||
        !read_ocsp(c, tree, err))
        return false;
    if (c->cert == NULL)
        return conf_error(err, &c->location, "certificate \"%s\": cert is missing; name a PEM file",
                          c->name);
    return c->key != NULL ||
           conf_error(err, &c->location, "certificate \"%s\": key is missing; name a PEM file",
                      c->name);
}

static bool read_certificates(struct conf *conf, const struct conf_tree *file, struct rp_error *err)
{
    struct conf_tree tree;

    conf->certificates = calloc(count_blocks(file, "certificate") + 1, sizeof *conf->certificates);
    if (conf->certificates == NULL)
        return no_memory(err);
    while (conf_tree_block(file, "certificate", conf->certificate_count, &tree))
        if (!read_certificate(conf, &conf->certificates[conf->certificate_count++], &tree, err))
            return false;
    return read_single_block(conf, file, "certificates", &conf->directory.location, err);
}

/* -- backends */

static bool read_backend(struct conf *conf, struct conf_backend *b, const struct conf_tree *tree,
                         struct rp_error *err)
{
    b->location = conf_tree_location(tree);
    if (!take_title(tree, &b->name, err))
        return false;
    if (strncmp(b->name, builtin_prefix, strlen(builtin_prefix)) == 0)
        return conf_error(err, &b->location,
                          "backend \"%s\": the name is reserved; choose another name", b->name);
    if (!read_block(conf, tree, "backend", b, err))
        return false;
    return b->address.count > 0 ||
           conf_error(err, &b->location,
                      "backend \"%s\": address is missing; give one like \"127.0.0.1:8080\"",
                      b->name);
}

static bool read_backends(struct conf *conf, const struct conf_tree *file, struct rp_error *err)
{
    struct conf_tree tree;

    conf->backends = calloc(count_blocks(file, "backend") + BUILTINS, sizeof *conf->backends);
    if (conf->backends == NULL)
        return no_memory(err);
    while (conf_tree_block(file, "backend", conf->backend_count, &tree))
        if (!read_backend(conf, &conf->backends[conf->backend_count++], &tree, err))
            return false;
    return true;
}

static const struct conf_backend *add_builtin(struct conf *conf, const struct conf_value *v,
                                              enum conf_backend_kind kind, struct rp_error *err)
{
    struct conf_backend *b = &conf->backends[conf->backend_count];

    *b = (struct conf_backend){.location = v->location, .kind = kind};
    if (!conf_value_text(v, &b->name, err))
        return NULL;
    conf->backend_count++;
    return b;
}

/* "unknown KIND "NAME"", with the nearest of the names that exist, or else how to add a block. */
static bool unknown_name(const struct conf_value *v, const char *kind, const char *name,
                         const char *const *names, const char *options, struct rp_error *err)
{
    const char *nearest = conf_nearest(name, names);

    if (nearest != NULL)
        return conf_value_error(err, v, "unknown %s \"%s\"; did you mean \"%s\"?", kind, name,
                                nearest);
    return conf_value_error(err, v, "unknown %s \"%s\"; add %s \"%s\" { %s }", kind, name, kind,
                            name, options);
}

static bool unknown_backend(const struct conf *conf, const struct conf_value *v, const char *name,
                            struct rp_error *err)
{
    const char **names = calloc(conf->backend_count + 1, sizeof *names);

    if (names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < conf->backend_count; i++)
        names[i] = conf->backends[i].name;
    unknown_name(v, "backend", name, names, "address = …", err);
    free(names);
    return false;
}

static bool unknown_certificate(const struct conf *conf, const struct conf_value *v,
                                struct rp_error *err)
{
    const char **names = calloc(conf->certificate_count + 1, sizeof *names);

    if (names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < conf->certificate_count; i++)
        names[i] = conf->certificates[i].name;
    unknown_name(v, "certificate", v->text, names, "cert = … key = …", err);
    free(names);
    return false;
}

/* NULL: no backend has this name. */
static const struct conf_backend *find_backend(struct conf *conf, const struct conf_value *v,
                                               const char *name, struct rp_error *err)
{
    static const struct conf_word builtins[] = {{"builtin:status", CONF_BACKEND_STATUS},
                                                {"builtin:redirect", CONF_BACKEND_REDIRECT},
                                                {"builtin:echo", CONF_BACKEND_ECHO},
                                                {NULL, 0}};
    struct conf_value named = *v;
    int kind;

    for (size_t i = 0; i < conf->backend_count; i++)
        if (strcmp(conf->backends[i].name, name) == 0)
            return &conf->backends[i];
    named.text = name;
    if (strncmp(name, builtin_prefix, strlen(builtin_prefix)) == 0)
        return conf_value_word(&named, builtins, &kind, err)
                   ? add_builtin(conf, &named, (enum conf_backend_kind)kind, err)
                   : NULL;
    unknown_backend(conf, v, name, err);
    return NULL;
}

/* -- frontends */

static bool add_certificate(struct conf *conf, struct conf_tls *tls, const struct conf_value *v,
                            struct rp_error *err)
{
    for (size_t i = 0; i < tls->certificate_count; i++)
        if (strcmp(tls->certificates[i]->name, v->text) == 0) /* NOLINT: all before i are set */
            return conf_value_error(err, v, "\"%s\" is given twice; remove one", v->text);
    for (size_t i = 0; i < conf->certificate_count; i++)
        if (strcmp(conf->certificates[i].name, v->text) == 0) {
            tls->certificates[tls->certificate_count++] = &conf->certificates[i];
            return true;
        }
    return unknown_certificate(conf, v, err);
}

/* The options of a frontend or host that name other blocks. */
static bool read_names(struct conf *conf, struct conf_tls *tls, const struct conf_tree *tree,
                       struct rp_error *err)
{
    struct conf_value v;

    tls->certificates = calloc(conf->certificate_count + 1, sizeof(void *));
    if (tls->certificates == NULL)
        return no_memory(err);
    for (size_t i = 0; conf_tree_value(tree, "certificates", i, &v); i++)
        if (!add_certificate(conf, tls, &v, err))
            return false;
    if (!conf_tree_value(tree, "backend", 0, &v))
        return true;
    tls->backend = find_backend(conf, &v, v.text, err);
    return tls->backend != NULL;
}

/* ca or crl without request-cert is an error: the author expects that certificates are checked. */
static bool check_verification(const struct conf_tls *tls, const struct conf_tree *tree,
                               bool asked_elsewhere, struct rp_error *err)
{
    struct conf_value v;

    if (tls->request_cert || asked_elsewhere)
        return true;
    if (conf_tree_value(tree, "ca", 0, &v) || conf_tree_value(tree, "crl", 0, &v))
        return conf_value_error(err, &v,
                                "has no effect while request-cert is off; set request-cert = on");
    return true;
}

static bool inherit(char **field, const char *from, struct rp_error *err)
{
    *field = from != NULL ? strdup(from) : NULL;
    return from == NULL || *field != NULL || no_memory(err);
}

static bool read_host(struct conf *conf, const struct conf_frontend *f, struct conf_host *host,
                      const struct conf_tree *tree, struct rp_error *err)
{
    host->tls.location = conf_tree_location(tree);
    host->tls.request_cert = f->tls.request_cert;
    host->tls.reject_unauthorized = f->tls.reject_unauthorized;
    host->tls.ca_names = f->tls.ca_names;
    host->tls.partial_chain = f->tls.partial_chain;
    host->tls.max_early_data = f->tls.max_early_data;
    return take_title(tree, &host->name, err) && inherit(&host->tls.ca, f->tls.ca, err) &&
           inherit(&host->tls.crl, f->tls.crl, err) &&
           read_options(conf, tree, &conf_schema_host, host, err) &&
           read_names(conf, &host->tls, tree, err) &&
           check_verification(&host->tls, tree, false, err);
}

static bool read_hosts(struct conf *conf, struct conf_frontend *f, const struct conf_tree *tree,
                       struct rp_error *err)
{
    struct conf_tree host;

    f->hosts = calloc(count_blocks(tree, "host") + 1, sizeof *f->hosts);
    if (f->hosts == NULL)
        return no_memory(err);
    while (conf_tree_block(tree, "host", f->host_count, &host))
        if (!read_host(conf, f, &f->hosts[f->host_count++], &host, err))
            return false;
    return true;
}

/* "h2=varnish-h2" */
static bool read_alpn_backend(struct conf *conf, struct conf_alpn_backend *a,
                              const struct conf_value *v, struct rp_error *err)
{
    const char *equals = strchr(v->text, '=');

    if (equals == NULL || equals == v->text || equals[1] == '\0')
        return conf_value_error(
            err, v, "\"%s\" is not PROTOCOL=BACKEND; give one like \"h2=varnish-h2\"", v->text);
    a->protocol = strndup(v->text, (size_t)(equals - v->text));
    if (a->protocol == NULL)
        return no_memory(err);
    a->backend = find_backend(conf, v, equals + 1, err);
    return a->backend != NULL;
}

static bool read_alpn_backends(struct conf *conf, struct conf_frontend *f,
                               const struct conf_tree *tree, struct rp_error *err)
{
    struct conf_value v;
    size_t count = 0;

    while (conf_tree_value(tree, "alpn-backend", count, &v))
        count++;
    f->alpn_backends = calloc(count + 1, sizeof *f->alpn_backends);
    if (f->alpn_backends == NULL)
        return no_memory(err);
    while (conf_tree_value(tree, "alpn-backend", f->alpn_backend_count, &v))
        if (!read_alpn_backend(conf, &f->alpn_backends[f->alpn_backend_count++], &v, err))
            return false;
    return true;
}

static bool any_host_asks(const struct conf_frontend *f)
{
    for (size_t i = 0; i < f->host_count; i++)
        if (f->hosts[i].tls.request_cert)
            return true;
    return false;
}

static bool read_frontend(struct conf *conf, struct conf_frontend *f, const struct conf_tree *tree,
                          struct rp_error *err)
{
    f->tls.location = conf_tree_location(tree);
    f->tickets = conf->cache.tickets;
    f->use_certificate_directory = conf->directory.directory != NULL;
    return take_title(tree, &f->name, err) && read_block(conf, tree, "frontend", f, err) &&
           read_names(conf, &f->tls, tree, err) && read_alpn_backends(conf, f, tree, err) &&
           read_hosts(conf, f, tree, err) &&
           check_verification(&f->tls, tree, any_host_asks(f), err);
}

static bool read_frontends(struct conf *conf, const struct conf_tree *file, struct rp_error *err)
{
    struct conf_tree tree;

    conf->frontends = calloc(count_blocks(file, "frontend") + 1, sizeof *conf->frontends);
    if (conf->frontends == NULL)
        return no_memory(err);
    while (conf_tree_block(file, "frontend", conf->frontend_count, &tree))
        if (!read_frontend(conf, &conf->frontends[conf->frontend_count++], &tree, err))
            return false;
    return true;
}

bool conf_read(struct conf *conf, const struct conf_tree *file, struct rp_error *err)
{
    return read_process(conf, file, err) && read_certificates(conf, file, err) &&
           read_backends(conf, file, err) && read_frontends(conf, file, err);
}
