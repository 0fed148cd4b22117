/* SPDX-License-Identifier: MIT
 *
 * request.c - lists of stored commands; see request.h. */
#include "cache/redis/request.h"

#include <stdlib.h>
#include <string.h>

static void append(struct rp_redis_requests *list, struct rp_redis_request *r)
{
    if (list->first == NULL)
        list->end = &list->first;
    r->next = NULL;
    r->at = list->end;
    *list->end = r;
    list->end = &r->next;
}

static void take_out(struct rp_redis_requests *list, struct rp_redis_request *r)
{
    if (r->next != NULL)
        r->next->at = r->at;
    else
        list->end = r->at;
    *r->at = r->next;
}

void rp_redis_request_drop(struct rp_redis_requests *list, struct rp_redis_request *r)
{
    take_out(list, r);
    explicit_bzero(r->bytes, r->len);
    free(r->bytes);
    free(r);
}

struct rp_redis_request *rp_redis_request_new(struct rp_redis_requests *list,
                                              struct rp_redis_router *router,
                                              const struct rp_redis_command *command,
                                              rp_redis_replied *replied, void *arg)
{
    struct rp_redis_request *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->bytes = rp_redis_command_format(command, &r->len);
    if (r->bytes == NULL) {
        free(r);
        return NULL;
    }
    r->router = router;
    r->kind = command->kind;
    r->replied = replied;
    r->arg = arg;
    append(list, r);
    return r;
}

void rp_redis_request_shift(struct rp_redis_requests *from, struct rp_redis_requests *to,
                            struct rp_redis_request *r)
{
    take_out(from, r);
    append(to, r);
}

void rp_redis_request_answer(struct rp_redis_requests *list, struct rp_redis_request *r,
                             const redisReply *reply)
{
    rp_redis_replied *replied = r->replied;
    void *arg = r->arg;

    rp_redis_request_drop(list, r);
    replied(reply, arg);
}

/* A callback may make new requests, or close the router, which drops the rest. */
void rp_redis_requests_refuse(struct rp_redis_requests *list)
{
    struct rp_redis_router *router = list->first != NULL ? list->first->router : NULL;
    struct rp_redis_requests now = {0};

    if (router == NULL)
        return;
    rp_redis_router_hold(router);
    while (list->first != NULL)
        rp_redis_request_shift(list, &now, list->first);
    while (now.first != NULL && !router->closed)
        rp_redis_request_answer(&now, now.first, NULL);
    rp_redis_requests_forget(&now);
    rp_redis_router_release(router);
}

void rp_redis_requests_forget(struct rp_redis_requests *list)
{
    while (list->first != NULL)
        rp_redis_request_drop(list, list->first); /* NOLINT: this also removes it from the list */
}
