/* SPDX-License-Identifier: MIT
 *
 * workers.c - the workers of a generation; see workers.h.
 * The danger: connections that wait in the socket of a slot whose worker is missing. So the other
 * workers accept on it (they have every socket) from the moment on at which the worker should have
 * been back. */
#include "master/generation/workers.h"

#include "lib/base/ipc.h"
#include "master/generation/cache_files.h"
#include "master/generation/ending.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ADOPT_AFTER_MS = 250, /* a replacement is usually up sooner */
    STORE_RETRIES = 8,    /* of workers that a damaged store ended while they started */
};

struct slot {
    struct workers *workers;
    struct rp_timer adopt;
    bool online, adopted;
};

struct workers {
    struct workers_options options;
    struct rp_cluster *cluster;
    bool ready, draining;
    unsigned store_retries;
    struct slot slots[];
};

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
        if (id != slot && w->slots[id].online)
            tell(w, id, type, &content, 1);
}

static void adopt(struct slot *slot)
{
    if (slot->adopted)
        return;
    slot->adopted = true;
    tell_others(slot->workers, WORKER_ADOPT, (unsigned)(slot - slot->workers->slots));
}

static void release(struct slot *slot)
{
    if (slot->adopted)
        tell_others(slot->workers, WORKER_RELEASE, (unsigned)(slot - slot->workers->slots));
    slot->adopted = false;
}

static void on_adopt(struct rp_timer *timer)
{
    struct slot *slot = timer->arg;
    struct workers *w = slot->workers;

    rp_log(w->options.log, RP_LOG_WARN, "worker %u is down; other workers accept on its sockets",
           (unsigned)(slot - w->slots));
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

/* -- workers come and go */

static bool all_online(const struct workers *w)
{
    for (unsigned id = 0; id < w->options.count; id++)
        if (!w->slots[id].online)
            return false;
    return true;
}

static void on_online(const struct rp_event *event, void *arg)
{
    struct workers *w = arg;
    struct slot *slot = &w->slots[event->worker.id];

    rp_log(w->options.log, RP_LOG_DEBUG, "worker %u is up, as process %d", event->worker.id,
           event->worker.pid);
    rp_timer_stop(&slot->adopt);
    slot->online = true;
    release(slot);
    tell_adopted(w, event->worker.id);
    if (!w->ready && all_online(w)) {
        w->ready = true;
        w->options.ready(w->options.arg);
    }
}

static struct stats_row *row_of(const struct workers *w, int pid)
{
    for (size_t i = 0; i < STATS_ROWS; i++)
        if (w->options.stats->rows[i].pid == pid)
            return &w->options.stats->rows[i];
    return NULL;
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
    slot->online = false;
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
    return rp_cluster_on(w->cluster, RP_EV_ONLINE, on_online, w) &&
           rp_cluster_on(w->cluster, RP_EV_EXIT, on_exit_event, w) &&
           rp_cluster_on(w->cluster, RP_EV_ERROR, on_fork_failed, w) &&
           rp_cluster_on(w->cluster, RP_EV_CLOSE, on_gone, w);
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
    w->cluster = rp_cluster_new(options->loop, &cluster, err);
    if (w->cluster == NULL || !listen_to(w)) {
        workers_free(w);
        return NULL;
    }
    return w;
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
    rp_cluster_free(w->cluster);
    free(w);
}
