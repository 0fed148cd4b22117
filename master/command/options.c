/* SPDX-License-Identifier: MIT
 *
 * options.c - `options`: every option of the configuration with its default, values and range. */
#include "conf/conf.h"
#include "lib/base/json.h"
#include "master/command/command.h"

#include <stdlib.h>

static const char *preset_of(const struct conf_option_info *o)
{
    if (o->required)
        return "required";
    if (o->inherited)
        return "as in frontend";
    return o->preset != NULL ? o->preset : "unset";
}

static void print_option(const struct conf_option_info *o, void *arg)
{
    const char **block = arg;

    if (*block == NULL || *block != o->block)
        printf("%s%s%s", *block != NULL ? "\n" : "", o->block, o->block[0] != '\0' ? ":\n" : "");
    *block = o->block;
    printf("  %s = %s  (%s%s%s)\n      %s\n", o->name, o->values, preset_of(o),
           o->range[0] != '\0' ? "; " : "", o->range, o->help);
}

static void put_text(struct rp_json *json, const char *key, const char *text)
{
    rp_json_key(json, key);
    rp_json_string(json, text);
}

static void put_option(const struct conf_option_info *o, void *arg)
{
    struct rp_json *json = arg;

    rp_json_begin_object(json);
    put_text(json, "block", o->block);
    put_text(json, "name", o->name);
    put_text(json, "values", o->values);
    put_text(json, "range", o->range[0] != '\0' ? o->range : NULL);
    put_text(json, "default", o->preset);
    rp_json_key(json, "required");
    rp_json_bool(json, o->required);
    put_text(json, "description", o->help);
    rp_json_end_object(json);
}

int command_options(const struct arguments *arguments)
{
    const char *block = NULL;
    struct rp_json json = {0};
    char *line;

    if (!arguments->json) {
        conf_options(print_option, &block);
        return EXIT_DONE;
    }
    rp_json_begin_array(&json);
    conf_options(put_option, &json);
    rp_json_end_array(&json);
    line = rp_json_take(&json, NULL);
    if (line != NULL)
        puts(line);
    free(line);
    return line != NULL ? EXIT_DONE : EXIT_FAILED;
}
