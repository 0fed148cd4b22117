/* SPDX-License-Identifier: MIT
 *
 * fuzz_x509.c - hostile certificates through every accessor. What must hold: texts are UTF-8; JSON
 * is JSON; the subjectAltName splits, by its quotes, into as many names as there are, and
 * infoAccess into as many lines (CVE-2021-44532 was a name that split in two); PEM reads back as
 * the same. */
#include <reprise/x509.h>

#include "lib/base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static void assert_utf8(const char *text, size_t len)
{
    bool valid;

    for (size_t at = 0; at < len;) {
        at += rp_utf8_sequence((const uint8_t *)text + at, len - at, &valid);
        assert(valid);
    }
}

static void check_texts(const struct rp_x509 *x)
{
    const char *texts[] = {rp_x509_subject(x),          rp_x509_issuer(x),
                           rp_x509_subject_alt_name(x), rp_x509_info_access(x),
                           rp_x509_valid_from(x),       rp_x509_valid_to(x),
                           rp_x509_fingerprint(x),      rp_x509_fingerprint256(x),
                           rp_x509_fingerprint512(x),   rp_x509_serial_number(x)};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i])
            assert_utf8(texts[i], strlen(texts[i]));
    for (const char *const *oid = rp_x509_key_usage(x); oid && *oid; oid++)
        assert(strspn(*oid, "0123456789.") == strlen(*oid));
}

static void check_list(const struct rp_x509_attribute *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_utf8(list[i].name, strlen(list[i].name));
        assert_utf8(list[i].value, list[i].len);
        assert(list[i].value[list[i].len] == '\0');
    }
}

/* The names of a subjectAltName, split as a careful reader does. */
static size_t split(const char *text)
{
    size_t names = *text != '\0';
    bool quoted = false;

    for (; *text; text++) {
        assert((unsigned char)*text >= 0x20);
        if (quoted && *text == '\\')
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && *text == ',')
            names++;
    }
    assert(!quoted);
    return names;
}

static void check_lists(const struct rp_x509 *x)
{
    const char *text = rp_x509_subject_alt_name(x);
    size_t count, lines = 0;

    check_list(rp_x509_subject_attributes(x, &count), count);
    check_list(rp_x509_issuer_attributes(x, &count), count);
    check_list(rp_x509_alt_names(x, &count), count);
    assert(text ? split(text) == count : count == 0);
    check_list(rp_x509_info_access_list(x, &count), count);
    text = rp_x509_info_access(x);
    for (const char *p = text; p && *p; p++)
        lines += *p == '\n' || p == text;
    assert(lines == count);
}

static void check_json(const struct rp_x509 *x, struct rp_x509_json_options options)
{
    size_t len;
    char *text = rp_x509_to_json(x, &options, &len);
    json_t *json = json_loadb(text, len, JSON_ALLOW_NUL, NULL);

    assert(json);
    assert(json_is_boolean(json_object_get(json, "ca")));
    json_decref(json);
    free(text);
}

static void check_pem(const struct rp_x509 *x)
{
    size_t len;
    char *pem = rp_x509_to_pem(x, &len);
    struct rp_x509 *again = rp_x509_parse(pem, len, NULL);

    assert(again && strcmp(rp_x509_fingerprint(x), rp_x509_fingerprint(again)) == 0);
    rp_x509_unref(again);
    free(pem);
}

static void check_questions(const struct rp_x509 *x)
{
    const struct rp_x509_public_key *key = rp_x509_public_key(x);
    struct rp_x509_check_options options = {.subject = RP_X509_SUBJECT_ALWAYS};
    size_t count;
    const struct rp_x509_attribute *names = rp_x509_alt_names(x, &count);
    char *matched = NULL;

    rp_x509_check_host(x, count ? names[0].value : "localhost", &options, &matched, NULL);
    free(matched);
    rp_x509_check_email(x, "a@b", &options, NULL);
    rp_x509_check_ip(x, "::1", NULL);
    assert(rp_x509_check_issued(x, x) == rp_x509_self_issued(x));
    assert(!rp_x509_issuer_certificate(x));
    rp_x509_verify(x, key->spki, key->spki_len, NULL);
    rp_x509_check_private_key(x, key->spki, key->spki_len, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct rp_error err;
    struct rp_x509 *x = rp_x509_parse(bytes, len, &err);

    assert(x || *err.code);
    if (!x)
        return 0;
    check_texts(x);
    check_lists(x);
    check_json(x, (struct rp_x509_json_options){.detailed = true});
    check_json(x, (struct rp_x509_json_options){.compact = true, .buffers = RP_X509_BUFFERS_NODE});
    check_pem(x);
    check_questions(x);
    rp_x509_unref(x);
    return 0;
}
