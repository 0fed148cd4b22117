/* SPDX-License-Identifier: MIT
 *
 * policy.c - the settings of a secure context that apply to each connection: its names, the
 * session-id context, and what OpenSSL stores per connection. The danger: a session must resume
 * only where a full handshake would have been accepted (CVE-2025-23419). So the session-id context
 * is a hash of the names, client authentication and trusted authorities; it is the same in every
 * process and on every host of a cluster. */
#include "lib/tls/context/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "lib/base/text.h"
#include "lib/x509/openssl_errors.h"

/* -- names */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_name(const struct rp_secure_context *c, const char *name)
{
    for (size_t i = 0; i < c->name_count; i++)
        if (strcmp(c->names[i], name) == 0)
            return true;
    return false;
}

static bool add_name(struct rp_secure_context *c, const uint8_t *bytes, int len)
{
    char **names, *name;

    if (len <= 0 || memchr(bytes, 0, (size_t)len) != NULL)
        return true; /* no client can request such a name */
    names = realloc(c->names, (c->name_count + 1) * sizeof *names);
    if (names == NULL)
        return false;
    c->names = names;
    name = malloc((size_t)len + 1);
    if (name == NULL)
        return false;
    for (int i = 0; i < len; i++)
        name[i] = (char)tolower(bytes[i]);
    name[len] = '\0';
    if (has_name(c, name))
        free(name);
    else
        c->names[c->name_count++] = name;
    return true;
}

static bool add_common_names(struct rp_secure_context *c, X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    bool ok = true;

    for (int i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); ok && i >= 0;
         i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) {
        uint8_t *text = NULL;
        int len =
            ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));

        ok = add_name(c, text, len);
        OPENSSL_free(text);
    }
    return ok;
}

/* Add the DNS names of a leaf; its CN if it has none. */
static bool add_leaf(struct rp_secure_context *c, X509 *cert)
{
    GENERAL_NAMES *alt = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool ok = true, any = false;

    for (int i = 0; ok && i < sk_GENERAL_NAME_num(alt); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(alt, i);

        if (name->type != GEN_DNS)
            continue;
        any = true;
        ok = add_name(c, ASN1_STRING_get0_data(name->d.dNSName),
                      ASN1_STRING_length(name->d.dNSName));
    }
    GENERAL_NAMES_free(alt);
    return ok && (any || add_common_names(c, cert));
}

bool rp_context_set_names(struct rp_secure_context *c, struct rp_error *err)
{
    for (X509 *leaf = rp_context_next_certificate(c, true); leaf != NULL;
         leaf = rp_context_next_certificate(c, false))
        if (!add_leaf(c, leaf))
            return rp_error_set(err, "ENOMEM", "no memory for the names of a certificate");
    ERR_clear_error();
    return true;
}

static const char *key_type(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return "rsa";
    case EVP_PKEY_RSA_PSS:
        return "rsa-pss";
    case EVP_PKEY_EC:
        return "ec";
    case EVP_PKEY_ED25519:
        return "ed25519";
    case EVP_PKEY_ED448:
        return "ed448";
    case EVP_PKEY_DSA:
        return "dsa";
    default:
        return "unknown";
    }
}

const char *rp_secure_context_key_type(const struct rp_secure_context *c, size_t index)
{
    if (c == NULL)
        return NULL;
    struct rp_secure_context *at = (struct rp_secure_context *)(uintptr_t)c; /* iterator only */
    X509 *leaf = rp_context_next_certificate(at, true);

    while (leaf != NULL && index-- > 0)
        leaf = rp_context_next_certificate(at, false);
    return leaf == NULL ? NULL : key_type(X509_get0_pubkey(leaf));
}

/* -- the session-id context */

/* Identify a certificate without DNS names by its IP addresses, or else by its key. */
static void add_nameless(struct rp_text *policy, X509 *leaf)
{
    GENERAL_NAMES *alt = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool any = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(alt); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(alt, i);

        if (name->type != GEN_IPADD)
            continue;
        any = true;
        rp_text_add(policy, ASN1_STRING_get0_data(name->d.iPAddress),
                    (size_t)ASN1_STRING_length(name->d.iPAddress));
    }
    GENERAL_NAMES_free(alt);
    if (any)
        return;
    if (X509_pubkey_digest(leaf, EVP_sha256(), digest, &len) != 1)
        policy->failed = true;
    rp_text_add(policy, digest, len);
}

/* Add the names in sorted order, so that a renewal that reorders them keeps sessions valid. */
static void add_names(struct rp_text *policy, const struct rp_secure_context *c)
{
    char **sorted = malloc((c->name_count + 1) * sizeof *sorted);

    if (sorted == NULL) {
        policy->failed = true;
        return;
    }
    memcpy(sorted, c->names, c->name_count * sizeof *sorted);
    qsort(sorted, c->name_count, sizeof *sorted, compare_names);
    for (size_t i = 0; i < c->name_count; i++)
        rp_text_add(policy, sorted[i], strlen(sorted[i]) + 1);
    free(sorted);
}

