/* SPDX-License-Identifier: MIT
 *
 * cluster.c - a Redis Cluster: each key belongs to a slot, each slot to a node. A map assigns slots
 * to nodes. One connection, the guide, asks for it: every few seconds, and at once and more often
 * when a node is lost or reports that a slot has moved. A command that a node redirects (MOVED,
 * ASK) is sent once more, to the node that it names. The danger is to keep an outdated map: the
 * timer for it runs as long as the router, and a guide without a better map is replaced by another
 * node. Requests before the first map wait for a short time. A lost node affects only its slots. */
#include <stdlib.h>
#include <string.h>

#include "cache/redis/forms.h"
#include "cache/redis/map.h"
#include "cache/redis/request.h"

enum { CALM_MS = 5000, LAST_MS = 1000, EAGER_MIN_MS = 50, NODES = RP_REDIS_NOBODY };

struct cluster;
struct node {
    struct cluster *cluster;
    struct rp_redis_host host;
    struct rp_redis_link *link; /* NULL: nothing was sent to it yet */
    bool known;                 /* the entry is in use */
    bool needed;                /* the node is part of the map */
};

struct cluster {
    struct rp_redis_router router; /* must be first */
    struct rp_redis_link *guide;
    struct rp_redis_host guided_by;
    size_t which;   /* index of the guide: first the hosts of the URI, then the nodes */
    size_t in_vain; /* number of guides that had no map, since the last success */
    struct rp_timer ask, patience;
    uint32_t pause_ms;
    bool asking, moving, mapped;
    bool fresh; /* no guide has failed yet */
    struct node nodes[NODES];
    uint8_t owner[RP_REDIS_SLOTS]; /* index of the node; RP_REDIS_NOBODY */
    struct rp_redis_map read;      /* buffer for a received map */
    struct rp_redis_requests waiting, sent;
    struct rp_error why; /* the map is unavailable or incomplete; code "": no error */
};

static void ask_soon(struct cluster *c)
{
    c->pause_ms = EAGER_MIN_MS;
    rp_timer_start(c->router.loop, &c->ask, 0);
}

/* -- nodes */

static const struct rp_error *trouble_of(const struct node *n)
{
    return n->needed && n->link != NULL ? rp_redis_link_trouble(n->link) : NULL;
}

static const struct rp_error *trouble_of_nodes(const struct cluster *c)
{
    const struct rp_error *why = NULL;

    for (size_t i = 0; i < NODES && why == NULL; i++)
        why = trouble_of(&c->nodes[i]);
    return why;
}

static void on_node_changed(void *arg)
{
    struct node *n = arg;

    if (trouble_of(n) != NULL && !rp_redis_link_is_up(n->link))
        ask_soon(n->cluster); /* its slots may have moved to another node */
    rp_redis_router_tell(&n->cluster->router);
}

/* Without a connection the node cannot be asked. */
static void probe_key(char key[RP_REDIS_TEXT], void *arg)
{
    const struct node *n = arg;
    const struct cluster *c = n->cluster;

    rp_redis_key_of(key, c->router.place.prefix, c->owner, (uint8_t)(n - c->nodes));
}

static struct rp_redis_link *link_of(struct node *n)
{
    static const struct rp_redis_link_ops ops = {.changed = on_node_changed,
                                                 .probe_key = probe_key};
    struct rp_redis_link_options o = rp_redis_router_link(&n->cluster->router);

    if (n->link != NULL)
        return n->link;
    o.what = "redis node";
    o.host = &n->host;
    o.proof = RP_REDIS_ANY;
    o.ops = &ops;
    o.arg = n;
    n->link = rp_redis_link_new(n->cluster->router.loop, &o, NULL);
    return n->link;
}

/* Also a node that is not in the map. NULL: too many nodes. */
static struct node *node_at(struct cluster *c, const struct rp_redis_host *host)
{
    struct node *unused = NULL;

    for (size_t i = 0; i < NODES; i++) {
        struct node *n = &c->nodes[i];

        if (n->known && rp_redis_host_equal(&n->host, host))
            return n;
        if (!n->known && unused == NULL)
            unused = n;
    }
    if (unused != NULL)
        *unused = (struct node){.cluster = c, .host = *host, .known = true};
    return unused;
}

