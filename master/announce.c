/* SPDX-License-Identifier: MIT
 *
 * announce.c - see announce.h. The danger is a moment that is still to come: no session that
 * begins until then could be resumed, and an announcement can't be taken back; or a host that no
 * session is of: whoever asked believes that something was forgotten. */
#include "master/announce.h"

#include <string.h>

static bool refuse(struct rp_error *err, const char *why)
{
    return rp_error_set(err, "ERR_REQUEST", "%s", why);
}

static bool read_moment(const json_t *before, uint64_t now_ms, uint64_t *ms, struct rp_error *err)
{
    *ms = now_ms;
    if (before == NULL)
        return true;
    if (!json_is_integer(before) || json_integer_value(before) <= 0)
        return refuse(err, "\"before\" is invalid; give Unix time in milliseconds");
    *ms = (uint64_t)json_integer_value(before);
    return *ms <= now_ms || refuse(err, "the time is in the future; choose an earlier one");
}

bool announce_is_host(const char *name, struct rp_error *err)
{
    static const char of[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    struct rp_notices none = {.host_count = 0};

    return (name[strspn(name, of)] == '\0' && rp_notices_add_host(&none, name, 1)) ||
           refuse(err, "invalid host; give a server name like www.example.com: letters, digits, - "
                       "and _ between dots, up to 253; no port, no wildcard");
}

bool announce_revocation(struct rp_notices *news, const json_t *request, uint64_t now_ms,
                         struct rp_error *err)
{
    const json_t *host = json_object_get(request, "host"),
                 *before = json_object_get(request, "before");
    bool all = json_is_true(json_object_get(request, "all"));
    uint64_t ms;

    *news = (struct rp_notices){.host_count = 0};
    if (all == (host != NULL || before != NULL))
        return refuse(err, "give \"all\", or \"before\", \"host\" or both");
    if (!read_moment(before, now_ms, &ms, err))
        return false;
    if (host == NULL) {
        news->all_before_ms = ms;
        return true;
    }
    /* What is cut at a NUL is another's name. */
    if (!json_is_string(host) || strlen(json_string_value(host)) != json_string_length(host))
        return refuse(err, "\"host\" is not a string without NUL bytes");
    return announce_is_host(json_string_value(host), err) &&
           rp_notices_add_host(news, json_string_value(host), ms);
}

bool announce_rotation(struct rp_notices *news, const struct rp_notices *known, uint64_t now_ms,
                       struct rp_error *err)
{
    *news = (struct rp_notices){.host_count = 0};
    if (known->turns[0] > now_ms)
        return refuse(err, "a rotation is in progress; try again in a few seconds");
    rp_notices_add_turn(news, now_ms + RP_NOTICES_LEAD);
    return true;
}
