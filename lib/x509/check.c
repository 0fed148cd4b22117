/* SPDX-License-Identifier: MIT
 *
 * check.c - whether a certificate is valid for a host, IP or email address, and who issued it (H3).
 * OpenSSL compares. The danger: a malformed name must be an error, not a "no". */
#include "lib/base/args.h"
#include "lib/x509/internal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

static unsigned check_flags(const struct rp_x509_check_options *o)
{
    static const unsigned subject[] = {
        [RP_X509_SUBJECT_DEFAULT] = 0,
        [RP_X509_SUBJECT_ALWAYS] = X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT,
        [RP_X509_SUBJECT_NEVER] = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
    };

    if (!o)
        return 0;
    return subject[o->subject] | (o->no_wildcards ? X509_CHECK_FLAG_NO_WILDCARDS : 0) |
           (o->no_partial_wildcards ? X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS : 0) |
           (o->multi_label_wildcards ? X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS : 0) |
           (o->single_label_subdomains ? X509_CHECK_FLAG_SINGLE_LABEL_SUBDOMAINS : 0);
}

static bool options_valid(const struct rp_x509_check_options *o, struct rp_error *err)
{
    rp_error_clear(err);
    if (!o || o->subject <= RP_X509_SUBJECT_NEVER)
        return true;
    return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                        "The property 'options.subject' is not one of RP_X509_SUBJECT_*");
}

/* Translate the result of X509_check_*: 1 match, 0 no match, -2 malformed name, else a failure. */
static bool answer(int result, const char *malformed, struct rp_error *err)
{
    if (result == -2)
        return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "%s", malformed);
    if (result < 0)
        return rp_error_set(err, "ERR_CRYPTO_OPERATION_FAILED", "Operation failed");
    return result == 1;
}

bool rp_x509_check_host(const struct rp_x509 *x, const char *name,
                        const struct rp_x509_check_options *options, char **matched,
                        struct rp_error *err)
{
    char *peer_name = NULL;
    int result;

    rp_error_clear(err);
    if (!rp_given(x, "certificate", err) || !rp_given(name, "name", err))
        return false;
    if (matched)
        *matched = NULL;
    if (!options_valid(options, err))
        return false;
    ERR_set_mark();
    result = X509_check_host(x->cert, name, strlen(name), check_flags(options), &peer_name);
    ERR_pop_to_mark();
    if (result == 1 && matched && !(*matched = strdup(peer_name ? peer_name : name)))
        result = -1;
    OPENSSL_free(peer_name);
    return answer(result, "Invalid name", err);
}

bool rp_x509_check_email(const struct rp_x509 *x, const char *email,
                         const struct rp_x509_check_options *options, struct rp_error *err)
{
    int result;

    rp_error_clear(err);
    if (!rp_given(x, "certificate", err) || !rp_given(email, "email", err))
        return false;
    if (!options_valid(options, err))
        return false;
    ERR_set_mark();
    result = X509_check_email(x->cert, email, strlen(email), check_flags(options));
    ERR_pop_to_mark();
    return answer(result, "Invalid name", err);
}

bool rp_x509_check_ip(const struct rp_x509 *x, const char *ip, struct rp_error *err)
{
    int result;

    rp_error_clear(err);
    if (!rp_given(x, "certificate", err) || !rp_given(ip, "ip", err))
        return false;
    rp_error_clear(err);
    ERR_set_mark();
    result = X509_check_ip_asc(x->cert, ip, 0);
    ERR_pop_to_mark();
    return answer(result, "Invalid IP", err);
}

bool rp_x509_check_issued(const struct rp_x509 *x, const struct rp_x509 *issuer)
{
    bool issued;

    if (x == NULL || issuer == NULL)
        return false;
    ERR_set_mark();
    issued = X509_check_issued(issuer->cert, x->cert) == X509_V_OK;
    ERR_pop_to_mark();
    return issued;
}
