/* SPDX-License-Identifier: MIT
 *
 * fuzz_redis_uri.c - any text is the URI of a Redis, or one line that says why not, in which is
 * nothing that stands before an @. */
#include "cache/redis/uri.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_place(const struct rp_redis_place *p)
{
    assert(p->host_count > 0 && p->host_count <= RP_REDIS_HOSTS_MAX);
    for (size_t i = 0; i < p->host_count; i++)
        assert(p->hosts[i].name[0] != '\0');
    assert((p->master[0] != '\0') == (p->form == RP_REDIS_SENTINEL));
    assert(p->timeout_ms > 0 && strlen(p->prefix) <= RP_REDIS_PREFIX_MAX);
    assert(p->form != RP_REDIS_CLUSTER || p->db == 0);
}

/* The eight bytes before the last @, if they can't be words of ours: those have no such bytes. */
static void check_secrecy(const char *text, const char *message)
{
    const char *at = strrchr(text, '@');
    char secret[9];

    if (at == NULL || at - text < 8)
        return;
    memcpy(secret, at - 8, 8);
    secret[8] = '\0';
    for (size_t i = 0; i < 8; i++)
        if (strchr("QXZ!#$^~", secret[i]) != NULL || (secret[i] & 0x80) != 0)
            assert(strstr(message, secret) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rp_redis_place place;
    struct rp_error error = {0};
    char *text = malloc(size + 1), shown[RP_REDIS_TEXT + 16];

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (rp_redis_place_parse(&place, text, &error)) {
        assert(rp_redis_uri_is(text));
        check_place(&place);
        assert(strlen(rp_redis_host_format(&place.hosts[0], shown)) > 0);
    } else {
        assert(strcmp(error.code, "ERR_STORE_URI") == 0 && error.message[0] != '\0');
        check_secrecy(text, error.message);
    }
    free(text);
    return 0;
}
