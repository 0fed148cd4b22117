/* SPDX-License-Identifier: MIT
 *
 * node_misc.h - what the tests of misc.json share: the fixture, access to a row, the error code in
 * a row, and the certificate that a client was shown. */
#ifndef NODE_MISC_H
#define NODE_MISC_H

#include "tests/unit/golden_pair.h"

__attribute__((unused)) static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};
static json_t *goldens;

static inline void setup(void)
{
    goldens = golden_json("misc.json");
    pair_begin();
}

static inline void teardown(void)
{
    pair_close();
    json_decref(goldens);
}

static inline const json_t *golden(const char *name)
{
    const json_t *row = json_object_get(goldens, name);

    ck_assert_msg(row != NULL, "%s is not in misc.json", name);
    return row;
}

/* The code in what node's script kept of an error: the error, [code, ...] or the code. "": none. */
static inline const char *code_in(const json_t *kept)
{
    const char *code = json_is_object(kept)  ? golden_string(kept, "code")
                       : json_is_array(kept) ? json_string_value(json_array_get(kept, 0))
                                             : json_string_value(kept);

    return code != NULL && strcmp(code, "$undefined") != 0 ? code : "";
}

static inline const char *subject_cn(const struct rp_x509 *x)
{
    size_t count;
    const struct rp_x509_attribute *a = rp_x509_subject_attributes(x, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i].name, "CN") == 0)
            return a[i].value;
    return NULL;
}

static inline void check_shown(const char *name)
{
    struct rp_x509 *peer = rp_socket_peer_x509(pair.client, false, NULL);
    struct rp_x509 *own = rp_socket_x509(pair.accepted, NULL);

    ck_assert_ptr_nonnull(peer);
    ck_assert_ptr_nonnull(own);
    ck_assert_texts_eq(subject_cn(peer), name);
    ck_assert_texts_eq(subject_cn(own), name);
    rp_x509_unref(peer);
    rp_x509_unref(own);
}

#endif
