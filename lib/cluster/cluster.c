/* SPDX-License-Identifier: MIT
 *
 * cluster.c - the primary: forks workers, waits for them, replaces them. Workers are forked by a
 * timer of the loop, never in a signal handler and never in a loop without a delay. SIGCHLD reports
 * that a child has exited; only the workers' pids are waited for, other children are left alone.
 * The danger: a listener may free the cluster in the middle of an operation. Every entry from the
 * loop holds a reference (hold, release), and nothing is emitted after the program has freed it. */
#include "lib/base/args.h"
#include "lib/cluster/process.h"

#include "lib/base/emitter.h"
#include "lib/cluster/backoff.h"
#include "lib/net/channel.h"
#include "lib/tls/context/ticket_crypt.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RESPAWN_MIN_MS = 100,
    RESPAWN_MAX_MS = 30000,
    REAP_MS = 50,        /* how often to check for the exit once the channel has closed */
    STATUS_UNKNOWN = -1, /* another part of this process has already waited for the worker */
};

struct slot {
    struct rp_cluster *cluster;
    unsigned id;
    pid_t pid;  /* of the current or last process */
    bool alive; /* not waited for yet, so the kernel cannot have reused the pid */
    bool connected;
    uint64_t born_ms;
    struct rp_backoff backoff;
    uint32_t wait_ms; /* of the latest replacement */
    struct rp_timer respawn;
    struct rp_channel channel;
};

struct rp_cluster {
    struct rp_loop *loop;
    struct rp_cluster_options options;
    struct rp_emitter events;
    struct rp_signal child;
    struct rp_timer reap;
    struct rp_next_tick close;
    pid_t owner;          /* a process forked later is not the primary */
    unsigned count, held; /* held: active entries from the loop */
    bool stopping, freed, closed;
    struct slot slots[];
};

static void kill_all(struct rp_cluster *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct slot *slot = &c->slots[i];

        rp_timer_stop(&slot->respawn);
        rp_channel_close(&slot->channel);
        if (!slot->alive || c->owner != getpid())
            continue;
        kill(slot->pid, SIGKILL);
        while (waitpid(slot->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        slot->alive = false;
    }
}

static void hold(struct rp_cluster *c)
{
    c->held++;
}

static void release(struct rp_cluster *c)
{
    if (--c->held > 0 || !c->freed)
        return;
    rp_emitter_clear(&c->events);
    free(c);
}

void rp_cluster_free(struct rp_cluster *c)
{
    if (c == NULL || c->freed)
        return;
    hold(c);
    c->freed = true;
    rp_signal_stop(&c->child);
    rp_timer_stop(&c->reap);
    rp_next_tick_cancel(&c->close);
    kill_all(c);
    release(c);
}

static void emit(struct rp_cluster *c, struct rp_event event)
{
    event.target = c;
    if (!c->freed)
        rp_emitter_emit(&c->events, &event);
}

static void emit_worker(const struct slot *slot, enum rp_event_type type, int status)
{
    struct rp_event event = {.type = type};

    event.worker.id = slot->id;
    event.worker.pid = (int)slot->pid;
    event.worker.status = status;
    emit(slot->cluster, event);
}

static bool anyone_lives(const struct rp_cluster *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->slots[i].alive)
            return true;
    return false;
}

/* While no worker runs, nobody does its work: that must not last. */
static void respawn_after(struct slot *slot, uint64_t lived_ms)
{
    struct rp_cluster *c = slot->cluster;
    uint32_t none_ms = c->options.respawn_none_ms;

    if (c->freed || c->stopping)
        return;
    slot->wait_ms = rp_backoff_after(&slot->backoff, lived_ms);
    if (slot->wait_ms > none_ms && !anyone_lives(c))
        slot->wait_ms = none_ms;
    rp_timer_start(c->loop, &slot->respawn, slot->wait_ms);
}

static void close_if_done(struct rp_cluster *c)
{
    if (c->freed || c->closed || !c->stopping || anyone_lives(c))
        return;
    c->closed = true;
    rp_signal_stop(&c->child);
    rp_timer_stop(&c->reap);
    emit(c, (struct rp_event){.type = RP_EV_CLOSE});
}

/* The channel has been closed by either side; emits DISCONNECT once for each worker process. */
static void disconnected(struct slot *slot)
{
    struct rp_cluster *c = slot->cluster;

    if (!slot->connected)
        return;
    slot->connected = false;
    if (slot->alive && !c->freed)
        rp_timer_start(c->loop, &c->reap, REAP_MS);
    emit_worker(slot, RP_EV_DISCONNECT, 0);
}

