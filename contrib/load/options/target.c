/* SPDX-License-Identifier: MIT
 *
 * target.c - where to, and as whom that server has to identify itself. */
#include "contrib/load/load.h"

#include <string.h>

/* A name may end with the dot of the root, which no certificate has. */
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

/* "::1:443", "2001:db8::1": colons only, so what of it is the port nobody knows. */
static bool lacks_brackets(const char *text)
{
    return strncmp(text, "unix:", 5) != 0 && *text != '[' &&
           strchr(text, ':') != strrchr(text, ':');
}

bool load_target_parse(struct load_target *t, const char *text, struct rp_error *err)
{
    struct rp_address *a = &t->address;

    *t = (struct load_target){.text = text};
    if (lacks_brackets(text))
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                            "an IPv6 address needs brackets; write [%.*s]%.8s",
                            (int)(strrchr(text, ':') - text), text, strrchr(text, ':'));
    if (*text == ':' || *text == '*')
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "the host is missing; write host%s",
                            text + (*text == '*'));
    if (rp_address_parse(a, text, false, NULL))
        take_address(t);
    else if (!rp_address_parse(a, text, true, err) || !take_name(t, err))
        return false;
    if (a->any.sa_family != AF_UNIX && rp_address_port(a) == 0)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "port 0 is invalid");
    return true;
}

const char *load_server_name(const struct load_options *o, unsigned target, unsigned name)
{
    if (o->sni_count > 0)
        return o->sni[name];
    return o->targets[target].named ? o->targets[target].host : NULL;
}
