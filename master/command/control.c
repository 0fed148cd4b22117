/* SPDX-License-Identifier: MIT
 *
 * control.c - `status`, and what else asks the running master: one question over its
 * control socket, then the answer in words, or as it is with --json. */
#include "master/announce.h"
#include "master/command/command.h"
#include "master/command/control_ask.h"

#include "conf/conf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -- asking */

static void begin(struct rp_json *request, const char *command)
{
    rp_json_begin_object(request);
    rp_json_key(request, "command");
    rp_json_string(request, command);
}

static int show(const struct arguments *arguments, const json_t *answer,
                void (*print)(const json_t *))
{
    const char *message = json_string_value(json_object_get(answer, "message"));
    bool ok = json_is_true(json_object_get(answer, "ok"));

    if (arguments->json) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (ok) {
        print(answer);
    } else {
        fprintf(stderr, "%s\n", message != NULL ? message : "the master refused the command");
    }
    return ok ? EXIT_DONE : EXIT_FAILED;
}

/* The request, begun by the caller, is finished here. */
static int ask(const struct arguments *arguments, struct rp_json *request,
               void (*print)(const json_t *))
{
    struct rp_error error;
    struct conf *conf = conf_load(arguments->conf, &error);
    json_t *answer;
    int status;

    rp_json_end_object(request);
    if (conf == NULL) {
        rp_text_clear(&request->text);
        return command_answer(arguments, EXIT_USAGE, error.message);
    }
    answer = control_ask(conf->run_dir, request, &error);
    conf_free(conf);
    if (answer == NULL)
        return command_answer(arguments, EXIT_FAILED, error.message);
    status = show(arguments, answer, print);
    json_decref(answer);
    return status;
}

/* -- reading answers: what is not there is 0, or "?" */

static long long number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));

    return value != NULL ? value : "?";
}

