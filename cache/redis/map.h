/* SPDX-License-Identifier: MIT
 *
 * map.h - parse what servers report: the slots of a cluster and its masters, redirections, and the
 * master of a sentinel. The danger: all of it comes from the network and may be malformed; anything
 * invalid is refused as a whole. */
#ifndef RP_REDIS_MAP_H
#define RP_REDIS_MAP_H

#include "cache/redis/reply.h"
#include "cache/redis/uri.h"

enum { RP_REDIS_SLOTS = 16384, RP_REDIS_NODES_MAX = 128, RP_REDIS_NOBODY = UINT8_MAX };

/* The slot of a key: CRC16 of the key, or of the text between its first braces if not empty. */
uint16_t rp_redis_slot_of(const void *key, size_t len);
/* Find a key with this prefix in one of the slots that `whose` owns. false: no such key was found,
 * or the prefix has a {tag} of another slot. */
bool rp_redis_key_of(char key[RP_REDIS_TEXT], const char *prefix,
                     const uint8_t owner[RP_REDIS_SLOTS], uint8_t whose);

struct rp_redis_map {
    struct rp_redis_host masters[RP_REDIS_NODES_MAX];
    size_t master_count;
    uint8_t owner[RP_REDIS_SLOTS]; /* index of the master; RP_REDIS_NOBODY */
};
/* Parse the reply to CLUSTER SLOTS; a master without an address is the server that was asked.
 * false: malformed, or no slot has a master. */
bool rp_redis_map_read(struct rp_redis_map *, const redisReply *,
                       const struct rp_redis_host *asked);

struct rp_redis_redirection {
    uint16_t slot;
    bool ask; /* ASK: for one command; otherwise MOVED */
    struct rp_redis_host host;
};
/* Parse an error MOVED or ASK. false: another error. */
bool rp_redis_redirection_read(struct rp_redis_redirection *, const redisReply *,
                               const struct rp_redis_host *asked);

/* Parse the reply to SENTINEL get-master-addr-by-name. */
bool rp_redis_master_read(struct rp_redis_host *, const redisReply *);

#endif
