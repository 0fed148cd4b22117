/* SPDX-License-Identifier: MIT
 *
 * requests.c - what commands ask the running master; see requests.h. */
#include "master/requests.h"

#include "cache/store_open.h"
#include "lib/base/clock.h"
#include "master/announce.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static void show(struct status_generation *list, size_t *count, const struct generation *g)
{
    if (g != NULL && *count < REQUESTS_GENERATIONS)
        list[(*count)++] = (struct status_generation){
            .number = generation_number(g),
            .workers = generation_workers(g),
            .state = generation_state_name(generation_state(g)),
            .stuck = generation_stuck(g),
        };
}

static void show_stores(struct status *status, const struct conf *conf)
{
    const char *file = rp_store_file_uri(conf->cache.l1, conf->cache.store);

    status->store = conf->cache.store;
    if (file == conf->cache.l1)
        status->l1 = file;
}

void requests_show(struct master *m, struct status *status,
                   struct status_generation list[REQUESTS_GENERATIONS])
{
    const struct generation *any = m->current != NULL ? m->current : m->next;

    *status = (struct status){.pid = getpid(),
                              .started_s = m->started_s,
                              .now_s = (uint64_t)time(NULL),
                              .generations = list,
                              .stats = m->stats,
                              .store = "",
                              .l1 = ""};
    if (any != NULL)
        show_stores(status, generation_conf(any));
    show(list, &status->generation_count, m->current);
    show(list, &status->generation_count, m->next);
    for (const struct leaving *l = m->leaving; l != NULL; l = l->next)
        show(list, &status->generation_count, l->generation);
}

static void tell_status(struct master *m, uint64_t question)
{
    struct status_generation list[REQUESTS_GENERATIONS];
    struct status status;
    struct rp_json json = {0};

    requests_show(m, &status, list);
    status_compose(&json, &status);
    control_answer(m->control, question, &json);
}

static void tell_keys(struct master *m, uint64_t question)
{
    if (m->current == NULL || !generation_ask_keys(m->current, question))
        control_refuse(m->control, question, "no generation is serving; try again");
}

/* To all generations: those that leave still serve, and would not hear of it without a store. */
static void announce(struct master *m, uint64_t question, const struct rp_notices *news)
{
    rp_notices_merge(&m->notices, news, rp_wall_ms());
    for (struct leaving *l = m->leaving; l != NULL; l = l->next)
        generation_post(l->generation, 0, news);
    if (m->next != NULL)
        generation_post(m->next, 0, news);
    if (m->current == NULL || !generation_post(m->current, question, news))
        control_refuse(m->control, question,
                       "no generation is serving; the next one receives the announcement");
}

static void revoke_sessions(struct master *m, uint64_t question, const json_t *request)
{
    struct rp_notices news;
    struct rp_error error;

    if (!announce_revocation(&news, request, rp_wall_ms(), &error)) {
        control_refuse(m->control, question, error.message);
        return;
    }
    rp_log(master_log(m), RP_LOG_INFO, "sessions revoked: %s",
           news.host_count > 0 ? news.hosts[0].name : "all server names");
    announce(m, question, &news);
}

static void rotate_keys(struct master *m, uint64_t question)
{
    struct rp_notices news;
    struct rp_error error = {.message = "ticket keys are pinned (ticket-keys); put the new key "
                                        "first in that file, then reload"};

    if ((m->current != NULL && generation_conf(m->current)->cache.ticket_keys != NULL) ||
        !announce_rotation(&news, &m->notices, rp_wall_ms(), &error)) {
        control_refuse(m->control, question, error.message);
        return;
    }
    rp_log(master_log(m), RP_LOG_INFO, "ticket keys rotated by command");
    announce(m, question, &news);
}

void requests_answer(struct control *control, uint64_t question, const json_t *request, void *arg)
{
    const char *command = json_string_value(json_object_get(request, "command"));

    if (command != NULL && strcmp(command, "status") == 0)
        tell_status(arg, question);
    else if (command != NULL && strcmp(command, "keys") == 0)
        tell_keys(arg, question);
    else if (command != NULL && strcmp(command, "keys rotate") == 0)
        rotate_keys(arg, question);
    else if (command != NULL && strcmp(command, "sessions revoke") == 0)
        revoke_sessions(arg, question, request);
    else
        control_refuse(control, question, "unknown command for the running master");
}
