/* SPDX-License-Identifier: MIT
 *
 * worker.c - the life of a worker process.
 * The danger: the end. A worker drains when its generation asks or has ended: it accepts no more
 * connections, finishes those that are open, and exits when the last one has closed or the time to
 * drain is over, with everything freed. Nothing that arrives meanwhile may start it again. */
#include "worker/worker.h"
#include "cache/notices.h"
#include "lib/base/ipc.h"
#include "worker/access.h"
#include "worker/connection.h"
#include "worker/heartbeat.h"
#include "worker/overload.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* -- leaving ----------------------------------------------------------------------------------- */

void worker_left(struct worker *p)
{
    if (p->draining && p->connections == NULL && (p->open_servers == 0 || p->cut_off))
        rp_loop_stop(p->loop);
}

/* Close the remaining connections. Their close events come in the next turn, and end the loop. */
static size_t close_connections(struct worker *p)
{
    size_t count = 0;

    for (struct connection *c = p->connections, *next; c != NULL; c = next) {
        next = c->next;
        if (c->stream == NULL)
            continue;
        connection_ends_for(c, REASON_DRAIN_TIMEOUT, NULL);
        rp_stream_destroy(c->stream, NULL);
        count++;
    }
    return count;
}

static void on_drain_end(struct rp_timer *timer)
{
    struct worker *p = timer->arg;
    uint64_t handshakes = p->row->handshaking;
    size_t count = close_connections(p);
    struct rp_error error;

    rp_error_set(&error, "ERR_DRAIN_TIMEOUT", "drain timed out");
    for (size_t i = 0; i < p->setup->conf->frontend_count; i++)
        rp_server_cut_handshakes(p->frontends[i].server, &error);
    rp_log(p->log, RP_LOG_INFO, "drain timed out: closed %zu connections and %llu handshakes",
           count, (unsigned long long)handshakes);
    p->cut_off = true;
    worker_left(p);
}

/* Of several limits the earliest one counts. */
static void end_within(struct worker *p, uint32_t ms)
{
    uint64_t end = rp_loop_now(p->loop) + ms;

    if (p->drain_end_ms != 0 && p->drain_end_ms <= end)
        return;
    p->drain_end_ms = end;
    rp_timer_start(p->loop, &p->drain_end, ms);
}

/* Close all listening sockets, those of other workers too: a descriptor that stays open would keep
 * a socket alive on which nobody accepts, and its address in use. */
static void close_sockets(const struct worker_setup *setup)
{
    for (size_t i = 0; i < setup->listen_count; i++)
        close(setup->listens[i].fd);
}

static void drain(struct worker *p)
{
    const struct conf *conf = p->setup->conf;

    if (p->draining)
        return;
    p->draining = true;
    for (size_t i = 0; i < conf->frontend_count; i++)
        frontend_close(&p->frontends[i]);
    close_sockets(p->setup);
    for (struct connection *c = p->connections, *next; c != NULL; c = next) {
        next = c->next;
        if (c->rest != NULL)
            c->rest(c);
    }
    if (conf->drain_timeout_ms > 0)
        end_within(p, conf->drain_timeout_ms);
    worker_left(p);
}

/* The service ends, or the generation has ended. */
static void drain_for_stop(struct worker *p)
{
    drain(p);
    if (p->setup->conf->stop_timeout_ms > 0)
        end_within(p, p->setup->conf->stop_timeout_ms);
}

static void on_terminate(struct rp_signal *sig, int signum)
{
    (void)signum;
    drain_for_stop(sig->arg);
}

static void on_generation_gone(const struct rp_event *event, void *arg)
{
    (void)event;
    drain_for_stop(arg);
}

static void on_disconnect(const struct rp_event *event, void *arg)
{
    (void)event;
    drain(arg);
}

/* -- listening --------------------------------------------------------------------------------- */

static bool is_of(const struct worker_setup *setup, const struct worker_listen *listen,
                  unsigned slot)
{
    return listen->slot < 0 || (unsigned)listen->slot % setup->workers == slot;
}

