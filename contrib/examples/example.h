/* SPDX-License-Identifier: MIT
 *
 * example.h - what the examples would only repeat: read a file, or give up with a word. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <reprise/reprise.h>
#include <stdio.h>
#include <stdlib.h>

static inline _Noreturn void give_up(const struct rp_error *error)
{
    fprintf(stderr, "%s: %s\n", error->code, error->message);
    exit(1);
}

/* The text of a file, with a NUL at its end: as struct rp_pem wants it when its len is 0. */
static inline struct rp_pem pem_of(const char *path)
{
    static char texts[8][65536];
    static size_t used;
    FILE *file = fopen(path, "r");
    struct rp_pem pem = {.bytes = texts[used]};

    if (file == NULL || used == 8 ||
        fread(texts[used], 1, sizeof texts[0] - 1, file) == sizeof texts[0] - 1) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    used++;
    return pem;
}

/* Listens on HOST:PORT and says where, since port 0 is any that is free. */
static inline void listen_on(struct rp_server *server, const char *where)
{
    struct rp_address address;
    struct rp_listen_options options = {.address = &address};
    struct rp_error error;
    char text[RP_ADDRESS_TEXT];

    if (!rp_address_parse(&address, where, true, &error) ||
        !rp_server_listen(server, &options, &error))
        give_up(&error);
    printf("listening on %s\n", rp_address_format(rp_server_address(server), text));
    fflush(stdout);
}

#endif
