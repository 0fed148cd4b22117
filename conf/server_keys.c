/* SPDX-License-Identifier: MIT
 *
 * server_keys.c - see server_keys.h. A key is "loopback PORT", "ADDRESS PORT", "NAME PORT" or
 * "unix:PATH". All loopback addresses of this host and the unspecified address, which connects to
 * them, count as one: a server usually listens on both families. */
#include "conf/server_keys.h"

#include "conf/read.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add(struct conf_strings *out, const char *host, unsigned long port)
{
    char *key;

    return asprintf(&key, "%s %lu", host, port) >= 0 && conf_strings_add(out, key);
}

static bool is_loopback4(const struct in_addr *a)
{
    return a->s_addr == htonl(INADDR_LOOPBACK) || a->s_addr == htonl(INADDR_ANY);
}

static void host_of(const struct sockaddr *any, char host[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)any;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)any;
    struct in_addr v4;
    bool is4 = any->sa_family == AF_INET, loopback;

    if (is4) {
        v4 = in->sin_addr;
    } else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        memcpy(&v4, &in6->sin6_addr.s6_addr[12], sizeof v4);
        is4 = true;
    }
    loopback =
        is4 ? is_loopback4(&v4)
            : IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) || IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
    if (loopback)
        snprintf(host, INET6_ADDRSTRLEN, "loopback");
    else
        inet_ntop(is4 ? AF_INET : AF_INET6, is4 ? (const void *)&v4 : &in6->sin6_addr, host,
                  INET6_ADDRSTRLEN);
}

static bool is_localhost(const char *name)
{
    size_t len = strlen(name);
    const char *end = ".localhost";

    return strcmp(name, "localhost") == 0 || strcmp(name, "*") == 0 || *name == '\0' ||
           (len > strlen(end) && strcmp(name + len - strlen(end), end) == 0); /* RFC 6761 */
}

/* If the name cannot be looked up, the key contains the name. */
static bool add_host(struct conf_strings *out, const char *name, unsigned long port, bool resolve)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = resolve ? 0 : AI_NUMERICHOST},
                    *list = NULL;
    bool ok = true;

    if (is_localhost(name))
        return add(out, "loopback", port);
    if (getaddrinfo(name, NULL, &hints, &list) != 0)
        return add(out, name, port);
    for (const struct addrinfo *at = list; ok && at != NULL; at = at->ai_next) {
        char host[INET6_ADDRSTRLEN];

        host_of(at->ai_addr, host);
        ok = add(out, host, port);
    }
    freeaddrinfo(list);
    return ok;
}

/* The key has the real path of the directory: /run/x and /var/run/x are the same server. */
static bool add_unix(struct conf_strings *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    char directory[PATH_MAX], real[PATH_MAX], *key;
    int len;

    if (slash == NULL || slash == path || (size_t)(slash - path) >= sizeof directory)
        return conf_strings_add(out, strdup(path));
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
    len = asprintf(&key, "unix:%s%s", realpath(directory, real) != NULL ? real : directory, slash);
    return len >= 0 && conf_strings_add(out, key);
}

/* host:port, which conf_value_address has validated. */
static bool add_address(struct conf_strings *out, const char *address, bool resolve)
{
    const char *colon = strrchr(address, ':');
    bool brackets = *address == '[';
    char name[256];

    if (strncmp(address, "unix:", 5) == 0)
        return add_unix(out, address + 5);
    snprintf(name, sizeof name, "%.*s", (int)(colon - address) - 2 * brackets, address + brackets);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    if (*name != '\0' && name[strlen(name) - 1] == '.')
        name[strlen(name) - 1] = '\0';
    return add_host(out, name, strtoul(colon + 1, NULL, 10), resolve);
}

bool conf_server_keys(const struct conf_backend *backend, bool resolve, struct conf_strings *out)
{
    *out = (struct conf_strings){0};
    for (size_t i = 0; i < backend->address.count; i++)
        if (!add_address(out, backend->address.at[i], resolve)) {
            conf_strings_free(out);
            return false;
        }
    return true;
}

bool conf_server_keys_meet(const struct conf_strings *a, const struct conf_strings *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < b->count; j++)
            if (strcmp(a->at[i], b->at[j]) == 0)
                return true;
    return false;
}
