/* SPDX-License-Identifier: MIT
 *
 * target.c - the targets of the load: an address, a Unix socket, or each address of a name; and the
 * name that the server's certificate must contain. */
#include "contrib/load/load.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A name may end with a dot, which certificates do not contain. */
static bool take_name(struct load_target *t, struct rp_error *err)
{
    size_t len = (size_t)(strrchr(t->text, ':') - t->text);

    len -= len > 0 && t->text[len - 1] == '.';
    if (len == 0 || len > LOAD_NAME_MAX)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "a name must have 1 to %d bytes",
                            LOAD_NAME_MAX);
    memcpy(t->host, t->text, len);
    t->host[len] = '\0';
    t->named = true;
    return true;
}

static void take_address(struct load_target *t)
{
    char host[RP_ADDRESS_TEXT];
    bool local = t->address.any.sa_family == AF_UNIX;

    snprintf(t->host, sizeof t->host, "%s",
             local ? "localhost" : rp_address_host(&t->address, host));
}

/* "::1:443", "2001:db8::1": without brackets the port is ambiguous. */
static bool lacks_brackets(const char *text)
{
    return strncmp(text, "unix:", 5) != 0 && *text != '[' &&
           strchr(text, ':') != strrchr(text, ':');
}

/* -- the addresses of a name */

static bool is_loopback(const struct rp_address *a)
{
    return a->any.sa_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr)
                                        : ntohl(a->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* Loopback only, so it does not block for long. */
static bool accepts(const struct rp_address *a)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, &a->any, a->len) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool is_known(const struct load_options *o, unsigned from, const struct rp_address *a)
{
    for (unsigned i = from; i < o->target_count; i++)
        if (rp_address_equal(&o->targets[i].address, a))
            return true;
    return false;
}

static bool add_address(struct load_options *o, const struct load_target *named,
                        const struct addrinfo *from, unsigned first, struct rp_error *err)
{
    struct load_target *t = &o->targets[o->target_count];
    struct rp_address address = named->address;

    if (from->ai_addrlen > sizeof address.in6)
        return true; /* the family is not supported */
    memcpy(&address.any, from->ai_addr, from->ai_addrlen);
    address.len = from->ai_addrlen;
    if (is_known(o, first, &address))
        return true;
    if (o->target_count == LOAD_TARGETS)
        return rp_error_set(err, "E2BIG", "with its addresses there are more than %d targets",
                            LOAD_TARGETS);
    *t = *named;
    t->address = address;
    o->target_count++;
    return true;
}

static void keep_one_of_this_host(struct load_options *o, unsigned first)
{
    unsigned best = first;

    for (unsigned i = first; i < o->target_count; i++)
        if (!is_loopback(&o->targets[i].address))
            return;
    while (best + 1 < o->target_count && !accepts(&o->targets[best].address))
        best++;
    if (!accepts(&o->targets[best].address))
        best = first;
    o->targets[first] = o->targets[best];
    o->target_count = first + 1;
}

/* In reports a target includes its address if the name has several. */
static void label(struct load_options *o, unsigned first)
{
    char host[RP_ADDRESS_TEXT];

    for (unsigned i = first; o->target_count > first + 1 && i < o->target_count; i++) {
        struct load_target *t = &o->targets[i];
        snprintf(t->label, sizeof t->label, "%.250s (%s)", t->text,
                 rp_address_host(&t->address, host));
    }
}

static bool add_name(struct load_options *o, struct load_target *named, const char *port,
                     struct rp_error *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    unsigned first = o->target_count;
    struct addrinfo *list;
    int result = getaddrinfo(named->host, port, &hints, &list);
    bool ok = true;

    if (result != 0)
        return rp_error_set(err, "ENOTFOUND", "the host name can't be resolved: %s",
                            gai_strerror(result));
    for (const struct addrinfo *a = list; ok && a != NULL; a = a->ai_next)
        ok = add_address(o, named, a, first, err);
    freeaddrinfo(list);
    if (!ok)
        return false;
    keep_one_of_this_host(o, first);
    label(o, first);
    return true;
}

/* -- parsing an argument */

static bool is_port(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && port > 0 && port <= UINT16_MAX;
}

static bool add_given_address(struct load_options *o, struct load_target *t, struct rp_error *err)
{
    take_address(t);
    if (t->address.any.sa_family != AF_UNIX && rp_address_port(&t->address) == 0)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "port 0 is invalid");
    o->targets[o->target_count++] = *t;
    return true;
}

bool load_targets_add(struct load_options *o, const char *text, struct rp_error *err)
{
    struct load_target t = {.text = text};
    const char *port = strrchr(text, ':');

    snprintf(t.label, sizeof t.label, "%s", text);
    if (lacks_brackets(text))
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "an IPv6 address needs brackets; write [%.*s]%.8s", (int)(port - text),
                            text, port);
    if (*text == ':' || *text == '*')
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "the host is missing; write host%s",
                            text + (*text == '*'));
    if (rp_address_parse(&t.address, text, false, NULL))
        return add_given_address(o, &t, err);
    if (port == NULL || *text == '[' || strncmp(text, "unix:", 5) == 0)
        return rp_address_parse(&t.address, text, false, err);
    if (!is_port(port + 1))
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "the port must be a number from 1 to %d",
                            UINT16_MAX);
    return take_name(&t, err) && add_name(o, &t, port + 1, err);
}

const char *load_server_name(const struct load_options *o, unsigned target, unsigned name)
{
    if (o->sni_count > 0)
        return o->sni[name];
    return o->targets[target].named ? o->targets[target].host : NULL;
}
