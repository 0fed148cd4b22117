/* SPDX-License-Identifier: MIT
 *
 * link.c - a pipelined connection to a Redis; see link.h. The dangers: a reply may be malformed,
 * endless or late, or its requester may be gone; every callback may free the link. A link that is
 * freed during a call is released when the call returns (hold, release). */
#include "cache/redis/link.h"

#include "lib/base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <reprise/net.h>
#include <reprise/socket.h>

enum {
    PAUSE_MIN_MS = 50,
    PAUSE_MAX_MS = 5000,
    PROBE_MS = 1000,
    REPLY_MAX = 64 * 1024, /* values have at most 16 KiB */
    MAP_MAX = 1024 * 1024,
};

struct expected {
    struct expected *next;
    enum rp_redis_kind kind;
    rp_redis_replied *replied; /* NULL: part of the greeting */
    void *arg;
    uint64_t deadline;
};

struct rp_redis_link {
    struct rp_loop *loop;
    struct rp_redis_link_options o;
    struct rp_redis_host host;
    struct rp_stream *stream; /* a reference; NULL: not connected */
    struct rp_redis_reader reader;
    struct expected *first, *last;
    struct rp_timer late, pause, probe;
    struct rp_error down_why, refused_why; /* code "": none */
    unsigned refused;                      /* a bit for each kind */
    uint32_t pause_ms;
    uint64_t up_since;
    bool born; /* the owner has the link, so callbacks may be called */
    unsigned held;
    bool up, freed;
    bool proven; /* the greeting has succeeded */
    bool fresh;  /* the first attempt has not failed yet */
};

static void on_event(const struct rp_event *e, void *arg);
static void fail(struct rp_redis_link *l, const struct rp_error *error);

/* -- errors of the link */

static void changed(struct rp_redis_link *l)
{
    if (l->born)
        l->o.ops->changed(l->o.arg);
}

static void note(const struct rp_redis_link *l, struct rp_error *to, const struct rp_error *why)
{
    char where[RP_REDIS_TEXT + 16];

    rp_error_set(to, why->code, "%s at %.80s: %.200s", l->o.what,
                 rp_redis_host_format(&l->host, where), why->message);
}

const struct rp_error *rp_redis_link_trouble(const struct rp_redis_link *l)
{
    if (l->down_why.code[0] != '\0')
        return &l->down_why;
    return l->refused != 0 ? &l->refused_why : NULL;
}

static void refuses(struct rp_redis_link *l, enum rp_redis_kind kind, const struct rp_error *why)
{
    if (l->refused == 0) {
        note(l, &l->refused_why, why);
        rp_timer_start(l->loop, &l->probe, PROBE_MS);
    }
    l->refused |= 1u << kind;
    changed(l);
}

static void grants(struct rp_redis_link *l, enum rp_redis_kind kind)
{
    if (rp_loop_now(l->loop) - l->up_since > l->pause_ms)
        l->pause_ms = 0; /* not reset for a server that answers once and fails again */
    if ((l->refused & 1u << kind) == 0)
        return;
    l->refused &= ~(1u << kind);
    if (l->refused == 0) {
        rp_timer_stop(&l->probe);
        changed(l);
    }
}

/* -- memory */

static void drop_expected(struct rp_redis_link *l)
{
    while (l->first != NULL) {
        struct expected *e = l->first;

        l->first = e->next;
        free(e);
    }
    l->last = NULL;
}

static void drop_stream(struct rp_redis_link *l)
{
    struct rp_stream *stream = l->stream;

    if (stream == NULL)
        return;
    l->stream = NULL;
    for (enum rp_event_type type = 0; type < RP_EV_COUNT; type++)
        rp_stream_off(stream, type, on_event, l);
    rp_stream_destroy(stream, NULL);
    rp_stream_unref(stream);
}

static void release(struct rp_redis_link *l)
{
    if (--l->held > 0 || !l->freed)
        return;
    rp_redis_reader_end(&l->reader);
    rp_secure_context_unref(l->o.context);
    free(l);
}

void rp_redis_link_free(struct rp_redis_link *l)
{
    if (l == NULL || l->freed)
        return;
    l->held++;
    l->freed = true;
    l->up = false;
    rp_timer_stop(&l->late);
    rp_timer_stop(&l->pause);
    rp_timer_stop(&l->probe);
    drop_stream(l);
    drop_expected(l);
    release(l);
}

bool rp_redis_link_is_up(const struct rp_redis_link *l)
{
    return l->up;
}

bool rp_redis_link_is_idle(const struct rp_redis_link *l)
{
    return l->first == NULL;
}

