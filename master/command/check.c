/* SPDX-License-Identifier: MIT
 *
 * check.c - `check`: everything that can go wrong at the start, without starting.
 * It leaves nothing behind: what would be made at the start (directories, a cluster secret) is only
 * judged. Runs in a process of its own, so it may read keys. */
#include "master/admin.h"
#include "master/command/command.h"
#include "master/generation/listeners.h"
#include "master/pid_file.h"
#include "master/command/places.h"
#include "worker/plan/plan.h"
#include "master/generation/cache_files.h"
#include "master/generation/secret_file.h"
#include "master/generation/user.h"

#include "cache/store/store.h"
#include "lib/base/json.h"

#include <stdlib.h>

/* And the places that must be his. */
static bool check_user(const struct conf *conf, struct rp_error *err)
{
    struct user user;
    struct rp_error why;
    bool ok;

    if (!user_find(&user, conf->user, &why))
        return rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
    ok = places_check(conf, &user, err);
    user_clear(&user);
    return ok;
}

static bool check_secret(const struct conf *conf, struct rp_error *err)
{
    struct rp_secret secret = {0};
    bool made_here, ok = secret_file_read(conf, &secret, &made_here, err);

    rp_secret_wipe(&secret);
    return ok;
}

static bool check_certificates(const struct conf *conf, struct rp_error *err)
{
    struct rp_ticket_keys *keys = rp_ticket_keys_new(err);
    struct plan *frontends =
        keys != NULL && cache_files_read_keys(conf, keys, err) ? plan_new(conf, keys, err) : NULL;

    plan_free(frontends);
    rp_ticket_keys_unref(keys);
    return frontends != NULL;
}

static bool check_admin(const struct conf *conf, bool running, struct rp_error *err)
{
    struct rp_error why;

    return conf->admin_listen == NULL || admin_check(conf->admin_listen, running, &why) ||
           rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
}

static bool check(const struct conf *conf, struct rp_error *err)
{
    bool running = pid_file_owner(conf->run_dir, NULL) > 0;

    return check_user(conf, err) && cache_files_check(conf, err) && check_secret(conf, err) &&
           check_certificates(conf, err) && listeners_check(conf, running, err) &&
           check_admin(conf, running, err);
}

/* printed: the configuration, or NULL: that was not asked for. */
static void print_verdict(const struct arguments *arguments, bool ok, const char *printed,
                          const struct rp_error *error)
{
    struct rp_json json = {0};
    char *line;

    if (!arguments->json) {
        if (!ok)
            fprintf(stderr, "%s\n", error->message);
        else if (printed != NULL)
            fputs(printed, stdout);
        else
            printf("%s: ok\n", arguments->conf);
        return;
    }
    rp_json_begin_object(&json);
    rp_json_key(&json, "ok");
    rp_json_bool(&json, ok);
    rp_json_key(&json, "file");
    rp_json_string(&json, arguments->conf);
    if (!ok) {
        rp_json_key(&json, "message");
        rp_json_string(&json, error->message);
    } else if (printed != NULL) {
        rp_json_key(&json, "configuration");
        rp_json_string(&json, printed);
    }
    rp_json_end_object(&json);
    line = rp_json_take(&json, NULL);
    if (line != NULL)
        puts(line);
    free(line);
}

int command_check(const struct arguments *arguments)
{
    struct rp_error error = {0};
    struct conf *conf = conf_load(arguments->conf, &error);
    bool ok = conf != NULL && check(conf, &error);
    char *printed = NULL;

    if (ok && arguments->print && (printed = conf_print(conf)) == NULL)
        ok = rp_error_set(&error, "ENOMEM", "no memory to print the configuration");
    print_verdict(arguments, ok, printed, &error);
    free(printed);
    conf_free(conf);
    return ok ? EXIT_DONE : EXIT_USAGE;
}
