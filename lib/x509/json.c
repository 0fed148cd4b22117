/* SPDX-License-Identifier: MIT
 *
 * json.c - the certificate object of getPeerCertificate() as JSON, key by key in node's order
 * (section G). A malformed part is written as JSON.stringify writes node's value: a name is
 * omitted, an extension is null. Nesting is written in a loop, not by recursion: the peer chooses
 * the length of the chain. */
#include "lib/x509/internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/json.h"

static void put_text(struct rp_json *j, const char *key, const char *text)
{
    if (!text)
        return;
    rp_json_key(j, key);
    rp_json_string(j, text);
}

static void put_buffer(struct rp_json *j, const char *key, const uint8_t *bytes, size_t len,
                       enum rp_x509_buffers form)
{
    rp_json_key(j, key);
    if (form == RP_X509_BUFFERS_HEX) {
        rp_json_hex(j, bytes, len);
        return;
    }
    rp_json_begin_object(j);
    put_text(j, "type", "Buffer");
    rp_json_key(j, "data");
    rp_json_begin_array(j);
    for (size_t i = 0; i < len; i++)
        rp_json_int(j, bytes[i]);
    rp_json_end_array(j);
    rp_json_end_object(j);
}

struct named {
    const char *name;
    size_t index;
};

/* Compare by name, and equal names by their position. */
static int compare_named(const void *a, const void *b)
{
    const struct named *m = a, *n = b;
    int order = strcmp(m->name, n->name);

    return order ? order : (m->index > n->index) - (m->index < n->index);
}

/* For each item: the number of items with its name, or 0 if an earlier item has the same name; and
 * the index of the next item with that name. */
struct group {
    size_t count, next;
};

static void link_groups(struct group *groups, const struct named *sorted, size_t count)
{
    for (size_t i = 0, first = 0; i < count; i++) {
        if (i > 0 && strcmp(sorted[i].name, sorted[first].name) == 0)
            groups[sorted[i - 1].index].next = sorted[i].index;
        else
            first = i;
        groups[sorted[first].index].count++;
    }
}

/* Group the items by sorting, since a hostile certificate may have thousands. The caller frees the
 * result; NULL: no memory. */
static struct group *group_items(const struct rp_x509_list *list)
{
    struct named *sorted = calloc(list->count + 1, sizeof *sorted);
    struct group *groups = calloc(list->count + 1, sizeof *groups);

    if (!sorted || !groups) {
        free(groups);
        groups = NULL;
        goto out;
    }
    for (size_t i = 0; i < list->count; i++)
        sorted[i] = (struct named){list->items[i].name, i};
    qsort(sorted, list->count, sizeof *sorted, compare_named);
    link_groups(groups, sorted, list->count);
out:
    free(sorted);
    return groups;
}

static void put_group(struct rp_json *j, const struct rp_x509_list *list,
                      const struct group *groups, size_t at, bool arrays)
{
    size_t count = groups[at].count;

    if (count == 0) /* written with the first item of this name */
        return;
    rp_json_key(j, list->items[at].name);
    if (count > 1 || arrays)
        rp_json_begin_array(j);
    for (size_t n = 0, i = at; n < count; n++, i = groups[i].next)
        rp_json_string_bytes(j, list->items[i].value, list->items[i].len);
    if (count > 1 || arrays)
        rp_json_end_array(j);
}

/* Write a list as a map. A name that occurs once has its value, or with `arrays` an array of one; a
 * name that occurs more often always has an array. */
static void put_map(struct rp_json *j, const char *key, const struct rp_x509_list *list,
                    bool arrays)
{
    struct group *groups = group_items(list);

    j->text.failed |= !groups;
    rp_json_key(j, key);
    rp_json_begin_object(j);
    for (size_t i = 0; groups && i < list->count; i++)
        put_group(j, list, groups, i, arrays);
    rp_json_end_object(j);
    free(groups);
}

static void put_null(struct rp_json *j, const char *key)
{
    rp_json_key(j, key);
    rp_json_null(j);
}

