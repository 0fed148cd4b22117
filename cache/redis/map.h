/* SPDX-License-Identifier: MIT
 *
 * map.h - what servers say about where things are: the slots of a cluster and its masters,
 * redirections, the master that a sentinel knows. The danger: all of it comes from the network, and
 * may be nonsense; what is not wholly understood is refused. */
#ifndef RP_REDIS_MAP_H
#define RP_REDIS_MAP_H

#include "cache/redis/reply.h"
#include "cache/redis/uri.h"

enum { RP_REDIS_SLOTS = 16384, RP_REDIS_NODES_MAX = 128, RP_REDIS_NOBODY = UINT8_MAX };

/* CRC16 of the key, or of what is between its first braces if there is something: the slot. */
uint16_t rp_redis_slot_of(const void *key, size_t len);
/* A key behind this prefix that is in one of the slots that `whose` owns. false: there is none, or
 * the prefix has a {tag} of another slot. */
bool rp_redis_key_of(char key[RP_REDIS_TEXT], const char *prefix,
                     const uint8_t owner[RP_REDIS_SLOTS], uint8_t whose);

struct rp_redis_map {
    struct rp_redis_host masters[RP_REDIS_NODES_MAX];
    size_t master_count;
    uint8_t owner[RP_REDIS_SLOTS]; /* which of the masters; RP_REDIS_NOBODY */
};
/* From the reply to CLUSTER SLOTS; a master without an address is the one that was asked. false:
 * this is none, or one in which nobody has anything. */
bool rp_redis_map_read(struct rp_redis_map *, const redisReply *,
                       const struct rp_redis_host *asked);

struct rp_redis_redirection {
    uint16_t slot;
    bool ask; /* once; else for good */
    struct rp_redis_host host;
};
/* From an error MOVED or ASK. false: it is another one. */
bool rp_redis_redirection_read(struct rp_redis_redirection *, const redisReply *,
                               const struct rp_redis_host *asked);

/* From the reply to SENTINEL get-master-addr-by-name. */
bool rp_redis_master_read(struct rp_redis_host *, const redisReply *);

#endif
