/* SPDX-License-Identifier: MIT
 *
 * redis_link.c - a pipelined connection to a Redis; see redis_link.h.
 * The dangers: a reply may be garbage, endless, late, or come when its asker is gone; every
 * callback may free the link. What is freed while it is at work goes when the work is done (hold,
 * release).
 */
#include "cache/redis_link.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <reprise/net.h>
#include <reprise/socket.h>

enum {
    PAUSE_MIN_MS = 50,
    PAUSE_MAX_MS = 5000,
    UNREAD_MAX = 64 * 1024, /* of one reply: a value is 16 KiB at most */
    PEM_MAX = 256 * 1024,
};

struct expected {
    struct expected *next;
    rp_redis_replied *replied; /* NULL: part of the greeting */
    void *arg;
    uint64_t deadline;
};

struct rp_redis_link {
    struct rp_loop *loop;
    struct rp_redis_place place;
    const struct rp_redis_link_ops *ops;
    void *arg;
    struct rp_secure_context *context; /* rediss */
    struct rp_stream *stream;          /* a reference; NULL: none */
    redisReader *reader;
    struct expected *first, *last;
    struct rp_timer late, pause;
    uint32_t pause_ms;
    unsigned held;
    bool up, freed;
    bool fresh; /* the first attempt, which has not failed yet */
};

static void on_event(const struct rp_event *e, void *arg);
static void fail(struct rp_redis_link *l, const struct rp_error *error);

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
    redisReaderFree(l->reader);
    rp_secure_context_unref(l->context);
    explicit_bzero(&l->place, sizeof l->place);
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
    drop_stream(l);
    drop_expected(l);
    release(l);
}

bool rp_redis_link_is_up(const struct rp_redis_link *l)
{
    return l->up;
}

/* -- sending */

/* To connect takes longer than to answer. */
static uint64_t patience(const struct rp_redis_link *l)
{
    return l->up ? l->place.timeout_ms : 4 * (uint64_t)l->place.timeout_ms;
}

static bool send_as(struct rp_redis_link *l, int argc, const char **argv, const size_t *lens,
                    rp_redis_replied *replied, void *arg)
{
    struct expected *e = malloc(sizeof *e);
    char *command = NULL;
    long long len = e != NULL ? redisFormatCommandArgv(&command, argc, argv, lens) : -1;

    if (len < 0) {
        free(e);
        return false;
    }
    *e = (struct expected){
        .replied = replied, .arg = arg, .deadline = rp_loop_now(l->loop) + patience(l)};
    if (l->last != NULL) {
        l->last->next = e;
    } else {
        l->first = e;
        rp_timer_start(l->loop, &l->late, patience(l));
    }
    l->last = e;
    rp_stream_write(l->stream, command, (size_t)len);
    explicit_bzero(command, (size_t)len);
    redisFreeCommand(command);
    return true;
}

bool rp_redis_link_send(struct rp_redis_link *l, int argc, const char **argv, const size_t *lens,
                        rp_redis_replied *replied, void *arg)
{
    return (l->up || l->fresh) && send_as(l, argc, argv, lens, replied, arg);
}

/* -- the greeting */