/* -- sending */

char *rp_redis_command_format(const struct rp_redis_command *c, size_t *len)
{
    char *bytes = NULL;
    long long got = redisFormatCommandArgv(&bytes, c->argc, c->argv, c->lens);

    *len = got < 0 ? 0 : (size_t)got;
    return got < 0 ? NULL : bytes;
}

/* Connecting may take longer than a reply. */
static uint64_t patience(const struct rp_redis_link *l)
{
    return l->up ? l->o.place->timeout_ms : 4 * (uint64_t)l->o.place->timeout_ms;
}

static bool send_bytes(struct rp_redis_link *l, enum rp_redis_kind kind, const char *bytes,
                       size_t len, rp_redis_replied *replied, void *arg)
{
    struct expected *e = malloc(sizeof *e);

    if (e == NULL)
        return false;
    *e = (struct expected){.kind = kind,
                           .replied = replied,
                           .arg = arg,
                           .deadline = rp_loop_now(l->loop) + patience(l)};
    if (l->last != NULL) {
        l->last->next = e;
    } else {
        l->first = e;
        rp_timer_start(l->loop, &l->late, patience(l));
    }
    l->last = e;
    rp_stream_write(l->stream, bytes, len);
    return true;
}

static bool send_command(struct rp_redis_link *l, const struct rp_redis_command *c,
                         rp_redis_replied *replied, void *arg)
{
    size_t len;
    char *bytes = rp_redis_command_format(c, &len);
    bool ok = bytes != NULL && send_bytes(l, c->kind, bytes, len, replied, arg);

    if (bytes != NULL)
        explicit_bzero(bytes, len);
    free(bytes);
    return ok;
}

bool rp_redis_link_send(struct rp_redis_link *l, const struct rp_redis_command *c,
                        rp_redis_replied *replied, void *arg)
{
    return (l->up || l->fresh) && send_command(l, c, replied, arg);
}

bool rp_redis_link_send_bytes(struct rp_redis_link *l, enum rp_redis_kind kind, const char *bytes,
                              size_t len, rp_redis_replied *replied, void *arg)
{
    return (l->up || l->fresh) && send_bytes(l, kind, bytes, len, replied, arg);
}

/* -- the greeting */

static bool greet_with(struct rp_redis_link *l, int argc, const char **argv)
{
    struct rp_redis_command command = {.kind = RP_REDIS_OTHER, .argc = argc, .argv = argv};

    return send_command(l, &command, NULL, NULL);
}

static bool read_password(struct rp_redis_account *a, struct rp_error *error)
{
    ssize_t len;

    if (a->password_file[0] == '\0')
        return true;
    len = rp_file_read(a->password_file, a->password, sizeof a->password - 1, NULL);
    a->password[len > 0 ? len : 0] = '\0';
    a->password[strcspn(a->password, "\r\n")] = '\0';
    return a->password[0] != '\0' ||
           rp_error_set(error, "ERR_STORE_PASSWORD",
                        "password-file %.150s is empty or cannot be read", a->password_file);
}

static bool say_who(struct rp_redis_link *l, struct rp_error *error)
{
    struct rp_redis_account account = *l->o.account;
    const char *with_user[] = {"AUTH", account.user, account.password};
    const char *without[] = {"AUTH", account.password};
    bool ok = read_password(&account, error);

    if (ok && account.password[0] != '\0')
        ok = account.user[0] != '\0' ? greet_with(l, 3, with_user) : greet_with(l, 2, without);
    explicit_bzero(&account, sizeof account);
    return ok;
}

/* Sentinels have no databases, clusters only database 0. */
static bool choose_database(struct rp_redis_link *l)
{
    char number[16];
    const char *words[] = {"SELECT", number};

    snprintf(number, sizeof number, "%u", l->o.place->db);
    return l->o.place->db == 0 || l->o.proof == RP_REDIS_ANY || greet_with(l, 2, words);
}

static void probe_key(struct rp_redis_link *l, char key[RP_REDIS_TEXT])
{
    if (l->o.ops->probe_key != NULL)
        l->o.ops->probe_key(key, l->o.arg);
    else
        snprintf(key, RP_REDIS_TEXT, "%sprobe", l->o.place->prefix);
}

static bool ask_for_proof(struct rp_redis_link *l)
{
    char key[RP_REDIS_TEXT];
    const char *role[] = {"ROLE"}, *del[] = {"DEL", key};

    if (l->o.proof == RP_REDIS_MASTER)
        return greet_with(l, 1, role);
    if (l->o.proof == RP_REDIS_ANY)
        return true;
    probe_key(l, key);
    return greet_with(l, 2, del);
}

