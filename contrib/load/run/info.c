/* SPDX-License-Identifier: MIT
 *
 * info.c - the description of a run: its command line, date, host and versions, for every
 * report. */
#include "contrib/load/load.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static bool is_plain(const char *word)
{
    return *word != '\0' &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "-_./:=,@%+[]")] == '\0';
}

/* Quoted for a shell; cut if there is no room. */
static void add_word(char *command, size_t size, const char *word)
{
    size_t len = strlen(command);
    bool quoted = !is_plain(word);

    if (len > 0 && len + 1 < size)
        command[len++] = ' ';
    if (quoted && len + 1 < size)
        command[len++] = '\'';
    for (; *word != '\0' && len + 6 < size; word++) {
        const char *piece = *word == '\'' ? "'\\''" : (char[]){*word, '\0'};

        len += (size_t)snprintf(command + len, size - len, "%s", piece);
    }
    if (quoted && len + 1 < size)
        command[len++] = '\'';
    command[len] = '\0';
}

/* Replace pre-shared keys, which are secret. getopt also accepts abbreviated option names. */
static bool is_psk(const char *word)
{
    return strncmp(word, "--ps", 4) == 0;
}

static void set_command(struct load_run_info *info, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (is_psk(argv[i]) && strchr(argv[i], '=') != NULL)
            add_word(info->command, sizeof info->command, "--psk=...");
        else
            add_word(info->command, sizeof info->command,
                     i > 0 && is_psk(argv[i - 1]) ? "..."
                     : i == 0                     ? "reprise-load"
                                                  : argv[i]);
    }
}

void load_run_info_get(struct load_run_info *info, int argc, char **argv)
{
    time_t now = time(NULL);
    struct tm utc;

    *info = (struct load_run_info){0};
    set_command(info, argc, argv);
    strftime(info->date, sizeof info->date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    if (gethostname(info->host, sizeof info->host - 1) != 0)
        info->host[0] = '\0';
    snprintf(info->version, sizeof info->version, "%s", RP_VERSION);
    snprintf(info->openssl, sizeof info->openssl, "%s", rp_openssl_version());
}