static bool read_password(struct rp_redis_link *l, struct rp_error *error)
{
    struct rp_redis_place *p = &l->place;
    FILE *file;
    size_t len;

    if (p->password_file[0] == '\0')
        return true;
    file = fopen(p->password_file, "re");
    len = file != NULL ? fread(p->password, 1, sizeof p->password - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    p->password[len] = '\0';
    p->password[strcspn(p->password, "\r\n")] = '\0';
    return p->password[0] != '\0' ||
           rp_error_set(error, "ERR_STORE_PASSWORD",
                        "password-file %.150s is empty or cannot be read", p->password_file);
}

static bool say_who(struct rp_redis_link *l)
{
    const char *with_user[] = {"AUTH", l->place.user, l->place.password};
    const char *without[] = {"AUTH", l->place.password};

    if (l->place.password[0] == '\0')
        return true;
    return l->place.user[0] != '\0' ? send_as(l, 3, with_user, NULL, NULL, NULL)
                                    : send_as(l, 2, without, NULL, NULL, NULL);
}

static bool choose_database(struct rp_redis_link *l)
{
    char number[16];
    const char *words[] = {"SELECT", number};

    snprintf(number, sizeof number, "%u", l->place.db);
    return l->place.db == 0 || send_as(l, 2, words, NULL, NULL, NULL);
}

static void greet(struct rp_redis_link *l)
{
    const char *words[] = {"PING"};
    struct rp_error error;

    rp_error_set(&error, "ENOMEM", "no memory to greet redis");
    if (!read_password(l, &error) || !say_who(l) || !choose_database(l) ||
        !send_as(l, 1, words, NULL, NULL, NULL))
        fail(l, &error);
}

static void be_up(struct rp_redis_link *l)
{
    l->up = true;
    l->fresh = false;
    l->pause_ms = 0;
    l->ops->up(l->arg);
}

/* -- replies */

static void explain(const redisReply *reply, struct rp_error *error)
{
    const char *remedy = "";

    if (strncmp(reply->str, "WRONGPASS", 9) == 0 || strncmp(reply->str, "NOAUTH", 6) == 0 ||
        strncmp(reply->str, "ERR AUTH", 8) == 0)
        remedy = " (see the user and password of the store's URI, or password-file)";
    else if (strncmp(reply->str, "NOPERM", 6) == 0)
        remedy = " (the user needs get, set, del, select and ping on our keys)";
    rp_error_set(error, "ERR_STORE_REDIS", "it answers %.80s%s", reply->str, remedy);
}

static void greeted(struct rp_redis_link *l, const redisReply *reply)
{
    struct rp_error error;

    if (reply->type == REDIS_REPLY_ERROR) {
        explain(reply, &error);
        fail(l, &error);
    } else if (reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "PONG") == 0) {
        be_up(l);
    }
}

static void take(struct rp_redis_link *l, const redisReply *reply)
{
    struct expected *e = l->first, copy;
    struct rp_error error;

    if (e == NULL) {
        rp_error_set(&error, "ERR_STORE_REDIS", "it answers what nobody asked");
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
    if (copy.replied == NULL)
        greeted(l, reply);
    else
        copy.replied(reply, copy.arg);
}

static void on_data(struct rp_redis_link *l, const struct rp_event *e)
{
    struct rp_stream *stream = l->stream;
    struct rp_error error;
    void *reply = NULL;

    rp_error_set(&error, "ERR_STORE_REDIS", "it answers garbage, or too much of it");
    if (redisReaderFeed(l->reader, (const char *)e->data.bytes, e->data.len) != REDIS_OK) {
        fail(l, &error);
        return;
    }
    while (l->stream == stream && !l->freed) {
        if (redisReaderGetReply(l->reader, &reply) != REDIS_OK ||
            (reply == NULL && l->reader->len - l->reader->pos > UNREAD_MAX)) {
            fail(l, &error);
            return;
        }
        if (reply == NULL)
            return;
        take(l, reply);
        freeReplyObject(reply);
    }
}

/* The first one is late, and so are all behind it. */
static void on_late(struct rp_timer *timer)
{
    struct rp_redis_link *l = timer->arg;
    uint64_t now = rp_loop_now(l->loop);
    struct rp_error error;

    if (l->first != NULL && l->first->deadline > now) {
        rp_timer_start(l->loop, &l->late, l->first->deadline - now);
        return;
    }
    rp_error_set(&error, "ETIMEDOUT", "no answer within %u ms", l->place.timeout_ms);
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
        rp_error_set(&error, "ECONNRESET", "it ended the connection");
        fail(l, &error);
    }
    release(l);
}

