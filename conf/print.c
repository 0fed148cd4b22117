/* SPDX-License-Identifier: MIT
 *
 * print.c - a configuration as text again, defaults included; see conf.h. It is read as the same
 * configuration, but for passwords in URIs: the danger is to show those. */
#include "conf/conf.h"

#include "conf/schema.h"
#include "lib/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct print {
    struct rp_text out;
    int depth;
};

/* -- values */

static void quote(struct print *p, const char *text)
{
    rp_text_puts(&p->out, "\"");
    for (; *text != '\0'; text++)
        if (*text == '\n')
            rp_text_puts(&p->out, "\\n");
        else
            rp_text_printf(&p->out, "%s%c", strchr("\"\\$", *text) != NULL ? "\\" : "", *text);
    rp_text_puts(&p->out, "\"");
}

static void begin(struct print *p, const char *name)
{
    rp_text_printf(&p->out, "%*s%s = ", p->depth * 2, "", name);
}

static void print_text(struct print *p, const char *name, const char *text)
{
    if (text == NULL)
        return;
    begin(p, name);
    quote(p, text);
    rp_text_puts(&p->out, "\n");
}

static void print_list(struct print *p, const char *name, size_t count,
                       const char *(*at)(const void *list, size_t i), const void *list)
{
    if (count == 0)
        return;
    begin(p, name);
    for (size_t i = 0; i < count; i++) {
        rp_text_puts(&p->out, i > 0 ? ", " : "{");
        quote(p, at(list, i));
    }
    rp_text_puts(&p->out, "}\n");
}

static const char *string_at(const void *list, size_t i)
{
    return ((const struct conf_strings *)list)->at[i];
}

static const char *word_of(const struct conf_word *words, int value)
{
    while (words->text != NULL && words->means != value)
        words++;
    return words->text != NULL ? words->text : "?";
}