/* "3d 4h", "4h 5m", "5m 6s", "6s" */
static const char *span(long long s, char out[48])
{
    if (s >= 86400)
        snprintf(out, 48, "%lldd %lldh", s / 86400, s % 86400 / 3600);
    else if (s >= 3600)
        snprintf(out, 48, "%lldh %lldm", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        snprintf(out, 48, "%lldm %llds", s / 60, s % 60);
    else
        snprintf(out, 48, "%llds", s);
    return out;
}

/* As `sessions revoke --before` takes it. */
static const char *moment(long long s, char out[32])
{
    struct tm tm;
    time_t t = (time_t)s;

    if (gmtime_r(&t, &tm) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, 32, "?");
    return out;
}

/* -- status */

static void print_processes(const json_t *answer)
{
    const json_t *list = json_object_get(answer, "generations"), *one;
    char age[48];
    size_t i;

    printf("master %lld: version %s, up %s\n", number(answer, "pid"), text(answer, "version"),
           span(number(answer, "uptime"), age));
    json_array_foreach(list, i, one)
        printf("generation %lld: %s, %lld workers%s\n", number(one, "number"), text(one, "state"),
               number(one, "workers"),
               json_is_true(json_object_get(one, "stuck")) ? ", does not respond" : "");
    list = json_object_get(answer, "workers");
    json_array_foreach(list, i, one)
        printf("worker %lld, process %lld: up %s, %lld open, %lld accepted%s\n",
               number(one, "slot"), number(one, "pid"), span(number(one, "uptime"), age),
               number(one, "active"), number(one, "accepted"),
               json_is_true(json_object_get(one, "stuck")) ? ", does not respond" : "");
}

static void print_accepting(const json_t *a)
{
    char when[32];

    if (number(a, "workersPaused") > 0)
        printf("accepting connections: paused in %lld workers since %s, out of file descriptors or "
               "memory\n",
               number(a, "workersPaused"), moment(number(a, "pausedSince"), when));
}

/* One line for each frontend: how its connections ended. */
static void print_ends(json_t *all)
{
    const char *frontend, *reason;
    json_t *reasons, *count;

    json_object_foreach(all, frontend, reasons)
    {
        const char *before = ": ended: ";

        if (json_object_size(reasons) == 0)
            continue;
        printf("frontend %s", frontend);
        json_object_foreach(reasons, reason, count)
        {
            printf("%s%lld %s", before, (long long)json_integer_value(count), reason);
            before = ", ";
        }
        putchar('\n');
    }
}

static void print_lifetimes(const json_t *all)
{
    char lifetime[48], timeout[48];
    const json_t *one;
    size_t i;

    if (json_array_size(all) < 2) /* all is as it should be */
        return;
    printf("ticket key lifetimes differ between hosts, or since a reload:\n");
    json_array_foreach(all, i, one) printf(
        "  key-lifetime %s, session-timeout %s%s\n", span(number(one, "keyLifetime"), lifetime),
        span(number(one, "sessionTimeout"), timeout),
        json_is_true(json_object_get(one, "ours")) ? ", here" : "");
}

static void print_store(const json_t *c, const char *title, const char *kind, const char *without,
                        const char *since)
{
    bool available = number(c, without) == 0;
    char when[32];

    printf("%s %s: %s", title, text(c, kind), available ? "available" : "unavailable");
    if (!available)
        printf(" to %lld workers since %s", number(c, without), moment(number(c, since), when));
}

static void print_tier(const json_t *cache, const char *key, const char *title, const char *lookups)
{
    const json_t *tier = json_object_get(cache, key), *took = json_object_get(cache, lookups);

    if (number(tier, "gets") == 0 && number(tier, "puts") == 0)
        return;
    printf("%s: %lld lookups of %lld us on average, %lld failures, %lld outages, %lld probes",
           title, number(took, "count"), number(took, "meanUs"), number(tier, "failures"),
           number(tier, "outages"), number(tier, "probes"));
    if (strcmp(key, "near") == 0)
        printf(", %lld entries in %lld of %lld MB, %lld evicted", number(cache, "entries"),
               number(cache, "bytesUsed") >> 20, number(cache, "bytesSize") >> 20,
               number(tier, "evicted"));
    putchar('\n');
}

static void print_status(const json_t *answer)
{
    const json_t *n = json_object_get(answer, "counters"), *c = json_object_get(answer, "cache");

    print_processes(answer);
    printf("handshakes: %lld full, %lld by ticket, %lld by id, %lld by stateful ticket, %lld "
           "failed, %lld revoked sessions\n",
           number(n, "handshakesFull"), number(n, "handshakesTicket"), number(n, "handshakesId"),
           number(n, "handshakesStateful"), number(n, "handshakesFailed"),
           number(n, "sessionsForgotten"));
    print_accepting(json_object_get(answer, "accepting"));
    print_ends(json_object_get(answer, "ended"));
    if (number(n, "logLinesLost") > 0)
        printf(
            "log lines lost: %lld, because the reader of the log was too slow or the disk full\n",
            number(n, "logLinesLost"));
    if (number(c, "storeFailed") > 0)
        printf("session writes dropped: %lld, because the store was unavailable\n",
               number(c, "storeFailed"));
    print_lifetimes(json_object_get(c, "keyLifetimes"));
    print_store(c, "store", "store", "workersWithout", "awaySince");
    printf("; %lld stored, %lld hits, %lld misses, %lld timeouts, %lld bad seals\n",
           number(c, "stored"), number(c, "hits"), number(c, "misses"), number(c, "timeouts"),
           number(c, "badSeals"));
    if (json_is_string(json_object_get(c, "l1"))) {
        print_store(c, "local session cache (l1)", "l1", "workersWithoutL1", "l1AwaySince");
        printf("; %lld of the hits\n", number(c, "hits") - number(c, "farHits"));
    }
    print_tier(c, "near", "local store", "nearLookups");
    print_tier(c, "far", "shared store", "farLookups");
}

/* -- keys */

static void print_key(const json_t *key, bool pinned)
{
    char from[32], until[32];

    printf("%s  %s%s", text(key, "id"), text(key, "role"),
           json_is_true(json_object_get(key, "mints")) ? ", issues tickets" : "");
    if (!pinned)
        printf(", epoch %lld%s, from %s until %s", number(key, "epoch"),
               json_is_true(json_object_get(key, "derived")) ? " (derived)" : "",
               moment(number(key, "begins"), from), moment(number(key, "erased"), until));
    putchar('\n');
}

static void print_keys(const json_t *answer)
{
    const json_t *keys = json_object_get(answer, "keys"), *key;
    size_t i;

    json_array_foreach(keys, i, key)
        print_key(key, json_is_true(json_object_get(answer, "pinned")));
    if (number(answer, "count") > (long long)i)
        printf("and %lld more\n", number(answer, "count") - (long long)i);
}

int command_keys(const struct arguments *arguments)
{
    struct rp_json request = {0};

    begin(&request, "keys");
    return ask(arguments, &request, print_keys);
}

static void print_rotated(const json_t *answer)
{
    puts(json_is_true(json_object_get(answer, "shared"))
             ? "rotated: in three seconds every host that shares the store issues tickets under "
               "new keys"
             : "rotation pending: the store is unavailable; all hosts switch to new keys when it "
               "is available again");
}

int command_keys_rotate(const struct arguments *arguments)
{
    struct rp_json request = {0};

    begin(&request, "keys rotate");
    return ask(arguments, &request, print_rotated);
}

/* -- sessions revoke */

/* 2026-12-31T23:59:59Z, or seconds; in ms. */
static bool parse_moment(const char *text, uint64_t *ms)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    char *rest;
    long long s;

    if (end != NULL && *end == '\0') {
        int day = tm.tm_mday;

        s = (long long)timegm(&tm);
        if (tm.tm_mday != day) /* the 31st of February is in March */
            return false;
    } else {
        errno = 0;
        s = strtoll(text, &rest, 10);
        if (errno != 0 || rest == text || *rest != '\0')
            return false;
    }
    *ms = (uint64_t)s * 1000;
    return s > 0 && s < INT64_MAX / 1000;
}

