/* SPDX-License-Identifier: MIT
 *
 * x509.h - crypto.X509Certificate and the certificate object of tls.getPeerCertificate().
 * An rp_x509 is immutable: everything is read from the certificate once, when the object is made,
 * so no accessor can fail, and what it returns is borrowed and lives as long as the object. All
 * texts are valid UTF-8 without a NUL inside, whatever the certificate holds: what is not UTF-8
 * became U+FFFD, as in node. "None" (node's undefined) is NULL. Contract: sections G and H. */
#ifndef RP_X509_H
#define RP_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <reprise/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rp_x509;

/* H4: a certificate in PEM (the first one of the text) or DER. Errors: OpenSSL's, as node shows
 * them ("ERR_OSSL_PEM_NO_START_LINE"). One reference, the caller's. */
struct rp_x509 *rp_x509_parse(const void *bytes, size_t len, struct rp_error *)
    __attribute__((warn_unused_result));
/* One reference more. */
struct rp_x509 *rp_x509_ref(struct rp_x509 *);
void rp_x509_unref(struct rp_x509 *); /* NULL ok */

/* -- texts, as the properties of X509Certificate (H1) */
const char *rp_x509_subject(const struct rp_x509 *); /* "C=CL\nCN=..."; NULL for an empty name */
const char *rp_x509_issuer(const struct rp_x509 *);  /* the same of the issuer */
const char *
rp_x509_subject_alt_name(const struct rp_x509 *);           /* G2, G3: "DNS:a, DNS:\"b\\u002c\"" */
const char *rp_x509_info_access(const struct rp_x509 *);    /* G4: one entry a line */
const char *rp_x509_valid_from(const struct rp_x509 *);     /* G7: "Jan  1 00:00:00 2025 GMT" */
const char *rp_x509_valid_to(const struct rp_x509 *);       /* G7, likewise */
const char *rp_x509_fingerprint(const struct rp_x509 *);    /* G8: SHA-1, "0A:1B:..." */
const char *rp_x509_fingerprint256(const struct rp_x509 *); /* SHA-256 */
const char *rp_x509_fingerprint512(const struct rp_x509 *); /* SHA-512 */
const char *rp_x509_serial_number(const struct rp_x509 *);  /* G9: "0A1B", "0", "-80" */
/* G10: the OIDs of the extended key usage, dotted, NULL-terminated; NULL without the extension. */
const char *const *rp_x509_key_usage(const struct rp_x509 *);
bool rp_x509_ca(const struct rp_x509 *);                         /* G5 */
const uint8_t *rp_x509_raw(const struct rp_x509 *, size_t *len); /* G11: DER */
char *rp_x509_to_pem(const struct rp_x509 *, size_t *len) /* H2: free() it; NULL: no memory. */
    __attribute__((warn_unused_result));                  /* len may be NULL */

/* -- the same, taken apart: what node's legacy object holds as maps. No escaping is left in these,
 * so there is nothing to split and nothing to be tricked by. A value may contain NULs: use len. */
struct rp_x509_attribute {
    const char *name;  /* "CN", "2.5.4.99"; "DNS", "IP Address"; "OCSP - URI" */
    const char *value; /* UTF-8, terminated too */
    size_t len;
};
/* The attributes of the name in their order, a name that repeats as often as it does (G1). */
const struct rp_x509_attribute *rp_x509_subject_attributes(const struct rp_x509 *, size_t *count);
/* Those of the issuer's name. */
const struct rp_x509_attribute *rp_x509_issuer_attributes(const struct rp_x509 *, size_t *count);
/* The entries of the subjectAltName by kind: "DNS", "email", "URI", "IP Address", "DirName",
 * "Registered ID", "othername", "X400Name", "EdiPartyName". Bytes of DNS, email and URI that are
 * not ASCII stand for Latin-1. */
const struct rp_x509_attribute *rp_x509_alt_names(const struct rp_x509 *, size_t *count);
/* The entries of the authorityInfoAccess: "OCSP - URI", "CA Issuers - URI"... (G4). */
const struct rp_x509_attribute *rp_x509_info_access_list(const struct rp_x509 *, size_t *count);

/* What the certificate has but OpenSSL cannot read: null or undefined in node. Who decides on a
 * name must not take an unreadable subjectAltName for none. */
enum rp_x509_part {
    RP_X509_SUBJECT = 1,
    RP_X509_ISSUER = 2,
    RP_X509_SUBJECT_ALT_NAME = 4,
    RP_X509_INFO_ACCESS = 8,
    RP_X509_KEY_USAGE = 16,
};
unsigned rp_x509_malformed(const struct rp_x509 *); /* a set of rp_x509_part */