static bool is_idle(const struct node *n)
{
    return n->link == NULL || rp_redis_link_is_idle(n->link);
}

/* Close nodes that are not in the map, once no request waits for them. */
static void leave_nodes(struct cluster *c)
{
    for (size_t i = 0; i < NODES; i++) {
        struct node *n = &c->nodes[i];

        if (!n->known || n->needed || !is_idle(n))
            continue;
        rp_redis_link_free(n->link);
        *n = (struct node){.known = false};
    }
}

/* -- commands */

static void on_reply(const redisReply *, void *arg);

static bool send_to(struct node *n, struct rp_redis_request *r)
{
    struct rp_redis_link *link = n != NULL ? link_of(n) : NULL;

    if (link == NULL)
        return false;
    r->node = n;
    return rp_redis_link_send_bytes(link, r->kind, r->bytes, r->len, on_reply, r);
}

static struct node *owner_of(struct cluster *c, uint16_t slot)
{
    return c->owner[slot] != RP_REDIS_NOBODY ? &c->nodes[c->owner[slot]] : NULL;
}

static void on_asking(const redisReply *reply, void *arg)
{
    (void)reply, (void)arg; /* the reply to the next command has the result */
}

/* The slot is being migrated: send this one command to the new node. */
static bool send_asking(struct node *n, struct rp_redis_request *r)
{
    const char *words[] = {"ASKING"};
    struct rp_redis_command asking = {.kind = RP_REDIS_OTHER, .argc = 1, .argv = words};
    struct rp_redis_link *link = n != NULL ? link_of(n) : NULL;

    return link != NULL && rp_redis_link_send(link, &asking, on_asking, NULL) && send_to(n, r);
}

/* false: not a redirection, or one too many. */
static bool redirected(struct cluster *c, struct rp_redis_request *r, const redisReply *reply)
{
    const struct node *from = r->node;
    struct rp_redis_redirection to;
    struct node *n;

    if (!rp_redis_redirection_read(&to, reply, &from->host))
        return false;
    if (!to.ask)
        ask_soon(c);
    if (to.ask ? r->asked : r->moved)
        return false;
    *(to.ask ? &r->asked : &r->moved) = true;
    n = node_at(c, &to.host);
    if (n != NULL && !to.ask)
        c->owner[to.slot] = (uint8_t)(n - c->nodes);
    return to.ask ? send_asking(n, r) : send_to(n, r);
}

/* A node reports that no node has the slot; another node may have a newer map. The link evaluates
 * the reply after this function, reports an error with the next one, and then the map is asked for
 * often enough. */
static void hear_down(struct cluster *c, const struct node *n)
{
    if (rp_redis_link_trouble(n->link) == NULL)
        ask_soon(c);
}

static void on_reply(const redisReply *reply, void *arg)
{
    struct rp_redis_request *r = arg;
    struct cluster *c = (struct cluster *)r->router;

    if (reply != NULL && rp_redis_reply_says(reply, "CLUSTERDOWN"))
        hear_down(c, r->node);
    if (reply == NULL || reply->type != REDIS_REPLY_ERROR || !redirected(c, r, reply))
        rp_redis_request_answer(&c->sent, r, reply);
}

/* Send in order; a request that cannot be sent gets no reply. */
static void send_waiting(struct cluster *c)
{
    struct rp_redis_requests left = {0};

    rp_timer_stop(&c->patience);
    while (c->waiting.first != NULL) {
        struct rp_redis_request *r = c->waiting.first;

        rp_redis_request_shift(&c->waiting, &c->sent, r);
        if (!send_to(owner_of(c, r->slot), r))
            rp_redis_request_shift(&c->sent, &left, r);
    }
    rp_redis_requests_refuse(&left);
}

static void wait_no_longer(struct cluster *c)
{
    c->fresh = false;
    rp_timer_stop(&c->patience);
    rp_redis_router_tell(&c->router);
    rp_redis_requests_refuse(&c->waiting);
}

static void on_patience(struct rp_timer *timer)
{
    wait_no_longer(timer->arg);
}

/* -- the map */

