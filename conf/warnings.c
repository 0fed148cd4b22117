/* SPDX-License-Identifier: MIT
 *
 * warnings.c - what a configuration may say, and hardly anybody means: options that have no effect,
 * and trust that goes further than it looks. */
#include "conf/conf.h"

#include <string.h>

/* One kind of warning: the *skip-th of it, or *skip reduced by how many there are. */
typedef bool warner(const struct conf *, size_t *skip, struct rp_error *note);

/* An option leaves this when it works. */
static bool warn_of_staples(const struct conf *conf, size_t *skip, struct rp_error *note)
{
    for (size_t i = 0; i < conf->certificate_count; i++)
        if (conf->certificates[i].ocsp == CONF_OCSP_FILE && (*skip)-- == 0)
            return !conf_error(note, &conf->certificates[i].place,
                               "ocsp: has no effect in this version; nothing is stapled");
    return false;
}

/* Can nobody but this host connect? */
static bool is_local(const char *listen)
{
    static const char *const local[] = {"unix:", "127.", "[::1]:", "localhost:"};

    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (strncmp(listen, local[i], strlen(local[i])) == 0)
            return true;
    return false;
}

static bool believes_anybody(const struct conf_frontend *f)
{
    if (f->proxy_protocol == CONF_PROXY_OFF || f->proxy_from.count > 0)
        return false;
    for (size_t i = 0; i < f->listen.count; i++)
        if (!is_local(f->listen.at[i]))
            return true;
    return false;
}

static bool warn_of_proxies(const struct conf *conf, size_t *skip, struct rp_error *note)
{
    for (size_t i = 0; i < conf->frontend_count; i++) {
        const struct conf_frontend *f = &conf->frontends[i];

        if (believes_anybody(f) && (*skip)-- == 0)
            return !conf_error(note, &f->tls.place,
                               "proxy-protocol: whoever can connect to frontend \"%s\" can claim "
                               "any client address; list the proxies in proxy-from",
                               f->name);
    }
    return false;
}

bool conf_warning(const struct conf *conf, size_t index, struct rp_error *note)
{
    static warner *const warners[] = {warn_of_staples, warn_of_proxies};

    for (size_t i = 0; i < sizeof warners / sizeof *warners; i++)
        if (warners[i](conf, &index, note))
            return true;
    return false;
}
