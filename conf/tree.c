/* SPDX-License-Identifier: MIT
 *
 * tree.c - the text of a configuration as blocks and values; see tree.h.
 * libconfuse parses; each option is a pointer to a value with its line. The error callback of
 * libconfuse has no argument of ours, so a thread-local variable keeps the first error. */
#include "conf/tree.h"

#include "conf/scan.h"

#include <confuse.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 40 };

struct raw {
    unsigned line;
    char text[];
};

static _Thread_local struct {
    const char *file;
    struct rp_error *error;
    bool active, failed, replaced;
} parsing;

/* -- errors */

static const struct conf_block *block_named(const struct conf_block *in, const char *name)
{
    if (strcmp(in->name, name) == 0)
        return in;
    for (size_t i = 0; in->blocks != NULL && in->blocks[i] != NULL; i++) {
        const struct conf_block *found = block_named(in->blocks[i], name);

        if (found != NULL)
            return found;
    }
    return NULL;
}

static bool has_option(const struct conf_block *block, const char *name)
{
    for (const struct conf_option *o = block->options; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            return true;
    return false;
}

/* Append the names of the blocks that have the option: "cache or frontend". */
static void list_owners(const struct conf_block *in, const char *name, char *out, size_t size)
{
    if (has_option(in, name)) {
        size_t len = strlen(out);

        snprintf(out + len, size - len, "%s%s", len > 0 ? " or " : "",
                 in == &conf_schema ? "the file, outside of blocks" : in->name);
    }
    for (size_t i = 0; in->blocks != NULL && in->blocks[i] != NULL; i++)
        list_owners(in->blocks[i], name, out, size);
}

/* The option or inner block of `block` with the nearest name; NULL: none is near. */
static const char *nearest_in(const struct conf_block *block, const char *name)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;

    for (const struct conf_option *o = block->options; o->name != NULL; o++)
        names[count++] = o->name;
    for (size_t i = 0; block->blocks != NULL && block->blocks[i] != NULL; i++)
        names[count++] = block->blocks[i]->name;
    names[count] = NULL;
    return conf_nearest(name, names);
}

static void unknown(const cfg_t *cfg, const struct conf_location *location, const char *name)
{
    const struct conf_block *block = block_named(&conf_schema, cfg->name);
    const char *in = block == NULL || block == &conf_schema ? "" : " in ", *nearest;
    char owners[100] = "";

    block = block != NULL ? block : &conf_schema;
    nearest = nearest_in(block, name);
    list_owners(&conf_schema, name, owners, sizeof owners);
    if (owners[0] != '\0')
        conf_error(parsing.error, location, "%s: is unknown%s%s; it belongs in %s", name, in,
                   block->name, owners);
    else if (nearest != NULL)
        conf_error(parsing.error, location, "%s: is unknown%s%s; did you mean %s?", name, in,
                   block->name, nearest);
    else
        conf_error(parsing.error, location, "%s: is unknown%s%s; see reprise.conf(5)", name, in,
                   block->name);
}

/* The remedy for an error of libconfuse, which states only the fault. */
static const char *remedy_of(const char *text)
{
    static const struct {
        const char *begin, *remedy;
    } remedies[] = {
        {"unexpected token",
         "; quote values with special characters, and give a list only where one is allowed"},
        {"found duplicate title", "; give it another name"},
        {"missing title", "; give it a name in quotes"},
        {"missing equal sign", "; add ="},
        {"missing opening brace", "; add {"},
        {"unexpected closing brace", "; remove it, or add the opening brace"},
        {"premature end of file", "; add what is missing, such as }"},
    };

    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (strncmp(text, remedies[i].begin, strlen(remedies[i].begin)) == 0)
            return remedies[i].remedy;
    return "";
}