static size_t holes(const struct cluster *c)
{
    size_t count = 0;

    for (size_t slot = 0; slot < RP_REDIS_SLOTS; slot++)
        count += c->owner[slot] == RP_REDIS_NOBODY;
    return count;
}

static bool map_has(const struct cluster *c, const struct node *n)
{
    for (size_t i = 0; n->known && i < c->read.master_count; i++)
        if (rp_redis_host_equal(&n->host, &c->read.masters[i]))
            return true;
    return false;
}

/* Find the nodes of the map, in addition to those that requests still wait for. */
static bool has_room(const struct cluster *c)
{
    size_t room = 0;

    for (size_t i = 0; i < NODES; i++)
        room += !c->nodes[i].known || map_has(c, &c->nodes[i]) || is_idle(&c->nodes[i]);
    return room >= c->read.master_count;
}

/* false: more nodes than fit; nothing has changed. */
static bool take_owners(struct cluster *c)
{
    uint8_t node_of[RP_REDIS_NODES_MAX];

    if (!has_room(c))
        return false;
    for (size_t i = 0; i < NODES; i++)
        c->nodes[i].needed = map_has(c, &c->nodes[i]);
    leave_nodes(c);
    for (size_t i = 0; i < c->read.master_count; i++) {
        struct node *n = node_at(c, &c->read.masters[i]);

        n->needed = true;
        node_of[i] = (uint8_t)(n - c->nodes);
    }
    for (size_t slot = 0; slot < RP_REDIS_SLOTS; slot++)
        c->owner[slot] =
            c->read.owner[slot] != RP_REDIS_NOBODY ? node_of[c->read.owner[slot]] : RP_REDIS_NOBODY;
    return true;
}

static const struct rp_redis_host *next_guide(struct cluster *c)
{
    const size_t hosts = c->router.place.host_count;

    for (;;) {
        c->which = (c->which + 1) % (hosts + NODES);
        if (c->which < hosts)
            c->guided_by = c->router.place.hosts[c->which];
        else if (c->nodes[c->which - hosts].needed)
            c->guided_by = c->nodes[c->which - hosts].host;
        else
            continue;
        return &c->guided_by;
    }
}

/* The guide answers, but its map is missing or unusable. */
static void leave_guide(struct cluster *c)
{
    c->moving = true;
    rp_redis_link_move(c->guide, next_guide(c));
    c->moving = false;
}

static void one_in_vain(struct cluster *c)
{
    if (++c->in_vain == c->router.place.host_count && !c->mapped)
        wait_no_longer(c);
}

static void take_map(struct cluster *c)
{
    const struct rp_error *why;
    size_t missing;

    rp_error_clear(&c->why);
    c->in_vain = 0;
    if (!take_owners(c)) {
        rp_error_set(&c->why, "ERR_STORE_REDIS", "the redis cluster has more than %d nodes", NODES);
        return;
    }
    c->mapped = true;
    missing = holes(c);
    if (missing > 0)
        rp_error_set(&c->why, "ERR_STORE_REDIS",
                     "the redis cluster has no node for %zu of its %d slots (see CLUSTER NODES)",
                     missing, RP_REDIS_SLOTS);
    why = trouble_of_nodes(c);
    if (missing > 0 || why != NULL)
        leave_guide(c); /* another node may have a newer map */
    send_waiting(c);
}

static void refuse_map(struct cluster *c, const redisReply *reply)
{
    char text[RP_REDIS_TEXT + 16];

    if (reply->type == REDIS_REPLY_ERROR)
        rp_redis_link_explain(c->guide, reply, &c->why);
    else
        rp_error_set(&c->why, "ERR_STORE_REDIS", "redis node at %.80s sent an invalid cluster map",
                     rp_redis_host_format(&c->guided_by, text));
    leave_guide(c);
    one_in_vain(c);
}

static void on_map(const redisReply *reply, void *arg)
{
    struct cluster *c = arg;

    c->asking = false;
    if (reply == NULL)
        return; /* the link is down: see on_guide_changed */
    rp_redis_router_hold(&c->router);
    if (rp_redis_map_read(&c->read, reply, &c->guided_by))
        take_map(c);
    else
        refuse_map(c, reply);
    rp_redis_router_tell(&c->router);
    rp_redis_router_release(&c->router);
}

