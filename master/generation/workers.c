/* SPDX-License-Identifier: MIT
 *
 * workers.c - the workers of a generation; see workers.h.
 * The danger: connections that wait in the socket of a slot whose worker is missing or stuck. So
 * the other workers accept on it (they have every socket) from the moment on at which the worker
 * should have been back, or has not responded for HEARTBEAT_STUCK_MS. */
#include "master/generation/workers.h"

#include "lib/base/clock.h"
#include "lib/base/ipc.h"
#include "master/generation/cache_files.h"
#include "master/generation/ending.h"
#include "worker/heartbeat.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ADOPT_AFTER_MS = 250, /* a replacement is usually up sooner */
    START_LIMIT_MS = 60000,
    STORE_RETRIES = 8, /* of workers that a damaged store ended while they started */
};

enum slot_state {
    SLOT_DOWN,     /* no process */
    SLOT_STARTING, /* forked; does not accept yet */
    SLOT_SERVING,
    SLOT_STUCK, /* serving, but it does not respond */
};

struct slot {
    struct workers *workers;
    enum slot_state state;
    bool adopted; /* the other workers accept on its sockets, too */
    struct rp_timer adopt;
    struct heartbeat heartbeat;
};

struct workers {
    struct workers_options options;
    struct rp_cluster *cluster;
    struct rp_timer look;
    uint64_t *beats; /* by slot, in shared memory */
    bool ready, draining;
    unsigned store_retries;
    struct slot slots[];
};

static unsigned id_of(const struct slot *slot)
{
    return (unsigned)(slot - slot->workers->slots);
}

static void move_to(struct slot *slot, enum slot_state state)
{
    static const unsigned moves[] = {
        [SLOT_DOWN] = 1u << SLOT_STARTING,
        [SLOT_STARTING] = 1u << SLOT_SERVING | 1u << SLOT_DOWN,
        [SLOT_SERVING] = 1u << SLOT_STUCK | 1u << SLOT_DOWN,
        [SLOT_STUCK] = 1u << SLOT_SERVING | 1u << SLOT_DOWN,
    };

    assert((moves[slot->state] & 1u << state) != 0);
    slot->state = state;
}

static bool is_online(const struct slot *slot)
{
    return slot->state == SLOT_SERVING || slot->state == SLOT_STUCK;
}

/* -- messages */

/* A worker that does not run needs nothing: it starts with all that is known. */
static void tell(struct workers *w, unsigned id, enum worker_message type, const void *content,
                 size_t len)
{
    uint8_t message[RP_IPC_MAX];

    len = rp_ipc_compose(message, (uint8_t)type, content, len);
    rp_cluster_send(w->cluster, id, message, len, NULL);
    explicit_bzero(message, len);
}

void workers_tell(struct workers *w, enum worker_message type, const void *content, size_t len)
{
    for (unsigned id = 0; w != NULL && id < w->options.count; id++)
        tell(w, id, type, content, len);
}

/* -- slots without a worker */

static void tell_others(struct workers *w, enum worker_message type, unsigned slot)
{
    const uint8_t content = (uint8_t)slot;

    for (unsigned id = 0; id < w->options.count; id++)
        if (id != slot && is_online(&w->slots[id]))
            tell(w, id, type, &content, 1);
}

static void adopt(struct slot *slot)
{
    if (slot->adopted)
        return;
    slot->adopted = true;
    tell_others(slot->workers, WORKER_ADOPT, id_of(slot));
}

static void release(struct slot *slot)
{
    if (slot->adopted)
        tell_others(slot->workers, WORKER_RELEASE, id_of(slot));
    slot->adopted = false;
}

static void on_adopt(struct rp_timer *timer)
{
    struct slot *slot = timer->arg;
    struct workers *w = slot->workers;

    if (slot->adopted)
        return;
    rp_log(w->options.log, RP_LOG_WARN, "worker %u is down; other workers accept on its sockets",
           id_of(slot));
    adopt(slot);
}

static void tell_adopted(struct workers *w, unsigned id)
{
    for (unsigned slot = 0; slot < w->options.count; slot++) {
        const uint8_t content = (uint8_t)slot;

        if (w->slots[slot].adopted)
            tell(w, id, WORKER_ADOPT, &content, 1);
    }
}

static struct stats_row *row_of(const struct workers *w, int pid)
{
    for (size_t i = 0; i < STATS_ROWS; i++)
        if (w->options.stats->rows[i].pid == pid)
            return &w->options.stats->rows[i];
    return NULL;
}

