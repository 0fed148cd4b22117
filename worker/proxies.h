/* SPDX-License-Identifier: MIT
 *
 * proxies.h - which sources may say, by a PROXY header, who the client is. */
#ifndef PROXIES_H
#define PROXIES_H

#include "worker/frontend.h"
#include <reprise/net.h>

/* Is this source in proxy-from? Always true for a frontend without proxy-from. */
bool proxies_trust(const struct frontend *, const struct rp_address *remote);

#endif
