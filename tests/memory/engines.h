/* SPDX-License-Identifier: MIT
 *
 * engines.h - two engines joined by byte queues: a connection without a network. */
#ifndef ENGINES_H
#define ENGINES_H

#include "lib/tls/engine/engine.h"
#include "lib/tls/engine/session.h"
#include "tests/unit/certs.h"

#include <stdlib.h>
#include <string.h>

struct end {
    struct rp_engine engine; /* first */
    struct rp_queue out;
    enum rp_engine_status status; /* of the last call */
    struct rp_error error;
    bool done;
    uint8_t received[40000];
    size_t received_len;
    SSL_SESSION *kept; /* the newest session seen */
    unsigned sessions; /* how many were seen */
    size_t fed;        /* bytes taken in */
    /* A server's answer to the ClientHello; all may be left out. */
    struct rp_secure_context *choice;
    enum rp_client_auth choice_auth;
    const uint8_t *stored;
    size_t stored_len;
    enum rp_hello_verdict verdict; /* 0: go */
};

static inline void end_keep_session(struct rp_engine *e, SSL_SESSION *session)
{
    struct end *end = (struct end *)e;

    SSL_SESSION_free(end->kept);
    end->kept = SSL_SESSION_dup(session); /* OpenSSL spoils its own when a connection ends badly */
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
    if (rp_engine_open(&end->engine, context, server, auth, &end->error))
        return true;
    end->status = RP_ENGINE_FAILED;
    return false;
}

static inline void end_close(struct end *end)
{
    rp_engine_close(&end->engine);
    if (end->engine.loop != NULL)
        rp_queue_clear(&end->out, end->engine.loop);
    SSL_SESSION_free(end->kept);
    free(end->engine.servername);
    free(end->engine.not_verified);
    memset(end, 0, sizeof *end);
}

static inline void end_answer_hello(struct end *end)
{
    struct rp_engine *e = &end->engine;

    if (end->choice != NULL && !rp_engine_use(e, end->choice, end->choice_auth, &end->error))
        end->status = RP_ENGINE_FAILED;
    if (end->stored != NULL)
        e->offered = rp_session_decode(end->stored, end->stored_len);
    SSL_set_num_tickets(e->ssl, e->new_tickets);
    e->hello = (uint8_t)(end->verdict != RP_HELLO_UNSEEN ? end->verdict : RP_HELLO_GO);
}

/* Do what can be done with the input at hand: handshake, then read. */
static inline void end_work(struct end *end)
{
    size_t len;

    while (!end->done && end->status != RP_ENGINE_FAILED) {
        end->status = rp_engine_handshake(&end->engine, &end->error);
        if (end->status == RP_ENGINE_HELLO) {
            end_answer_hello(end);
            continue;
        }
        end->done = end->status == RP_ENGINE_OK;
        if (!end->done)
            return;
    }
    while (end->status != RP_ENGINE_FAILED && end->status != RP_ENGINE_END) {
        end->status = rp_engine_read(&end->engine, end->received + end->received_len,
                                     sizeof end->received - end->received_len, &len, &end->error);
        if (end->status != RP_ENGINE_OK)
            break;
        end->received_len += len;
    }
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

/* How the bytes are cut: in pieces, or all but once, at one place of one direction. */
struct cuts {
    size_t piece;      /* 0 = as they come */
    size_t server_cut; /* the server's input is interrupted after so many bytes; 0 = not */
    size_t client_cut;
};

static inline size_t next_piece(size_t piece, size_t fed, size_t cut)
{
    size_t most = piece != 0 ? piece : SIZE_MAX;

    return fed < cut && cut - fed < most ? cut - fed : most;
}

/* Until nothing moves any more. */
static inline void ends_run(struct end *client, struct end *server, struct cuts cuts)
{
    end_work(client);
    while (end_deliver(client, server, next_piece(cuts.piece, server->fed, cuts.server_cut)) ||
           end_deliver(server, client, next_piece(cuts.piece, client->fed, cuts.client_cut)))
        ;
}

#endif