/* -- workers that do not respond */

/* For status and metrics. A worker without a row is in the log alone. */
static void mark(const struct slot *slot, uint64_t since_s)
{
    struct stats_row *row =
        row_of(slot->workers, rp_cluster_pid(slot->workers->cluster, id_of(slot)));

    if (row != NULL)
        __atomic_store_n(&row->stuck_s, since_s, __ATOMIC_RELAXED);
}

static void becomes_stuck(struct slot *slot)
{
    struct workers *w = slot->workers;
    unsigned id = id_of(slot);

    rp_log(w->options.log, RP_LOG_ERROR,
           "worker %u (process %d) has not responded for %d s%s; it is killed after %d s", id,
           rp_cluster_pid(w->cluster, id), HEARTBEAT_STUCK_MS / 1000,
           w->draining ? "" : "; other workers accept on its sockets", HEARTBEAT_KILL_MS / 1000);
    move_to(slot, SLOT_STUCK);
    mark(slot, rp_wall_ms() / 1000 - HEARTBEAT_STUCK_MS / 1000);
    if (!w->draining)
        adopt(slot);
}

static void responds_again(struct slot *slot)
{
    struct workers *w = slot->workers;

    rp_log(w->options.log, RP_LOG_WARN, "worker %u (process %d) responds again", id_of(slot),
           rp_cluster_pid(w->cluster, id_of(slot)));
    move_to(slot, SLOT_SERVING);
    mark(slot, 0);
    release(slot);
}

static void kill_stuck(struct slot *slot, uint32_t silent_ms)
{
    struct workers *w = slot->workers;
    int pid = rp_cluster_pid(w->cluster, id_of(slot));
    struct stats_row *row = row_of(w, pid);

    rp_log(w->options.log, RP_LOG_ERROR,
           "worker %u (process %d) has not responded for %u s, killing it", id_of(slot), pid,
           silent_ms / 1000);
    if (row != NULL)
        row->killed++;
    ending_kill_stuck(w->cluster, id_of(slot), row != NULL && row->in_store != 0);
}

static void look_at(struct slot *slot)
{
    uint32_t silent_ms = heartbeat_look(&slot->heartbeat, &slot->workers->beats[id_of(slot)]);
    uint32_t limit_ms = slot->state == SLOT_STARTING ? START_LIMIT_MS : HEARTBEAT_KILL_MS;

    if (slot->state == SLOT_SERVING && silent_ms >= HEARTBEAT_STUCK_MS)
        becomes_stuck(slot);
    else if (slot->state == SLOT_STUCK && silent_ms == 0)
        responds_again(slot);
    if (silent_ms == limit_ms) /* once */
        kill_stuck(slot, silent_ms);
}

static void on_look(struct rp_timer *timer)
{
    struct workers *w = timer->arg;

    for (unsigned id = 0; id < w->options.count; id++)
        if (w->slots[id].state != SLOT_DOWN)
            look_at(&w->slots[id]);
    rp_timer_start(w->options.loop, timer, HEARTBEAT_LOOK_MS);
}

/* -- workers come and go */

static bool all_online(const struct workers *w)
{
    for (unsigned id = 0; id < w->options.count; id++)
        if (!is_online(&w->slots[id]))
            return false;
    return true;
}

static void on_fork(const struct rp_event *event, void *arg)
{
    struct workers *w = arg;
    struct slot *slot = &w->slots[event->worker.id];

    move_to(slot, SLOT_STARTING);
    slot->heartbeat.silent_ms = 0;
}

static void on_online(const struct rp_event *event, void *arg)
{
    struct workers *w = arg;
    struct slot *slot = &w->slots[event->worker.id];

    if (slot->state != SLOT_STARTING) /* said twice */
        return;
    rp_log(w->options.log, RP_LOG_DEBUG, "worker %u is up, as process %d", event->worker.id,
           event->worker.pid);
    rp_timer_stop(&slot->adopt);
    move_to(slot, SLOT_SERVING);
    slot->heartbeat.silent_ms = 0;
    release(slot);
    tell_adopted(w, event->worker.id);
    if (!w->ready && all_online(w)) {
        w->ready = true;
        w->options.ready(w->options.arg);
    }
}

/* A file that brought a worker down would do so again. */
static bool set_store_aside(struct workers *w, const struct rp_event *event)
{
    struct stats_row *row = row_of(w, event->worker.pid);

    if (row == NULL || row->in_store == 0 || !ending_is_fault(event->worker.status) ||
        !cache_files_set_aside(w->options.conf, row->in_store, w->options.log))
        return false;
    row->store_restarts++;
    return true;
}