static void on_closed(struct rp_channel *channel, const struct rp_error *error)
{
    struct slot *slot = channel->arg;
    struct rp_cluster *c = slot->cluster;

    (void)error; /* the reason does not matter: the channel is closed */
    hold(c);
    disconnected(slot);
    release(c);
}

static void on_message(struct rp_channel *channel, const uint8_t *bytes, size_t len)
{
    struct slot *slot = channel->arg;
    struct rp_cluster *c = slot->cluster;
    struct rp_event event = {.type = RP_EV_MESSAGE};

    hold(c);
    switch (bytes[0]) {
    case RP_TAG_MESSAGE:
        event.message.id = slot->id;
        event.message.bytes = bytes + 1;
        event.message.len = len - 1;
        emit(c, event);
        break;
    case RP_TAG_ONLINE:
        emit_worker(slot, RP_EV_ONLINE, 0);
        break;
    default: /* an invalid message: the worker is compromised or broken */
        if (slot->alive)
            kill(slot->pid, SIGKILL);
        rp_channel_close(channel);
        disconnected(slot);
    }
    release(c);
}

/* Deliver the messages that the worker sent before it exited, then emit EXIT. */
static void ended(struct slot *slot, int status)
{
    struct rp_cluster *c = slot->cluster;
    uint64_t lived_ms = rp_loop_now(c->loop) - slot->born_ms;

    slot->alive = false;
    rp_channel_read(&slot->channel);
    rp_channel_close(&slot->channel);
    disconnected(slot);
    if (!c->options.no_respawn)
        respawn_after(slot, lived_ms);
    emit_worker(slot, RP_EV_EXIT, status);
}

static void reap(struct rp_cluster *c)
{
    bool waiting = false;

    hold(c);
    for (unsigned i = 0; i < c->count && !c->freed; i++) {
        struct slot *slot = &c->slots[i];
        int status = STATUS_UNKNOWN;
        pid_t pid = slot->alive ? waitpid(slot->pid, &status, WNOHANG) : 0;

        if (pid != 0)
            ended(slot, pid > 0 ? status : STATUS_UNKNOWN);
        else if (slot->alive && !slot->connected)
            waiting = true;
    }
    if (waiting && !c->freed)
        rp_timer_start(c->loop, &c->reap, REAP_MS);
    close_if_done(c);
    release(c);
}

static void on_child(struct rp_signal *signal, int signum)
{
    (void)signum;
    reap(signal->arg);
}

/* A worker that has closed its channel must keep the loop running until it exits. SIGCHLD is not
 * enough: other code may have replaced its handler. */
static void on_reap(struct rp_timer *timer)
{
    reap(timer->arg);
}

