/* SPDX-License-Identifier: MIT
 *
 * notice_board.c - keep a process's notices and the record in the store equal; see notices.h. Only
 * one request is open at a time; after a failure it is repeated a second later. The danger is the
 * store: if the record is missing, old, changed or forged, it is ignored and replaced by what this
 * process knows. Whoever can write to the shared store can replay an old record; so this host also
 * keeps what it has received in its own tier, and always merges it. */
#include "cache/notices.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "cache/seal.h"

enum { POLL_MS = 1000, ANSWER_MS = 2000 };

struct rp_notice_board {
    struct rp_loop *loop;
    struct rp_store *store;
    struct rp_store *near;              /* this host's own tier, or NULL */
    struct secret {                     /* the current secret, and during a change the other one */
        const struct rp_sealer *sealer; /* may be NULL */
        uint8_t key[RP_SEAL_KEY_SIZE];
    } secrets[2];
    size_t asked; /* index of the secret in the current request */
    uint64_t (*now_ms)(void);
    void (*changed)(const struct rp_notices *, void *arg);
    void *arg;
    struct rp_notices known, heard; /* heard: from the reply being processed */
    struct rp_store_call call;
    struct rp_timer timer; /* until the next request, or while waiting for a reply */
    bool waiting, telling;
    struct rp_store_call posting;
    struct rp_timer patience;               /* with it */
    void (*posted)(bool shared, void *arg); /* NULL: no caller waits */
    void *posted_arg;
};

static const struct rp_bytes record = {(const uint8_t *)"notices", sizeof "notices" - 1};

static bool says_nothing(const struct rp_notices *n)
{
    return n->turns[0] == 0 && n->all_before_ms == 0 && n->host_count == 0;
}

static bool learn(struct rp_notice_board *b, const struct rp_notices *news)
{
    if (rp_notices_cover(&b->known, news))
        return false;
    rp_notices_merge(&b->known, news, b->now_ms());
    if (b->telling)
        b->changed(&b->known, b->arg);
    return true;
}

/* Never expires: a host that joins much later must have the same turns. */
static enum rp_store_status put(struct rp_notice_board *b, struct rp_store *store,
                                struct rp_store_call *call)
{
    uint8_t plain[RP_NOTICES_MAX], sealed[RP_NOTICES_MAX + RP_SEAL_OVERHEAD];
    const struct secret *secret = &b->secrets[0];
    struct rp_bytes bytes = {plain, rp_notices_encode(&b->known, plain)}, none = {0};
    size_t len = rp_seal(secret->sealer, record, none, UINT64_MAX, bytes, sealed);

    if (len == 0 || store == NULL)
        return RP_STORE_FAILED;
    return rp_store_put(store, (struct rp_bytes){secret->key, sizeof secret->key},
                        (struct rp_bytes){sealed, len}, 0, call);
}

/* false: the content of this secret's record is unknown. */
static bool hear(struct rp_notice_board *b, size_t secret, const struct rp_store_reply *reply)
{
    uint8_t plain[RP_NOTICES_MAX + RP_SEAL_OVERHEAD];
    struct rp_bytes none = {0};
    uint64_t expires;
    size_t len = 0;

    if (reply->status != RP_STORE_OK && reply->status != RP_STORE_MISSING)
        return false;
    if (reply->status == RP_STORE_OK && reply->value.len <= sizeof plain)
        len = rp_unseal(b->secrets[secret].sealer, record, none, b->now_ms(), reply->value, plain,
                        &expires);
    rp_notices_decode(&b->heard, rp_cursor_of(plain, len));
    learn(b, &b->heard);
    return true;
}

/* Whether the last reply lacks something that is known. */
static bool lacks(const struct rp_notice_board *b)
{
    return !says_nothing(&b->known) && !rp_notices_cover(&b->heard, &b->known);
}

static struct rp_bytes key_of(const struct rp_notice_board *b, size_t secret)
{
    return (struct rp_bytes){b->secrets[secret].key, RP_SEAL_KEY_SIZE};
}

/* This host's own copy is read at once. */
static void hear_near(struct rp_notice_board *b)
{
    bool heard = false;

    for (size_t secret = 2; b->near != NULL && secret-- > 0;) {
        struct rp_store_reply reply;

        if (b->secrets[secret].sealer == NULL)
            continue;
        reply.status = rp_store_get(b->near, key_of(b, secret), &reply, NULL);
        heard = hear(b, secret, &reply);
    }
    if (heard && lacks(b))
        put(b, b->near, NULL);
}

static void take(struct rp_notice_board *b, const struct rp_store_reply *reply)
{
    if (hear(b, b->asked, reply) && b->asked == 0 && lacks(b))
        put(b, b->store, NULL);
}