static void put_names(struct rp_json *j, const struct rp_x509 *x)
{
    if (!(x->malformed & RP_X509_SUBJECT))
        put_map(j, "subject", &x->subject_list, false);
    if (!(x->malformed & RP_X509_ISSUER))
        put_map(j, "issuer", &x->issuer_list, false);
    put_text(j, "subjectaltname", x->subject_alt_name);
    if (x->malformed & RP_X509_SUBJECT_ALT_NAME)
        put_null(j, "subjectaltname");
    if (x->info_access)
        put_map(j, "infoAccess", &x->info_access_list, true);
    if (x->malformed & RP_X509_INFO_ACCESS)
        put_null(j, "infoAccess");
    rp_json_key(j, "ca");
    rp_json_bool(j, x->ca);
}

static void put_rsa(struct rp_json *j, const struct rp_x509_public_key *key,
                    const struct rp_x509_json_options *o)
{
    if (!o->compact)
        put_text(j, "modulus", key->modulus);
    rp_json_key(j, "bits");
    rp_json_int(j, key->bits);
    put_text(j, "exponent", key->exponent);
    if (!o->compact)
        put_buffer(j, "pubkey", key->spki, key->spki_len, o->buffers);
}

static void put_ec(struct rp_json *j, const struct rp_x509_public_key *key,
                   const struct rp_x509_json_options *o)
{
    rp_json_key(j, "bits");
    rp_json_int(j, key->bits);
    if (!o->compact)
        put_buffer(j, "pubkey", key->point, key->point_len, o->buffers);
    put_text(j, "asn1Curve", key->asn1_curve);
    put_text(j, "nistCurve", key->nist_curve);
}

static void put_key_usage(struct rp_json *j, const struct rp_x509 *x)
{
    if (!x->key_usage)
        return;
    rp_json_key(j, "ext_key_usage");
    rp_json_begin_array(j);
    for (const char **oid = x->key_usage; *oid; oid++)
        rp_json_string(j, *oid);
    rp_json_end_array(j);
}

/* Write all members except issuerCertificate. */
static void put_members(struct rp_json *j, const struct rp_x509 *x,
                        const struct rp_x509_json_options *o)
{
    put_names(j, x);
    if (x->key.type && strcmp(x->key.type, "rsa") == 0)
        put_rsa(j, &x->key, o);
    if (x->key.type && strcmp(x->key.type, "ec") == 0 && x->key.point)
        put_ec(j, &x->key, o);
    put_text(j, "valid_from", x->valid_from);
    put_text(j, "valid_to", x->valid_to);
    if (!o->compact)
        put_text(j, "fingerprint", x->fingerprint);
    put_text(j, "fingerprint256", x->fingerprint256);
    if (!o->compact)
        put_text(j, "fingerprint512", x->fingerprint512);
    put_key_usage(j, x);
    put_text(j, "serialNumber", x->serial_number);
    if (!o->compact)
        put_buffer(j, "raw", x->raw, x->raw_len, o->buffers);
}

static void put_circular(struct rp_json *j, unsigned depth)
{
    rp_json_key(j, "issuerCertificate");
    rp_json_begin_object(j);
    rp_json_key(j, "$circular");
    rp_json_int(j, depth);
    rp_json_end_object(j);
}

char *rp_x509_to_json(const struct rp_x509 *x, const struct rp_x509_json_options *options,
                      size_t *len)
{
    if (x == NULL)
        return NULL;
    static const struct rp_x509_json_options defaults = {0};
    const struct rp_x509_json_options *o = options ? options : &defaults;
    struct rp_json j = {0};
    unsigned nested = 1;

    rp_json_begin_object(&j);
    put_members(&j, x, o);
    for (; o->detailed && x->issuer_certificate; nested++) {
        x = x->issuer_certificate;
        rp_json_key(&j, "issuerCertificate");
        rp_json_begin_object(&j);
        put_members(&j, x, o);
    }
    if (o->detailed && x->self_issued)
        put_circular(&j, o->depth + nested - 1);
    for (; nested > 0; nested--)
        rp_json_end_object(&j);
    return rp_json_take(&j, len);
}
