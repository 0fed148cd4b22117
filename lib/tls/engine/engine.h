/* SPDX-License-Identifier: MIT
 *
 * engine.h - one TLS connection without a network: bytes in, bytes out.
 * Input is a window on the caller's bytes, output is appended to the caller's queue. Nothing blocks
 * and nothing is sent from here. The engine belongs to one socket and lies inside it.
 * The danger: the functions of rp_engine_ops are called from inside OpenSSL. Whatever they do, the
 * engine stays usable until the call is over: a close in between is done then. */
#ifndef RP_ENGINE_H
#define RP_ENGINE_H

#include <assert.h>

#include <openssl/ssl.h>

#include "lib/base/cursor.h"
#include "lib/net/queue.h"
#include "lib/tls/engine/early_state.h"
#include "lib/tls/context/internal.h"
#include "lib/x509/verify_failure.h"
#include <reprise/socket.h>

struct rp_engine;
struct rp_engine_ops {
    /* A session that can be found again by its id (server), or any (client). The engine keeps its
     * reference; take another one to keep the session. NULL: not wanted. */
    void (*session)(struct rp_engine *, SSL_SESSION *);
    /* Make a session id; false: a random one will do. NULL ok. */
    bool (*make_session_id)(struct rp_engine *, uint8_t *id, size_t len);
    /* May this session of ours resume? NULL: yes. */
    bool (*accept_session)(struct rp_engine *, SSL_SESSION *, uint64_t began);
    /* Server, where the mode is RP_ALPN_ASK: choose among the client's protocols. Leaves alpn and
     * RP_ALPN_CHOSEN, or RP_ALPN_REFUSED, or the engine closed. */
    void (*choose_protocol)(struct rp_engine *, struct rp_cursor offers);
    /* One line of a key log, without its newline. NULL: not wanted. */
    void (*keylog)(struct rp_engine *, const char *line);
};

enum rp_engine_status {
    RP_ENGINE_OK,     /* handshake: complete, or see rp_engine_is_early. read: bytes were read */
    RP_ENGINE_WANT,   /* more input is needed */
    RP_ENGINE_HELLO,  /* server: a ClientHello is there; decide, then go on (once) */
    RP_ENGINE_STAPLE, /* server: a staple is to be found, then go on (once) */
    RP_ENGINE_END,    /* read: the peer's close_notify */
    RP_ENGINE_FAILED, /* it is over; an alert may be in the output */
};

enum rp_hello_verdict {
    RP_HELLO_UNSEEN,   /* no ClientHello yet */
    RP_HELLO_DECIDING, /* the caller is asked */
    RP_HELLO_GO,
    RP_HELLO_UNRECOGNIZED_NAME, /* answer with that alert */
};

enum rp_alpn_mode { RP_ALPN_NONE, RP_ALPN_LIST, RP_ALPN_ASK, RP_ALPN_CHOSEN, RP_ALPN_REFUSED };

enum {
    RP_STAPLES_MAX = 8
}; /* OpenSSL knows as many types of keys, and has one certificate of each */

/* Only on a connection whose client asked for a staple, of a server that is listened to. Each
 * certificate of the context is asked about: which one will be shown is not known yet. */
struct rp_staple {
    enum { RP_STAPLE_WANTED, RP_STAPLE_ASKING, RP_STAPLE_ANSWERED } state;
    size_t seen;  /* certificates that were looked at */
    size_t count; /* of answers */
    struct {
        const X509 *cert; /* which it is about */
        uint8_t *bytes;   /* NULL = none */
        size_t len;
    } answers[RP_STAPLES_MAX]; /* while asking, one more is begun */
};