static bool hash_policy(struct rp_secure_context *c, enum rp_client_auth auth, uint8_t out[32])
{
    struct rp_text policy = {0};
    size_t len;
    char *bytes;

    rp_text_puts(&policy, "reprise session policy 1");
    if (c->name_count > 0)
        add_names(&policy, c);
    rp_text_add(&policy, "", 1);
    if (c->name_count == 0)
        for (X509 *leaf = rp_context_next_certificate(c, true); leaf != NULL;
             leaf = rp_context_next_certificate(c, false))
            add_nameless(&policy, leaf);
    rp_text_printf(&policy, "client auth %d", auth);
    if (auth != RP_CLIENT_AUTH_NONE) {
        rp_text_add(&policy, c->ca_digest, sizeof c->ca_digest);
        rp_text_add(&policy, c->crl_digest, sizeof c->crl_digest);
    }
    bytes = rp_text_take(&policy, &len);
    if (bytes == NULL)
        return false;
    SHA256((const uint8_t *)bytes, len, out);
    free(bytes);
    return true;
}

bool rp_context_set_sid_context(struct rp_secure_context *c,
                                const struct rp_secure_context_options *o, struct rp_error *err)
{
    bool given = o->session_id_context != NULL;

    if (given && o->session_id_context_len > RP_SID_CONTEXT_MAX)
        return rp_error_set(err, "ERR_SSL_SSL_SESSION_ID_CONTEXT_TOO_LONG",
                            "ssl session id context too long: %zu bytes, at most %d",
                            o->session_id_context_len, RP_SID_CONTEXT_MAX);
    given = given && o->session_id_context_len > 0;
    c->sid_context_len = given ? (uint8_t)o->session_id_context_len : RP_SID_CONTEXT_MAX;
    for (enum rp_client_auth auth = RP_CLIENT_AUTH_NONE; auth <= RP_CLIENT_AUTH_REQUIRE; auth++) {
        if (given)
            memcpy(c->sid_context[auth], o->session_id_context, c->sid_context_len);
        else if (!hash_policy(c, auth, c->sid_context[auth]))
            return rp_error_openssl(err, "ENOMEM", "no memory to hash a certificate's key");
    }
    ERR_clear_error();
    return true;
}

/* -- settings of a connection */

enum rp_client_auth rp_context_client_auth(const struct rp_secure_context *c,
                                           enum rp_client_auth servers)
{
    return c->client_auth != RP_CLIENT_AUTH_INHERIT ? c->client_auth : servers;
}

/* Verify the whole chain first (the engine's callback continues after errors), so that the code is
 * node's (K8: the last error), then decide. Unlike node, an invalid chain is refused inside the
 * handshake, with the right alert. */
static int judge_chain(X509_STORE_CTX *store, void *arg)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    int refusing = SSL_is_server(ssl) ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER;

    (void)arg;
    if (X509_verify_cert(store) < 0)
        return 0;
    return X509_STORE_CTX_get_error(store) == X509_V_OK ||
           (SSL_get_verify_mode(ssl) & refusing) == 0;
}

void rp_context_install_judge(SSL_CTX *ctx)
{
    SSL_CTX_set_cert_verify_callback(ctx, judge_chain, NULL);
}

static int verify_mode(bool server, enum rp_client_auth auth)
{
    if (!server)
        return auth == RP_CLIENT_AUTH_REQUIRE ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
    switch (auth) {
    case RP_CLIENT_AUTH_REQUIRE:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case RP_CLIENT_AUTH_REQUEST:
        return SSL_VERIFY_PEER;
    default:
        return SSL_VERIFY_NONE;
    }
}

static void apply_options(const struct rp_secure_context *c, SSL *ssl, bool server)
{
    uint64_t options = c->options;

    if (server && c->honor_cipher_order == RP_DEFAULT)
        options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
    SSL_clear_options(ssl, ~options);
    SSL_set_options(ssl, options);
}

/* Parsing the text costs more than comparing it, and most contexts of a server have the same. */
static bool apply_groups(const struct rp_secure_context *c, const struct rp_secure_context *former,
                         SSL *ssl)
{
    if (former == NULL || c->groups == NULL)
        return true;
    if (former->groups != NULL && strcmp(c->groups, former->groups) == 0)
        return true;
    return SSL_set1_groups_list(ssl, c->groups) == 1;
}

bool rp_context_apply(const struct rp_secure_context *c, const struct rp_secure_context *former,
                      SSL *ssl, bool server, enum rp_client_auth auth)
{
    if (SSL_set_SSL_CTX(ssl, c->ssl) == NULL)
        return false;
    apply_options(c, ssl, server);
    SSL_set_verify(ssl, verify_mode(server, auth), NULL); /* the context has the callback */
    if (server && SSL_set_session_id_context(ssl, c->sid_context[auth], c->sid_context_len) != 1)
        return false;
    return SSL_set_min_proto_version(ssl, c->versions.min) == 1 &&
           SSL_set_max_proto_version(ssl, c->versions.max) == 1 && apply_groups(c, former, ssl);
}
