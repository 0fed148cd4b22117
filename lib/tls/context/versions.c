/* SPDX-License-Identifier: MIT
 *
 * versions.c - protocol versions by node's names (A4, B5 to B7). Only parses names; whether this
 * OpenSSL supports a version is found out in the handshake. */
#include "lib/tls/context/versions.h"

#include <string.h>

#include <openssl/ssl.h>

#include <reprise/tls.h>

static const struct {
    const char *name;
    int number;
} names[] = {{"TLSv1", TLS1_VERSION},
             {"TLSv1.1", TLS1_1_VERSION},
             {"TLSv1.2", TLS1_2_VERSION},
             {"TLSv1.3", TLS1_3_VERSION}};

const char *rp_version_name(int number)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (number == names[i].number)
            return names[i].name;
    return NULL;
}

int rp_version_number(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i].name) == 0)
            return names[i].number;
    return 0;
}

static bool choose_limit(int *limit, const char *name, const char *which, struct rp_error *err)
{
    if (name == NULL)
        return true;
    *limit = rp_version_number(name);
    return *limit != 0 ||
           rp_error_set(err, "ERR_TLS_INVALID_PROTOCOL_VERSION",
                        "\"%.40s\" is not a valid %s TLS protocol version", name, which);
}

static bool choose_default(int *limit, const char *name, const char *which, struct rp_error *err)
{
    return name == NULL || *name == '\0' || choose_limit(limit, name, which, err);
}

/* Get the length of "TLSv1_2" in "TLSv1_2_server_method"; false: the name has no valid suffix. */
static bool split_method(const char *name, size_t *stem, struct rp_versions *v)
{
    static const char server[] = "_server_method", client[] = "_client_method", any[] = "_method";
    size_t len = strlen(name);

    v->server_only = len >= sizeof server && strcmp(name + len + 1 - sizeof server, server) == 0;
    v->client_only = len >= sizeof client && strcmp(name + len + 1 - sizeof client, client) == 0;
    if (v->server_only || v->client_only)
        *stem = len + 1 - sizeof server; /* both suffixes have the same length */
    else if (len >= sizeof any && strcmp(name + len + 1 - sizeof any, any) == 0)
        *stem = len + 1 - sizeof any;
    else
        return false;
    return true;
}

static bool choose_method(struct rp_versions *v, const char *name, struct rp_error *err)
{
    static const char code[] = "ERR_TLS_INVALID_PROTOCOL_METHOD";
    const struct {
        const char *stem;
        int min, max;
    } methods[] = {{"SSLv23", v->min, TLS1_2_VERSION},
                   {"TLS", 0, TLS1_3_VERSION},
                   {"TLSv1", TLS1_VERSION, TLS1_VERSION},
                   {"TLSv1_1", TLS1_1_VERSION, TLS1_1_VERSION},
                   {"TLSv1_2", TLS1_2_VERSION, TLS1_2_VERSION}};
    size_t stem;

    if (!split_method(name, &stem, v))
        return rp_error_set(err, code, "Unknown method: %.60s", name);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strlen(methods[i].stem) != stem || memcmp(methods[i].stem, name, stem) != 0)
            continue;
        v->min = methods[i].min;
        v->max = methods[i].max;
        return true;
    }
    if (stem == 5 && (memcmp(name, "SSLv2", 5) == 0 || memcmp(name, "SSLv3", 5) == 0))
        return rp_error_set(err, code, "%.5s methods disabled", name);
    return rp_error_set(err, code, "Unknown method: %.60s", name);
}

bool rp_versions_choose(struct rp_versions *v, const char *min_version, const char *max_version,
                        const char *secure_protocol, struct rp_error *err)
{
    const char *conflict = min_version != NULL ? min_version : max_version;

    *v = (struct rp_versions){.min = TLS1_2_VERSION, .max = TLS1_3_VERSION};
    if (!choose_default(&v->min, rp_tls_defaults()->min_version, "minimum", err) ||
        !choose_default(&v->max, rp_tls_defaults()->max_version, "maximum", err))
        return false;
    if (secure_protocol != NULL && conflict != NULL)
        return rp_error_set(
            err, "ERR_TLS_PROTOCOL_VERSION_CONFLICT",
            "TLS protocol version \"%.40s\" conflicts with secureProtocol \"%.40s\"", conflict,
            secure_protocol);
    if (secure_protocol != NULL)
        return choose_method(v, secure_protocol, err);
    return choose_limit(&v->min, min_version, "minimum", err) &&
           choose_limit(&v->max, max_version, "maximum", err);
}
