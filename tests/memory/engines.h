/* SPDX-License-Identifier: MIT
 *
 * engines.h - two engines joined by byte queues: a connection without a network. */
#ifndef ENGINES_H
#define ENGINES_H

#include "lib/tls/engine.h"
#include "tests/unit/certs.h"

#include <stdlib.h>
#include <string.h>

struct end {
    struct rp_engine engine;
    struct rp_queue out;
    enum rp_engine_status status; /* of the last call */
    struct rp_error error;
    bool done;
    uint8_t received[70000];
    size_t received_len;
    SSL_SESSION *kept; /* the newest session seen */
    unsigned sessions; /* how many were seen */
    size_t fed, moved; /* bytes taken in, bytes that have left */
};

static inline struct end *end_of(struct rp_engine *e)
{
    return (struct end *)e; /* its first member */
}

static inline void end_keep_session(struct rp_engine *e, SSL_SESSION *session)
{
    struct end *end = end_of(e);

    SSL_SESSION_free(end->kept);
    SSL_SESSION_up_ref(session);
    end->kept = session;
    end->sessions++;
}

static const struct rp_engine_ops end_ops = {.session = end_keep_session};

static inline bool end_open(struct end *end, struct rp_loop *loop,
                            struct rp_secure_context *context, bool server,
                            enum rp_client_auth auth)
{
    end->engine.ops = &end_ops;
    end->engine.loop = loop;
    end->engine.out = &end->out;
    end->engine.new_tickets = end->engine.resumed_tickets = 1;
    if (!rp_engine_open(&end->engine, context, server, auth, &end->error))
        return false;
    SSL_set_num_tickets(end->engine.ssl, 1);
    return true;
}

static inline void end_close(struct end *end)
{
    rp_engine_close(&end->engine);
    rp_queue_clear(&end->out, end->engine.loop);
    SSL_SESSION_free(end->kept);
    free(end->engine.servername);
    memset(end, 0, sizeof *end);
}

/* Do what can be done with the input at hand: handshake, then read. */
static inline void end_work(struct end *end)
{
    size_t len;

    while (!end->done) {
        end->status = rp_engine_handshake(&end->engine, &end->error);
        if (end->status == RP_ENGINE_HELLO) {
            end->engine.hello = RP_HELLO_GO;
            continue;
        }
        end->done = end->status == RP_ENGINE_OK;
        if (!end->done)
            return;
    }
    do {
        end->status = rp_engine_read(&end->engine, end->received + end->received_len,
                                     sizeof end->received - end->received_len, &len, &end->error);
        if (end->status == RP_ENGINE_OK)
            end->received_len += len;
    } while (end->status == RP_ENGINE_OK);
}

/* Give `to` at most `most` bytes of what `from` has sent. false: nothing was there, or it has
 * failed. */
static inline bool end_deliver(struct end *from, struct end *to, size_t most)
{
    size_t len;
    const uint8_t *bytes = rp_queue_peek(&from->out, &len);
    bool ok;

    if (bytes == NULL || to->status == RP_ENGINE_FAILED)
        return false;
    len = len < most ? len : most;
    rp_engine_show(&to->engine, bytes, len);
    end_work(to);
    ok = rp_engine_save(&to->engine);
    rp_queue_consume(&from->out, from->engine.loop, len);
    to->fed += len;
    if (!ok)
        to->status = RP_ENGINE_FAILED;
    return ok;
}

/* Until nothing moves any more, in pieces of at most `piece` bytes. */
static inline void ends_run(struct end *client, struct end *server, size_t piece)
{
    if (client->fed == 0 && client->out.len == 0)
        end_work(client);
    while (end_deliver(client, server, piece) || end_deliver(server, client, piece))
        ;
}

#endif