static void adopt(struct worker *p, unsigned slot)
{
    for (size_t i = 0; i < p->setup->listen_count; i++) {
        const struct worker_listen *listen = &p->setup->listens[i];
        struct rp_error error = {0};

        if (listen->slot < 0 || !is_of(p->setup, listen, slot) || slot == p->slot)
            continue;
        if (!frontend_listen(&p->frontends[listen->frontend], listen->fd, listen->slot, &error))
            rp_log(p->log, RP_LOG_ERROR, "can't accept connections for worker %u: %s", slot,
                   error.message);
    }
}

static void release(struct worker *p, unsigned slot)
{
    for (size_t i = 0; i < p->setup->listen_count; i++) {
        const struct worker_listen *listen = &p->setup->listens[i];

        if (listen->slot >= 0 && is_of(p->setup, listen, slot) && slot != p->slot)
            frontend_unlisten(&p->frontends[listen->frontend], listen->slot);
    }
}

/* A repeated message changes nothing. */
static void on_adopt(void *context, struct rp_cursor content)
{
    struct worker *p = context;
    unsigned slot = (unsigned)rp_cursor_uint(&content, 1);

    release(p, slot);
    if (!p->draining)
        adopt(p, slot);
}

static void on_release(void *context, struct rp_cursor content)
{
    release(context, (unsigned)rp_cursor_uint(&content, 1));
}

static void on_reopen_logs(void *context, struct rp_cursor content)
{
    const struct worker *p = context;
    struct rp_error error = {0};

    (void)content;
    if (!rp_log_reopen(p->log, &error))
        rp_log(p->log, RP_LOG_WARN, "can't reopen the log: %s", error.message);
}

static void on_end_within(void *context, struct rp_cursor content)
{
    struct worker *p = context;

    drain(p);
    end_within(p, (uint32_t)rp_cursor_uint(&content, 4));
}

static void on_notices(void *context, struct rp_cursor content)
{
    shared_hear(context, content);
}

static void on_key(void *context, struct rp_cursor content)
{
    struct worker *p = context;

    if (p->setup->ring == NULL || !rp_key_ring_hear(p->setup->ring, content))
        rp_log(p->log, RP_LOG_ERROR, "invalid ticket key from the generation");
}

static void on_lifetimes(void *context, struct rp_cursor content)
{
    struct worker *p = context;

    if (p->setup->ring == NULL || !rp_key_ring_hear_lifetimes(p->setup->ring, content))
        rp_log(p->log, RP_LOG_ERROR, "invalid ticket key lifetimes from the generation");
}

/* A message that is not in the table is a fault of the generation: drain. */
static void on_message(const struct rp_event *event, void *arg)
{
    static const struct rp_ipc_rule rules[] = {
        {WORKER_ADOPT, "ADOPT", 1, 1, 1, on_adopt},
        {WORKER_RELEASE, "RELEASE", 1, 1, 1, on_release},
        {WORKER_REOPEN_LOGS, "REOPEN_LOGS", 1, 0, 0, on_reopen_logs},
        {WORKER_NOTICES, "NOTICES", 1, 1, RP_NOTICES_MAX, on_notices},
        {WORKER_KEY, "KEY", 1, RP_KEY_NOTE, RP_KEY_NOTE, on_key},
        {WORKER_END_WITHIN, "END_WITHIN", 1, 4, 4, on_end_within},
        {WORKER_LIFETIMES, "LIFETIMES", 1, 1, RP_KEY_LIFETIMES_BYTES, on_lifetimes},
    };
    struct worker *p = arg;
    struct rp_error error;

    if (rp_ipc_dispatch(rules, sizeof rules / sizeof *rules, 1, p, event->message.bytes,
                        event->message.len, &error))
        return;
    rp_log(p->log, RP_LOG_ERROR, "invalid message from the generation, draining: %s",
           error.message);
    drain(p);
}

/* -- beginning --------------------------------------------------------------------------------- */

