/* SPDX-License-Identifier: MIT
 *
 * address.c - addresses from text and back: "host:port", "[v6]:port", "unix:/path". */
#include "lib/base/args.h"
#include <reprise/net.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool parse_unix(struct rp_address *a, const char *path, struct rp_error *err)
{
    size_t len = strlen(path);
    bool abstract = path[0] == '@';

    if (len == 0 || len >= sizeof a->un.sun_path)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "\"unix:%.120s\" is not the path of a Unix socket: it has %zu bytes, 1 "
                            "to %zu are valid",
                            path, len, sizeof a->un.sun_path - 1);
    a->un.sun_family = AF_UNIX;
    memcpy(a->un.sun_path, path, len + 1);
    if (abstract)
        a->un.sun_path[0] = '\0';
    a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (abstract ? 0 : 1));
    return true;
}

static bool parse_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;

    if (*text == '\0' || strlen(text) > 5)
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned long)(*text - '0');
    }
    *port = (uint16_t)value;
    return value <= 65535;
}

static bool parse_numeric(struct rp_address *a, const char *host, uint16_t port)
{
    if (inet_pton(AF_INET, host, &a->in.sin_addr) == 1) {
        a->in.sin_family = AF_INET;
        a->in.sin_port = htons(port);
        a->len = sizeof a->in;
        return true;
    }
    if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) == 1) {
        a->in6.sin6_family = AF_INET6;
        a->in6.sin6_port = htons(port);
        a->len = sizeof a->in6;
        return true;
    }
    return false;
}

static bool resolve_name(struct rp_address *a, const char *host, uint16_t port,
                         struct rp_error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list;
    int rc = getaddrinfo(host, NULL, &hints, &list);

    if (rc != 0)
        return rp_error_set(err, rc == EAI_AGAIN ? "EAI_AGAIN" : "ENOTFOUND",
                            "host name \"%.100s\" can't be resolved: %s", host, gai_strerror(rc));
    a->len = list->ai_addrlen;
    memcpy(&a->any, list->ai_addr, list->ai_addrlen);
    if (a->any.sa_family == AF_INET)
        a->in.sin_port = htons(port);
    else
        a->in6.sin6_port = htons(port);
    freeaddrinfo(list);
    return true;
}

/* Split "host:port" or "[host]:port" into its parts. */
static bool split(const char *text, char *host, size_t size, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    size_t len;

    if (colon == NULL || !parse_port(colon + 1, port))
        return false;
    len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false; /* an IPv6 address requires brackets */
    }
    if (len >= size)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    return true;
}

/* On a system without IPv6 (ipv6.disable=1) such a socket cannot be created. */
static bool has_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0 || errno != EAFNOSUPPORT;
}

bool rp_address_parse(struct rp_address *a, const char *text, bool resolve, struct rp_error *err)
{
    char host[256];
    uint16_t port;

    rp_error_clear(err);
    if (!rp_given(a, "address", err) || !rp_given(text, "text", err))
        return false;
    memset(a, 0, sizeof *a);
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(a, text + 5, err);
    if (!split(text, host, sizeof host, &port))
        return rp_error_set(
            err, "ERR_INVALID_ARG_VALUE",
            "\"%.100s\" is not an address; write host:port, [IPv6]:port or unix:/path", text);
    if (host[0] == '\0' || strcmp(host, "*") == 0)
        return parse_numeric(a, has_ipv6() ? "::" : "0.0.0.0", port);
    if (parse_numeric(a, host, port))
        return true;
    if (resolve)
        return resolve_name(a, host, port, err);
    return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                        "\"%.100s\" is not a numeric address; write 127.0.0.1:port or [::1]:port",
                        host);
}

const char *rp_address_host(const struct rp_address *a, char text[RP_ADDRESS_TEXT])
{
    size_t len;

    if (text == NULL)
        return NULL;
    text[0] = '\0';
    if (a == NULL || a->len == 0)
        return text;
    switch (a->any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &a->in.sin_addr, text, RP_ADDRESS_TEXT);
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &a->in6.sin6_addr, text, RP_ADDRESS_TEXT);
        break;
    case AF_UNIX:
        if (a->len <= offsetof(struct sockaddr_un, sun_path))
            break; /* an unnamed socket, as most clients have */
        len = a->len - offsetof(struct sockaddr_un, sun_path);
        if (a->un.sun_path[0] == '\0')
            snprintf(text, RP_ADDRESS_TEXT, "@%.*s", (int)len - 1, a->un.sun_path + 1);
        else
            snprintf(text, RP_ADDRESS_TEXT, "%.*s", (int)len, a->un.sun_path);
        break;
    default:
        break;
    }
    return text;
}

const char *rp_address_format(const struct rp_address *a, char text[RP_ADDRESS_TEXT])
{
    char host[RP_ADDRESS_TEXT];

    if (text == NULL)
        return NULL;
    rp_address_host(a, host);
    if (a == NULL || a->len == 0)
        snprintf(text, RP_ADDRESS_TEXT, "unknown");
    else if (a->any.sa_family == AF_UNIX)
        snprintf(text, RP_ADDRESS_TEXT, "unix:%.120s", host);
    else
        snprintf(text, RP_ADDRESS_TEXT, a->any.sa_family == AF_INET6 ? "[%.100s]:%u" : "%.100s:%u",
                 host, rp_address_port(a));
    return text;
}

uint16_t rp_address_port(const struct rp_address *a)
{
    if (a == NULL)
        return 0;
    if (a->len != 0 && a->any.sa_family == AF_INET)
        return ntohs(a->in.sin_port);
    if (a->len != 0 && a->any.sa_family == AF_INET6)
        return ntohs(a->in6.sin6_port);
    return 0;
}

const char *rp_address_family(const struct rp_address *a)
{
    if (a == NULL)
        return NULL;
    if (a->len != 0 && a->any.sa_family == AF_INET)
        return "IPv4";
    if (a->len != 0 && a->any.sa_family == AF_INET6)
        return "IPv6";
    return "Unix";
}

bool rp_address_unmap(struct rp_address *a)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    if (a == NULL || a->len == 0 || a->any.sa_family != AF_INET6 ||
        !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
        return false;
    in.sin_port = a->in6.sin6_port;
    memcpy(&in.sin_addr, a->in6.sin6_addr.s6_addr + 12, sizeof in.sin_addr);
    a->in = in;
    a->len = sizeof in;
    return true;
}

bool rp_address_equal(const struct rp_address *a, const struct rp_address *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->len == 0 || b->len == 0 || a->any.sa_family != b->any.sa_family)
        return a->len == b->len;
    if (a->any.sa_family == AF_INET)
        return a->in.sin_port == b->in.sin_port && a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    if (a->any.sa_family == AF_INET6)
        return a->in6.sin6_port == b->in6.sin6_port &&
               memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr) == 0;
    return a->len == b->len && memcmp(&a->un, &b->un, a->len) == 0;
}