static void never_online(struct workers *w, const struct rp_event *event, const char *how)
{
    char why[128];

    snprintf(why, sizeof why, "worker %u exited during its start: %s", event->worker.id, how);
    w->options.failed(why, w->options.arg);
}

static void on_exit_event(const struct rp_event *event, void *arg)
{
    struct workers *w = arg;
    struct slot *slot = &w->slots[event->worker.id];
    bool aside = set_store_aside(w, event);
    char how[ENDING_TEXT], when[ENDING_TEXT];

    ending_describe(how, event->worker.status);
    move_to(slot, SLOT_DOWN);
    if (w->draining) {
        if (event->worker.status != 0)
            rp_log(w->options.log, RP_LOG_WARN, "worker %u (process %d) died while draining: %s",
                   event->worker.id, event->worker.pid, how);
    } else if (w->ready || (aside && w->store_retries++ < STORE_RETRIES)) {
        rp_log(w->options.log, RP_LOG_ERROR, "worker %u (process %d) died, restarting %s: %s",
               event->worker.id, event->worker.pid,
               ending_next(when, rp_cluster_respawn_ms(w->cluster, event->worker.id)), how);
        if (w->ready)
            rp_timer_start(w->options.loop, &slot->adopt, ADOPT_AFTER_MS);
    } else {
        never_online(w, event, how);
    }
}

static void on_fork_failed(const struct rp_event *event, void *arg)
{
    struct workers *w = arg;

    rp_log(w->options.log, RP_LOG_ERROR, "%s; retrying", event->error.error->message);
}

static void on_gone(const struct rp_event *event, void *arg)
{
    struct workers *w = arg;

    (void)event;
    w->options.gone(w->options.arg);
}

/* -- life */

static bool listen_to(struct workers *w)
{
    return rp_cluster_on(w->cluster, RP_EV_FORK, on_fork, w) &&
           rp_cluster_on(w->cluster, RP_EV_ONLINE, on_online, w) &&
           rp_cluster_on(w->cluster, RP_EV_EXIT, on_exit_event, w) &&
           rp_cluster_on(w->cluster, RP_EV_ERROR, on_fork_failed, w) &&
           rp_cluster_on(w->cluster, RP_EV_CLOSE, on_gone, w);
}

static bool share_beats(struct workers *w, struct rp_error *err)
{
    void *beats = mmap(NULL, w->options.count * sizeof *w->beats, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (beats == MAP_FAILED)
        return rp_error_errno(err, errno, "mmap", "heartbeats of workers");
    w->beats = beats;
    return true;
}

struct workers *workers_new(const struct workers_options *options, struct rp_error *err)
{
    struct rp_cluster_options cluster = {.workers = options->count,
                                         .worker = options->run,
                                         .respawn_none_ms = ENDING_NONE_MS,
                                         .arg = options->arg};
    struct workers *w = calloc(1, sizeof *w + options->count * sizeof w->slots[0]);

    if (w == NULL) {
        rp_error_errno(err, ENOMEM, "malloc", "%u workers", options->count);
        return NULL;
    }
    w->options = *options;
    for (unsigned id = 0; id < options->count; id++)
        w->slots[id] =
            (struct slot){.workers = w, .adopt = {.fire = on_adopt, .arg = &w->slots[id]}};
    w->look = (struct rp_timer){.fire = on_look, .arg = w};
    if (!share_beats(w, err) ||
        (w->cluster = rp_cluster_new(options->loop, &cluster, err)) == NULL || !listen_to(w)) {
        workers_free(w);
        return NULL;
    }
    rp_timer_start(options->loop, &w->look, HEARTBEAT_LOOK_MS);
    return w;
}

uint64_t *workers_beats(struct workers *w)
{
    return w->beats;
}

void workers_drain(struct workers *w)
{
    w->draining = true;
    for (unsigned id = 0; id < w->options.count; id++)
        rp_timer_stop(&w->slots[id].adopt);
    rp_cluster_stop(w->cluster);
}

void workers_free(struct workers *w)
{
    if (w == NULL)
        return;
    for (unsigned id = 0; id < w->options.count; id++)
        rp_timer_stop(&w->slots[id].adopt);
    rp_timer_stop(&w->look);
    rp_cluster_free(w->cluster);
    if (w->beats != NULL)
        munmap(w->beats, w->options.count * sizeof *w->beats);
    free(w);
}
