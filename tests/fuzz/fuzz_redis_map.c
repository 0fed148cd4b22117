/* SPDX-License-Identifier: MIT
 *
 * fuzz_redis_map.c - any bytes as what a Redis, a node of a cluster or a sentinel answers. Held to:
 * what is read is whole (each owner is a master, each host can be connected to), and nothing is
 * asked of memory that was not sent. */
#include "cache/redis/map.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_host(const struct rp_redis_host *h)
{
    assert(h->port != 0 && h->name[0] != '\0' && strlen(h->name) < sizeof h->name);
}

static void check_map(const struct rp_redis_map *map)
{
    assert(map->master_count > 0 && map->master_count <= RP_REDIS_NODES_MAX);
    for (size_t i = 0; i < map->master_count; i++)
        check_host(&map->masters[i]);
    for (size_t i = 0; i < RP_REDIS_SLOTS; i++)
        assert(map->owner[i] == RP_REDIS_NOBODY || map->owner[i] < map->master_count);
}

static void check_reply(const redisReply *reply)
{
    static const struct rp_redis_host asked = {"asked", 1};
    static struct rp_redis_map map;
    struct rp_redis_redirection to;
    struct rp_redis_host host;

    if (rp_redis_map_read(&map, reply, &asked))
        check_map(&map);
    if (rp_redis_redirection_read(&to, reply, &asked)) {
        check_host(&to.host);
        assert(to.slot < RP_REDIS_SLOTS);
    }
    if (rp_redis_master_read(&host, reply))
        check_host(&host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rp_redis_reader reader = {0};
    size_t half = size / 2;
    redisReply *reply;

    assert(rp_redis_slot_of(data, size) < RP_REDIS_SLOTS);
    if (!rp_redis_reader_begin(&reader))
        return 0;
    for (int part = 0; part < 2; part++) {
        if (!rp_redis_reader_feed(&reader, part == 0 ? data : data + half,
                                  part == 0 ? half : size - half))
            break;
        while (rp_redis_reader_next(&reader, 64 * 1024, &reply) && reply != NULL) {
            check_reply(reply);
            freeReplyObject(reply);
        }
    }
    rp_redis_reader_end(&reader);
    return 0;
}