static bool add_pem(const char *path, struct rp_pem *pem, size_t *count, struct rp_error *err)
{
    char *text;
    FILE *file;
    size_t len;

    if (path[0] == '\0')
        return true;
    text = calloc(1, PEM_MAX);
    file = text != NULL ? fopen(path, "re") : NULL;
    len = file != NULL ? fread(text, 1, PEM_MAX - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    *pem = (struct rp_pem){.bytes = text};
    *count = 1;
    return len > 0 || rp_error_set(err, "ERR_STORE_URI", "%.150s is empty or cannot be read", path);
}

/* For rediss: read once, when the store is opened. */
static bool make_context(struct rp_redis_link *l, struct rp_error *err)
{
    struct rp_pem ca = {0}, cert = {0}, key = {0};
    struct rp_secure_context_options o = {.ca = &ca, .cert = &cert, .key = &key};

    if (!l->place.tls)
        return true;
    if (add_pem(l->place.ca, &ca, &o.ca_count, err) &&
        add_pem(l->place.cert, &cert, &o.cert_count, err) &&
        add_pem(l->place.key, &key, &o.key_count, err))
        l->context = rp_secure_context_new(&o, err);
    free((void *)(uintptr_t)ca.bytes);
    free((void *)(uintptr_t)cert.bytes);
    if (key.bytes != NULL)
        explicit_bzero((void *)(uintptr_t)key.bytes, PEM_MAX);
    free((void *)(uintptr_t)key.bytes);
    return l->context != NULL;
}

static struct rp_stream *dial(struct rp_redis_link *l, struct rp_error *error)
{
    struct rp_net_options net = {.no_delay = RP_ON, .keep_alive = RP_ON};
    struct rp_connect_options o = {.context = l->context, .net = &net};
    struct rp_address numeric;
    struct rp_socket *socket;
    char text[RP_REDIS_TEXT + 8];

    if (l->place.path[0] != '\0') {
        net.path = l->place.path;
    } else {
        net.host = l->place.host;
        net.port = l->place.port;
    }
    if (!l->place.tls)
        return rp_net_connect(l->loop, &net, error);
    snprintf(text, sizeof text, strchr(l->place.host, ':') != NULL ? "[%s]:1" : "%s:1",
             l->place.host);
    if (l->place.servername[0] != '\0')
        o.servername = l->place.servername;
    else if (!rp_address_parse(&numeric, text, false, NULL))
        o.servername = l->place.host; /* addresses are no names */
    socket = rp_connect(l->loop, &o, error);
    return socket != NULL ? rp_socket_stream(socket) : NULL;
}

static void begin(struct rp_redis_link *l)
{
    rp_event_set events = RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END) |
                          RP_EVENT_BIT(RP_EV_ERROR) | RP_EVENT_BIT(RP_EV_CLOSE);
    struct rp_error error;

    redisReaderFree(l->reader);
    l->reader = redisReaderCreate();
    l->stream = dial(l, &error);
    if (l->reader == NULL || l->stream == NULL ||
        !rp_stream_listen(l->stream, events, on_event, l)) {
        if (l->stream != NULL)
            rp_error_set(&error, "ENOMEM", "no memory to connect to redis");
        fail(l, &error);
        return;
    }
    greet(l); /* waits in the stream until it is connected */
}

static void on_pause(struct rp_timer *timer)
{
    struct rp_redis_link *l = timer->arg;

    l->held++;
    begin(l);
    release(l);
}

/* Twice as long as the last one, give or take half, so that hosts don't come all at once. */
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

/* Over, for now: everybody who waits is told, and another attempt follows. */
static void fail(struct rp_redis_link *l, const struct rp_error *error)
{
    struct expected *waiting = l->first;
    struct rp_error copy = *error;

    if (l->freed)
        return;
    l->held++;
    l->up = l->fresh = false;
    l->first = l->last = NULL;
    rp_timer_stop(&l->late);
    drop_stream(l);
    rp_timer_start(l->loop, &l->pause, next_pause(l));
    l->ops->down(&copy, l->arg);
    while (waiting != NULL) {
        struct expected *e = waiting;

        waiting = e->next;
        if (e->replied != NULL && !l->freed)
            e->replied(NULL, e->arg);
        free(e);
    }
    release(l);
}

struct rp_redis_link *rp_redis_link_new(struct rp_loop *loop, const struct rp_redis_place *place,
                                        const struct rp_redis_link_ops *ops, void *arg,
                                        struct rp_error *err)
{
    struct rp_redis_link *l = calloc(1, sizeof *l);

    if (l == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a redis store");
        return NULL;
    }
    l->loop = loop;
    l->place = *place;
    l->ops = ops;
    l->arg = arg;
    l->held = 1;
    l->late = (struct rp_timer){.fire = on_late, .arg = l};
    l->pause = (struct rp_timer){.fire = on_pause, .arg = l};
    if (!make_context(l, err)) {
        rp_redis_link_free(l);
        release(l);
        return NULL;
    }
    l->fresh = true;
    begin(l);
    release(l);
    return l;
}
