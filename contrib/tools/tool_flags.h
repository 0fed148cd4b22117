/* SPDX-License-Identifier: MIT
 *
 * tool_flags.h - the command line of reprise-connect and reprise-serve: a table of flags with
 * node's names in kebab-case. A boolean is --x, --no-x or --x=false; all others are --x VALUE or
 * --x=VALUE; a list is comma-separated, and its flag may be repeated. */
#ifndef TOOL_FLAGS_H
#define TOOL_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tool_kind {
    TOOL_TITLE,  /* a heading of the help, not a flag */
    TOOL_TEXT,   /* const char *: a pointer into argv */
    TOOL_BOOL,   /* enum rp_toggle */
    TOOL_NUMBER, /* uint64_t */
    TOOL_COUNT,  /* uint32_t */
    TOOL_LIST,   /* struct tool_list */
    TOOL_FILE,   /* struct tool_bytes: the content of the file */
    TOOL_FILES,  /* struct tool_files: the content of each file of a list */
    TOOL_HEX,    /* struct tool_bytes; a secret, never shown */
    TOOL_SECRET, /* const char *: the content of the file without its last newline */
};

struct tool_list {
    const char **items; /* NULL-terminated; NULL = not given */
    size_t count;
};
struct tool_bytes {
    uint8_t *bytes; /* NULL = not given; a NUL follows the last byte */
    size_t len;
    char *file; /* for a list of files: its path */
};
struct tool_files {
    struct tool_bytes *items;
    size_t count;
};

struct tool_flag {
    const char *name; /* NULL ends the table */
    enum tool_kind kind;
    void *to;
    const char *value, *help; /* shown in the help: "FILE"; may be NULL */
};

enum tool_outcome { TOOL_GO, TOOL_DONE, TOOL_WRONG };
/* Parse argv into the targets of `flags`; *positional is the one argument that is not a flag.
 * Errors are printed to standard error. --help and --version are answered (TOOL_DONE). `usage`
 * follows the name of the program. */
enum tool_outcome tool_parse(const struct tool_flag *flags, const char *usage, int argc,
                             char **argv, const char **positional);
/* false: an error was printed. */
bool tool_read_file(const char *path, struct tool_bytes *out);
bool tool_read_hex(const char *text, struct tool_bytes *out); /* errors do not show the text */
/* Set the program's name, with which messages begin. */
void tool_name(const char *name);
void tool_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