/* -- the public key (G6, H1). Unused members are NULL or 0. */
struct rp_x509_public_key {
    const char *type;             /* node's asymmetricKeyType: "rsa", "rsa-pss", "dsa", "dh", "ec",
                                     "ed25519", "ed448", "x25519", "x448"; NULL for any other */
    unsigned bits;                /* RSA, RSA-PSS, DSA: of the modulus; EC: of the group's order */
    unsigned divisor_bits;        /* DSA */
    const char *modulus;          /* RSA, RSA-PSS: upper-case hex without a leading zero */
    const char *exponent;         /* RSA, RSA-PSS: "0x10001" */
    const char *exponent_decimal; /* RSA, RSA-PSS: "65537" */
    const char *asn1_curve; /* EC: OpenSSL's name, "prime256v1"; NULL for a curve without one */
    const char *nist_curve; /* EC: "P-256"; NULL where NIST has none */
    const char *hash_algorithm, *mgf1_hash_algorithm; /* RSA-PSS with restrictions: "sha256" */
    int salt_length;                                  /* bytes */
    const uint8_t *spki; /* DER SubjectPublicKeyInfo: what rp_x509_verify takes */
    size_t spki_len;
    const uint8_t *point; /* EC: the uncompressed point, 04 x y */
    size_t point_len;
};
const struct rp_x509_public_key *rp_x509_public_key(const struct rp_x509 *); /* never NULL */

/* -- the chain. The issuer's certificate where the object came with a chain (a peer's certificate),
 * else NULL; NULL too for one that issued itself: nothing refers to itself here (G12, H1). */
const struct rp_x509 *rp_x509_issuer_certificate(const struct rp_x509 *); /* borrowed */
/* A root, by its names, key ids and key usage (N10: not if that forbids signing certificates); like
 * rp_x509_check_issued(x, x) it looks at no signature. */
bool rp_x509_self_issued(const struct rp_x509 *);

/* -- questions (H3). */
enum rp_x509_check_subject {
    RP_X509_SUBJECT_DEFAULT, /* look at the CN or emailAddress if there is no alternative name */
    RP_X509_SUBJECT_ALWAYS,
    RP_X509_SUBJECT_NEVER,
};
/* All zero, or NULL, is node's default. */
struct rp_x509_check_options {
    enum rp_x509_check_subject subject;
    bool no_wildcards;            /* wildcards: false */
    bool no_partial_wildcards;    /* partialWildcards: false */
    bool multi_label_wildcards;   /* "*.a" matches x.y.a */
    bool single_label_subdomains; /* ".a" asks for one label under a */
};
/* X509_check_host: is this certificate for the host? With a match, *matched (unless NULL) is the
 * name of the certificate that matched, the caller's to free. Without, *matched is NULL and *err
 * is cleared, unless the question itself was wrong (ERR_INVALID_ARG_VALUE). This is not
 * checkServerIdentity, whose rules differ. */
bool rp_x509_check_host(const struct rp_x509 *, const char *name,
                        const struct rp_x509_check_options *, char **matched, struct rp_error *);
/* Is it for this mailbox? The part before the @ is compared exactly. false with *err cleared: no.
 */
bool rp_x509_check_email(const struct rp_x509 *, const char *email,
                         const struct rp_x509_check_options *, struct rp_error *);
/* An address that is none: ERR_INVALID_ARG_VALUE, "Invalid IP". */
bool rp_x509_check_ip(const struct rp_x509 *, const char *ip, struct rp_error *);
/* May `issuer` have issued this certificate, by names, key ids and usage? No signature is checked:
 * that is rp_x509_verify(x, its public key). */
bool rp_x509_check_issued(const struct rp_x509 *, const struct rp_x509 *issuer);
/* Does this private key (PEM or DER; passphrase NULL if none) belong to the certificate? False with
 * *err cleared if not; with *err set when it is no key that can be read. */
bool rp_x509_check_private_key(const struct rp_x509 *, const void *key, size_t len,
                               const char *passphrase, struct rp_error *);
/* Was the certificate signed with this public key (PEM or DER)? Nothing else is checked. Errors as
 * above. */
bool rp_x509_verify(const struct rp_x509 *, const void *public_key, size_t len, struct rp_error *);

/* -- as JSON */
enum rp_x509_buffers {
    RP_X509_BUFFERS_HEX,  /* "3082..." */
    RP_X509_BUFFERS_NODE, /* {"type":"Buffer","data":[48,130,...]}, as JSON.stringify does */
};
struct rp_x509_json_options {
    bool
        detailed; /* issuerCertificate, to the end of the chain; a self-issued one at the end refers
                     to itself: "issuerCertificate":{"$circular":its depth in the document} */
    unsigned depth; /* of this object in the document it becomes part of; 0: it is the document */
    bool compact;   /* for logs: without modulus, pubkey, fingerprint, fingerprint512 and raw */
    enum rp_x509_buffers buffers;
};
/* The text JSON.stringify gives for node's legacy object, toLegacyObject() (section G), keys in
 * node's order. Options NULL: all defaults. free() it; NULL: no memory. len may be NULL. */
char *rp_x509_to_json(const struct rp_x509 *, const struct rp_x509_json_options *, size_t *len)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif

#endif
