/* SPDX-License-Identifier: MIT
 *
 * schema.h - the table of all options: the block of each, its type, default, range and description,
 * and the field that receives it. Reading, `check --print`, `reprise options` and the manual's test
 * use this table. A new option is one row in schema.c, one field in conf.h and one entry in
 * reprise.conf(5). Only conf/ includes it. */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "conf/conf.h"

enum conf_kind {
    CONF_TEXT,     /* char *                                                 */
    CONF_URI,      /* char *                                                 */
    CONF_PATH,     /* char *, resolved; a word of `words` stays as it is     */
    CONF_CHOICE,   /* char *, one of `words`                                 */
    CONF_WORD,     /* int (an enum), one of `words`                          */
    CONF_BOOL,     /* bool                                                   */
    CONF_NUMBER,   /* uint32_t; or one of `words`, with its number           */
    CONF_SIZE,     /* uint32_t, 64K                                          */
    CONF_MS,       /* uint32_t                                               */
    CONF_LONG_MS,  /* uint64_t                                               */
    CONF_SECONDS,  /* uint32_t                                               */
    CONF_ADDRESS,  /* char *                                                 */
    CONF_LISTENS,  /* struct conf_strings                                    */
    CONF_BACKENDS, /* struct conf_strings                                    */
    CONF_NETWORKS, /* struct conf_strings                                    */
    CONF_TEXTS,    /* struct conf_strings                                    */
    CONF_OCSP,     /* a path or a word; this and the next: see read.c  */
    CONF_NAME,     /* the name of another block                              */
    CONF_NAMES,    /* a list of such names                                   */
};

/* A list whose field is a struct conf_strings. */
static inline bool conf_kind_is_strings(enum conf_kind kind)
{
    return kind == CONF_LISTENS || kind == CONF_BACKENDS || kind == CONF_NETWORKS ||
           kind == CONF_TEXTS;
}

/* An option whose field is not in the table; read.c and print.c handle it. */
static inline bool conf_kind_is_special(enum conf_kind kind)
{
    return kind == CONF_OCSP || kind == CONF_NAME || kind == CONF_NAMES;
}

extern const char conf_required[]; /* the preset of a required option */

struct conf_word {
    const char *text;
    int means;
};

struct conf_option {
    const char *name; /* NULL: the end */
    enum conf_kind kind;
    size_t at;          /* offset of the field */
    const char *preset; /* the default, as written in a file; NULL: unset; or conf_required */
    uint64_t min, max;  /* the range; of times in milliseconds */
    const struct conf_word *words;
    const char *help; /* one line */
};

struct conf_block {
    const char *name;
    bool titled;   /* certificate "www" { }, any number */
    bool inherits; /* an option that is unset has the value of the enclosing block */
    const struct conf_option *options;
    const struct conf_block *const *blocks; /* inner blocks, ended by NULL; NULL: none */
};

extern const struct conf_block conf_schema; /* the file itself */
extern const struct conf_block conf_schema_host;
const struct conf_block *
conf_schema_block(const char *name); /* a block of the file; it must exist */

#endif
