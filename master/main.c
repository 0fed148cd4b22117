/* SPDX-License-Identifier: MIT
 *
 * main.c - the program: its commands. */
#include "master/command/command.h"
#include "master/master.h"

#include <reprise/tls.h>

#define CONF                                                                                       \
    {                                                                                              \
        "conf", 'c', "FILE", "the configuration (" COMMAND_CONF ")",                               \
            offsetof(struct arguments, conf)                                                       \
    }
#define JSON                                                                                       \
    {                                                                                              \
        "json", 0, NULL, "answer in JSON", offsetof(struct arguments, json)                        \
    }

static const struct command commands[] = {
    {"run", "serve, in the foreground", command_run, {CONF}},
    {"check",
     "say what is wrong with a configuration, without serving it",
     command_check,
     {CONF,
      {"print", 0, NULL, "print it with all defaults", offsetof(struct arguments, print)},
      JSON}},
    {"status", "say what runs, how long, and how it fares", command_status, {CONF, JSON}},
    {"keys", "show the ticket keys' ids, ages and epochs", command_keys, {CONF, JSON}},
    {"keys rotate",
     "make new ticket keys mint, on all hosts; former ones still open tickets",
     command_keys_rotate,
     {CONF, JSON}},
    {"sessions revoke",
     "forget sessions: clients make a full handshake once",
     command_sessions_revoke,
     {CONF,
      {"before", 0, "TIME", "those that began before (2026-12-31T23:59:59Z, or seconds of 1970)",
       offsetof(struct arguments, before)},
      {"host", 0, "NAME", "those of this server name only", offsetof(struct arguments, host)},
      {"all", 0, NULL, "all that have begun", offsetof(struct arguments, all)},
      JSON}},
    {"reload",
     "take over a changed configuration; wait until it serves",
     command_reload,
     {CONF, JSON}},
    {"stop",
     "accept no more, finish what is open, leave; wait for it",
     command_stop,
     {CONF,
      {"now", 0, NULL, "leave at once, whatever is open", offsetof(struct arguments, now)},
      JSON}},
    {"version", "print the version", command_version, {JSON}},
};

int command_run(const struct arguments *arguments)
{
    rp_allocator_install(); /* without it all is as well, but slower */
    return master_run(arguments->conf);
}

int command_version(const struct arguments *arguments)
{
    if (arguments->json)
        printf("{\"version\":\"%s\"}\n", RP_VERSION);
    else
        printf("reprise %s\n", RP_VERSION);
    return EXIT_DONE;
}

int main(int argc, char *argv[])
{
    return command_main(commands, sizeof commands / sizeof *commands, argc, argv);
}
