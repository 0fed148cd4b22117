/* SPDX-License-Identifier: MIT
 *
 * router.c - the common part of all routers, and the router for a single Redis; see router.h. */
#include "cache/redis/router.h"

#include "cache/redis/forms.h"
#include "lib/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PEM_MAX = 256 * 1024 };

/* -- a single Redis */

struct alone {
    struct rp_redis_router router; /* must be first */
    struct rp_redis_link *link;
};

static void alone_changed(void *arg)
{
    rp_redis_router_tell(arg);
}

static bool alone_begin(struct rp_redis_router *r, struct rp_error *err)
{
    static const struct rp_redis_link_ops ops = {.changed = alone_changed};
    struct alone *a = (struct alone *)r;
    struct rp_redis_link_options o = rp_redis_router_link(r);

    o.host = &r->place.hosts[0];
    o.proof = RP_REDIS_WRITABLE;
    o.ops = &ops;
    o.arg = a;
    a->link = rp_redis_link_new(r->loop, &o, err);
    return a->link != NULL;
}

static bool alone_send(struct rp_redis_router *r, const struct rp_redis_command *command,
                       rp_redis_replied *replied, void *arg)
{
    return rp_redis_link_send(((struct alone *)r)->link, command, replied, arg);
}

static const struct rp_error *alone_trouble(const struct rp_redis_router *r)
{
    return rp_redis_link_trouble(((const struct alone *)r)->link);
}

static void alone_end(struct rp_redis_router *r)
{
    rp_redis_link_free(((struct alone *)r)->link);
}

static const struct rp_redis_router_form alone = {
    .size = sizeof(struct alone),
    .begin = alone_begin,
    .send = alone_send,
    .trouble = alone_trouble,
    .end = alone_end,
};

/* -- TLS: files are read once, when the store is opened */

static bool add_pem(const char *path, struct rp_pem *pem, const struct rp_pem **list, size_t *count,
                    struct rp_error *err)
{
    char *text;
    ssize_t len;

    if (path[0] == '\0')
        return true;
    text = calloc(1, PEM_MAX);
    len = text != NULL ? rp_file_read(path, text, PEM_MAX - 1, NULL) : 0;
    *pem = (struct rp_pem){.bytes = text, .file = path};
    *list = pem;
    *count = 1;
    return len > 0 || rp_error_set(err, "ERR_STORE_URI", "%.150s is empty or cannot be read", path);
}

static bool make_context(struct rp_redis_router *r, struct rp_error *err)
{
    struct rp_pem ca = {0}, cert = {0}, key = {0};
    struct rp_secure_context_options o = {0};

    if (!r->place.tls)
        return true;
    if (add_pem(r->place.ca, &ca, &o.ca, &o.ca_count, err) &&
        add_pem(r->place.cert, &cert, &o.cert, &o.cert_count, err) &&
        add_pem(r->place.key, &key, &o.key, &o.key_count, err))
        r->context = rp_secure_context_new(&o, err);
    free((void *)(uintptr_t)ca.bytes);
    free((void *)(uintptr_t)cert.bytes);
    if (key.bytes != NULL)
        explicit_bzero((void *)(uintptr_t)key.bytes, PEM_MAX);
    free((void *)(uintptr_t)key.bytes);
    return r->context != NULL;
}

static bool check_password_file(const struct rp_redis_account *a, struct rp_error *err)
{
    return a->password_file[0] == '\0' || access(a->password_file, R_OK) == 0 ||
           rp_error_set(err, "ERR_STORE_URI", "password-file %.150s cannot be read: %s",
                        a->password_file, strerror(errno));
}

bool rp_redis_router_check(const char *uri, struct rp_error *err)
{
    struct rp_redis_router r = {.context = NULL};
    bool ok = rp_redis_place_parse(&r.place, uri, err) &&
              check_password_file(&r.place.account, err) &&
              check_password_file(&r.place.sentinel, err) && make_context(&r, err);

    rp_secure_context_unref(r.context);
    explicit_bzero(&r.place, sizeof r.place);
    return ok;
}

/* -- the common part */

struct rp_redis_link_options rp_redis_router_link(const struct rp_redis_router *r)
{
    return (struct rp_redis_link_options){
        .what = "redis",
        .place = &r->place,
        .account = &r->place.account,
        .context = r->context,
    };
}

static const struct rp_redis_router_form *const forms[] = {
    [RP_REDIS_ALONE] = &alone,
    [RP_REDIS_SENTINEL] = &rp_redis_by_sentinel,
    [RP_REDIS_CLUSTER] = &rp_redis_by_slots,
};

static struct rp_redis_router *make(struct rp_loop *loop, const struct rp_redis_place *place,
                                    struct rp_error *err)
{
    const struct rp_redis_router_form *form = forms[place->form];
    struct rp_redis_router *r = calloc(1, form->size);

    if (r == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a redis store");
        return NULL;
    }
    r->form = form;
    r->loop = loop;
    r->place = *place;
    return r;
}

struct rp_redis_router *rp_redis_router_open(struct rp_loop *loop, const char *uri,
                                             rp_redis_changed *changed, void *arg,
                                             struct rp_error *err)
{
    struct rp_redis_place place;
    struct rp_redis_router *r = NULL;

    if (rp_redis_place_parse(&place, uri, err))
        r = make(loop, &place, err);
    explicit_bzero(&place, sizeof place);
    if (r == NULL)
        return NULL;
    r->changed = changed;
    r->arg = arg;
    if (make_context(r, err) && r->form->begin(r, err))
        return r;
    rp_redis_router_close(r);
    return NULL;
}

void rp_redis_router_hold(struct rp_redis_router *r)
{
    r->held++;
}

void rp_redis_router_release(struct rp_redis_router *r)
{
    if (--r->held > 0 || !r->closed)
        return;
    rp_secure_context_unref(r->context);
    explicit_bzero(&r->place, sizeof r->place);
    free(r);
}

void rp_redis_router_close(struct rp_redis_router *r)
{
    if (r == NULL || r->closed)
        return;
    r->held++;
    r->closed = true;
    r->form->end(r);
    rp_redis_router_release(r);
}

void rp_redis_router_tell(struct rp_redis_router *r)
{
    if (!r->closed)
        r->changed(r->arg);
}

bool rp_redis_router_send(struct rp_redis_router *r, const struct rp_redis_command *command,
                          rp_redis_replied *replied, void *arg)
{
    return r->form->send(r, command, replied, arg);
}

const struct rp_error *rp_redis_router_trouble(const struct rp_redis_router *r)
{
    return r->form->trouble(r);
}

const struct rp_redis_place *rp_redis_router_place(const struct rp_redis_router *r)
{
    return &r->place;
}
