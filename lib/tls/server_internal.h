/* SPDX-License-Identifier: MIT
 *
 * server_internal.h - the inside of struct rp_server: server.c is the object, server_accept.c
 * takes connections in. */
#ifndef RP_SERVER_INTERNAL_H
#define RP_SERVER_INTERNAL_H

#include "lib/base/emitter.h"
#include "lib/tls/context/internal.h"
#include <reprise/server.h>

struct rp_server_port { /* one listening socket */
    struct rp_server_port *next;
    struct rp_server *server;
    struct rp_listener_socket *listener;
    int fd;
    bool deferred; /* accepted connections have bytes already */
};

struct rp_server_name { /* addContext */
    struct rp_server_name *next;
    struct rp_secure_context *context;
    char pattern[];
};

struct rp_server {
    unsigned refs; /* the owner's, and one for each socket */
    struct rp_loop *loop;
    struct rp_emitter events;
    struct rp_server_options options; /* its pointers to callbacks only; lists are copied */
    struct rp_secure_context *context;
    struct rp_ticket_keys *given_keys; /* C8: with which it was made; NULL: none */
    uint32_t given_timeout;            /* likewise; 0: none */
    char *psk_hint;                    /* NULL: none */
    char **protocols;                  /* ALPN, NULL-terminated; NULL: none */
    struct rp_server_port *ports;      /* first one first */
    struct rp_server_name *names;      /* newest first */
    struct rp_address address;
    struct rp_next_tick tick;              /* LISTENING and CLOSE come later */
    uint32_t connections, handshakes;      /* of those, accepted and not complete */
    struct rp_socket *oldest, **newest_at; /* those of `handshakes` */
    bool say_listening, closing, closed, freed;
    bool hidden; /* made for one wrapped socket: the program does not know it */
};

/* The newest added context whose pattern matches; NULL: the server's own. */
struct rp_secure_context *rp_server_find_context(const struct rp_server *, const char *servername);
/* For rp_listener_start; the argument is a port. */
rp_accepted rp_server_accepted;

#endif
