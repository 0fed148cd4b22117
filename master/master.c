/* SPDX-License-Identifier: MIT
 *
 * master.c - the master: keeps the listening sockets, the signals and the pid file, and one
 * generation for each configuration that is at work.
 * It reads the text of configurations, never a certificate or a key; it holds no secret. It never
 * stops serving for a bad configuration: until another generation says that it is ready, nothing
 * is taken from the one that serves.
 * The danger: signals come at any time and in any number. Each sets in motion what can be begun
 * now, and what can't is remembered once (reload_wanted). */
#include "master/master.h"

#include "lib/base/clock.h"
#include "master/generation/keys_report.h"
#include "master/generation/user.h"
#include "master/master_internal.h"
#include "master/notify.h"
#include "master/pages.h"
#include "master/requests.h"
#include "master/run_dir.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <reprise/tls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS_WANTED = 1 << 20 };

static const int signals[MASTER_SIGNALS] = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2};

struct rp_log *master_log(const struct master *m)
{
    const struct generation *g = m->current != NULL ? m->current : m->next;

    if (g == NULL && m->leaving != NULL)
        g = m->leaving->generation;
    return g != NULL ? generation_log(g) : NULL;
}

/* -- outcomes, for `reprise reload` */

static void write_outcome(struct master *m)
{
    struct rp_error error;

    if (!outcome_write(m->run_dir, &m->outcome, &error))
        rp_log(master_log(m), RP_LOG_WARN, "%s", error.message);
}

static void attempt_begins(struct master *m)
{
    m->outcome.running = m->outcome.done + 1;
    write_outcome(m);
}

static void attempt_ends(struct master *m, const char *why_not)
{
    m->outcome.done = m->outcome.running;
    m->outcome.running = 0;
    m->outcome.ok = why_not == NULL;
    m->outcome.generation = m->current != NULL ? generation_number(m->current) : 0;
    snprintf(m->outcome.message, sizeof m->outcome.message, "%s", why_not != NULL ? why_not : "");
    write_outcome(m);
}

/* -- generations come and go */

static void reload(struct master *m);

static void tell_ready(const struct master *m)
{
    char status[64];

    snprintf(status, sizeof status, "generation %u serves with %u workers",
             generation_number(m->current), generation_workers(m->current));
    notify_ready(status);
}

static void log_serving(const struct master *m, const char *message)
{
    struct rp_log_line line;

    rp_log_begin(&line, master_log(m), RP_LOG_INFO, message);
    rp_log_number(&line, "generation", generation_number(m->current));
    rp_log_number(&line, "workers", generation_workers(m->current));
    rp_log_text(&line, "version", RP_VERSION);
    rp_log_text(&line, "openssl", rp_openssl_version());
    rp_log_end(&line);
}

/* Never to serve again. Without memory to remember it, it is ended the hard way. */
static void retire(struct master *m, struct generation *g)
{
    struct leaving *leaving = malloc(sizeof *leaving);

    if (leaving == NULL) {
        generation_free(g);
        return;
    }
    *leaving = (struct leaving){.next = m->leaving, .generation = g};
    m->leaving = leaving;
    generation_drain(g);
    generation_close_sockets(g);
}

/* Generations whose connections go on for ever would add up, one with each reload. */
static void cut_off_oldest(struct master *m, uint32_t most)
{
    struct leaving *oldest = NULL;
    size_t count = 0;

    for (struct leaving *l = m->leaving; l != NULL; l = l->next)
        if (!l->cut_off) {
            oldest = l; /* the newest one is the first */
            count++;
        }
    if (count <= most)
        return;
    rp_log(master_log(m), RP_LOG_WARN,
           "generation %u: closing its connections, as more than old-generations = %u are draining",
           generation_number(oldest->generation), most);
    oldest->cut_off = true;
    generation_end_within(oldest->generation, 0);
}

static void on_ready(struct generation *g)
{
    struct master *m = generation_arg(g);
    struct generation *old = m->current;

    if (g == old) {
        log_serving(m, "serving again");
        return;
    }
    m->current = g;
    m->next = NULL;
    pages_settle(m, true);
    attempt_ends(m, NULL);
    log_serving(m, old != NULL ? "reloaded" : "serving");
    tell_ready(m);
    if (old != NULL)
        retire(m, old);
    cut_off_oldest(m, generation_conf(g)->old_generations);
    if (m->reload_wanted)
        reload(m);
}

static void reload_failed(struct master *m, const char *why)
{
    rp_log(master_log(m), RP_LOG_ERROR, "reload failed, generation %u continues to serve: %s",
           generation_number(m->current), why);
    attempt_ends(m, why);
    tell_ready(m);
}

static void on_failed(struct generation *g, int status, const char *why)
{
    struct master *m = generation_arg(g);

    m->next = NULL;
    pages_settle(m, false);
    if (m->current == NULL) { /* the start */
        fprintf(stderr, "%s\n", why);
        m->status = status;
        rp_loop_stop(m->loop);
    } else {
        reload_failed(m, why);
    }
    generation_free(g);
    if (m->current == NULL)
        return;
    listeners_begin(generation_listening(m->current), NULL); /* steer to its workers again */
    if (m->reload_wanted)
        reload(m);
}

