/* SPDX-License-Identifier: MIT
 *
 * admin_host.h - which Host header a request to the admin address may have.
 * A page on the web can have a browser ask a name that its owner lets point to 127.0.0.1 (DNS
 * rebinding), and read the answer. Such a request names that host; so only hosts that are known
 * are answered. */
#ifndef ADMIN_HOST_H
#define ADMIN_HOST_H

#include "conf/conf.h"

/* `listen`: the admin address; `names`: further hosts, or NULL. Right are: "localhost", the host of
 * `listen`, any IP address where that is a wildcard, and
 * `names`; each with any port, as there may be a forwarded one. Of a Unix socket, which no browser
 * can reach, every host. */
bool admin_host_is_right(const char *host, const char *listen, const struct conf_strings *names);

#endif
