/* SPDX-License-Identifier: MIT
 *
 * store_client.h - what tests of stores that answer later share: a loop, a store with what is said
 * of its troubles, and verbs that wait for their answers. */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include <check.h>
#include <signal.h>
#include <string.h>

#include "cache/store_open.h"

static struct rp_loop *loop;
static struct rp_store *store;
static struct rp_error trouble;
static unsigned troubles, recoveries;

static void on_trouble(const struct rp_error *error, void *arg)
{
    (void)arg;
    if (error != NULL) {
        trouble = *error;
        troubles++;
    } else {
        recoveries++;
    }
}

static void open_uri(const char *uri)
{
    struct rp_error err = {0};

    signal(SIGPIPE, SIG_IGN); /* hiredis raises it; every process of the program ignores it */
    troubles = recoveries = 0;
    trouble = (struct rp_error){0};
    store = rp_store_open(loop, uri, NULL, &err);
    ck_assert_msg(store != NULL, "%s", err.message);
    rp_store_on_trouble(store, on_trouble, NULL);
}

/* The store goes, and then nothing is left to do. */
static void end_loop(void)
{
    rp_store_close(store);
    store = NULL;
    rp_loop_run(loop);
    rp_loop_free(loop);
}

static void until_trouble(void)
{
    while (troubles == 0)
        rp_loop_turn(loop, true);
}

/* -- a verb, and its answer */

static struct rp_store_reply last;
static char value[RP_STORE_VALUE_MAX + 1];
static bool answered;
static struct rp_store_call call;

static void on_done(struct rp_store_call *c, const struct rp_store_reply *reply)
{
    (void)c;
    ck_assert(!answered);
    answered = true;
    last = *reply;
    if (reply->value.len > 0)
        memcpy(value, reply->value.bytes, reply->value.len);
    value[reply->value.len] = '\0';
}

static enum rp_store_status finish(enum rp_store_status now)
{
    if (now != RP_STORE_LATER)
        return now;
    ck_assert(!answered); /* never inside the call */
    while (!answered)
        rp_loop_turn(loop, true);
    return last.status;
}

static struct rp_bytes text(const char *s)
{
    return (struct rp_bytes){s, strlen(s)};
}

static void prepare(void)
{
    answered = false;
    call = (struct rp_store_call){.done = on_done};
}

static enum rp_store_status get(const char *key)
{
    struct rp_store_reply now;

    prepare();
    return finish(rp_store_get(store, text(key), &now, &call));
}

/* With that call under way: it is forgotten. */
static void close_while_it_is_asked(const char *key)
{
    struct rp_store_reply now;

    prepare();
    ck_assert_int_eq(rp_store_get(store, text(key), &now, &call), RP_STORE_LATER);
    rp_store_close(store);
    store = NULL;
    ck_assert(!answered);
}

static enum rp_store_status put(const char *key, const char *bytes, uint64_t ttl)
{
    prepare();
    return finish(rp_store_put(store, text(key), text(bytes), ttl, &call));
}

static enum rp_store_status add(const char *key, const char *bytes)
{
    struct rp_store_reply now;

    prepare();
    return finish(rp_store_add(store, text(key), text(bytes), 60000, &now, &call));
}

static enum rp_store_status drop(const char *key)
{
    prepare();
    return finish(rp_store_remove(store, text(key), &call));
}

/* Until the store answers. */
static void until_well(void)
{
    while (get("is it there?") == RP_STORE_FAILED)
        rp_loop_turn(loop, true);
}

#endif
