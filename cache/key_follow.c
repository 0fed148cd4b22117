/* SPDX-License-Identifier: MIT
 *
 * key_follow.c - a ring that follows another process's ring, and the public view of a ring; see
 * key_ring.h. The danger is a copy of old keys: the child wipes its copy of the parent's ring. */
#include "cache/key_ring_internal.h"

#include <string.h>

void rp_key_ring_tell(const struct rp_key_ring *r, bool shared, const struct rp_ticket_key *key)
{
    const struct rp_key_epochs *e = &r->epochs[r->of];
    uint8_t note[RP_KEY_NOTE];
    struct rp_writer w = rp_writer_of(note, sizeof note);

    if (r->learned == NULL)
        return;
    rp_writer_uint(&w, e->epoch_ms, 8);
    rp_writer_uint(&w, r->asked, 8);
    rp_writer_uint(&w, r->asked_turn, 8);
    rp_writer_uint(&w, shared, 1);
    rp_ticket_key_encode(key, w.at);
    r->learned(note, r->arg);
    explicit_bzero(note, sizeof note);
}

struct rp_key_ring *rp_key_ring_follow(struct rp_key_ring *parents, struct rp_loop *loop,
                                       struct rp_error *err)
{
    struct rp_key_ring *r = rp_key_ring_blank(loop, NULL, parents->keys, err);

    if (r != NULL) {
        rp_key_ring_go_on_with(r, parents);
        r->follows = true;
    }
    rp_key_ring_free(parents);
    if (r != NULL)
        rp_key_ring_begin_round(r);
    return r;
}

bool rp_key_ring_hear(struct rp_key_ring *r, struct rp_cursor note)
{
    uint64_t lifetime = rp_cursor_uint(&note, 8), epoch = rp_cursor_uint(&note, 8),
             turn = rp_cursor_uint(&note, 8);
    bool shared = rp_cursor_uint(&note, 1) == 1,
         ok = lifetime > 0 && rp_cursor_left(&note) == RP_KEY_MATERIAL;
    struct rp_ticket_key key = {.size = 0};
    struct rp_key_epochs *of;

    ok = ok && rp_ticket_key_decode(&key, note.at, RP_KEY_MATERIAL, RP_TICKET_KEY_NODE, NULL);
    of = ok ? rp_key_ring_epochs_of(r, lifetime) : NULL; /* lifetimes arrive before their keys */
    if (of != NULL) {
        rp_key_epochs_learn(of, epoch, turn, shared, &key);
        rp_key_ring_fill(r);
    }
    explicit_bzero(&key, sizeof key);
    return ok;
}

bool rp_key_ring_hear_lifetimes(struct rp_key_ring *r, struct rp_cursor bytes)
{
    struct rp_key_lifetimes heard;

    if (!rp_key_lifetimes_decode(&heard, bytes) || heard.count == 0 ||
        heard.at[0].epoch_ms != r->epochs[0].epoch_ms)
        return false;
    r->lifetimes = heard;
    rp_key_ring_follow_lifetimes(r);
    return true;
}

/* -- the public view */

/* A key of this epoch encrypts until the next turn begins. */
static enum rp_key_role role_of(const struct rp_key_ring *r, const struct rp_key_epochs *of,
                                const struct rp_known_key *known, uint64_t now)
{
    uint64_t current = rp_key_epoch_at(of, now), turn = rp_notices_turn_at(r->turns, now);

    if (known->epoch != current)
        return known->epoch > current ? RP_KEY_NEXT : RP_KEY_PREVIOUS;
    return known->turn > turn    ? RP_KEY_NEXT
           : known->turn == turn ? RP_KEY_CURRENT
                                 : RP_KEY_PREVIOUS;
}

static struct rp_key_info info_of(const struct rp_key_ring *r, const struct rp_key_epochs *of,
                                  const struct rp_known_key *known)
{
    uint64_t begins = known->epoch * of->epoch_ms;
    struct rp_key_info info = {
        .epoch = known->epoch,
        .role = role_of(r, of, known, r->now_ms()),
        .mints = known == rp_key_ring_minting(r),
        .derived = known->origin != known->epoch,
        .begins_ms = begins > known->turn ? begins : known->turn,
        .turn = known->turn,
        .erased_ms = rp_key_erased_ms(of, known->epoch),
    };

    memcpy(info.name_prefix, known->key.name, sizeof info.name_prefix);
    return info;
}

size_t rp_key_ring_list(const struct rp_key_ring *r, struct rp_key_info *out, size_t capacity)
{
    size_t count = 0;

    for (size_t of = 0; of < r->epochs_count; of++)
        for (size_t i = 0; i < r->epochs[of].count && count < capacity; i++)
            out[count++] = info_of(r, &r->epochs[of], &r->epochs[of].known[i]);
    return count;
}

uint64_t rp_key_ring_epoch_ms(const struct rp_key_ring *r)
{
    return r->epochs[0].epoch_ms;
}

uint64_t rp_key_ring_epoch(const struct rp_key_ring *r)
{
    return rp_key_epoch_at(&r->epochs[0], r->now_ms());
}
