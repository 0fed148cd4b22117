/* SPDX-License-Identifier: MIT
 *
 * command.c - command lines: what they set, what they print, what they are refused for. */
#include "tests/unit/unit.h"

#include "master/command/command.h"

#include <stdlib.h>
#include <string.h>

static struct arguments got;
static const char *ran;

static int run_first(const struct arguments *arguments)
{
    got = *arguments;
    ran = "first";
    return 0;
}

static int run_second(const struct arguments *arguments)
{
    got = *arguments;
    ran = "second";
    return 7;
}

#define AT(field) offsetof(struct arguments, field)
static const struct command commands[] = {
    {"first",
     "does one thing",
     run_first,
     {{"conf", 'c', "FILE", "where", AT(conf)}, {"json", 0, NULL, "how", AT(json)}}},
    {"second", "does another", run_second, {{"now", 'n', NULL, "when", AT(now)}}},
    {"first again", "does more", run_second, {{"now", 'n', NULL, "when", AT(now)}}},
    {"third time", "is a charm", run_first, {{"json", 0, NULL, "how", AT(json)}}},
};

/* What was printed to one of the two streams. */
static char *text;
static size_t text_len;

static int run(FILE **stream, const char *const *words)
{
    FILE *before = *stream, *memory = open_memstream(&text, &text_len);
    char *argv[8] = {(char *)"reprise"};
    int argc = 1, status;

    ck_assert_ptr_nonnull(memory);
    while (words[argc - 1] != NULL) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
        argc++;
    }
    *stream = memory;
    status = command_main(commands, 4, argc, argv);
    *stream = before;
    fclose(memory);
    return status;
}

static void tear_down(void)
{
    free(text);
}

static const struct {
    const char *words[6];
    const char *ran;
    struct arguments arguments;
    int status;
} good[] = {
    {{"first"}, "first", {.conf = COMMAND_CONF}, 0},
    {{"first", "-c", "a.conf"}, "first", {.conf = "a.conf"}, 0},
    {{"first", "--conf", "a.conf", "--json"}, "first", {.conf = "a.conf", .json = true}, 0},
    {{"first", "--conf=a=b"}, "first", {.conf = "a=b"}, 0},
    {{"first", "--conf="}, "first", {.conf = ""}, 0},
    {{"first", "-c", "--json"}, "first", {.conf = "--json"}, 0},
    {{"second"}, "second", {.conf = COMMAND_CONF}, 7},
    {{"second", "-n"}, "second", {.conf = COMMAND_CONF, .now = true}, 7},
    {{"second", "--now"}, "second", {.conf = COMMAND_CONF, .now = true}, 7},
    {{"first", "again"}, "second", {.conf = COMMAND_CONF}, 7},
    {{"first", "again", "--now"}, "second", {.conf = COMMAND_CONF, .now = true}, 7},
    {{"third", "time", "--json"}, "first", {.conf = COMMAND_CONF, .json = true}, 0},
};

START_TEST(command_gets_its_options)
{
    ck_assert_int_eq(run(&stderr, good[_i].words), good[_i].status);
    ck_assert_str_eq(ran, good[_i].ran);
    ck_assert_str_eq(got.conf, good[_i].arguments.conf);
    ck_assert_int_eq(got.json, good[_i].arguments.json);
    ck_assert_int_eq(got.now, good[_i].arguments.now);
    ck_assert_str_eq(text, "");
}
END_TEST

static const struct {
    const char *words[6];
    const char *said;
} bad[] = {
    {{"frist"}, "reprise: unknown command 'frist'; did you mean 'first'?\n"},
    {{"zebra"}, "reprise: unknown command 'zebra'; see reprise --help\n"},
    {{""}, "reprise: unknown command ''; see reprise --help\n"},
    {{"--josn"}, "reprise: unknown option '--josn'; see reprise --help\n"},
    {{"first", "--jsno"}, "reprise first: unknown option '--jsno'; did you mean '--json'?\n"},
    {{"first", "--hlep"}, "reprise first: unknown option '--hlep'; did you mean '--help'?\n"},
    {{"first", "agai"}, "reprise first: unexpected argument 'agai'; see reprise first --help\n"},
    {{"third"}, "reprise: unknown command 'third'; did you mean 'third time'?\n"},
    {{"third", "tim"}, "reprise: unknown command 'third'; did you mean 'third time'?\n"},
    {{"first", "--now"}, "reprise first: unknown option '--now'; see reprise first --help\n"},
    {{"first", "-x"}, "reprise first: unknown option '-x'; see reprise first --help\n"},
    {{"first", "-cfile"}, "reprise first: unknown option '-cfile'; see reprise first --help\n"},
    {{"first", "file"}, "reprise first: unexpected argument 'file'; see reprise first --help\n"},
    {{"first", "-c"}, "reprise first: missing value after '-c'; see reprise first --help\n"},
    {{"first", "-c", "a", "-c", "b"},
     "reprise first: duplicate option '--conf'; see reprise first --help\n"},
    {{"first", "--conf=a", "--conf=b"},
     "reprise first: duplicate option '--conf'; see reprise first --help\n"},
    {{"first", "--json=1"},
     "reprise first: option takes no value: '--json=1'; see reprise first --help\n"},
    {{"second", "--json"}, "reprise second: unknown option '--json'; see reprise second --help\n"},
};

START_TEST(command_refuses_in_one_line_what_it_does_not_know)
{
    ck_assert_int_eq(run(&stderr, bad[_i].words), EXIT_USAGE);
    ck_assert_ptr_null(ran);
    ck_assert_str_eq(text, bad[_i].said);
}
END_TEST

START_TEST(command_refuses_very_long_words)
{
    char word[4096];
    const char *words[] = {word, NULL};

    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    ck_assert_int_eq(run(&stderr, words), EXIT_USAGE);
}
END_TEST

static const struct {
    const char *words[4];
    const char *part;
    int status;
} help[] = {
    {{NULL}, "usage: reprise COMMAND", EXIT_USAGE},
    {{"--help"}, "  first            does one thing\n", 0},
    {{"-h"}, "  second           does another\n", 0},
    {{"help"}, "usage: reprise COMMAND", 0},
    {{"first", "--help"}, "  -c, --conf FILE    where\n      --json         how\n", 0},
    {{"third", "time", "-h"}, "usage: reprise third time [OPTION...]", 0},
    {{"second", "-h"}, "  -n, --now          when\n", 0},
};

START_TEST(command_helps)
{
    ck_assert_int_eq(run(&stdout, help[_i].words), help[_i].status);
    ck_assert_ptr_nonnull(strstr(text, help[_i].part));
    ck_assert_ptr_null(ran);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("command");
    TCase *t = tcase_create("command");

    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_loop_test(t, command_gets_its_options, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(t, command_refuses_in_one_line_what_it_does_not_know, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(t, command_refuses_very_long_words);
    tcase_add_loop_test(t, command_helps, 0, sizeof help / sizeof *help);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
