/* SPDX-License-Identifier: MIT
 *
 * slices.c - count events in the second and in the phase in which they happen. */
#include "contrib/load/run/run.h"

enum { SLICES = 2 };

static unsigned now_in(const struct run *r, struct load_second *slices[SLICES])
{
    struct load_stats *s = r->stats;
    uint64_t us = load_now_us() - r->begun_us, second = us / r->second_us;
    const struct load_phase *phase = load_phase_at(&r->o->phases, us / 1000);

    if (second >= LOAD_SECONDS)
        second = LOAD_SECONDS - 1;
    if (second >= s->second_count)
        s->second_count = (unsigned)second + 1;
    slices[0] = &s->seconds[second];
    if (phase == NULL)
        return 1;
    slices[1] = &s->phases[phase - r->o->phases.list];
    return 2;
}

void load_slices_handshake(struct run *r, bool resumed, bool declined, uint64_t took_us)
{
    struct load_second *slices[SLICES];

    for (unsigned i = now_in(r, slices); i-- > 0;) {
        slices[i]->resumed += resumed;
        slices[i]->full += !resumed;
        slices[i]->declined += declined;
        histogram_record(&slices[i]->handshake_us, took_us);
    }
}

void load_slices_failed(struct run *r)
{
    struct load_second *slices[SLICES];

    for (unsigned i = now_in(r, slices); i-- > 0;)
        slices[i]->failed++;
}

void load_slices_request(struct run *r)
{
    struct load_second *slices[SLICES];

    for (unsigned i = now_in(r, slices); i-- > 0;)
        slices[i]->requests++;
}

void load_slices_bytes(struct run *r, uint64_t bytes)
{
    struct load_second *slices[SLICES];

    for (unsigned i = now_in(r, slices); i-- > 0;)
        slices[i]->bytes += bytes;
}