static void on_gone(struct generation *g)
{
    struct master *m = generation_arg(g);

    for (struct leaving **at = &m->leaving; *at != NULL; at = &(*at)->next) {
        struct leaving *leaving = *at;

        if (leaving->generation != g)
            continue;
        rp_log(generation_log(g), RP_LOG_INFO, "generation %u exited", generation_number(g));
        *at = leaving->next;
        free(leaving);
        generation_free(g);
        break;
    }
    if (m->stopping && m->leaving == NULL)
        rp_loop_stop(m->loop);
}

static void on_forked(struct generation *g)
{
    struct master *m = generation_arg(g);

    for (struct leaving *l = m->leaving; l != NULL; l = l->next)
        generation_forget(l->generation);
    if (m->current != NULL && m->current != g)
        generation_forget(m->current);
    if (m->next != NULL && m->next != g)
        generation_forget(m->next);
    pid_file_close_here(&m->pid_file);
    control_close_here(m->control);
    admin_close_here(m->admin);
    admin_close_here(m->next_admin);
}

static void on_keys(struct generation *g, struct rp_cursor report)
{
    struct master *m = generation_arg(g);
    struct rp_json json = {0};
    uint64_t question;

    if (keys_report_read(report, rp_wall_ms(), &question, &json)) {
        control_answer(m->control, question, &json);
        return;
    }
    rp_text_clear(&json.text);
    rp_log(generation_log(g), RP_LOG_ERROR, "generation %u: malformed key report",
           generation_number(g));
}

static void on_posted(struct generation *g, uint64_t question, bool shared)
{
    struct master *m = generation_arg(g);
    struct rp_json json = {0};

    rp_json_begin_object(&json);
    rp_json_key(&json, "ok");
    rp_json_bool(&json, true);
    rp_json_key(&json, "shared");
    rp_json_bool(&json, shared);
    rp_json_end_object(&json);
    control_answer(m->control, question, &json);
}

static void on_heard(struct generation *g, const struct rp_notices *notices)
{
    struct master *m = generation_arg(g);

    rp_notices_merge(&m->notices, notices, rp_wall_ms());
}

static const struct generation_hooks hooks = {.ready = on_ready,
                                              .failed = on_failed,
                                              .gone = on_gone,
                                              .forked = on_forked,
                                              .keys = on_keys,
                                              .posted = on_posted,
                                              .heard = on_heard};

static void log_warning(const struct rp_error *note, void *log)
{
    rp_log(log, RP_LOG_WARN, "%s", note->message);
}

static bool begin(struct master *m, struct conf *conf, struct rp_error *err)
{
    struct generation_options options = {.loop = m->loop,
                                         .conf = conf,
                                         .listeners = &m->listeners,
                                         .stats = m->stats,
                                         .notices = &m->notices,
                                         .number = ++m->generations,
                                         .hooks = &hooks,
                                         .arg = m};

    if (!pages_prepare(m, conf, err)) {
        conf_free(conf);
        return false;
    }
    for (size_t i = 0; i < conf->frontend_count; i++)
        stats_frontend(m->stats, conf->frontends[i].name);
    m->next = generation_new(&options, err);
    if (m->next == NULL) {
        pages_settle(m, false);
        return false;
    }
    conf_warnings(conf, CONF_NO_LOOKUP, log_warning, generation_log(m->next));
    return true;
}

/* -- what signals ask for */

static bool stays_in_run_dir(const struct master *m, const struct conf *conf, struct rp_error *err)
{
    return strcmp(conf->run_dir, m->run_dir) == 0 ||
           rp_error_set(
               err, "ERR_CONF",
               "%s: run-dir: can't change from %s while reprise is running; stop it, then start it",
               conf->file, m->run_dir);
}

static void reload(struct master *m)
{
    struct conf *conf;
    struct rp_error error;

    m->reload_wanted = m->next != NULL; /* one after the other; many become one */
    if (m->reload_wanted || m->stopping)
        return;
    attempt_begins(m);
    notify_reloading();
    conf = conf_load(m->conf_path, &error);
    if (conf != NULL && !stays_in_run_dir(m, conf, &error)) {
        conf_free(conf);
        conf = NULL;
    }
    if (conf == NULL || !begin(m, conf, &error))
        reload_failed(m, error.message);
}

static void stop(struct master *m)
{
    struct generation *serving[] = {m->current, m->next};
    const struct generation *any = m->current != NULL ? m->current : m->next;
    uint32_t ms = any != NULL ? generation_conf(any)->stop_timeout_ms : 0;

    m->stopping = true;
    notify_stopping();
    rp_log(master_log(m), RP_LOG_INFO, "stopping: no new connections, finishing the open ones");
    for (size_t i = 0; i < sizeof serving / sizeof *serving; i++)
        if (serving[i] != NULL)
            retire(m, serving[i]);
    m->current = m->next = NULL;
    for (struct leaving *l = m->leaving; l != NULL && ms > 0; l = l->next)
        generation_end_within(l->generation, ms);
    if (m->leaving == NULL)
        rp_loop_stop(m->loop);
}

