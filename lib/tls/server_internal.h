/* SPDX-License-Identifier: MIT
 *
 * server_internal.h - the members of struct rp_server: server.c is the object, server_accept.c
 * accepts connections. */
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
    bool deferred; /* accepted connections have already sent bytes */
};

struct rp_server_name { /* of addContext */
    struct rp_server_name *next;
    struct rp_secure_context *context;
    char pattern[];
};

struct rp_server {
    unsigned refs; /* one of the owner, and one for each socket */
    struct rp_loop *loop;
    struct rp_emitter events;
    struct rp_server_options options; /* only its callbacks are used; lists are copied */
    struct rp_secure_context *context;
    struct rp_ticket_keys *given_keys; /* C8: of the options; NULL: none */
    uint32_t given_timeout;            /* C8: of the options; 0: none */
    char *psk_hint;                    /* NULL: none */
    char **protocols;                  /* ALPN, NULL-terminated; NULL: none */
    struct rp_server_port *ports;      /* in the order of listening */
    struct rp_server_name *names;      /* newest first */
    struct rp_address address;
    struct rp_next_tick tick;              /* for LISTENING and CLOSE */
    uint32_t connections, handshakes;      /* handshakes: in progress */
    struct rp_socket *oldest, **newest_at; /* list of these handshakes */
    bool say_listening, closing, closed, freed;
    bool hidden; /* created for one wrapped socket: not visible to the program */
};

/* The context of the newest pattern that matches; NULL: the server's own. */
struct rp_secure_context *rp_server_find_context(const struct rp_server *, const char *servername);
/* For rp_listener_start; the argument is a port. */
rp_accepted rp_server_accepted;

#endif