static void print_revoked(const json_t *answer)
{
    puts(json_is_true(json_object_get(answer, "shared"))
             ? "revoked on this host, and within a second on every host that shares the store"
             : "revoked on this host; the store is unavailable: other hosts follow when it is "
               "available again");
}

static int complain_of_host(const struct arguments *arguments, const struct rp_error *err)
{
    char message[320];

    snprintf(message, sizeof message, "reprise sessions revoke: --host: %.250s", err->message);
    return command_answer(arguments, EXIT_USAGE, message);
}

int command_sessions_revoke(const struct arguments *arguments)
{
    struct rp_json request = {0};
    struct rp_error err;
    uint64_t ms;

    if (arguments->all == (arguments->before != NULL || arguments->host != NULL))
        return command_answer(
            arguments, EXIT_USAGE,
            "reprise sessions revoke: give either --all, or --before TIME, --host NAME or both");
    if (arguments->host != NULL && !announce_is_host(arguments->host, &err))
        return complain_of_host(arguments, &err);
    begin(&request, "sessions revoke");
    if (arguments->all) {
        rp_json_key(&request, "all");
        rp_json_bool(&request, true);
    }
    if (arguments->host != NULL) {
        rp_json_key(&request, "host");
        rp_json_string(&request, arguments->host);
    }
    if (arguments->before != NULL) {
        if (!parse_moment(arguments->before, &ms)) {
            rp_text_clear(&request.text);
            return command_answer(arguments, EXIT_USAGE,
                                  "reprise sessions revoke: --before: invalid time; give one like "
                                  "2026-12-31T23:59:59Z, or Unix seconds");
        }
        rp_json_key(&request, "before");
        rp_json_int(&request, (int64_t)ms);
    }
    return ask(arguments, &request, print_revoked);
}

/* -- what runs */

int command_status(const struct arguments *arguments)
{
    struct rp_json request = {0};

    begin(&request, "status");
    return ask(arguments, &request, print_status);
}