static void on_ask(struct rp_timer *timer)
{
    struct cluster *c = timer->arg;
    const char *words[] = {"CLUSTER", "SLOTS"};
    struct rp_redis_command command = {.kind = RP_REDIS_OTHER, .argc = 2, .argv = words};
    bool well = c->mapped && c->why.code[0] == '\0' && trouble_of_nodes(c) == NULL;

    rp_timer_start(c->router.loop, &c->ask, well ? CALM_MS : c->pause_ms);
    c->pause_ms = c->pause_ms * 2 > LAST_MS ? LAST_MS : c->pause_ms * 2;
    if (!c->asking)
        c->asking = rp_redis_link_send(c->guide, &command, on_map, c);
}

static void on_guide_changed(void *arg)
{
    struct cluster *c = arg;

    if (c->moving)
        return;
    if (rp_redis_link_is_up(c->guide)) {
        if (!c->mapped)
            ask_soon(c);
        return;
    }
    rp_redis_router_hold(&c->router);
    if (!c->mapped)
        c->why = *rp_redis_link_trouble(c->guide); /* with a map this is not an error */
    rp_redis_link_aim(c->guide, next_guide(c));
    one_in_vain(c);
    rp_redis_router_tell(&c->router);
    rp_redis_router_release(&c->router);
}

/* -- the router interface */

static bool cluster_begin(struct rp_redis_router *r, struct rp_error *err)
{
    static const struct rp_redis_link_ops ops = {.changed = on_guide_changed};
    struct cluster *c = (struct cluster *)r;
    struct rp_redis_link_options o = rp_redis_router_link(r);

    memset(c->owner, RP_REDIS_NOBODY, sizeof c->owner);
    c->ask = (struct rp_timer){.fire = on_ask, .arg = c};
    c->patience = (struct rp_timer){.fire = on_patience, .arg = c};
    c->pause_ms = EAGER_MIN_MS;
    c->fresh = true;
    c->guided_by = r->place.hosts[0];
    o.what = "redis node";
    o.host = &c->guided_by;
    o.proof = RP_REDIS_ANY;
    o.ops = &ops;
    o.arg = c;
    c->guide = rp_redis_link_new(r->loop, &o, err);
    if (c->guide == NULL)
        return false;
    rp_timer_start(r->loop, &c->patience, 4 * (uint64_t)r->place.timeout_ms);
    on_ask(&c->ask);
    return true;
}

static bool cluster_send(struct rp_redis_router *router, const struct rp_redis_command *command,
                         rp_redis_replied *replied, void *arg)
{
    struct cluster *c = (struct cluster *)router;
    struct rp_redis_requests *list = c->mapped ? &c->sent : &c->waiting;
    struct rp_redis_request *r;

    if (!c->mapped && !c->fresh)
        return false;
    r = rp_redis_request_new(list, router, command, replied, arg);
    if (r == NULL)
        return false;
    r->slot = rp_redis_slot_of(command->argv[1],
                               command->lens != NULL ? command->lens[1] : strlen(command->argv[1]));
    if (!c->mapped || send_to(owner_of(c, r->slot), r))
        return true;
    rp_redis_request_drop(list, r);
    return false;
}

static const struct rp_error *cluster_trouble(const struct rp_redis_router *router)
{
    const struct cluster *c = (const struct cluster *)router;
    const struct rp_error *why = trouble_of_nodes(c);

    if (why != NULL)
        return why;
    return c->why.code[0] != '\0' && (c->mapped || !c->fresh) ? &c->why : NULL;
}

static void cluster_end(struct rp_redis_router *router)
{
    struct cluster *c = (struct cluster *)router;

    rp_timer_stop(&c->ask);
    rp_timer_stop(&c->patience);
    rp_redis_link_free(c->guide);
    for (size_t i = 0; i < NODES; i++)
        rp_redis_link_free(c->nodes[i].link);
    rp_redis_requests_forget(&c->waiting);
    rp_redis_requests_forget(&c->sent);
}

const struct rp_redis_router_form rp_redis_by_slots = {
    .size = sizeof(struct cluster),
    .begin = cluster_begin,
    .send = cluster_send,
    .trouble = cluster_trouble,
    .end = cluster_end,
};