static void stop_at_once(struct master *m)
{
    rp_log(master_log(m), RP_LOG_WARN, "stopping at once: closing open connections");
    for (struct leaving *l = m->leaving; l != NULL; l = l->next)
        generation_leave(l->generation);
}

static void reopen_logs(struct master *m)
{
    if (m->current != NULL)
        generation_reopen_log(m->current);
    if (m->next != NULL)
        generation_reopen_log(m->next);
    for (struct leaving *l = m->leaving; l != NULL; l = l->next)
        generation_reopen_log(l->generation);
    rp_log(master_log(m), RP_LOG_INFO, "logs reopened");
}

static void on_signal(struct rp_signal *signal, int signum)
{
    struct master *m = signal->arg;

    switch (signum) {
    case SIGHUP:
        if (m->current == NULL)
            m->reload_wanted = !m->stopping; /* still starting: afterwards */
        else
            reload(m);
        break;
    case SIGUSR1:
        reopen_logs(m);
        break;
    case SIGUSR2:
        rp_log(master_log(m), RP_LOG_WARN, "SIGUSR2 ignored: not supported in this version");
        break;
    default:
        if (!m->stopping)
            stop(m);
        else if (signum != SIGQUIT)
            stop_at_once(m);
    }
}

/* -- life */

static bool is_ours(pid_t pid, void *arg)
{
    const struct master *m = arg;

    for (const struct leaving *l = m->leaving; l != NULL; l = l->next)
        if (generation_pid(l->generation) == pid)
            return true;
    return (m->current != NULL && generation_pid(m->current) == pid) ||
           (m->next != NULL && generation_pid(m->next) == pid);
}

/* Workers inherit the limit; a connection and its backend take a descriptor each. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_WANTED)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
    setrlimit(RLIMIT_NOFILE, &limit); /* refused: we live with what there is */
}

/* The directories and the lock that say that we are the master here. */
static bool take_place(struct master *m, const struct conf *conf, struct rp_error *err)
{
    struct rp_error why;

    m->run_dir = strdup(conf->run_dir);
    if (m->run_dir == NULL)
        return rp_error_errno(err, ENOMEM, "malloc", "run-dir");
    if (run_dir_make(conf, &why) && pid_file_take(&m->pid_file, m->run_dir, &why))
        return true;
    /* NOLINTNEXTLINE: end() frees run_dir */
    return rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
}

static bool open_control(struct master *m, const struct conf *conf, struct rp_error *err)
{
    struct rp_error why;

    m->started_s = (uint64_t)time(NULL);
    m->control = control_new(m->loop, m->run_dir, requests_answer, m, &why);
    return m->control != NULL || rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
}

static bool start(struct master *m, struct conf *conf, struct rp_error *err)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    raise_descriptor_limit();
    if (!take_place(m, conf, err) || (m->loop = rp_loop_new(err)) == NULL ||
        (m->stats = stats_new(err)) == NULL || !open_control(m, conf, err)) {
        conf_free(conf);
        return false;
    }
    for (size_t i = 0; i < MASTER_SIGNALS; i++) {
        m->signals[i] = (struct rp_signal){.fire = on_signal, .arg = m};
        rp_signal_start(m->loop, &m->signals[i], signals[i]);
    }
    m->orphans = (struct orphans){.loop = m->loop, .is_ours = is_ours, .arg = m};
    orphans_start(&m->orphans);
    run_dir_watch(m);
    attempt_begins(m);
    return begin(m, conf, err);
}

static void end(struct master *m)
{
    control_free(m->control);
    admin_free(m->admin);
    admin_free(m->next_admin);
    rp_signal_block_all(); /* being told to leave again must not kill who is leaving */
    for (size_t i = 0; m->loop != NULL && i < MASTER_SIGNALS; i++)
        rp_signal_stop(&m->signals[i]);
    orphans_stop(&m->orphans);
    rp_timer_stop(&m->run_dir_look);
    listeners_clear(&m->listeners);
    stats_free(m->stats);
    rp_loop_free(m->loop);
    if (m->pid_file.path != NULL)
        outcome_remove(m->run_dir);
    pid_file_drop(&m->pid_file);
    free(m->run_dir);
}

int master_run(const char *conf_path)
{
    struct master m = {.conf_path = conf_path};
    struct rp_error error;
    struct conf *conf = conf_load(conf_path, &error);

    if (conf != NULL && start(&m, conf, &error)) {
        rp_loop_run(m.loop);
    } else {
        fprintf(stderr, "%s\n", error.message);
        m.status = 2;
    }
    end(&m);
    return m.status;
}
