/* SPDX-License-Identifier: MIT
 *
 * scan.c - see scan.h. The danger is to see another text than libconfuse does: what a comment, a
 * string and a word are is as in its lexer; so // in the middle of a word is no comment. */
#include "conf/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64, NAME_SIZE = 100 };

struct scan {
    const char *at;
    struct conf_place place; /* of `at` */
    unsigned open[DEEPEST];  /* lines of blocks */
    size_t depth;
    struct rp_error *err;
};

static bool scan_comment(struct scan *s)
{
    const char *end = strstr(s->at + 2, "*/");

    if (end == NULL)
        return conf_error(s->err, &s->place, "unterminated comment; add */");
    for (; s->at < end; s->at++)
        s->place.line += *s->at == '\n';
    s->at = end + 2;
    return true;
}

/* ${NAME} or ${NAME:-VALUE} */
static bool scan_variable(struct scan *s)
{
    const char *from = s->at + 2;
    size_t len = strcspn(from, "}\"\n");
    const char *colon = memchr(from, ':', len);
    char name[NAME_SIZE];

    if (from[len] != '}')
        return conf_error(s->err, &s->place, "unterminated ${ in this line; add }");
    s->at = from + len + 1;
    if (colon != NULL && colon[1] == '-')
        return true;
    snprintf(name, sizeof name, "%.*s", (int)len, from);
    return (len < sizeof name && getenv(name) != NULL) ||
           conf_error(s->err, &s->place,
                      "environment variable %s is not set; set it, or write ${%s:-VALUE}", name,
                      name);
}

static bool scan_string(struct scan *s)
{
    char quote = *s->at++;

    while (*s->at != quote) {
        if (*s->at == '\0' || *s->at == '\n')
            return conf_error(s->err, &s->place, "unterminated string in this line; add %c", quote);
        if (quote == '"' && strncmp(s->at, "${", 2) == 0) {
            if (!scan_variable(s))
                return false;
            continue;
        }
        if (*s->at == '\\' && s->at[1] != '\0') {
            s->at++;
            s->place.line += *s->at == '\n'; /* it goes on there */
        }
        s->at++;
    }
    s->at++;
    return true;
}

static void scan_mark(struct scan *s)
{
    if (*s->at == '{' && s->depth < DEEPEST)
        s->open[s->depth++] = s->place.line;
    else if (*s->at == '}' && s->depth > 0)
        s->depth--;
    s->place.line += *s->at == '\n';
    s->at++;
}

static bool scan_next(struct scan *s)
{
    size_t word = strcspn(s->at, " #\"'\t\n\r={}()+,*");

    if (*s->at == '#' || strncmp(s->at, "//", 2) == 0)
        s->at += strcspn(s->at, "\n");
    else if (strncmp(s->at, "/*", 2) == 0)
        return scan_comment(s);
    else if (*s->at == '"' || *s->at == '\'')
        return scan_string(s);
    else if (strncmp(s->at, "${", 2) == 0)
        return scan_variable(s);
    else if (word > 0)
        s->at += word;
    else
        scan_mark(s);
    return true;
}

bool conf_scan(const char *text, const char *file, unsigned *open_block, struct rp_error *err)
{
    struct scan s = {.at = text, .place = {file, 1}, .err = err};
    bool ok = true;

    while (ok && *s.at != '\0')
        ok = scan_next(&s);
    *open_block = s.depth > 0 ? s.open[s.depth - 1] : 0;
    return ok;
}
