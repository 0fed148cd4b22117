/* SPDX-License-Identifier: MIT
 *
 * names.c - subject and issuer of a certificate: as X509Certificate prints them, and as the
 * attributes of the legacy object (G1, H1). The danger: a value whose bytes cannot be decoded for
 * its type. node then omits the whole property, and so does this file. */
#include "lib/x509/internal.h"

#include <openssl/bio.h>
#include <openssl/objects.h>

/* The longest name of an attribute type that is not cut, as in node. */
enum { TYPE_NAME_MAX = 80 };

static const char *type_name(const ASN1_OBJECT *type, char buffer[TYPE_NAME_MAX])
{
    int nid = OBJ_obj2nid(type);

    if (nid != NID_undef)
        return OBJ_nid2sn(nid);
    OBJ_obj2txt(buffer, TYPE_NAME_MAX, type, 1);
    return buffer;
}

static bool add_attribute(struct rp_x509_list *list, const X509_NAME_ENTRY *entry)
{
    char buffer[TYPE_NAME_MAX];
    struct rp_text clean = {0};
    unsigned char *value;
    int len = ASN1_STRING_to_UTF8(&value, X509_NAME_ENTRY_get_data(entry));

    if (len < 0)
        return false;
    rp_text_utf8(&clean, value, (size_t)len); /* OpenSSL checks less than V8 does */
    list->text.failed |= clean.failed;
    rp_x509_list_add(list, type_name(X509_NAME_ENTRY_get_object(entry), buffer), clean.bytes,
                     clean.len);
    rp_text_clear(&clean);
    OPENSSL_free(value);
    return true;
}

/* false: a value cannot be decoded. */
static bool fill_list(struct rp_x509_list *list, const X509_NAME *name)
{
    int count = X509_NAME_entry_count(name);

    for (int i = 0; i < count; i++) {
        if (add_attribute(list, X509_NAME_get_entry(name, i)))
            continue;
        rp_x509_list_clear(list);
        return false;
    }
    return true;
}

static bool fill_text(char **text, const X509_NAME *name)
{
    static const unsigned long flags = ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL |
                                       ASN1_STRFLGS_UTF8_CONVERT | XN_FLAG_SEP_MULTILINE |
                                       XN_FLAG_FN_SN;
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL;

    if (ok && X509_NAME_print_ex(bio, name, 0, flags) > 0)
        ok = (*text = rp_x509_bio_text(bio)) != NULL;
    BIO_free(bio);
    return ok;
}

bool rp_x509_fill_names(struct rp_x509 *x)
{
    const X509_NAME *subject = X509_get_subject_name(x->cert);
    const X509_NAME *issuer = X509_get_issuer_name(x->cert);

    if (!fill_list(&x->subject_list, subject))
        x->malformed |= RP_X509_SUBJECT;
    if (!fill_list(&x->issuer_list, issuer))
        x->malformed |= RP_X509_ISSUER;
    return rp_x509_list_seal(&x->subject_list) && rp_x509_list_seal(&x->issuer_list) &&
           fill_text(&x->subject, subject) && fill_text(&x->issuer, issuer);
}
