/* SPDX-License-Identifier: MIT
 *
 * options.c - the schema's table as text, for `reprise options` and the test of the manual. */
#include "conf/value.h"

#include <inttypes.h>
#include <stdio.h>

struct walk {
    conf_option_visit *visit;
    void *arg;
};

static const char *type_of(const struct conf_option *o)
{
    static const char *const types[] = {
        [CONF_TEXT] = "text",       [CONF_URI] = "URI",       [CONF_PATH] = "path",
        [CONF_BOOL] = "on | off",   [CONF_NUMBER] = "number", [CONF_SIZE] = "size",
        [CONF_MS] = "time",         [CONF_LONG_MS] = "time",  [CONF_SECONDS] = "time",
        [CONF_ADDRESS] = "address", [CONF_LISTENS] = "list",  [CONF_BACKENDS] = "list",
        [CONF_NETWORKS] = "list",   [CONF_TEXTS] = "list",    [CONF_OCSP] = "path",
        [CONF_NAME] = "name",       [CONF_NAMES] = "list",    [CONF_WORD] = NULL,
        [CONF_CHOICE] = NULL,
    };

    return types[o->kind];
}

/* "auto | off | path" */
static void describe_values(const struct conf_option *o, char *out, size_t size)
{
    const char *type = type_of(o), *between = "";
    size_t len = 0;

    for (const struct conf_word *w = o->words; w != NULL && w->text != NULL; w++) {
        len += (size_t)snprintf(out + len, size - len, "%s%s", between, w->text);
        between = " | ";
    }
    if (type != NULL)
        snprintf(out + len, size - len, "%s%s", between, type);
}

/* "1s to 7d"; "" for what has no range. */
static void describe_range(const struct conf_option *o, char *out, size_t size)
{
    char least[CONF_TIME_SIZE], most[CONF_TIME_SIZE];

    out[0] = '\0';
    switch (o->kind) {
    case CONF_NUMBER:
    case CONF_SIZE:
        snprintf(out, size, "%" PRIu64 " to %" PRIu64, o->min, o->max);
        break;
    case CONF_MS:
    case CONF_LONG_MS:
    case CONF_SECONDS:
        snprintf(out, size, "%s to %s", conf_time_text(o->min, least),
                 conf_time_text(o->max, most));
        break;
    default:
        break;
    }
}

static void visit_block(const struct walk *walk, const struct conf_block *block)
{
    for (const struct conf_option *o = block->options; o->name != NULL; o++) {
        struct conf_option_info info = {
            .block = block->name,
            .name = o->name,
            .preset = o->preset == conf_required ? NULL : o->preset,
            .required = o->preset == conf_required,
            .inherited = block->inherits,
            .help = o->help,
        };

        describe_values(o, info.values, sizeof info.values);
        describe_range(o, info.range, sizeof info.range);
        walk->visit(&info, walk->arg);
    }
    for (size_t i = 0; block->blocks != NULL && block->blocks[i] != NULL; i++)
        visit_block(walk, block->blocks[i]);
}

void conf_options(conf_option_visit *visit, void *arg)
{
    const struct walk walk = {visit, arg};

    visit_block(&walk, &conf_schema);
}
