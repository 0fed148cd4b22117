/* SPDX-License-Identifier: MIT
 *
 * command.c - parse a command line by its table, help with it, complain about it in one line. */
#include "master/command/command.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"

enum { WORD_MAX = 32, FAR = 3 };

/* -- the nearest word */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* How many letters to insert, remove or change to make one word of the other. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], a_len = strlen(a), b_len = strlen(b);

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *command_nearest(const char *word, const char *(*word_at)(const void *context, size_t i),
                            const void *context, size_t count)
{
    const char *nearest = NULL;
    size_t best = FAR;

    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, word_at(context, i));

        if (d < best) {
            best = d;
            nearest = word_at(context, i);
        }
    }
    return nearest;
}

static const char *command_name(const void *commands, size_t i)
{
    return ((const struct command *)commands)[i].name;
}

/* Beyond the rules there is --help. */
static const char *option_name(const void *options, size_t i)
{
    const struct option_rule *rules = options;

    return i < OPTIONS_MAX && rules[i].name != NULL ? rules[i].name : "help";
}

static size_t option_count(const struct command *command)
{
    size_t n = 0;

    while (n < OPTIONS_MAX && command->options[n].name != NULL)
        n++;
    return n;
}

/* -- help */

static void print_commands(FILE *out, const struct command *commands, size_t count)
{
    fprintf(out, "usage: reprise COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %-15s  %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\nSee reprise COMMAND --help and reprise(8).\n");
}