/* Block signals around the fork, so that the child never runs a signal handler of the primary. */
static pid_t fork_quietly(struct slot *slot, int fd)
{
    struct rp_cluster *c = slot->cluster;
    sigset_t all, before;
    pid_t pid;

    fflush(NULL); /* otherwise the child would have a copy of buffered output, and write it again */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        rp_worker_live(&c->options, c->loop, slot->id, fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static bool spawn(struct slot *slot, struct rp_error *err)
{
    int fds[2];
    pid_t pid;

    if (!rp_channel_pair(fds, err))
        return false;
    slot->channel.message = on_message;
    slot->channel.closed = on_closed;
    slot->channel.arg = slot;
    rp_channel_open(&slot->channel, slot->cluster->loop, fds[0]); /* the child closes it */
    pid = fork_quietly(slot, fds[1]);
    close(fds[1]);
    if (pid < 0) {
        rp_error_errno(err, errno, "fork", "worker %u", slot->id);
        rp_channel_close(&slot->channel);
        return false;
    }
    slot->pid = pid;
    slot->alive = slot->connected = true;
    slot->born_ms = rp_loop_now(slot->cluster->loop);
    return true;
}

static void on_respawn(struct rp_timer *timer)
{
    struct slot *slot = timer->arg;
    struct rp_cluster *c = slot->cluster;
    struct rp_event event = {.type = RP_EV_ERROR};
    struct rp_error error;

    hold(c);
    if (spawn(slot, &error)) {
        emit_worker(slot, RP_EV_FORK, 0);
    } else {
        respawn_after(slot, 0);
        event.error.error = &error;
        emit(c, event);
    }
    release(c);
}

static void on_close(struct rp_next_tick *tick)
{
    struct rp_cluster *c = tick->arg;

    hold(c);
    close_if_done(c);
    release(c);
}

static void slot_init(struct rp_cluster *c, unsigned id)
{
    struct slot *slot = &c->slots[id];

    slot->cluster = c;
    slot->id = id;
    slot->backoff.min_ms = c->options.respawn_min_ms;
    slot->backoff.max_ms = c->options.respawn_max_ms;
    slot->respawn.fire = on_respawn;
    slot->respawn.arg = slot;
    rp_timer_start(c->loop, &slot->respawn, 0);
}

struct rp_cluster *rp_cluster_new(struct rp_loop *loop, const struct rp_cluster_options *options,
                                  struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(loop, "loop", err) || !rp_given(options, "options", err) ||
        !rp_given(options->worker != NULL ? options : NULL, "options.worker", err))
        return NULL;
    unsigned count = options->workers != 0 ? options->workers : rp_available_parallelism();
    struct rp_cluster *c = NULL;

    if (!rp_ticket_keys_make_common(err))
        return NULL;
    c = calloc(1, sizeof *c + count * sizeof c->slots[0]);
    if (c == NULL) {
        rp_error_errno(err, ENOMEM, "malloc", "a cluster of %u workers", count);
        return NULL;
    }
    c->loop = loop;
    c->options = *options;
    if (c->options.respawn_min_ms == 0)
        c->options.respawn_min_ms = RESPAWN_MIN_MS;
    if (c->options.respawn_max_ms == 0)
        c->options.respawn_max_ms = RESPAWN_MAX_MS;
    if (c->options.respawn_none_ms == 0)
        c->options.respawn_none_ms = c->options.respawn_max_ms;
    c->count = count;
    c->owner = getpid();
    rp_emitter_init(&c->events);
    c->child = (struct rp_signal){.fire = on_child, .arg = c};
    c->reap = (struct rp_timer){.fire = on_reap, .arg = c};
    c->close = (struct rp_next_tick){.fire = on_close, .arg = c};
    rp_signal_start(loop, &c->child, SIGCHLD);
    for (unsigned id = 0; id < count; id++)
        slot_init(c, id);
    return c;
}

void rp_cluster_stop(struct rp_cluster *c)
{
    if (c == NULL)
        return;
    c->stopping = true;
    for (unsigned i = 0; i < c->count; i++) {
        rp_timer_stop(&c->slots[i].respawn);
        if (rp_channel_is_open(&c->slots[i].channel))
            rp_channel_send(&c->slots[i].channel, RP_TAG_DISCONNECT, NULL, 0, NULL);
    }
    if (!anyone_lives(c))
        rp_next_tick(c->loop, &c->close);
}

unsigned rp_cluster_count(const struct rp_cluster *c)
{
    return c != NULL ? c->count : 0;
}

int rp_cluster_pid(const struct rp_cluster *c, unsigned id)
{
    if (c == NULL)
        return 0;
    return id < c->count && c->slots[id].alive ? (int)c->slots[id].pid : 0;
}

uint32_t rp_cluster_respawn_ms(const struct rp_cluster *c, unsigned id)
{
    return c != NULL && id < c->count ? c->slots[id].wait_ms : 0;
}

bool rp_cluster_kill(struct rp_cluster *c, unsigned id, int signum)
{
    return c != NULL && rp_cluster_pid(c, id) != 0 && kill(c->slots[id].pid, signum) == 0;
}

bool rp_cluster_on(struct rp_cluster *c, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return c != NULL && fn != NULL &&
           rp_emitter_add(&c->events, RP_EVENT_BIT(type), fn, arg, false, false);
}

void rp_cluster_off(struct rp_cluster *c, enum rp_event_type type, rp_listener *fn, void *arg)
{
    if (c != NULL)
        rp_emitter_remove(&c->events, type, fn, arg);
}

bool rp_cluster_send(struct rp_cluster *c, unsigned id, const void *bytes, size_t len,
                     struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(c, "cluster", err) || (len > 0 && !rp_given(bytes, "bytes", err)))
        return false;
    if (id >= c->count || !rp_channel_is_open(&c->slots[id].channel))
        return rp_error_set(err, "EPIPE", "worker %u is not running", id);
    if (len > RP_CLUSTER_MESSAGE_MAX)
        return rp_error_set(err, "EMSGSIZE",
                            "the message is too long: %zu bytes; the maximum is %d", len,
                            RP_CLUSTER_MESSAGE_MAX);
    return rp_channel_send(&c->slots[id].channel, RP_TAG_MESSAGE, bytes, len, err);
}

unsigned rp_available_parallelism(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}