static bool open_frontends(struct worker *p, struct rp_error *err)
{
    const struct worker_setup *setup = p->setup;

    p->frontends = calloc(setup->conf->frontend_count + 1, sizeof *p->frontends);
    if (p->frontends == NULL)
        return rp_error_set(err, "ENOMEM", "no memory for frontends");
    for (size_t i = 0; i < setup->conf->frontend_count; i++)
        if (!frontend_open(&p->frontends[i], p, i, err))
            return false;
    for (size_t i = 0; i < setup->conf->backend_count; i++)
        setup->frontends->backends[i].turn = p->slot;
    return true;
}

static bool listen_all(struct worker *p, struct rp_error *err)
{
    for (size_t i = 0; i < p->setup->listen_count; i++) {
        const struct worker_listen *listen = &p->setup->listens[i];

        if (is_of(p->setup, listen, p->slot) &&
            !frontend_listen(&p->frontends[listen->frontend], listen->fd, listen->slot, err))
            return false;
    }
    return true;
}

/* A terminal sends its signals to all processes: only the master acts on them. */
static void take_signals(struct worker *p)
{
    static const int ignored[] = {SIGINT, SIGQUIT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        sigaction(ignored[i], &ignore, NULL);
    p->terminate.fire = on_terminate;
    p->terminate.arg = p;
    rp_signal_start(p->loop, &p->terminate, SIGTERM);
}

static void on_beat(struct rp_timer *timer)
{
    struct worker *p = timer->arg;

    heartbeat_beat(&p->setup->beats[p->slot]);
    rp_timer_start(p->loop, timer, HEARTBEAT_MS);
}

static void start_timers(struct worker *p)
{
    p->drain_end = (struct rp_timer){.fire = on_drain_end, .arg = p};
    p->beat = (struct rp_timer){.fire = on_beat, .arg = p};
    rp_timer_start(p->loop, &p->beat, 0);
}

static void take_row(struct worker *p)
{
    p->row = stats_claim(p->setup->stats, p->slot);
    if (p->row == NULL) {
        p->row = &p->own;
        p->own.pid = getpid();
        rp_log(p->log, RP_LOG_WARN, "no counter slot free; this worker is missing from metrics");
    }
}

static bool begin(struct worker *p, struct rp_error *err)
{
    char name[32];

    snprintf(name, sizeof name, "worker %u", p->slot);
    rp_log_rename(p->log, name);
    take_signals(p);
    take_row(p);
    limits_begin(p->setup->frontends->limits, p->slot);
    if (!open_frontends(p, err))
        return false;
    shared_open(p);
    overload_begin(p);
    access_begin(p);
    start_timers(p);
    return rp_worker_on(p->channel, RP_EV_DISCONNECT, on_disconnect, p) &&
           rp_worker_on(p->channel, RP_EV_CLOSE, on_generation_gone, p) &&
           rp_worker_on(p->channel, RP_EV_MESSAGE, on_message, p) && listen_all(p, err) &&
           rp_worker_online(p->channel);
}

static void finish(struct worker *p)
{
    rp_signal_block_all(); /* a second SIGTERM must not kill a worker that is about to exit */
    rp_signal_stop(&p->terminate);
    rp_timer_stop(&p->drain_end);
    rp_timer_stop(&p->beat);
    overload_end(p);
    access_end(p);
    for (size_t i = 0; p->frontends != NULL && i < p->setup->conf->frontend_count; i++)
        frontend_free(&p->frontends[i]);
    rp_loop_turn(p->loop, false); /* unfinished handshakes are destroyed: their close events */
    shared_close(p);
    free(p->frontends);
    if (p->row != &p->own)
        stats_release(p->row);
}

int worker_run(struct rp_worker *channel, struct rp_loop *loop, void *setup)
{
    struct worker p = {.loop = loop,
                       .setup = setup,
                       .channel = channel,
                       .slot = rp_worker_id(channel),
                       .log = ((struct worker_setup *)setup)->log};
    struct rp_error error = {0};
    int status = EXIT_SUCCESS;

    if (begin(&p, &error)) {
        rp_loop_run(loop);
    } else {
        rp_log(p.log, RP_LOG_ERROR, "can't start: %s", error.message);
        status = EXIT_FAILURE;
    }
    finish(&p);
    return status;
}
