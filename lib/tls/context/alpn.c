/* SPDX-License-Identifier: MIT
 *
 * alpn.c - lists of ALPN protocol names; see alpn.h. The limits are those of RFC 7301, so that
 * every accepted list fits into a hello message. */
#include "lib/tls/context/alpn.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 255, LIST_MAX = UINT16_MAX };

static size_t wire_size(const char *const *names)
{
    size_t size = 0;

    for (; *names != NULL; names++)
        size += strlen(*names) + 1;
    return size;
}

static bool fits(const char *const *names, struct rp_error *err)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strlen(names[i]) > NAME_MAX_LEN)
            return rp_error_set(err, "ERR_OUT_OF_RANGE",
                                "The byte length of the protocol at index %zu exceeds the maximum "
                                "length. It must be <= 255. Received %zu",
                                i, strlen(names[i]));
    return wire_size(names) <= LIST_MAX ||
           rp_error_set(
               err, "ERR_OUT_OF_RANGE",
               "the ALPN protocols are too long: %zu bytes in total; a ClientHello has room for %d",
               wire_size(names), LIST_MAX);
}

bool rp_alpn_copy(char ***copy, const char *const *names, struct rp_error *err)
{
    size_t count = 0;

    *copy = NULL;
    if (names == NULL || names[0] == NULL)
        return true;
    if (!fits(names, err))
        return false;
    while (names[count] != NULL)
        count++;
    *copy = calloc(count + 1, sizeof **copy);
    for (size_t i = 0; *copy != NULL && i < count; i++)
        if (((*copy)[i] = strdup(names[i])) == NULL) {
            rp_alpn_free(*copy);
            *copy = NULL;
        }
    return *copy != NULL || rp_error_set(err, "ENOMEM", "no memory for ALPN protocols");
}

void rp_alpn_free(char **names)
{
    for (char **name = names; name != NULL && *name != NULL; name++)
        free(*name);
    free(names);
}

bool rp_alpn_offer(SSL *ssl, char *const *names)
{
    const char *const *list = (const char *const *)names;
    uint8_t *wire, *at;
    bool ok;

    if (list == NULL)
        return true;
    wire = at = malloc(wire_size(list) + 1);
    if (wire == NULL)
        return false;
    for (; *list != NULL; list++) {
        size_t len = strlen(*list);

        *at++ = (uint8_t)len;
        memcpy(at, *list, len);
        at += len;
    }
    ok = SSL_set_alpn_protos(ssl, wire, (unsigned)(at - wire)) == 0;
    free(wire);
    return ok;
}
