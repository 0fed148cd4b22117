/* SPDX-License-Identifier: MIT
 *
 * negotiated.c - count the combinations of version, cipher suite, group, ALPN protocol and type of
 * the server's key. */
#include "contrib/load/run/run.h"

#include <string.h>

static void copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text != NULL ? text : "");
}

static void describe_key(const struct rp_socket *socket, char *text, size_t size)
{
    struct rp_x509 *x509 = rp_socket_peer_x509(socket, false, NULL);
    const struct rp_x509_public_key *key = x509 != NULL ? rp_x509_public_key(x509) : NULL;

    if (key == NULL || key->type == NULL)
        copy(text, size, x509 != NULL ? "other" : "");
    else if (key->nist_curve != NULL)
        copy(text, size, key->nist_curve);
    else if (strncmp(key->type, "rsa", 3) == 0)
        snprintf(text, size, "%s %u", key->type, key->bits);
    else
        copy(text, size, key->type);
    rp_x509_unref(x509);
}

void load_negotiated_note(struct load_stats *s, struct rp_socket *socket)
{
    struct load_negotiated *row = s->negotiated, seen = {.count = 1};
    struct rp_cipher_info cipher;

    copy(seen.version, sizeof seen.version, rp_socket_protocol(socket));
    copy(seen.suite, sizeof seen.suite,
         rp_socket_cipher(socket, &cipher) ? cipher.standard_name : NULL);
    copy(seen.group, sizeof seen.group, rp_socket_group(socket));
    copy(seen.alpn, sizeof seen.alpn, rp_socket_alpn_protocol(socket));
    while (row->count > 0 && !load_negotiated_equal(row, &seen))
        if (++row == s->negotiated + LOAD_NEGOTIATED)
            return;        /* the sum of the counts shows that rows are missing */
    if (row->count == 0) { /* reading a certificate takes time: once for each combination */
        describe_key(socket, seen.key, sizeof seen.key);
        seen.count = 0;
        *row = seen;
    }
    row->count++;
}
