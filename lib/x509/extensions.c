/* SPDX-License-Identifier: MIT
 *
 * extensions.c - subjectAltName, authorityInfoAccess and extendedKeyUsage (G2 to G4, G10). The
 * danger is CVE-2021-44532: a name that contains the separator of names. In the texts every value
 * that could be misread is quoted and escaped; the lists hold the values unescaped, with nothing to
 * split. */
#include "lib/x509/internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

/* The longest OID or method name that is shown, as in node. */
enum { OID_MAX = 256, METHOD_MAX = 80 };

/* One general name: its kind, the text after "KIND:", and its value without escapes. */
struct general_name {
    const char *kind;
    struct rp_text text, value;
};

static bool is_special(uint8_t c)
{
    return c == '"' || c == '\\' || c == ',' || c == '\'';
}

static bool is_printable(uint8_t c, bool utf8)
{
    return (c >= 0x20 && c < 0x7f) || (utf8 && c >= 0x80);
}

static bool needs_quotes(const uint8_t *bytes, size_t len, bool utf8)
{
    for (size_t i = 0; i < len; i++)
        if (is_special(bytes[i]) || !is_printable(bytes[i], utf8))
            return true;
    return false;
}

static void add_escaped(struct rp_text *text, uint8_t c, bool utf8)
{
    if (c == '"' || c == '\\')
        rp_text_add(text, "\\", 1);
    if (c != ',' && is_printable(c, utf8))
        rp_text_add(text, &c, 1);
    else
        rp_text_printf(text, "\\u%04x", c);
}

static void add_latin1(struct rp_text *text, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < 0x80)
            rp_text_add(text, &bytes[i], 1);
        else
            rp_text_add(text, (uint8_t[]){0xc0 | bytes[i] >> 6, 0x80 | (bytes[i] & 0x3f)}, 2);
}

/* Read the bytes as UTF-8, or else as Latin-1. The prefix of an otherName ("UPN:") is part of its
 * value. */
static void put_bytes(struct general_name *n, const uint8_t *bytes, size_t len, bool utf8,
                      const char *prefix)
{
    bool quotes = needs_quotes(bytes, len, utf8);

    rp_text_puts(&n->text, quotes ? "\"" : "");
    rp_text_puts(&n->text, prefix);
    for (size_t i = 0; quotes && i < len; i++)
        add_escaped(&n->text, bytes[i], utf8);
    if (!quotes)
        rp_text_add(&n->text, bytes, len);
    rp_text_puts(&n->text, quotes ? "\"" : "");

    rp_text_puts(&n->value, prefix);
    if (utf8)
        rp_text_utf8(&n->value, bytes, len);
    else
        add_latin1(&n->value, bytes, len);
}

static void put_string(struct general_name *n, const char *kind, const ASN1_STRING *string)
{
    n->kind = kind;
    put_bytes(n, ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string), false, "");
}

static void put_text(struct general_name *n, const char *kind, const char *text)
{
    n->kind = kind;
    rp_text_puts(&n->text, text);
    rp_text_puts(&n->value, text);
}

static void put_ip(struct general_name *n, const ASN1_OCTET_STRING *ip)
{
    const uint8_t *b = ASN1_STRING_get0_data(ip);
    int len = ASN1_STRING_length(ip);
    char text[64];
    size_t at = 0;

    if (len == 4) {
        snprintf(text, sizeof text, "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
    } else if (len == 16) {
        for (int i = 0; i < 16; i += 2)
            at += (size_t)snprintf(text + at, sizeof text - at, i == 0 ? "%X" : ":%X",
                                   b[i] << 8 | b[i + 1]);
    } else {
        snprintf(text, sizeof text, "<invalid length=%d>", len);
    }
    put_text(n, "IP Address", text);
}

/* false: the name cannot be printed. */
static bool put_directory_name(struct general_name *n, const X509_NAME *name)
{
    static const unsigned long flags =
        XN_FLAG_RFC2253 & ~(unsigned long)(ASN1_STRFLGS_ESC_MSB | ASN1_STRFLGS_ESC_CTRL);
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0;
    char *bytes;
    long len;

    n->kind = "DirName";
    if (ok) {
        len = BIO_get_mem_data(bio, &bytes);
        put_bytes(n, (const uint8_t *)bytes, (size_t)len, true, "");
    }
    BIO_free(bio);
    return ok;
}

static void put_registered_id(struct general_name *n, const ASN1_OBJECT *oid)
{
    char text[OID_MAX];

    OBJ_obj2txt(text, sizeof text, oid, 1);
    put_text(n, "Registered ID", text);
}

static const struct {
    int nid, type;
    const char *prefix;
} other_names[] = {
    {NID_id_on_SmtpUTF8Mailbox, V_ASN1_UTF8STRING, "SmtpUTF8Mailbox:"},
    {NID_XmppAddr, V_ASN1_UTF8STRING, "XmppAddr:"},
    {NID_SRVName, V_ASN1_IA5STRING, "SRVName:"},
    {NID_ms_upn, V_ASN1_UTF8STRING, "UPN:"},
    {NID_NAIRealm, V_ASN1_UTF8STRING, "NAIRealm:"},
};

static void put_other_name(struct general_name *n, const OTHERNAME *other)
{
    int nid = OBJ_obj2nid(other->type_id);

    n->kind = "othername";
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++) {
        const ASN1_STRING *value;

        if (nid != other_names[i].nid || other->value->type != other_names[i].type)
            continue;
        value = other->value->value.asn1_string;
        put_bytes(n, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value),
                  other_names[i].type == V_ASN1_UTF8STRING, other_names[i].prefix);
        return;
    }
    put_text(n, "othername", "<unsupported>");
}

