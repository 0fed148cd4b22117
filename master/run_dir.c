/* SPDX-License-Identifier: MIT
 *
 * run_dir.c - keep the pid file and the control socket in place; see run_dir.h.
 * The danger: the files of another master. It has run-dir if it has the lock of the pid file, so
 * that comes first; then the socket is not touched. */
#include "master/run_dir.h"

#include "master/generation/user.h"

#include <string.h>

enum { LOOK_MS = 1000 };

bool run_dir_make(const struct conf *conf, struct rp_error *err)
{
    static const struct user unchanged;
    struct user user;
    bool ok = user_find(&user, conf->user, err) && user_check_run_dir(conf->run_dir, &user, err) &&
              user_directory(&unchanged, conf->run_dir, 0755, "run-dir", err);

    user_clear(&user);
    return ok;
}

static bool renew(struct master *m, struct rp_error *err)
{
    return run_dir_make(generation_conf(m->current), err) &&
           (!pid_file_is_lost(&m->pid_file) || pid_file_renew(&m->pid_file, m->run_dir, err)) &&
           (!control_is_lost(m->control) || control_renew(m->control, err)) &&
           outcome_write(m->run_dir, &m->outcome, err);
}

static void on_look(struct rp_timer *timer)
{
    struct master *m = timer->arg;
    struct rp_error why;

    rp_timer_start(m->loop, timer, LOOK_MS);
    if (m->current == NULL || (!pid_file_is_lost(&m->pid_file) && !control_is_lost(m->control)))
        return;
    if (renew(m, &why)) {
        rp_log(master_log(m), RP_LOG_WARN,
               "run-dir: the pid file or the control socket was removed; created again in %s",
               m->run_dir);
        m->run_dir_trouble[0] = '\0';
    } else if (strcmp(m->run_dir_trouble, why.message) != 0) {
        rp_log(master_log(m), RP_LOG_ERROR,
               "run-dir: can't create the pid file and the control socket again, retrying: %s",
               why.message);
        snprintf(m->run_dir_trouble, sizeof m->run_dir_trouble, "%s", why.message);
    }
}

void run_dir_watch(struct master *m)
{
    m->run_dir_look = (struct rp_timer){.fire = on_look, .arg = m};
    rp_timer_start(m->loop, &m->run_dir_look, LOOK_MS);
}
