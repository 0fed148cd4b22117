/* SPDX-License-Identifier: MIT
 *
 * map.c - parse maps, redirections and masters; see map.h. */
#include "cache/redis/map.h"

#include <stdio.h>
#include <string.h>

/* CRC-16/XMODEM, as the cluster specification requires. */
static uint16_t crc16(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint16_t)(bytes[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

uint16_t rp_redis_slot_of(const void *key, size_t len)
{
    const uint8_t *begin = key, *open = memchr(key, '{', len), *close;

    if (open != NULL) {
        open++;
        close = memchr(open, '}', len - (size_t)(open - begin));
        if (close != NULL && close > open)
            return crc16(open, (size_t)(close - open)) % RP_REDIS_SLOTS;
    }
    return crc16(begin, len) % RP_REDIS_SLOTS;
}

/* The CRC is linear, so six letters with three variable bits each reach all slots for every prefix.
 * On average the first match takes as many attempts as there are slots for each slot of the
 * owner. */
bool rp_redis_key_of(char key[RP_REDIS_TEXT], const char *prefix,
                     const uint8_t owner[RP_REDIS_SLOTS], uint8_t whose)
{
    enum { LETTERS = 6, BITS = 3 };
    size_t len = (size_t)snprintf(key, RP_REDIS_TEXT, "%.*sprobe-", RP_REDIS_PREFIX_MAX, prefix);

    key[len + LETTERS] = '\0';
    for (unsigned i = 0; i < 1u << LETTERS * BITS; i++) {
        for (unsigned at = 0; at < LETTERS; at++)
            key[len + at] = (char)('h' + (i >> at * BITS) % (1u << BITS));
        if (owner[rp_redis_slot_of(key, len + LETTERS)] == whose)
            return true;
    }
    return false;
}

static bool read_number(uint16_t *to, const char *text, size_t len, uint32_t max)
{
    uint32_t value = 0;

    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *to = (uint16_t)value;
    return value <= max;
}

/* A name or an address; Redis sends "?" for an unknown one. */
static bool read_name(struct rp_redis_host *h, const char *text, size_t len)
{
    if (len == 0 || len >= sizeof h->name || memchr(text, '\0', len) != NULL || text[0] == '?')
        return false;
    memcpy(h->name, text, len);
    h->name[len] = '\0';
    return true;
}

/* -- CLUSTER SLOTS: an array of [first, last, [address, port, ...], replicas...] */

static bool read_integer(uint16_t *to, const redisReply *r, long long max)
{
    if (r->type != REDIS_REPLY_INTEGER || r->integer < 0 || r->integer > max)
        return false;
    *to = (uint16_t)r->integer;
    return true;
}

static bool read_node(struct rp_redis_host *h, const redisReply *r,
                      const struct rp_redis_host *asked)
{
    const redisReply *name;

    *h = *asked;
    if (r->type != REDIS_REPLY_ARRAY || r->elements < 2 ||
        !read_integer(&h->port, r->element[1], UINT16_MAX) || h->port == 0)
        return false;
    name = r->element[0];
    if (name->type == REDIS_REPLY_NIL || (name->type == REDIS_REPLY_STRING && name->len == 0))
        return true;
    return name->type == REDIS_REPLY_STRING && read_name(h, name->str, name->len);
}

static bool find_master(struct rp_redis_map *map, const struct rp_redis_host *h, uint8_t *which)
{
    for (size_t i = 0; i < map->master_count; i++) {
        *which = (uint8_t)i;
        if (rp_redis_host_equal(&map->masters[i], h))
            return true;
    }
    if (map->master_count == RP_REDIS_NODES_MAX)
        return false;
    *which = (uint8_t)map->master_count;
    map->masters[map->master_count++] = *h;
    return true;
}

static bool read_range(struct rp_redis_map *map, const redisReply *r,
                       const struct rp_redis_host *asked)
{
    struct rp_redis_host h;
    uint16_t first, last;
    uint8_t which;

    if (r->type != REDIS_REPLY_ARRAY || r->elements < 3 ||
        !read_integer(&first, r->element[0], RP_REDIS_SLOTS - 1) ||
        !read_integer(&last, r->element[1], RP_REDIS_SLOTS - 1) || first > last ||
        !read_node(&h, r->element[2], asked) || !find_master(map, &h, &which))
        return false;
    memset(map->owner + first, which, (size_t)(last - first) + 1);
    return true;
}

bool rp_redis_map_read(struct rp_redis_map *map, const redisReply *r,
                       const struct rp_redis_host *asked)
{
    map->master_count = 0;
    memset(map->owner, RP_REDIS_NOBODY, sizeof map->owner);
    if (r->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t i = 0; i < r->elements; i++)
        if (!read_range(map, r->element[i], asked))
            return false;
    return map->master_count > 0;
}

/* -- "MOVED 3999 127.0.0.1:6381", "ASK 3999 ::1:6381", "MOVED 3999 :6381" */

bool rp_redis_redirection_read(struct rp_redis_redirection *to, const redisReply *r,
                               const struct rp_redis_host *asked)
{
    const char *at, *space, *colon;

    to->ask = rp_redis_reply_says(r, "ASK");
    if (!to->ask && !rp_redis_reply_says(r, "MOVED"))
        return false;
    at = r->str + (to->ask ? 4 : 6);
    if (at > r->str + r->len)
        return false;
    space = strchr(at, ' ');
    colon = strrchr(at, ':');
    if (space == NULL || colon == NULL || colon <= space ||
        !read_number(&to->slot, at, (size_t)(space - at), RP_REDIS_SLOTS - 1))
        return false;
    to->host = *asked;
    if (!read_number(&to->host.port, colon + 1, strlen(colon + 1), UINT16_MAX) ||
        to->host.port == 0)
        return false;
    space++;
    return colon == space || read_name(&to->host, space, (size_t)(colon - space));
}

/* -- ["127.0.0.1", "6379"] */

bool rp_redis_master_read(struct rp_redis_host *h, const redisReply *r)
{
    const redisReply *name, *port;

    if (r->type != REDIS_REPLY_ARRAY || r->elements != 2)
        return false;
    name = r->element[0];
    port = r->element[1];
    return name->type == REDIS_REPLY_STRING && port->type == REDIS_REPLY_STRING &&
           read_name(h, name->str, name->len) &&
           read_number(&h->port, port->str, port->len, UINT16_MAX) && h->port != 0;
}
