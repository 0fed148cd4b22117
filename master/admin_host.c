/* SPDX-License-Identifier: MIT
 *
 * admin_host.c - see admin_host.h. The header is hostile: it is compared, never resolved. */
#include "master/admin_host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 256 };

/* Without its port and brackets; false: no host. */
static bool host_of(char host[HOST_MAX], const char *text)
{
    const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
    const char *from = end != NULL ? text + 1 : text;
    size_t len = end != NULL ? (size_t)(end - from) : strcspn(text, ":");
    const char *rest = end != NULL ? end + 1 : text + len;

    if (len == 0 || len >= HOST_MAX || (*rest != '\0' && *rest != ':') ||
        (*rest == ':' && strspn(rest + 1, "0123456789") != strlen(rest + 1)))
        return false;
    memcpy(host, from, len);
    host[len] = '\0';
    return true;
}

/* Where both are IP addresses, and the one listened on is for this one too. */
static bool is_address_of(const char *host, const char *listen)
{
    struct in6_addr asked6, own6;
    struct in_addr asked, own;
    bool v4 = inet_pton(AF_INET, host, &asked) == 1, v6 = inet_pton(AF_INET6, host, &asked6) == 1;

    if (inet_pton(AF_INET, listen, &own) == 1)
        return v4 && (own.s_addr == asked.s_addr || own.s_addr == htonl(INADDR_ANY));
    if (strcmp(listen, "*") == 0)
        return v4 || v6;
    if (inet_pton(AF_INET6, listen, &own6) != 1)
        return v4 || v6; /* a name; and no name that somebody else controls is an address */
    return IN6_IS_ADDR_UNSPECIFIED(&own6) ? v4 || v6
                                          : v6 && memcmp(&own6, &asked6, sizeof own6) == 0;
}

bool admin_host_is_right(const char *text, const char *listen, const struct conf_strings *names)
{
    char host[HOST_MAX], own[HOST_MAX];

    if (strncmp(listen, "unix:", 5) == 0)
        return true;
    if (!host_of(host, text))
        return false;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    for (size_t i = 0; names != NULL && i < names->count; i++)
        if (strcasecmp(host, names->at[i]) == 0)
            return true;
    if (listen[0] == ':') /* :PORT, on every address */
        return is_address_of(host, "*");
    return host_of(own, listen) && (strcasecmp(host, own) == 0 || is_address_of(host, own));
}