static void greet(struct rp_redis_link *l)
{
    const char *ping[] = {"PING"};
    struct rp_error error;

    rp_error_set(&error, "ENOMEM", "no memory for the first commands");
    if (!say_who(l, &error) || !choose_database(l) || !ask_for_proof(l) || !greet_with(l, 1, ping))
        fail(l, &error);
}

static void be_up(struct rp_redis_link *l)
{
    l->up = true;
    l->up_since = rp_loop_now(l->loop);
    l->fresh = false;
    rp_error_clear(&l->down_why);
    changed(l);
}

/* -- replies */

static const struct {
    const char *word, *remedy;
} remedies[] = {
    {"WRONGPASS", " (see user, password and password-file in the store's URI)"},
    {"NOAUTH", " (see user, password and password-file in the store's URI)"},
    {"ERR AUTH", " (see user, password and password-file in the store's URI)"},
    {"OOM", " (see maxmemory and maxmemory-policy in redis.conf)"},
    {"READONLY", " (a replica: use the address of the master, or redis+sentinel:)"},
};

/* In the syntax of ACL SETUSER. */
static const char *commands_of(const struct rp_redis_link *l)
{
    static const char *const words[] = {
        [RP_REDIS_ALONE] = "+get +set +del +select +ping",
        [RP_REDIS_SENTINEL] = "+get +set +del +select +ping +role",
        [RP_REDIS_CLUSTER] = "+get +set +del +ping +cluster +asking",
    };

    return l->o.account == &l->o.place->sentinel ? "+sentinel +ping" : words[l->o.place->form];
}

/* A Redis that does not know a command repeats its arguments, which for AUTH include the
 * password. */
static int shown_len(const redisReply *reply, int max)
{
    const char *arguments = strstr(reply->str, ", with args");

    return arguments != NULL && arguments - reply->str < max ? (int)(arguments - reply->str) : max;
}

static void explain(const struct rp_redis_link *l, const redisReply *reply, struct rp_error *error)
{
    const char *remedy = "";

    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (strncmp(reply->str, remedies[i].word, strlen(remedies[i].word)) == 0)
            remedy = remedies[i].remedy;
    if (rp_redis_reply_says(reply, "NOPERM"))
        rp_error_set(error, "ERR_STORE_REDIS", "error reply: %.60s (the user needs %s ~%s*)",
                     reply->str, commands_of(l), l->o.place->prefix);
    else
        rp_error_set(error, "ERR_STORE_REDIS", "error reply: %.*s%s", shown_len(reply, 80),
                     reply->str, remedy);
}

void rp_redis_link_explain(const struct rp_redis_link *l, const redisReply *reply,
                           struct rp_error *error)
{
    struct rp_error why;

    explain(l, reply, &why);
    note(l, error, &why);
}

static bool is_role_of_master(const redisReply *reply)
{
    return reply->elements > 0 && reply->element[0]->type == REDIS_REPLY_STRING &&
           strcmp(reply->element[0]->str, "master") == 0;
}

/* PING is the last command of the greeting: an unexpected reply to ROLE proves nothing. */
static void greeted(struct rp_redis_link *l, const redisReply *reply)
{
    bool pong = reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "PONG") == 0;
    struct rp_error error;

    if (reply->type == REDIS_REPLY_ERROR) {
        explain(l, reply, &error);
        fail(l, &error);
        return;
    }
    if (l->o.proof == RP_REDIS_MASTER && reply->type == REDIS_REPLY_ARRAY)
        l->proven = is_role_of_master(reply);
    if (pong && l->proven) {
        be_up(l);
    } else if (pong) {
        rp_error_set(&error, "ERR_STORE_REDIS", "not a master");
        fail(l, &error);
    }
}

static void nonsense(struct rp_redis_link *l, enum rp_redis_kind kind)
{
    struct rp_error error;

    rp_error_set(&error, "ERR_STORE_REDIS", "malformed or oversized reply");
    if (kind != RP_REDIS_OTHER)
        refuses(l, kind, &error); /* the requester may already have been notified */
    fail(l, &error);
}

static bool is_sensible(enum rp_redis_kind kind, const redisReply *reply)
{
    switch (kind) {
    case RP_REDIS_GET:
        return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_NIL;
    case RP_REDIS_SET:
        return reply->type == REDIS_REPLY_STATUS || reply->type == REDIS_REPLY_NIL;
    case RP_REDIS_DEL:
        return reply->type == REDIS_REPLY_INTEGER;
    default:
        return true;
    }
}

