/* SPDX-License-Identifier: MIT
 *
 * proxies.h - the sources that may state the client's address in a PROXY header. */
#ifndef PROXIES_H
#define PROXIES_H

#include "worker/frontend.h"
#include <reprise/net.h>

/* Whether this source is in proxy-from. Always true for a frontend without proxy-from. */
bool proxies_trust(const struct frontend *, const struct rp_address *remote);

#endif
