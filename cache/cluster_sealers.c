/* SPDX-License-Identifier: MIT
 *
 * cluster_sealers.c - see cluster_sealers.h. The labels are part of the protocol: hosts of all
 * versions must use the same. */
#include "cache/cluster_sealers.h"

static bool derive(uint8_t key[RP_SECRET_SIZE], const struct rp_secret *from)
{
    return rp_secret_derive(from, "key ring", NULL, 0, key, RP_SECRET_SIZE);
}

/* During a change of the secret both secrets are available; each has its own sealer. */
static bool make_ticket_keys(struct rp_sealers *s, const struct rp_secret *secret,
                             struct rp_error *err)
{
    struct rp_secret ring = {.has_former = false}, former;
    bool ok = derive(ring.key, secret);

    ring.has_former = rp_secret_former(secret, &former);
    if (ring.has_former)
        ok = ok && derive(ring.former, &former);
    ok = ok ? rp_sealers_make(s, &ring, "ticket key", err)
            : rp_error_set(err, "ENOMEM", "no memory for the secret of ticket keys");
    rp_secret_wipe(&former);
    rp_secret_wipe(&ring);
    return ok;
}

bool rp_cluster_sealers_make(struct rp_cluster_sealers *s, const struct rp_secret *secret,
                             struct rp_error *err)
{
    *s = (struct rp_cluster_sealers){.sessions = {NULL, NULL}};
    if (rp_sealers_make(&s->sessions, secret, "session", err) &&
        rp_sealers_make(&s->early_data, secret, "early data", err) &&
        rp_sealers_make(&s->notices, secret, "notices", err) &&
        make_ticket_keys(&s->ticket_keys, secret, err))
        return true;
    rp_cluster_sealers_free(s);
    return false;
}

void rp_cluster_sealers_free(struct rp_cluster_sealers *s)
{
    rp_sealers_free(&s->sessions);
    rp_sealers_free(&s->early_data);
    rp_sealers_free(&s->notices);
    rp_sealers_free(&s->ticket_keys);
}
