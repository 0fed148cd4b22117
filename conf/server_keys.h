/* SPDX-License-Identifier: MIT
 *
 * server_keys.h - which server an address of a backend is, however it is spelled.
 * "localhost:80", "127.0.0.1:80", "[::1]:80" and "127.1:080" are one server. Only conf/ includes
 * it. */
#ifndef CONF_SERVER_KEYS_H
#define CONF_SERVER_KEYS_H

#include "conf/conf.h"

/* Keys of the servers that a backend connects to; two backends with a common key share a server.
 * With `resolve` names are looked up, which may block. Freed with conf_strings_free. false: no
 * memory, and the list is empty. */
bool conf_server_keys(const struct conf_backend *, bool resolve, struct conf_strings *out);
bool conf_server_keys_meet(const struct conf_strings *, const struct conf_strings *);

#endif