/* false: the name cannot be printed. */
static bool put_general_name(struct general_name *n, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
        put_string(n, "DNS", name->d.dNSName);
        return true;
    case GEN_EMAIL:
        put_string(n, "email", name->d.rfc822Name);
        return true;
    case GEN_URI:
        put_string(n, "URI", name->d.uniformResourceIdentifier);
        return true;
    case GEN_DIRNAME:
        return put_directory_name(n, name->d.directoryName);
    case GEN_IPADD:
        put_ip(n, name->d.iPAddress);
        return true;
    case GEN_RID:
        put_registered_id(n, name->d.registeredID);
        return true;
    case GEN_OTHERNAME:
        put_other_name(n, name->d.otherName);
        return true;
    case GEN_X400:
        put_text(n, "X400Name", "<unsupported>");
        return true;
    case GEN_EDIPARTY:
        put_text(n, "EdiPartyName", "<unsupported>");
        return true;
    default:
        return false;
    }
}

/* Add one general name to a text and a list; `method` precedes its kind (in infoAccess). false: it
 * cannot be printed. */
static bool add_general_name(struct rp_text *text, struct rp_x509_list *list, const char *method,
                             const GENERAL_NAME *name)
{
    struct general_name n = {0};
    bool ok = put_general_name(&n, name);
    char kind[METHOD_MAX + 32];

    if (ok) {
        snprintf(kind, sizeof kind, "%s%s%s", method, *method ? " - " : "", n.kind);
        rp_text_printf(text, "%s:", kind);
        rp_text_add(text, n.text.bytes, n.text.len);
        rp_x509_list_add(list, kind, n.value.bytes, n.value.len);
        text->failed |= n.text.failed || n.value.failed;
    }
    rp_text_clear(&n.text);
    rp_text_clear(&n.value);
    return ok;
}

/* Convert the texts to UTF-8. false: no memory. */
static bool finish(struct rp_text *raw, bool printed, char **text, struct rp_x509_list *list)
{
    struct rp_text clean = {0};
    bool ok = !raw->failed;

    if (printed && ok) {
        rp_text_utf8(&clean, raw->bytes, raw->len);
        *text = rp_text_take(&clean, NULL);
        ok = *text != NULL && rp_x509_list_seal(list);
    } else {
        rp_x509_list_clear(list);
    }
    rp_text_clear(raw);
    return ok;
}

/* Decode the first extension of this kind. NULL: there is none, or (*malformed set) it cannot be
 * decoded. */
static void *extension(const struct rp_x509 *x, int nid, bool *malformed)
{
    int index = X509_get_ext_by_NID(x->cert, nid, -1);
    void *value = index < 0 ? NULL : X509V3_EXT_d2i(X509_get_ext(x->cert, index));

    *malformed = index >= 0 && !value;
    return value;
}

static bool fill_subject_alt_name(struct rp_x509 *x)
{
    bool malformed, ok = true;
    GENERAL_NAMES *names = extension(x, NID_subject_alt_name, &malformed);
    struct rp_text text = {0};

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !malformed; i++) {
        rp_text_puts(&text, i ? ", " : "");
        malformed =
            !add_general_name(&text, &x->alt_name_list, "", sk_GENERAL_NAME_value(names, i));
    }
    if (names)
        ok = finish(&text, !malformed, &x->subject_alt_name, &x->alt_name_list);
    if (malformed)
        x->malformed |= RP_X509_SUBJECT_ALT_NAME;
    GENERAL_NAMES_free(names);
    return ok;
}

static bool fill_info_access(struct rp_x509 *x)
{
    bool malformed, ok = true;
    AUTHORITY_INFO_ACCESS *list = extension(x, NID_info_access, &malformed);
    struct rp_text text = {0};
    char method[METHOD_MAX];

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list) && !malformed; i++) {
        const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(list, i);

        rp_text_puts(&text, i ? "\n" : "");
        i2t_ASN1_OBJECT(method, sizeof method, access->method);
        malformed = !add_general_name(&text, &x->info_access_list, method, access->location);
    }
    if (list)
        ok = finish(&text, !malformed, &x->info_access, &x->info_access_list);
    if (malformed)
        x->malformed |= RP_X509_INFO_ACCESS;
    AUTHORITY_INFO_ACCESS_free(list);
    return ok;
}

static bool fill_key_usage(struct rp_x509 *x)
{
    int found; /* -1: no such extension */
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(x->cert, NID_ext_key_usage, &found, NULL);
    int count = usages ? sk_ASN1_OBJECT_num(usages) : 0;
    struct rp_text text = {0};
    char oid[OID_MAX];
    const char *at;

    if (!usages) {
        x->malformed |= found != -1 ? RP_X509_KEY_USAGE : 0;
        return true;
    }
    for (int i = 0; i < count; i++) {
        OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(usages, i), 1);
        rp_text_add(&text, oid, strlen(oid) + 1);
    }
    EXTENDED_KEY_USAGE_free(usages);
    x->key_usage_text = rp_text_take(&text, NULL);
    x->key_usage = calloc((size_t)count + 1, sizeof *x->key_usage);
    if (!x->key_usage_text || !x->key_usage)
        return false;
    at = x->key_usage_text;
    for (int i = 0; i < count; i++, at += strlen(at) + 1)
        x->key_usage[i] = at;
    return true;
}

bool rp_x509_fill_extensions(struct rp_x509 *x)
{
    return fill_subject_alt_name(x) && fill_info_access(x) && fill_key_usage(x);
}
