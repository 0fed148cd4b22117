/* SPDX-License-Identifier: MIT
 *
 * proxies.h - which sources may say, by a PROXY header, who the client is. */
#ifndef PROXIES_H
#define PROXIES_H

#include "worker/frontend.h"
#include <reprise/net.h>

/* May a connection from there go on? false: it was counted and logged; close it. Always true for a
 * frontend without proxy-from. */
bool proxies_trust(struct frontend *, const struct rp_address *remote);

#endif
