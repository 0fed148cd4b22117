/* SPDX-License-Identifier: MIT
 *
 * scan.c - see scan.h. Comments, strings and words must be those of libconfuse's lexer; for
 * example,
 * // in the middle of a word does not begin a comment. */
#include "conf/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64, NAME_SIZE = 100 };

/* The state of reading an empty list, NAME = {}. */
enum part { PART_OTHER, PART_NAME, PART_EQUALS, PART_BRACE };

struct scan {
    const char *at;
    enum part part;
    const char *name; /* the last word */
    int name_len;
    struct conf_location location; /* of `at` */
    unsigned open[DEEPEST];        /* lines of blocks */
    size_t depth;
    struct rp_error *late, *err;
};

static bool scan_comment(struct scan *s)
{
    const char *end = strstr(s->at + 2, "*/");

    if (end == NULL)
        return conf_error(s->err, &s->location, "unterminated comment; add */");
    for (; s->at < end; s->at++)
        s->location.line += *s->at == '\n';
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
        return conf_error(s->err, &s->location, "unterminated ${ in this line; add }");
    s->at = from + len + 1;
    if (colon != NULL && colon[1] == '-')
        return true;
    snprintf(name, sizeof name, "%.*s", (int)len, from);
    return (len < sizeof name && getenv(name) != NULL) ||
           conf_error(s->err, &s->location,
                      "environment variable %s is not set; set it, or write ${%s:-VALUE}", name,
                      name);
}

static bool scan_string(struct scan *s)
{
    char quote = *s->at++;

    while (*s->at != quote) {
        if (*s->at == '\0' || *s->at == '\n')
            return conf_error(s->err, &s->location, "unterminated string in this line; add %c",
                              quote);
        if (quote == '"' && strncmp(s->at, "${", 2) == 0) {
            if (!scan_variable(s))
                return false;
            continue;
        }
        if (*s->at == '\\' && s->at[1] != '\0') {
            s->at++;
            s->location.line += *s->at == '\n'; /* the string continues in the next line */
        }
        s->at++;
    }
    s->at++;
    return true;
}

static enum part part_after(enum part part, char mark)
{
    if (mark == '=' && part == PART_NAME)
        return PART_EQUALS;
    if (mark == '{' && part == PART_EQUALS)
        return PART_BRACE;
    return strchr(" \t\r\n+", mark) != NULL ? part : PART_OTHER;
}

static void scan_mark(struct scan *s)
{
    if (*s->at == '}' && s->part == PART_BRACE && s->late->code[0] == '\0')
        conf_error(s->late, &s->location,
                   "%.*s: the list is empty; add a value, or remove the option", s->name_len,
                   s->name);
    s->part = part_after(s->part, *s->at);
    if (*s->at == '{' && s->depth < DEEPEST)
        s->open[s->depth++] = s->location.line;
    else if (*s->at == '}' && s->depth > 0)
        s->depth--;
    s->location.line += *s->at == '\n';
    s->at++;
}

static void scan_word(struct scan *s, size_t len)
{
    s->part = PART_NAME;
    s->name = s->at;
    s->name_len = (int)len;
    s->at += len;
}

static bool scan_value(struct scan *s)
{
    s->part = PART_OTHER;
    return *s->at == '$' ? scan_variable(s) : scan_string(s);
}

static bool scan_next(struct scan *s)
{
    size_t word = strcspn(s->at, " #\"'\t\n\r={}()+,*");

    if (*s->at == '#' || strncmp(s->at, "//", 2) == 0)
        s->at += strcspn(s->at, "\n");
    else if (strncmp(s->at, "/*", 2) == 0)
        return scan_comment(s);
    else if (*s->at == '"' || *s->at == '\'' || strncmp(s->at, "${", 2) == 0)
        return scan_value(s);
    else if (word > 0)
        scan_word(s, word);
    else
        scan_mark(s);
    return true;
}

bool conf_scan(const char *text, const char *file, struct rp_error *late, struct rp_error *err)
{
    struct scan s = {.at = text, .location = {file, 1}, .late = late, .err = err};
    bool ok = true;

    *late = (struct rp_error){0};
    while (ok && *s.at != '\0')
        ok = scan_next(&s);
    if (s.depth > 0) {
        s.location.line = s.open[s.depth - 1];
        conf_error(late, &s.location, "unterminated block; add }");
    }
    return ok;
}
