/* SPDX-License-Identifier: MIT
 *
 * command.h - the command line: a table of commands and their options.
 * Help, the complaint about a word that isn't there (with the nearest that is) and the parser all
 * walk the table. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifndef RP_SYSCONFDIR
#define RP_SYSCONFDIR "/etc"
#endif
#define COMMAND_CONF RP_SYSCONFDIR "/reprise/reprise.conf" /* unless --conf says otherwise */

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What the options of all commands set; each command offers some of them. */
struct arguments {
    const char *conf;
    bool json, print, strict, now, all;
    const char *before, *host; /* sessions revoke */
};

struct option_rule {
    const char *name;  /* "conf": --conf */
    char letter;       /* 'c': -c; 0 = none */
    const char *value; /* what its value is called; NULL: it has none */
    const char *help;
    size_t at; /* in struct arguments: const char *, or bool when it has no value */
};

enum { OPTIONS_MAX = 6 };
struct command {
    const char *name, *summary; /* the name may be two words: "keys rotate" */
    int (*run)(const struct arguments *);
    struct option_rule options[OPTIONS_MAX]; /* up to the first without a name */
};

/* The whole program: finds the command, reads its options, runs it. Returns the exit status. */
int command_main(const struct command *commands, size_t count, int argc, char *const argv[]);

/* Of `count` words (the i-th is word(context, i)), the one that was probably meant; NULL if none is
 * near enough. */
const char *command_nearest(const char *word, const char *(*word_at)(const void *context, size_t i),
                            const void *context, size_t count);

/* The outcome of a command in one sentence: on stdout after EXIT_DONE, else on stderr; with --json
 * an object with `ok` and `message` on stdout. Returns `status`. */
int command_answer(const struct arguments *, int status, const char *text);

/* -- the commands */
int command_run(const struct arguments *);
int command_check(const struct arguments *);
int command_options(const struct arguments *);
int command_status(const struct arguments *);
int command_sessions_revoke(const struct arguments *);
int command_keys_rotate(const struct arguments *);
int command_keys(const struct arguments *);
int command_reload(const struct arguments *);
int command_stop(const struct arguments *);
int command_version(const struct arguments *);

#endif
