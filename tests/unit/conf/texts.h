/* SPDX-License-Identifier: MIT
 *
 * texts.h - configurations for tests, and the warnings about them. */
#ifndef TEXTS_H
#define TEXTS_H

#include "conf/conf.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static const char base[] = "certificate \"c\" { cert = \"c.pem\" key = \"/k.key\" }\n"
                           "backend \"b\" { address = \"127.0.0.1:1\" }\n";

static inline struct conf *parse(const char *text)
{
    struct rp_error error = {0};
    struct conf *conf = conf_parse(text, "/etc/r/x.conf", &error);

    ck_assert_msg(conf != NULL, "%s", error.message);
    return conf;
}

/* The base, and a frontend with these options in lines 3 to 5. */
static inline char *with_frontend(const char *options)
{
    char *text;

    ck_assert_int_gt(asprintf(&text,
                              "%sfrontend \"f\" {\n  listen = \"*:443\" certificates = \"c\" "
                              "backend = \"b\"\n  %s\n}\n",
                              base, options),
                     0);
    return text;
}

static struct rp_error warned; /* the first one */
static unsigned warnings;

/* Only warnings that contain the text `arg` count; NULL: all. */
static inline void on_warning(const struct rp_error *note, void *arg)
{
    if (arg != NULL && strstr(note->message, arg) == NULL)
        return;
    if (warnings++ == 0)
        warned = *note;
}

#endif
