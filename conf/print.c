/* SPDX-License-Identifier: MIT
 *
 * print.c - print a configuration as text, with its defaults; see conf.h. Parsing the text gives
 * the same configuration, except for passwords in URIs, which must never be shown. */
#include "conf/conf.h"

#include "conf/value.h"
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

/* Name the option in a comment, so that a reader finds it. */
static void print_unset(struct print *p, const char *name)
{
    rp_text_printf(&p->out, "%*s# %s is unset\n", p->depth * 2, "", name);
}

static void print_text(struct print *p, const char *name, const char *text)
{
    if (text == NULL) {
        print_unset(p, name);
        return;
    }
    begin(p, name);
    quote(p, text);
    rp_text_puts(&p->out, "\n");
}

static void print_list(struct print *p, const char *name, size_t count,
                       const char *(*at)(const void *list, size_t i), const void *list)
{
    if (count == 0) {
        print_unset(p, name);
        return;
    }
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

static void print_time(struct print *p, uint64_t ms)
{
    char text[CONF_TIME_SIZE];

    rp_text_puts(&p->out, conf_time_text(ms, text));
}

static void print_number(struct print *p, const struct conf_option *o, uint32_t number)
{
    if (o->words != NULL && o->words->means == (int)number)
        rp_text_puts(&p->out, o->words->text);
    else
        rp_text_printf(&p->out, "%" PRIu32, number);
}

static void print_scalar(struct print *p, const struct conf_option *o, const void *at)
{
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
        print_number(p, o, *(const uint32_t *)at);
}

static void print_option(struct print *p, const struct conf_option *o, const void *in)
{
    const void *at = (const char *)in + o->at;
    const struct conf_strings *strings = at;

    switch (o->kind) {
    case CONF_TEXT:
    case CONF_URI:
    case CONF_PATH:
    case CONF_CHOICE:
    case CONF_ADDRESS:
        print_text(p, o->name, *(char *const *)at);
        return;
    case CONF_LISTENS:
    case CONF_BACKENDS:
    case CONF_NETWORKS:
    case CONF_TEXTS:
        print_list(p, o->name, strings->count, string_at, strings);
        return;
    default:
        begin(p, o->name);
        print_scalar(p, o, at);
        rp_text_puts(&p->out, "\n");
    }
}

static void print_options(struct print *p, const struct conf_block *block, const void *in)
{
    for (const struct conf_option *o = block->options; o->name != NULL; o++)
        if (!conf_kind_is_special(o->kind))
            print_option(p, o, in);
}

/* -- blocks */

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
    if (f->alpn_backend_count == 0) {
        print_unset(p, "alpn-backend");
        return;
    }
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
    if (!host.tls.request_cert) /* the frontend's, which it does not use */
        host.tls.ca = host.tls.crl = NULL;
    open_block(p, "host", host.name);
    print_tls(p, &host.tls);
    print_options(p, &conf_schema_host, &host);
    close_block(p);
}

static void print_frontend(struct print *p, const struct conf_frontend *f)
{
    open_block(p, "frontend", f->name);
    print_tls(p, &f->tls);
    print_options(p, conf_schema_block("frontend"), f);
    print_alpn_backends(p, f);
    for (size_t i = 0; i < f->host_count; i++)
        print_host(p, f->hosts[i]);
    close_block(p);
}

static void print_certificate(struct print *p, const struct conf_certificate *c)
{
    open_block(p, "certificate", c->name);
    print_options(p, conf_schema_block("certificate"), c);
    print_text(p, "ocsp",
               c->ocsp == CONF_OCSP_FILE  ? c->ocsp_file
               : c->ocsp == CONF_OCSP_OFF ? "off"
                                          : "auto");
    close_block(p);
}

static void print_backend(struct print *p, const struct conf_backend *b)
{
    if (b->kind != CONF_BACKEND_ADDRESSES)
        return; /* built in */
    open_block(p, "backend", b->name);
    print_options(p, conf_schema_block("backend"), b);
    close_block(p);
}

/* A block that occurs at most once; its fields are in struct conf. */
static void print_single(struct print *p, const char *name, const struct conf *conf)
{
    open_block(p, name, NULL);
    print_options(p, conf_schema_block(name), conf);
    close_block(p);
}

/* -- the configuration */

/* The URI as scheme://user:***@rest: the password begins after the colon behind the user and ends
 * at the last @ before a / or ?. */
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
    print_options(&p, &conf_schema, &shown);
    print_single(&p, "log", &shown);
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
