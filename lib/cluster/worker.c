/* SPDX-License-Identifier: MIT
 *
 * worker.c - a worker process from the fork to its exit. The danger: it inherits everything of the
 * primary. It first gives up the primary's signal handlers, loop and channels; other inherited
 * descriptors are the program's responsibility. The process ends with _exit, since atexit functions
 * of the primary must not run here; so leak checks and coverage data, which a normal exit would
 * produce, are triggered explicitly. */
#include "lib/base/args.h"
#include "lib/cluster/process.h"

#include "lib/base/emitter.h"
#include "lib/net/channel.h"
#include "lib/tls/context/ticket_crypt.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct rp_worker {
    struct rp_loop *loop;
    struct rp_emitter events;
    struct rp_channel channel;
    unsigned id;
    bool disconnected;
};

/* Defined only if the program is built with the sanitizer or for coverage. */
extern void __lsan_do_leak_check(void) __attribute__((weak));
#if defined(RP_COVERAGE)
extern void __gcov_dump(void);
#endif

static _Noreturn void leave(int status)
{
    fflush(NULL);
#if defined(RP_COVERAGE)
    __gcov_dump();
#endif
    if (__lsan_do_leak_check != NULL)
        __lsan_do_leak_check(); /* ends the process with an error if there is one */
    _exit(status);
}

/* Reset handlers, which belong to the primary, and unblock all signals. Ignored signals stay
 * ignored. */
static void reset_signals(void)
{
    struct sigaction action;
    sigset_t none;

    for (int signum = 1; signum < NSIG; signum++) {
        if (sigaction(signum, NULL, &action) != 0 || action.sa_handler == SIG_DFL ||
            action.sa_handler == SIG_IGN)
            continue;
        action = (struct sigaction){.sa_handler = SIG_DFL};
        sigaction(signum, &action, NULL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The primary asks this worker to finish, or has exited. Without a listener the loop is stopped. */
static void disconnect(struct rp_worker *worker)
{
    struct rp_event event = {.type = RP_EV_DISCONNECT, .target = worker};

    if (worker->disconnected)
        return;
    worker->disconnected = true;
    event.worker.id = worker->id;
    event.worker.pid = (int)getpid();
    rp_channel_idle(&worker->channel);
    if (!rp_emitter_emit(&worker->events, &event))
        rp_loop_stop(worker->loop);
}

static void on_closed(struct rp_channel *channel, const struct rp_error *error)
{
    struct rp_worker *worker = channel->arg;
    struct rp_event event = {.type = RP_EV_CLOSE, .target = worker};

    (void)error; /* the reason does not matter: the channel is closed */
    disconnect(worker);
    rp_emitter_emit(&worker->events, &event);
}

static void on_message(struct rp_channel *channel, const uint8_t *bytes, size_t len)
{
    struct rp_worker *worker = channel->arg;
    struct rp_event event = {.type = RP_EV_MESSAGE, .target = worker};

    switch (bytes[0]) {
    case RP_TAG_MESSAGE:
        event.message.bytes = bytes + 1;
        event.message.len = len - 1;
        rp_emitter_emit(&worker->events, &event);
        break;
    case RP_TAG_DISCONNECT:
        disconnect(worker);
        break;
    default: /* an invalid message: stop trusting the channel */
        rp_channel_close(channel);
        disconnect(worker);
    }
}

void rp_worker_live(const struct rp_cluster_options *options, struct rp_loop *primary, unsigned id,
                    int fd)
{
    struct rp_worker worker = {.id = id};
    int status;

    rp_loop_abandon(primary);
    rp_ticket_keys_use_common();
    reset_signals();
    worker.loop = rp_loop_new(NULL);
    if (worker.loop == NULL)
        leave(EXIT_FAILURE);
    rp_emitter_init(&worker.events);
    worker.channel.message = on_message;
    worker.channel.closed = on_closed;
    worker.channel.arg = &worker;
    rp_channel_open(&worker.channel, worker.loop, fd);
    status = options->worker(&worker, worker.loop, options->arg);
    rp_channel_close(&worker.channel);
    rp_emitter_clear(&worker.events);
    rp_loop_free(worker.loop);
    leave(status);
}

unsigned rp_worker_id(const struct rp_worker *worker)
{
    return worker != NULL ? worker->id : 0;
}

bool rp_worker_online(struct rp_worker *worker)
{
    return worker != NULL && rp_channel_send(&worker->channel, RP_TAG_ONLINE, NULL, 0, NULL);
}

bool rp_worker_send(struct rp_worker *worker, const void *bytes, size_t len, struct rp_error *err)
{
    rp_error_clear(err);
    if (!rp_given(worker, "worker", err) || (len > 0 && !rp_given(bytes, "bytes", err)))
        return false;
    return rp_channel_send(&worker->channel, RP_TAG_MESSAGE, bytes, len, err);
}

bool rp_worker_on(struct rp_worker *worker, enum rp_event_type type, rp_listener *fn, void *arg)
{
    return worker != NULL && fn != NULL &&
           rp_emitter_add(&worker->events, RP_EVENT_BIT(type), fn, arg, false, false);
}
