/* SPDX-License-Identifier: MIT
 *
 * schema.h - the words of the language: which options a block has, of what kind, and where they go.
 * A new option is a line in schema.c and a field in conf.h. Only conf/ includes it. */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "conf/value.h"

enum conf_kind {
    CONF_TEXT,     /* char *               */
    CONF_PATH,     /* char *, resolved     */
    CONF_WORD,     /* int (an enum)        */
    CONF_BOOL,     /* bool                 */
    CONF_NUMBER,   /* uint32_t             */
    CONF_SIZE,     /* uint32_t, 64K        */
    CONF_MS,       /* uint32_t             */
    CONF_LONG_MS,  /* uint64_t             */
    CONF_SECONDS,  /* uint32_t             */
    CONF_ADDRESS,  /* char *               */
    CONF_LISTENS,  /* struct conf_strings  */
    CONF_BACKENDS, /* struct conf_strings  */
    CONF_NETWORKS, /* struct conf_strings  */
    CONF_TEXTS,    /* struct conf_strings  */
    CONF_OTHER,    /* read by hand in read.c: a single value */
    CONF_OTHERS,   /* the same, a list     */
};

/* A list that the schema reads by itself, into a struct conf_strings. */
static inline bool conf_kind_is_strings(enum conf_kind kind)
{
    return kind == CONF_LISTENS || kind == CONF_BACKENDS || kind == CONF_NETWORKS ||
           kind == CONF_TEXTS;
}

struct conf_option {
    const char *name; /* NULL: the end */
    enum conf_kind kind;
    size_t at; /* offset of the field */
    uint64_t min, max;
    const struct conf_word *words;
};

struct conf_block {
    const char *name;
    bool titled; /* certificate "www" { }, any number */
    const struct conf_option *options;
    const struct conf_block *const *blocks; /* inner ones, up to NULL; NULL: none */
};

extern const struct conf_block conf_schema; /* the file itself */
extern const struct conf_block conf_schema_host;

#endif
