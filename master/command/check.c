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
#include <time.h>

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

static bool check_certificates(const struct conf *conf, struct plan **plan, struct rp_error *err)
{
    struct rp_ticket_keys *keys = rp_ticket_keys_new(err);

    *plan =
        keys != NULL && cache_files_read_keys(conf, keys, err) ? plan_new(conf, keys, err) : NULL;
    rp_ticket_keys_unref(keys);
    return *plan != NULL;
}

static bool check_admin(const struct conf *conf, bool running, struct rp_error *err)
{
    struct rp_error why;

    return conf->admin_listen == NULL ||
           admin_check(conf->admin_listen, conf->user, running, &why) ||
           rp_error_set(err, why.code, "%s: %s", conf->file, why.message);
}

/* The plan is the caller's in any case; it may be NULL. */
static bool check(const struct conf *conf, struct plan **plan, struct rp_error *err)
{
    bool running = pid_file_owner(conf->run_dir, NULL) > 0;

    return check_user(conf, err) && cache_files_check(conf, err) && check_secret(conf, err) &&
           check_certificates(conf, plan, err) && listeners_check(conf, running, err) &&
           check_admin(conf, running, err);
}

/* -- the verdict */

struct verdict {
    const struct conf *conf; /* NULL: it can't be read */
    struct plan *plan;       /* its certificates; NULL: it is not valid */
    bool valid;              /* it can be served */
    bool ok;                 /* it is valid and, with --strict, has no warnings */
    char *printed;           /* the configuration; NULL: that was not asked for */
    struct rp_error error;   /* unless it is ok */
};

struct warner {
    conf_warn *warn;
    void *arg;
};

static void on_finding(enum finding_kind kind, const struct rp_error *note, void *arg)
{
    const struct warner *w = arg;

    (void)kind;
    w->warn(note, w->arg);
}

/* Everything that is most likely not meant: in the text, then in its certificates. */
static void each_warning(const struct verdict *v, conf_warn *warn, void *arg)
{
    struct warner w = {warn, arg};

    conf_warnings(v->conf, CONF_LOOKUP, warn, arg);
    findings_each(&v->plan->findings, (uint64_t)time(NULL), on_finding, &w);
}

/* With --strict the first warning is the error. */
static void on_strict(const struct rp_error *note, void *arg)
{
    struct verdict *v = arg;

    if (v->ok)
        v->error = *note;
    v->ok = false;
}

static void print_warning(const struct rp_error *note, void *arg)
{
    const struct verdict *v = arg;

    fprintf(stderr, "%s%s\n", v->ok ? "warning: " : "", note->message);
}

static void put_warning(const struct rp_error *note, void *json)
{
    rp_json_string(json, note->message);
}

static void print_text(const struct arguments *arguments, struct verdict *v)
{
    if (v->valid)
        each_warning(v, print_warning, v);
    else
        fprintf(stderr, "%s\n", v->error.message);
    if (v->ok && v->printed != NULL)
        fputs(v->printed, stdout);
    else if (v->ok)
        printf("%s: ok\n", arguments->conf);
}

static void put_findings(struct rp_json *json, const struct verdict *v)
{
    if (!v->ok) {
        rp_json_key(json, "message");
        rp_json_string(json, v->error.message);
    }
    if (v->valid) {
        rp_json_key(json, "warnings");
        rp_json_begin_array(json);
        each_warning(v, put_warning, json);
        rp_json_end_array(json);
    }
    if (!v->ok || v->printed == NULL)
        return;
    rp_json_key(json, "configuration");
    rp_json_string(json, v->printed);
}

static void print_json(const struct arguments *arguments, const struct verdict *v)
{
    struct rp_json json = {0};
    char *line;

    rp_json_begin_object(&json);
    rp_json_key(&json, "ok");
    rp_json_bool(&json, v->ok);
    rp_json_key(&json, "file");
    rp_json_string(&json, arguments->conf);
    put_findings(&json, v);
    rp_json_end_object(&json);
    line = rp_json_take(&json, NULL);
    if (line != NULL)
        puts(line);
    free(line);
}

int command_check(const struct arguments *arguments)
{
    struct verdict v = {0};
    struct conf *conf = conf_load(arguments->conf, &v.error);

    v.conf = conf;
    v.valid = conf != NULL && check(conf, &v.plan, &v.error);
    if (v.valid && arguments->print && (v.printed = conf_print(conf)) == NULL)
        v.valid = rp_error_set(&v.error, "ENOMEM", "no memory to print the configuration");
    v.ok = v.valid;
    if (v.valid && arguments->strict)
        each_warning(&v, on_strict, &v);
    if (arguments->json)
        print_json(arguments, &v);
    else
        print_text(arguments, &v);
    free(v.printed);
    plan_free(v.plan);
    conf_free(conf);
    return v.ok ? EXIT_DONE : EXIT_USAGE;
}
