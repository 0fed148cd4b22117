/* SPDX-License-Identifier: MIT
 *
 * main.c - the program: its commands. */
#include "master/command/command.h"
#include "master/generation/title.h"
#include "master/master.h"

#include <reprise/tls.h>

#define CONF                                                                                       \
    {                                                                                              \
        "conf", 'c', "FILE", "configuration file (default " COMMAND_CONF ")",                      \
            offsetof(struct arguments, conf)                                                       \
    }
#define JSON                                                                                       \
    {                                                                                              \
        "json", 0, NULL, "print JSON", offsetof(struct arguments, json)                            \
    }

static const struct command commands[] = {
    {"run", "run the service in the foreground", command_run, {CONF}},
    {"check",
     "check a configuration without serving it (also: reprise -t)",
     command_check,
     {CONF,
      {"print", 0, NULL, "print the configuration with all defaults",
       offsetof(struct arguments, print)},
      {"strict", 0, NULL, "treat warnings as errors", offsetof(struct arguments, strict)},
      JSON}},
    {"options",
     "list every option of the configuration with its default and range",
     command_options,
     {JSON}},
    {"status", "show what is running, for how long, and its health", command_status, {CONF, JSON}},
    {"keys", "show the ticket keys: IDs, epochs and lifetimes", command_keys, {CONF, JSON}},
    {"keys rotate",
     "switch all hosts to new ticket keys; tickets under previous keys still resume",
     command_keys_rotate,
     {CONF, JSON}},
    {"sessions revoke",
     "revoke sessions: their clients make a full handshake once",
     command_sessions_revoke,
     {CONF,
      {"before", 0, "TIME", "sessions created before TIME (2026-12-31T23:59:59Z, or Unix seconds)",
       offsetof(struct arguments, before)},
      {"host", 0, "NAME", "sessions of this server name only", offsetof(struct arguments, host)},
      {"all", 0, NULL, "all sessions created until now", offsetof(struct arguments, all)},
      JSON}},
    {"reload", "apply a changed configuration; wait until it serves", command_reload, {CONF, JSON}},
    {"stop",
     "stop accepting, finish open connections, exit; wait until done",
     command_stop,
     {CONF,
      {"now", 0, NULL, "close open connections and exit at once", offsetof(struct arguments, now)},
      JSON}},
    {"version", "print the version", command_version, {JSON}},
};

int command_run(const struct arguments *arguments)
{
    title_set("master %s", arguments->conf);
    rp_allocator_install(); /* an optimisation: all works without it */
    return master_run(arguments->conf);
}

int command_version(const struct arguments *arguments)
{
    if (arguments->json)
        printf("{\"version\":\"%s\",\"openssl\":\"%s\"}\n", RP_VERSION, rp_openssl_version());
    else
        printf("reprise %s (%s)\n", RP_VERSION, rp_openssl_version());
    return EXIT_DONE;
}

int main(int argc, char *argv[])
{
    return command_main(commands, sizeof commands / sizeof *commands, argc,
                        title_begin(argc, argv));
}