struct rp_engine {
    SSL *ssl; /* NULL before open and after close */
    const struct rp_engine_ops *ops;
    struct rp_loop *loop;
    struct rp_queue *out;
    const uint8_t *in, *in_end;           /* the window ... */
    struct rp_queue saved;                /* ... and before it, what was left of earlier ones */
    struct rp_secure_context *born;       /* whose SSL_CTX the SSL was made of */
    struct rp_secure_context *context;    /* whose policy is in force */
    SSL_SESSION *offered;                 /* server: found for this hello; NULL = none */
    struct rp_staple *staple;             /* server: NULL unless it is to be asked for */
    char *servername;                     /* server: as the client sent it */
    const char *const *alpn_list;         /* server: in order of preference; borrowed */
    const char *alpn;                     /* what was chosen, a text of the owner's; NULL = none */
    struct rp_verify_note *not_verified;  /* why the peer's chain is invalid; NULL: it is not */
    size_t unproductive;                  /* input since the last application data */
    uint16_t alert_sent, alert_received;  /* the last one that ended it: its number + 1; 0: none */
    uint8_t calls;                        /* into OpenSSL, under way */
    uint8_t hello, alpn_mode, auth;       /* enums */
    uint8_t resumption;                   /* enum rp_resumption, if it was resumed */
    uint8_t new_tickets, resumed_tickets; /* how many are sent */
    uint8_t early;                        /* enum rp_early_state; set by rp_engine_early_to */
    uint8_t early_byte;                   /* the first of early data, if has_early_byte */
    bool has_early_byte;
    bool server, closing, sent_close, established;
};

/* Begin a connection as server or client; ops, loop and out are set before. Nothing is sent yet. */
bool rp_engine_open(struct rp_engine *, struct rp_secure_context *, bool server,
                    enum rp_client_auth auth, struct rp_error *);
/* Put the policy of another context in force: the SNI choice. */
bool rp_engine_use(struct rp_engine *, struct rp_secure_context *, enum rp_client_auth auth,
                   struct rp_error *);
/* Server, after the last rp_engine_use: stop for a staple before a certificate is sent. */
bool rp_engine_want_staple(struct rp_engine *);
/* Server, once open: early data may come, and is read if it is ACCEPTED when the hello is decided.
 */
void rp_engine_expect_early(struct rp_engine *);
static inline void rp_engine_early_to(struct rp_engine *e, enum rp_early_state state)
{
    assert(rp_early_may_move(e->early, state));
    e->early = (uint8_t)state;
}
/* OK was said at the first early data: the handshake goes on in rp_engine_read. */
static inline bool rp_engine_is_early(const struct rp_engine *e)
{
    return rp_early_state_is_open(e->early);
}
/* The connection, once its handshake is complete and until it closes; NULL otherwise. */
static inline SSL *rp_engine_established(const struct rp_engine *e)
{
    return e->established && !e->closing ? e->ssl : NULL;
}
/* Server, open: the session that was found is of no more interest. */
void rp_engine_forget_offered(struct rp_engine *);
/* End it now; what was not sent of the output stays the caller's. Idempotent. */
void rp_engine_close(struct rp_engine *);

/* Show new input, which is read after what was saved. */
void rp_engine_show(struct rp_engine *, const uint8_t *bytes, size_t len);
/* Keep what is left of it. false: no memory. */
bool rp_engine_save(struct rp_engine *);
/* Look at up to `most` bytes of the input, `from` bytes (<= rp_engine_left) after its first one. */
size_t rp_engine_peek(const struct rp_engine *, size_t from, uint8_t *to, size_t most);
static inline size_t rp_engine_left(const struct rp_engine *e)
{
    return e->saved.len + (size_t)(e->in_end - e->in);
}

/* All but open return a status; after FAILED *err says why. */
enum rp_engine_status rp_engine_handshake(struct rp_engine *, struct rp_error *);
enum rp_engine_status rp_engine_read(struct rp_engine *, uint8_t *bytes, size_t capacity,
                                     size_t *len, struct rp_error *);
/* Client, before its handshake, whose session allows as much: takes all. */
enum rp_engine_status rp_engine_write_early(struct rp_engine *, const uint8_t *bytes, size_t len,
                                            struct rp_error *);
/* After the handshake, in TLS 1.2: begin another; it goes on while we read. */
bool rp_engine_renegotiate(struct rp_engine *, struct rp_error *);
/* After the handshake; takes all. */
enum rp_engine_status rp_engine_write(struct rp_engine *, const uint8_t *bytes, size_t len,
                                      struct rp_error *);
void rp_engine_send_close(struct rp_engine *); /* close_notify, once */

/* For info callbacks of OpenSSL: note an alert. */
void rp_engine_note_alert(struct rp_engine *, int where, int value);
/* What OpenSSL needs to know of us on every context. false: no memory. */
bool rp_engine_install(SSL_CTX *);
/* The BIO that all connections of a context share, and its method. false: no memory. */
bool rp_engine_make_bio(struct rp_secure_context *);
struct rp_engine *rp_engine_of(const SSL *);

#endif