/* In the largest unit that it is a whole number of. */
static void print_time(struct print *p, uint64_t ms)
{
    static const struct {
        uint64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t i = ms == 0 ? 3 : 0;

    while (ms % units[i].ms != 0)
        i++;
    rp_text_printf(&p->out, "%" PRIu64 "%s", ms / units[i].ms, units[i].name);
}

static void print_option(struct print *p, const struct conf_option *o, const void *in)
{
    const void *at = (const char *)in + o->at;
    const struct conf_strings *strings = at;

    if (o->kind == CONF_OTHER || o->kind == CONF_OTHERS)
        return; /* by hand, too */
    if (o->kind == CONF_TEXT || o->kind == CONF_PATH || o->kind == CONF_ADDRESS) {
        print_text(p, o->name, *(char *const *)at);
        return;
    }
    if (conf_kind_is_strings(o->kind)) {
        print_list(p, o->name, strings->count, string_at, strings);
        return;
    }
    begin(p, o->name);
    if (o->kind == CONF_WORD)
        rp_text_puts(&p->out, word_of(o->words, *(const int *)at));
    else if (o->kind == CONF_BOOL)
        rp_text_puts(&p->out, *(const bool *)at ? "on" : "off");
    else if (o->kind == CONF_LONG_MS)
        print_time(p, *(const uint64_t *)at);
    else if (o->kind == CONF_MS)
        print_time(p, *(const uint32_t *)at);
    else if (o->kind == CONF_SECONDS)
        print_time(p, *(const uint32_t *)at * UINT64_C(1000));
    else
        rp_text_printf(&p->out, "%" PRIu32, *(const uint32_t *)at);
    rp_text_puts(&p->out, "\n");
}

static void print_options(struct print *p, const struct conf_option *options, const void *in)
{
    for (; options->name != NULL; options++)
        print_option(p, options, in);
}

/* -- blocks */

static const struct conf_block *block_of(const struct conf_block *in, const char *name)
{
    const struct conf_block *const *at = in->blocks;

    while (strcmp((*at)->name, name) != 0)
        at++;
    return *at;
}

static void open_block(struct print *p, const char *name, const char *title)
{
    rp_text_printf(&p->out, "%*s%s ", p->depth++ * 2, "", name);
    if (title != NULL) {
        quote(p, title);
        rp_text_puts(&p->out, " ");
    }
    rp_text_puts(&p->out, "{\n");
}

static void close_block(struct print *p)
{
    rp_text_printf(&p->out, "%*s}\n", --p->depth * 2, "");
}

static const char *certificate_at(const void *list, size_t i)
{
    return ((const struct conf_tls *)list)->certificates[i]->name;
}

static void print_tls(struct print *p, const struct conf_tls *tls)
{
    print_list(p, "certificates", tls->certificate_count, certificate_at, tls);
    print_text(p, "backend", tls->backend != NULL ? tls->backend->name : NULL);
}

static void print_alpn_backends(struct print *p, const struct conf_frontend *f)
{
    if (f->alpn_backend_count == 0)
        return;
    begin(p, "alpn-backend");
    for (size_t i = 0; i < f->alpn_backend_count; i++) {
        struct rp_text pair = {0};
        char *text;

        rp_text_printf(&pair, "%s=%s", f->alpn_backends[i].protocol,
                       f->alpn_backends[i].backend->name);
        text = rp_text_take(&pair, NULL);
        rp_text_puts(&p->out, i > 0 ? ", " : "{");
        quote(p, text != NULL ? text : "");
        free(text);
    }
    rp_text_puts(&p->out, "}\n");
}

static void print_host(struct print *p, struct conf_host host)
{
    if (!host.tls.request_cert) /* it has the frontend's, and no use for them */
        host.tls.ca = host.tls.crl = NULL;
    open_block(p, "host", host.name);
    print_tls(p, &host.tls);
    print_options(p, conf_schema_host.options, &host);
    close_block(p);
}

static void print_frontend(struct print *p, const struct conf_frontend *f)
{
    open_block(p, "frontend", f->name);
    print_tls(p, &f->tls);
    print_options(p, block_of(&conf_schema, "frontend")->options, f);
    print_alpn_backends(p, f);
    for (size_t i = 0; i < f->host_count; i++)
        print_host(p, f->hosts[i]);
    close_block(p);
}

static void print_certificate(struct print *p, const struct conf_certificate *c)
{
    static const char *const words[] = {
        [CONF_OCSP_AUTO] = "auto", [CONF_OCSP_OFF] = "off", [CONF_OCSP_FILE] = NULL};

    open_block(p, "certificate", c->name);
    print_options(p, block_of(&conf_schema, "certificate")->options, c);
    print_text(p, "ocsp", c->ocsp == CONF_OCSP_FILE ? c->ocsp_file : words[c->ocsp]);
    close_block(p);
}

static void print_backend(struct print *p, const struct conf_backend *b)
{
    if (b->kind != CONF_BACKEND_ADDRESSES)
        return; /* built in */
    open_block(p, "backend", b->name);
    print_options(p, block_of(&conf_schema, "backend")->options, b);
    close_block(p);
}

/* Those that may be there once, whose fields lie in the configuration itself. */
static void print_single(struct print *p, const char *name, const struct conf *conf)
{
    open_block(p, name, NULL);
    if (strcmp(name, "log") == 0)
        print_text(p, "destination", conf->log.destination);
    print_options(p, block_of(&conf_schema, name)->options, conf);
    close_block(p);
}

/* -- all of it */

/* scheme://user:***@rest for what is there from the colon behind the user to the last @ before a /
 * or ?. */
static char *without_password(const char *uri)
{
    const char *from = strstr(uri, "://"), *at = NULL, *colon = NULL;
    char *shown;

    if (from != NULL)
        at = memrchr(from + 3, '@', strcspn(from + 3, "/?"));
    if (at != NULL)
        colon = memchr(from + 3, ':', (size_t)(at - from - 3));
    if (colon == NULL)
        return strdup(uri);
    return asprintf(&shown, "%.*s***%s", (int)(colon + 1 - uri), uri, at) < 0 ? NULL : shown;
}

char *conf_print(const struct conf *conf)
{
    struct conf shown = *conf;
    struct print p = {.depth = 0};

    shown.cache.store = without_password(conf->cache.store);
    if (shown.cache.store == NULL)
        return NULL;
    if (conf->workers == 0)
        rp_text_puts(&p.out, "workers = auto\n");
    else
        rp_text_printf(&p.out, "workers = %u\n", conf->workers);
    print_options(&p, conf_schema.options, &shown);
    print_single(&p, "log", &shown);
    if (conf->admin_listen != NULL)
        print_single(&p, "admin", &shown);
    print_single(&p, "cache", &shown);
    for (size_t i = 0; i < conf->certificate_count; i++)
        print_certificate(&p, &conf->certificates[i]);
    if (conf->directory.directory != NULL)
        print_single(&p, "certificates", &shown);
    for (size_t i = 0; i < conf->backend_count; i++)
        print_backend(&p, &conf->backends[i]);
    for (size_t i = 0; i < conf->frontend_count; i++)
        print_frontend(&p, &conf->frontends[i]);
    free(shown.cache.store);
    return rp_text_take(&p.out, NULL);
}
