/* SPDX-License-Identifier: MIT
 *
 * key_records.c - the ring's records in the store: ticket keys, named by the length of the epoch,
 * its number and the turn; and the record of the lifetimes in force. See key_ring.h. The danger is
 * a forged record: only one that decrypts with our seal under its own name is used. */
#include "cache/key_ring_internal.h"

#include <string.h>

struct record_name {
    uint8_t bytes[24];
};

static const char lifetimes_name[] = "lifetimes"; /* differs in length from the name of a key */

static struct rp_bytes name_of(const struct rp_key_ring *r, struct record_name *n)
{
    uint64_t parts[3] = {r->epochs[r->of].epoch_ms, r->asked, r->asked_turn};

    if (r->of_lifetimes)
        return (struct rp_bytes){(const uint8_t *)lifetimes_name, sizeof lifetimes_name - 1};
    for (size_t part = 0; part < 3; part++)
        for (int i = 7; i >= 0; i--, parts[part] >>= 8)
            n->bytes[8 * part + (size_t)i] = (uint8_t)parts[part];
    return (struct rp_bytes){n->bytes, r->asked_turn != 0 ? 24 : 16};
}

bool rp_key_record_name(const struct rp_key_ring *r, uint8_t key[RP_SEAL_KEY_SIZE])
{
    struct record_name name;

    return rp_seal_name(r->sealers[r->under], name_of(r, &name), key);
}

static size_t unseal(const struct rp_key_ring *r, struct rp_bytes sealed, uint8_t *plain)
{
    struct record_name name;
    struct rp_bytes none = {0};
    uint64_t expires;

    return rp_unseal(r->sealers[r->under], name_of(r, &name), none, r->now_ms(), sealed, plain,
                     &expires);
}

bool rp_key_record_unseal(const struct rp_key_ring *r, struct rp_bytes sealed,
                          struct rp_ticket_key *key)
{
    uint8_t bytes[RP_KEY_MATERIAL + RP_SEAL_OVERHEAD];
    bool ok = sealed.len <= sizeof bytes && unseal(r, sealed, bytes) == RP_KEY_MATERIAL &&
              rp_ticket_key_decode(key, bytes, RP_KEY_MATERIAL, RP_TICKET_KEY_NODE, NULL);

    explicit_bzero(bytes, sizeof bytes);
    return ok;
}

static uint64_t erased_ms(const struct rp_key_ring *r)
{
    return rp_key_erased_ms(&r->epochs[r->of], r->asked);
}

size_t rp_key_record_seal(const struct rp_key_ring *r, const struct rp_ticket_key *key,
                          uint8_t *out)
{
    uint8_t bytes[RP_TICKET_KEYS_LONG];
    struct record_name name;
    struct rp_bytes none = {0};
    struct rp_bytes plain = {bytes, rp_ticket_key_encode(key, bytes)};
    size_t len = rp_seal(r->sealers[0], name_of(r, &name), none, erased_ms(r), plain, out);

    explicit_bzero(bytes, sizeof bytes);
    return len;
}

bool rp_key_record_recall(const struct rp_key_ring *r, struct rp_ticket_key *key)
{
    struct rp_store *near = rp_store_near(r->store);
    uint8_t record[RP_SEAL_KEY_SIZE];
    struct rp_store_reply reply;

    return near != NULL && near != r->store && rp_key_record_name(r, record) &&
           rp_store_get(near, (struct rp_bytes){record, sizeof record}, &reply, NULL) ==
               RP_STORE_OK &&
           rp_key_record_unseal(r, reply.value, key);
}

void rp_key_record_keep(const struct rp_key_ring *r, struct rp_bytes sealed)
{
    uint8_t key[RP_SEAL_KEY_SIZE];
    uint64_t now = r->now_ms(), erased = erased_ms(r);

    if (erased > now && rp_key_record_name(r, key))
        rp_store_keep(r->store, (struct rp_bytes){key, sizeof key}, sealed, erased - now);
}

/* -- lifetimes */

void rp_key_record_lifetimes(const struct rp_key_ring *r, struct rp_bytes sealed,
                             struct rp_key_lifetimes *out)
{
    uint8_t bytes[RP_KEY_LIFETIMES_BYTES + RP_SEAL_OVERHEAD];
    size_t len = sealed.len <= sizeof bytes ? unseal(r, sealed, bytes) : 0;

    rp_key_lifetimes_decode(out, rp_cursor_of(bytes, len));
}

/* The record expires with the last lifetime. */
void rp_key_record_put_lifetimes(const struct rp_key_ring *r)
{
    uint8_t bytes[RP_KEY_LIFETIMES_BYTES], sealed[RP_KEY_LIFETIMES_BYTES + RP_SEAL_OVERHEAD],
        key[RP_SEAL_KEY_SIZE];
    struct rp_bytes plain = {bytes, rp_key_lifetimes_encode(&r->lifetimes, bytes)}, none = {0};
    uint64_t until = 0, now = r->now_ms();
    struct record_name name;
    size_t len;

    for (size_t i = 0; i < r->lifetimes.count; i++)
        until = r->lifetimes.at[i].until_ms > until ? r->lifetimes.at[i].until_ms : until;
    len = rp_seal(r->sealers[0], name_of(r, &name), none, until, plain, sealed);
    if (len > 0 && until > now && rp_key_record_name(r, key))
        rp_store_put(r->store, (struct rp_bytes){key, sizeof key}, (struct rp_bytes){sealed, len},
                     until - now, NULL);
}
