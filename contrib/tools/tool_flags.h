/* SPDX-License-Identifier: MIT
 *
 * tool_flags.h - the command line of reprise-connect and reprise-serve: a table of flags in node's
 * names, kebab-case. A boolean is --x, --no-x or --x=false; anything else --x VALUE or --x=VALUE; a
 * list is comma-separated and may be given in parts. */
#ifndef TOOL_FLAGS_H
#define TOOL_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tool_kind {
    TOOL_TITLE,  /* no flag: a heading of the help */
    TOOL_TEXT,   /* const char *: a piece of argv */
    TOOL_BOOL,   /* enum rp_toggle */
    TOOL_NUMBER, /* uint64_t */
    TOOL_COUNT,  /* uint32_t */
    TOOL_LIST,   /* struct tool_list */
    TOOL_FILE,   /* struct tool_bytes: what is in the file */
    TOOL_FILES,  /* struct tool_files: that of each file of a list */
    TOOL_HEX,    /* struct tool_bytes; a secret: never shown */
    TOOL_SECRET, /* const char *: what is in the file, without the newline at its end */
};

struct tool_list {
    const char **items; /* NULL-terminated; NULL = not given */
    size_t count;
};
struct tool_bytes {
    uint8_t *bytes; /* NULL = not given; there is a NUL after the last */
    size_t len;
    char *file; /* of those of a list: its path */
};
struct tool_files {
    struct tool_bytes *items;
    size_t count;
};

struct tool_flag {
    const char *name; /* NULL ends the table */
    enum tool_kind kind;
    void *to;
    const char *value, *help; /* for the help: "FILE"; may be NULL */
};

enum tool_outcome { TOOL_GO, TOOL_DONE, TOOL_WRONG };
/* Fill in what argv says. The one argument that is no flag goes to *positional. What is wrong is
 * said on the standard error; --help and --version are answered, and that is all then. `usage` is
 * what comes behind the program's name. */
enum tool_outcome tool_parse(const struct tool_flag *flags, const char *usage, int argc,
                             char **argv, const char **positional);
/* false: said on the standard error. */
bool tool_read_file(const char *path, struct tool_bytes *out);
bool tool_read_hex(const char *text, struct tool_bytes *out); /* shows nothing of the text */
/* Begin with the name of the program that was given to tool_name. */
void tool_name(const char *name);
void tool_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
