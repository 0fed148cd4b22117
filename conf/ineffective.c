/* SPDX-License-Identifier: MIT
 *
 * ineffective.c - options whose time has not come: accepted, so that a file is read by all
 * versions, and told, so that nobody relies on them. An option leaves this list when it works. */
#include "conf/conf.h"

#include <string.h>

bool conf_ineffective(const struct conf *conf, size_t index, struct rp_error *note)
{
    for (size_t i = 0; i < conf->certificate_count; i++)
        if (conf->certificates[i].ocsp == CONF_OCSP_FILE && index-- == 0)
            return !conf_error(note, &conf->certificates[i].place,
                               "ocsp: has no effect in this version; nothing is stapled");
    return false;
}