/* Called after the requester was notified. */
static void judge(struct rp_redis_link *l, enum rp_redis_kind kind, const redisReply *reply)
{
    struct rp_error error;

    if (rp_redis_reply_says(reply, "MOVED") || rp_redis_reply_says(reply, "ASK"))
        return; /* a redirection, which the owner of the map handles */
    if (rp_redis_reply_says(reply, "READONLY") || rp_redis_reply_says(reply, "MASTERDOWN")) {
        explain(l, reply, &error);
        fail(l, &error);
    } else if (kind == RP_REDIS_GET && rp_redis_reply_says(reply, "WRONGTYPE")) {
        grants(l, kind); /* the key holds data of another program: the Redis itself works */
    } else if (kind != RP_REDIS_OTHER && reply->type == REDIS_REPLY_ERROR) {
        explain(l, reply, &error);
        refuses(l, kind, &error);
    } else if (!is_sensible(kind, reply)) {
        nonsense(l, kind);
    } else {
        grants(l, kind);
    }
}

static void take(struct rp_redis_link *l, const redisReply *reply)
{
    struct expected *e = l->first, copy;
    struct rp_stream *stream = l->stream;
    struct rp_error error;

    if (e == NULL) {
        rp_error_set(&error, "ERR_STORE_REDIS", "unexpected reply");
        fail(l, &error);
        return;
    }
    copy = *e;
    l->first = e->next;
    free(e);
    if (l->first == NULL) {
        l->last = NULL;
        rp_timer_stop(&l->late);
    }
    if (copy.replied == NULL) {
        greeted(l, reply);
        return;
    }
    copy.replied(is_sensible(copy.kind, reply) || reply->type == REDIS_REPLY_ERROR ? reply : NULL,
                 copy.arg);
    if (!l->freed && l->stream == stream)
        judge(l, copy.kind, reply);
}

static size_t longest(const struct rp_redis_link *l)
{
    return l->first != NULL && l->first->kind == RP_REDIS_OTHER ? MAP_MAX : REPLY_MAX;
}

static void on_data(struct rp_redis_link *l, const struct rp_event *e)
{
    struct rp_stream *stream = l->stream;
    bool ok = rp_redis_reader_feed(&l->reader, e->data.bytes, e->data.len);
    redisReply *reply;

    while (ok && l->stream == stream && !l->freed) {
        ok = rp_redis_reader_next(&l->reader, longest(l), &reply);
        if (!ok || reply == NULL)
            break;
        take(l, reply);
        freeReplyObject(reply);
    }
    if (!ok)
        nonsense(l, l->first != NULL ? l->first->kind : RP_REDIS_OTHER);
}

static void on_probed(const redisReply *reply, void *arg)
{
    (void)reply, (void)arg; /* the link has already evaluated it */
}

static void on_probe(struct rp_timer *timer)
{
    struct rp_redis_link *l = timer->arg;
    char key[RP_REDIS_TEXT];
    const char *words[][5] = {{"GET", key}, {"SET", key, "", "PX", "1000"}, {"DEL", key}};
    const int counts[] = {2, 5, 2};

    rp_timer_start(l->loop, &l->probe, PROBE_MS);
    if (!l->up)
        return;
    probe_key(l, key);
    for (enum rp_redis_kind kind = RP_REDIS_GET; kind <= RP_REDIS_DEL; kind++) {
        struct rp_redis_command c = {.kind = kind, .argc = counts[kind], .argv = words[kind]};

        if ((l->refused & 1u << kind) != 0)
            send_command(l, &c, on_probed, NULL);
    }
}

/* The first reply is late, so all others are, too. */
static void on_late(struct rp_timer *timer)
{
    struct rp_redis_link *l = timer->arg;
    uint64_t now = rp_loop_now(l->loop);
    struct rp_error error;

    if (l->first != NULL && l->first->deadline > now) {
        rp_timer_start(l->loop, &l->late, l->first->deadline - now);
        return;
    }
    rp_error_set(&error, "ETIMEDOUT", "no answer within %u ms", l->o.place->timeout_ms);
    fail(l, &error);
}

/* -- connecting */

static void on_event(const struct rp_event *e, void *arg)
{
    struct rp_redis_link *l = arg;
    struct rp_error error;

    l->held++;
    if (e->type == RP_EV_DATA) {
        on_data(l, e);
    } else if (e->type == RP_EV_ERROR) {
        fail(l, e->error.error);
    } else if (e->type == RP_EV_END || e->type == RP_EV_CLOSE) {
        rp_error_set(&error, "ECONNRESET", "the server closed the connection");
        fail(l, &error);
    }
    release(l);
}