static void ask(struct rp_notice_board *, size_t secret);

static void go_on(struct rp_notice_board *b)
{
    b->waiting = false;
    if (b->asked > 0) {
        ask(b, b->asked - 1);
        return;
    }
    hear_near(b);
    rp_timer_start(b->loop, &b->timer, POLL_MS);
}

static void on_answer(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    struct rp_notice_board *b = call->arg;

    take(b, reply);
    go_on(b);
}

static void ask(struct rp_notice_board *b, size_t secret)
{
    struct rp_store_reply reply;

    b->asked = secret;
    b->call = (struct rp_store_call){.done = on_answer, .arg = b};
    if (rp_store_get(b->store, key_of(b, secret), &reply, &b->call) == RP_STORE_LATER) {
        b->waiting = true;
        rp_timer_start(b->loop, &b->timer, ANSWER_MS);
        return;
    }
    take(b, &reply);
    go_on(b);
}

/* The record of the other secret comes first, so that its content is stored under the current
 * one. */
static void begin(struct rp_notice_board *b)
{
    hear_near(b);
    ask(b, b->secrets[1].sealer != NULL ? 1 : 0);
}

static void on_timer(struct rp_timer *timer)
{
    struct rp_notice_board *b = timer->arg;

    if (b->waiting)
        rp_store_cancel(&b->call);
    b->waiting = false;
    begin(b);
}

static bool take_sealer(struct secret *s, const struct rp_sealer *sealer)
{
    s->sealer = sealer;
    return sealer == NULL || rp_seal_name(sealer, record, s->key);
}

static bool take_sealers(struct rp_notice_board *b, const struct rp_sealers *sealers,
                         struct rp_error *err)
{
    return (take_sealer(&b->secrets[0], sealers->current) &&
            take_sealer(&b->secrets[1], sealers->former)) ||
           rp_error_set(err, "ENOMEM", "no memory for announcements");
}

struct rp_notice_board *rp_notice_board_new(struct rp_loop *loop,
                                            const struct rp_notice_board_options *o,
                                            struct rp_error *err)
{
    struct rp_notice_board *b = calloc(1, sizeof *b);

    if (b == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for announcements");
        return NULL;
    }
    b->loop = loop;
    b->store = o->store;
    b->now_ms = o->now_ms != NULL ? o->now_ms : rp_wall_ms;
    b->changed = o->changed;
    b->arg = o->arg;
    b->timer = (struct rp_timer){.fire = on_timer, .arg = b};
    if (o->known != NULL)
        b->known = *o->known;
    if (!take_sealers(b, o->sealers, err)) {
        rp_notice_board_free(b);
        return NULL;
    }
    if (b->store != NULL) {
        b->near = rp_store_near(b->store) != b->store ? rp_store_near(b->store) : NULL;
        begin(b);
    }
    b->telling = b->changed != NULL;
    return b;
}

void rp_notice_board_free(struct rp_notice_board *b)
{
    if (b == NULL)
        return;
    rp_store_cancel(&b->posting);
    rp_timer_stop(&b->patience);
    rp_timer_stop(&b->timer);
    rp_store_cancel(&b->call);
    free(b);
}

/* -- announcing */

static void end_post(struct rp_notice_board *b, bool shared)
{
    void (*posted)(bool, void *) = b->posted;

    b->posted = NULL;
    rp_timer_stop(&b->patience);
    rp_store_cancel(&b->posting);
    if (posted != NULL)
        posted(shared, b->posted_arg);
}

static void on_put(struct rp_store_call *call, const struct rp_store_reply *reply)
{
    end_post(call->arg, reply->status == RP_STORE_OK);
}

static void on_patience(struct rp_timer *timer)
{
    end_post(timer->arg, false);
}

enum rp_store_status rp_notice_board_post(struct rp_notice_board *b, const struct rp_notices *news,
                                          void (*posted)(bool shared, void *arg), void *arg)
{
    enum rp_store_status status;

    learn(b, news);
    end_post(b, false);
    b->posting = (struct rp_store_call){.done = on_put, .arg = b};
    status = put(b, b->store, posted != NULL ? &b->posting : NULL);
    if (status != RP_STORE_LATER)
        return status;
    b->posted = posted;
    b->posted_arg = arg;
    b->patience = (struct rp_timer){.fire = on_patience, .arg = b};
    rp_timer_start(b->loop, &b->patience, ANSWER_MS);
    return status;
}

const struct rp_notices *rp_notice_board_read(const struct rp_notice_board *b)
{
    return &b->known;
}