static void print_help(const struct command *command)
{
    printf("usage: reprise %s [OPTION...]\n\n%s.\n\n", command->name, command->summary);
    for (size_t i = 0; i < option_count(command); i++) {
        const struct option_rule *o = &command->options[i];
        char left[64];

        snprintf(left, sizeof left, "%c%c%s--%s%s%s", o->letter != 0 ? '-' : ' ',
                 o->letter != 0 ? o->letter : ' ', o->letter != 0 ? ", " : "  ", o->name,
                 o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
        printf("  %-18s %s\n", left, o->help);
    }
    printf("  %-18s %s\n", "-h, --help", "print this help");
}

/* -- parsing */

static int complain(const char *command, const char *what, const char *word, const char *nearest)
{
    fprintf(stderr, "reprise%s%s: %s '%s'", command != NULL ? " " : "",
            command != NULL ? command : "", what, word);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean '%s%s'?\n", command != NULL ? "--" : "", nearest);
    else
        fprintf(stderr, "; see reprise %s%s--help\n", command != NULL ? command : "",
                command != NULL ? " " : "");
    return EXIT_USAGE;
}

/* The rule for "--name", "--name=value" or "-n"; *value points behind '=' or is NULL. */
static const struct option_rule *find_option(const struct command *command, const char *arg,
                                             const char **value)
{
    const char *equals = strchr(arg, '=');
    size_t len = equals != NULL ? (size_t)(equals - arg) : strlen(arg);

    *value = equals != NULL ? equals + 1 : NULL;
    for (size_t i = 0; i < option_count(command); i++) {
        const struct option_rule *o = &command->options[i];

        if (len == 2 && arg[0] == '-' && arg[1] != '-' && arg[1] == o->letter)
            return o;
        if (len == strlen(o->name) + 2 && strncmp(arg, "--", 2) == 0 &&
            strncmp(arg + 2, o->name, len - 2) == 0)
            return o;
    }
    return NULL;
}

static bool is_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

static int unknown_option(const struct command *command, const char *arg)
{
    const char *word = arg + strspn(arg, "-");

    if (arg[0] != '-')
        return complain(command->name, "unexpected argument", arg, NULL);
    return complain(
        command->name, "unknown option", arg,
        command_nearest(word, option_name, command->options, option_count(command) + 1));
}

static int complain_of_two(const struct command *command, const struct option_rule *rule)
{
    char name[64];

    snprintf(name, sizeof name, "--%s", rule->name);
    return complain(command->name, "duplicate option", name, NULL);
}

static int run_command(const struct command *command, int argc, char *const argv[])
{
    struct arguments arguments = {.conf = COMMAND_CONF};
    bool given[OPTIONS_MAX] = {false};

    for (int i = 0; i < argc; i++) {
        const char *value;
        const struct option_rule *rule = find_option(command, argv[i], &value);

        if (is_help(argv[i])) {
            print_help(command);
            return EXIT_DONE;
        }
        if (rule == NULL)
            return unknown_option(command, argv[i]);
        if (rule->value == NULL) {
            if (value != NULL)
                return complain(command->name, "option takes no value:", argv[i], NULL);
            *(bool *)((char *)&arguments + rule->at) = true;
            continue;
        }
        if (value == NULL && (value = argv[++i]) == NULL)
            return complain(command->name, "missing value after", argv[i - 1], NULL);
        if (given[rule - command->options]) /* two --host options do not mean one of them */
            return complain_of_two(command, rule);
        given[rule - command->options] = true;
        *(const char **)((char *)&arguments + rule->at) = value;
    }
    return command->run(&arguments);
}

/* Other names of commands, as other programs have them. */
static bool is_alias(const char *word, const char *name)
{
    return (strcmp(word, "--version") == 0 && strcmp(name, "version") == 0) ||
           (strcmp(word, "-t") == 0 && strcmp(name, "check") == 0);
}

/* How many of the words are the command's name; 0: it is another command. */
static int match(const char *name, int argc, char *const argv[])
{
    size_t len = strcspn(name, " ");

    if (strcmp(argv[1], name) == 0 || is_alias(argv[1], name))
        return 1;
    return argc > 2 && name[len] == ' ' && strlen(argv[1]) == len &&
                   strncmp(argv[1], name, len) == 0 && strcmp(argv[2], name + len + 1) == 0
               ? 2
               : 0;
}

/* The longest name that fits: "keys rotate" before "keys". */
static const struct command *find_command(const struct command *commands, size_t count, int argc,
                                          char *const argv[], int *words)
{
    const struct command *found = NULL;

    *words = 0;
    for (size_t i = 0; i < count; i++) {
        int matched = match(commands[i].name, argc, argv);

        if (matched <= *words)
            continue;
        *words = matched;
        found = &commands[i];
    }
    return found;
}

/* What was meant: one that begins with this word, or one that looks like it. */
static const char *suggestion(const struct command *commands, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(commands[i].name, word, strlen(word)) == 0 &&
            commands[i].name[strlen(word)] == ' ')
            return commands[i].name;
    return command_nearest(word, command_name, commands, count);
}

int command_main(const struct command *commands, size_t count, int argc, char *const argv[])
{
    const struct command *command;
    int words;

    if (argc < 2) {
        print_commands(stdout, commands, count);
        return EXIT_USAGE;
    }
    if (is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        print_commands(stdout, commands, count);
        return EXIT_DONE;
    }
    command = find_command(commands, count, argc, argv, &words);
    if (command != NULL)
        return run_command(command, argc - 1 - words, argv + 1 + words);
    return complain(NULL, argv[1][0] == '-' ? "unknown option" : "unknown command", argv[1],
                    suggestion(commands, count, argv[1]));
}

int command_answer(const struct arguments *arguments, int status, const char *text)
{
    struct rp_json json = {0};
    char *line;

    if (!arguments->json) {
        fprintf(status == EXIT_DONE ? stdout : stderr, "%s\n", text);
        return status;
    }
    rp_json_begin_object(&json);
    rp_json_key(&json, "ok");
    rp_json_bool(&json, status == EXIT_DONE);
    rp_json_key(&json, "message");
    rp_json_string(&json, text);
    rp_json_end_object(&json);
    line = rp_json_take(&json, NULL);
    if (line != NULL)
        puts(line);
    free(line);
    return status;
}
