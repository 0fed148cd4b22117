/* SPDX-License-Identifier: MIT
 *
 * proxies.c - the sources that may send a PROXY header; see proxies.h. */
#include "worker/proxies.h"

static bool is_listed(const struct frontend_plan *plan, const struct rp_address *remote)
{
    for (size_t i = 0; remote != NULL && i < plan->conf->proxy_from.count; i++)
        if (rp_network_contains(&plan->proxy_from[i], &remote->any, remote->len))
            return true;
    return false;
}

bool proxies_trust(const struct frontend *f, const struct rp_address *remote)
{
    return f->plan->conf->proxy_from.count == 0 || is_listed(f->plan, remote);
}