static struct rp_stream *dial(struct rp_redis_link *l, struct rp_error *error)
{
    struct rp_net_options net = {.no_delay = RP_ON, .keep_alive = RP_ON};
    struct rp_connect_options o = {.context = l->o.context, .net = &net};
    struct rp_address numeric;
    struct rp_socket *socket;
    char text[RP_REDIS_TEXT + 16];

    if (l->host.port == 0) {
        net.path = l->host.name;
    } else {
        net.host = l->host.name;
        net.port = l->host.port;
    }
    if (l->o.context == NULL)
        return rp_net_connect(l->loop, &net, error);
    if (l->o.place->servername[0] != '\0')
        o.servername = l->o.place->servername;
    else if (!rp_address_parse(&numeric, rp_redis_host_format(&l->host, text), false, NULL))
        o.servername = l->host.name; /* SNI allows names only */
    socket = rp_connect(l->loop, &o, error);
    return socket != NULL ? rp_socket_stream(socket) : NULL;
}

static void begin(struct rp_redis_link *l)
{
    rp_event_set events = RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END) |
                          RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE);
    struct rp_error error;

    l->stream = dial(l, &error);
    if (l->stream == NULL || !rp_redis_reader_begin(&l->reader) ||
        !rp_stream_listen(l->stream, events, on_event, l)) {
        if (l->stream != NULL)
            rp_error_set(&error, "ENOMEM", "no memory to connect");
        fail(l, &error);
        return;
    }
    l->proven = l->o.proof != RP_REDIS_MASTER;
    greet(l); /* queued in the stream until it is connected */
}

static void on_pause(struct rp_timer *timer)
{
    struct rp_redis_link *l = timer->arg;

    l->held++;
    begin(l);
    release(l);
}

/* Double the last pause, with random variation, so that hosts do not reconnect together. */
static uint64_t next_pause(struct rp_redis_link *l)
{
    uint32_t random = 0;

    l->pause_ms = l->pause_ms == 0 ? PAUSE_MIN_MS : l->pause_ms * 2;
    if (l->pause_ms > PAUSE_MAX_MS)
        l->pause_ms = PAUSE_MAX_MS;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = (uint32_t)rp_loop_now(l->loop);
    return l->pause_ms / 2 + random % l->pause_ms;
}

/* The connection has failed: notify all waiting requesters, and schedule the next attempt. */
static void fail(struct rp_redis_link *l, const struct rp_error *error)
{
    struct expected *waiting = l->first;
    struct rp_error copy = *error;

    if (l->freed)
        return;
    l->held++;
    if (waiting != NULL && waiting->kind != RP_REDIS_OTHER)
        refuses(l, waiting->kind, error); /* a successful greeting does not clear it */
    l->up = l->fresh = false;
    l->first = l->last = NULL;
    rp_timer_stop(&l->late);
    drop_stream(l);
    rp_timer_start(l->loop, &l->pause, next_pause(l));
    note(l, &l->down_why, &copy);
    changed(l);
    while (waiting != NULL) {
        struct expected *e = waiting;

        waiting = e->next;
        if (e->replied != NULL && !l->freed)
            e->replied(NULL, e->arg);
        free(e);
    }
    release(l);
}

void rp_redis_link_aim(struct rp_redis_link *l, const struct rp_redis_host *host)
{
    l->host = *host;
}

void rp_redis_link_move(struct rp_redis_link *l, const struct rp_redis_host *host)
{
    struct rp_error error;

    rp_error_set(&error, "ECONNRESET", "disconnected: another node is the master now");
    l->held++;
    fail(l, &error);
    if (!l->freed) {
        l->host = *host;
        l->pause_ms = 0;
        rp_timer_stop(&l->pause);
        l->fresh = true;
        begin(l);
    }
    release(l);
}

struct rp_redis_link *rp_redis_link_new(struct rp_loop *loop, const struct rp_redis_link_options *o,
                                        struct rp_error *err)
{
    struct rp_redis_link *l = calloc(1, sizeof *l);

    if (l == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a connection to redis");
        return NULL;
    }
    l->loop = loop;
    l->o = *o;
    l->host = *o->host;
    if (o->context != NULL)
        rp_secure_context_ref(o->context);
    l->late = (struct rp_timer){.fire = on_late, .arg = l};
    l->pause = (struct rp_timer){.fire = on_pause, .arg = l};
    l->probe = (struct rp_timer){.fire = on_probe, .arg = l};
    l->fresh = true;
    begin(l);
    l->born = true; /* NOLINT: before this, no callback can free the link */
    return l;
}