static void on_error(cfg_t *cfg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void on_error(cfg_t *cfg, const char *format, va_list args)
{
    static const char no_such[] = "no such option '";
    struct conf_location location = {parsing.file, (unsigned)cfg->line};
    char text[160];
    size_t len;

    if (parsing.failed)
        return;
    parsing.failed = true;
    vsnprintf(text, sizeof text, format, args);
    len = strlen(text);
    if (strncmp(text, no_such, sizeof no_such - 1) == 0) {
        if (text[len - 1] == '\'')
            text[len - 1] = '\0';
        unknown(cfg, &location, text + sizeof no_such - 1);
    } else {
        conf_error(parsing.error, &location, "%s%s", text, remedy_of(text));
    }
}

/* -- values */

/* While libconfuse parses, it frees a value only to replace it. */
static void raw_free(void *raw)
{
    parsing.replaced = parsing.active;
    free(raw);
}

static int on_value(cfg_t *cfg, cfg_opt_t *option, const char *text, void *result)
{
    size_t len = strlen(text) + 1;
    struct raw *raw;

    if (parsing.replaced) {
        cfg_error(cfg, "%s: is given twice; remove one", option->name);
        return -1;
    }
    raw = malloc(sizeof *raw + len);
    if (raw == NULL) {
        cfg_error(cfg, "no memory for a value");
        return -1;
    }
    raw->line = (unsigned)cfg->line;
    memcpy(raw->text, text, len);
    *(void **)result = raw;
    return 0;
}

/* -- the schema as libconfuse's options */

static bool is_list(enum conf_kind kind)
{
    return conf_kind_is_strings(kind) || kind == CONF_NAMES;
}

static void free_options(cfg_opt_t *options)
{
    if (options == NULL)
        return;
    for (size_t i = 0; options[i].name != NULL; i++)
        free_options(options[i].subopts);
    free(options);
}

/* libconfuse copies the options. NULL: no memory. */
static cfg_opt_t *options_of(const struct conf_block *block)
{
    cfg_opt_t *options = calloc(OPTIONS_MAX, sizeof *options), *at = options;

    if (options == NULL)
        return NULL;
    for (const struct conf_option *o = block->options; o->name != NULL; o++, at++) {
        at->name = o->name;
        at->type = CFGT_PTR;
        at->flags = CFGF_NODEFAULT | (is_list(o->kind) ? CFGF_LIST : CFGF_NONE);
        at->parsecb = on_value;
        at->freecb = raw_free;
    }
    for (size_t i = 0; block->blocks != NULL && block->blocks[i] != NULL; i++, at++) {
        at->name = block->blocks[i]->name;
        at->type = CFGT_SEC;
        at->flags = block->blocks[i]->titled ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES
                                             : CFGF_NODEFAULT;
        at->subopts = options_of(block->blocks[i]);
        if (at->subopts == NULL) {
            free_options(options);
            return NULL;
        }
    }
    return options;
}

static cfg_t *new_cfg(struct rp_error *err)
{
    cfg_opt_t *options = options_of(&conf_schema);
    cfg_t *cfg = options != NULL ? cfg_init(options, CFGF_NONE) : NULL;

    free_options(options);
    if (cfg == NULL)
        rp_error_set(err, "ENOMEM", "no memory for the configuration");
    return cfg;
}

bool conf_tree_parse(struct conf_tree *tree, const char *text, const char *file,
                     struct rp_error *err)
{
    struct rp_error ignored = {.code = ""}, late;
    int result;

    tree->file = file;
    tree->cfg = NULL;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark, which some editors write */
        text += 3;
    if (!conf_scan(text, file, &late, err))
        return false;
    tree->cfg = new_cfg(err);
    if (tree->cfg == NULL)
        return false;
    parsing.file = file;
    parsing.error = err != NULL ? err : &ignored; /* used only while libconfuse parses */
    parsing.failed = parsing.replaced = false;
    parsing.active = true;
    cfg_set_error_function(tree->cfg, on_error);
    result = cfg_parse_buf(tree->cfg, text);
    parsing.active = false;
    parsing.error = NULL;
    if (result == CFG_SUCCESS && late.code[0] == '\0')
        return true;
    if (result == CFG_SUCCESS)
        rp_error_set(err, late.code, "%s", late.message);
    else if (!parsing.failed)
        rp_error_set(err, "ERR_CONF", "%s: is not a valid configuration; see reprise.conf(5)",
                     file);
    conf_tree_free(tree);
    return false;
}

void conf_tree_free(struct conf_tree *tree)
{
    if (tree->cfg != NULL)
        cfg_free(tree->cfg);
    tree->cfg = NULL;
}

/* -- reading the tree */

bool conf_tree_value(const struct conf_tree *tree, const char *option, size_t index,
                     struct conf_value *value)
{
    cfg_opt_t *o = tree->cfg != NULL ? cfg_getopt(tree->cfg, option) : NULL;
    const struct raw *raw;

    if (o == NULL || index >= cfg_opt_size(o))
        return false;
    raw = cfg_opt_getnptr(o, (unsigned)index);
    if (raw == NULL)
        return false;
    *value = (struct conf_value){
        .location = {tree->file, raw->line}, .option = option, .text = raw->text};
    return true;
}

bool conf_tree_block(const struct conf_tree *tree, const char *name, size_t index,
                     struct conf_tree *block)
{
    cfg_opt_t *o = cfg_getopt(tree->cfg, name);

    if (o == NULL || index >= cfg_opt_size(o))
        return false;
    *block = (struct conf_tree){cfg_opt_getnsec(o, (unsigned)index), tree->file};
    return block->cfg != NULL;
}

const char *conf_tree_title(const struct conf_tree *tree)
{
    return cfg_title(tree->cfg);
}

struct conf_location conf_tree_location(const struct conf_tree *tree)
{
    struct conf_location location = {tree->file, (unsigned)tree->cfg->line};

    for (cfg_opt_t *o = tree->cfg->opts; o->name != NULL; o++) {
        const struct raw *raw =
            o->type == CFGT_PTR && cfg_opt_size(o) > 0 ? cfg_opt_getnptr(o, 0) : NULL;

        if (raw != NULL && raw->line < location.line)
            location.line = raw->line;
    }
    return location;
}
