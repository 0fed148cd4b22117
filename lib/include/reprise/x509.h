/* SPDX-License-Identifier: MIT
 *
 * x509.h - crypto.X509Certificate, and the certificate object of tls.getPeerCertificate().
 * An rp_x509 is immutable. Everything is read from the certificate when the object is created, so
 * no accessor can fail. Results are borrowed and valid as long as the object, unless a comment says
 * otherwise. All texts are valid UTF-8 without NUL, whatever the certificate contains: other bytes
 * are replaced by U+FFFD, as in node. What is undefined in node is NULL (sections G and H). */
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

/* Parse a certificate in PEM (the first one of the text) or DER. The result is the caller's. NULL
 * on failure: OpenSSL's error as node shows it ("ERR_OSSL_PEM_NO_START_LINE"), ERR_OUT_OF_RANGE
 * (over 2 GiB), ERR_CRYPTO_OPERATION_FAILED, ENOMEM (H4). */
struct rp_x509 *rp_x509_parse(const void *bytes, size_t len, struct rp_error *)
    __attribute__((warn_unused_result));
/* Take a reference; returns the certificate. */
struct rp_x509 *rp_x509_ref(struct rp_x509 *);
/* Give up a reference. NULL is allowed. */
void rp_x509_unref(struct rp_x509 *);

/* -- texts, as the properties of X509Certificate (H1) */
/* The subject, one attribute a line: "C=CL\nCN=..."; NULL for an empty name. */
const char *rp_x509_subject(const struct rp_x509 *);
/* The issuer, likewise. */
const char *rp_x509_issuer(const struct rp_x509 *);
/* The subjectAltName, escaped as in node: "DNS:a, DNS:\"b\\u002c\""; NULL if there is none (G2,
 * G3). */
const char *rp_x509_subject_alt_name(const struct rp_x509 *);
/* The authorityInfoAccess, one entry a line; NULL if there is none (G4). */
const char *rp_x509_info_access(const struct rp_x509 *);
/* The start of the validity period: "Jan  1 00:00:00 2025 GMT" (G7). */
const char *rp_x509_valid_from(const struct rp_x509 *);
/* The end of the validity period, likewise (G7). */
const char *rp_x509_valid_to(const struct rp_x509 *);
/* The SHA-1 fingerprint: "0A:1B:..." (G8). */
const char *rp_x509_fingerprint(const struct rp_x509 *);
/* The SHA-256 fingerprint (G8). */
const char *rp_x509_fingerprint256(const struct rp_x509 *);
/* The SHA-512 fingerprint (G8). */
const char *rp_x509_fingerprint512(const struct rp_x509 *);
/* The serial number in hexadecimal: "0A1B", "0", "-80" (G9). */
const char *rp_x509_serial_number(const struct rp_x509 *);
/* The OIDs of the extended key usage in dotted form, NULL-terminated; NULL without the extension
 * (G10). */
const char *const *rp_x509_key_usage(const struct rp_x509 *);
/* Whether the certificate is that of an authority: basicConstraints say CA:TRUE (G5). */
bool rp_x509_ca(const struct rp_x509 *);
/* The certificate as DER; *len is its length in bytes (G11). */
const uint8_t *rp_x509_raw(const struct rp_x509 *, size_t *len);
/* The certificate as PEM, NUL-terminated, the caller's to free(); `len` may be NULL. NULL: no
 * memory (H2). */
char *rp_x509_to_pem(const struct rp_x509 *, size_t *len) __attribute__((warn_unused_result));

/* -- names as lists, which are maps in node's legacy object. The values are not escaped, so a
 * program has no text to split and cannot be misled by its content. A value may contain NULs: use
 * `len`. Each function sets *count and returns a borrowed array. */
struct rp_x509_attribute {
    const char *name;  /* "CN", "2.5.4.99"; "DNS", "IP Address"; "OCSP - URI" */
    const char *value; /* UTF-8, NUL-terminated */
    size_t len;
};
/* The attributes of the subject in their order; the same name may occur several times (G1). */
const struct rp_x509_attribute *rp_x509_subject_attributes(const struct rp_x509 *, size_t *count);
/* The attributes of the issuer, likewise. */
const struct rp_x509_attribute *rp_x509_issuer_attributes(const struct rp_x509 *, size_t *count);
/* The entries of the subjectAltName by kind: "DNS", "email", "URI", "IP Address", "DirName",
 * "Registered ID", "othername", "X400Name", "EdiPartyName". Bytes of DNS, email and URI that are
 * not ASCII are read as Latin-1 (G2). */
const struct rp_x509_attribute *rp_x509_alt_names(const struct rp_x509 *, size_t *count);
/* The entries of the authorityInfoAccess: "OCSP - URI", "CA Issuers - URI"... (G4). */
const struct rp_x509_attribute *rp_x509_info_access_list(const struct rp_x509 *, size_t *count);

/* The parts of a certificate that OpenSSL cannot read; they are null or undefined in node. A
 * program that checks names must not treat an unreadable subjectAltName as a missing one. */
enum rp_x509_part {
    RP_X509_SUBJECT = 1,
    RP_X509_ISSUER = 2,
    RP_X509_SUBJECT_ALT_NAME = 4,
    RP_X509_INFO_ACCESS = 8,
    RP_X509_KEY_USAGE = 16,
};
/* The parts that are malformed, a set of rp_x509_part; 0 = none. */
unsigned rp_x509_malformed(const struct rp_x509 *);

/* -- the public key. Members that its type does not have are NULL or 0 (G6, H1). */
struct rp_x509_public_key {
    const char *type;      /* node's asymmetricKeyType: "rsa", "rsa-pss", "dsa", "dh", "ec",
                              "ed25519", "ed448", "x25519", "x448"; NULL for any other */
    unsigned bits;         /* of the modulus (RSA, RSA-PSS, DSA) or of the group's order (EC) */
    unsigned divisor_bits; /* DSA: of q */
    const char *modulus;   /* RSA, RSA-PSS: upper-case hex without a leading zero */
    const char *exponent;  /* RSA, RSA-PSS: "0x10001" */
    const char *exponent_decimal; /* RSA, RSA-PSS: "65537" */
    const char *asn1_curve;       /* EC: OpenSSL's name, "prime256v1"; NULL if it has none */
    const char *nist_curve;       /* EC: NIST's name, "P-256"; NULL if it has none */
    const char *hash_algorithm, *mgf1_hash_algorithm; /* RSA-PSS with restrictions: "sha256" */
    int salt_length;                                  /* bytes */
    const uint8_t *spki; /* DER SubjectPublicKeyInfo: what rp_x509_verify takes */
    size_t spki_len;
    const uint8_t *point; /* EC: the uncompressed point, 04 x y */
    size_t point_len;
};
/* The public key; never NULL. */
const struct rp_x509_public_key *rp_x509_public_key(const struct rp_x509 *);

/* -- the chain */
/* The issuer's certificate, if the object has a chain (rp_socket_peer_x509); borrowed. NULL without
 * a chain, at its end, and for a self-issued certificate, which in node refers to itself (G12, H1).
 */
const struct rp_x509 *rp_x509_issuer_certificate(const struct rp_x509 *);
/* Whether the certificate issued itself, by names, key ids and key usage; the signature is not
 * verified. false if its key usage does not allow signing certificates (N10). */
bool rp_x509_self_issued(const struct rp_x509 *);

/* -- checks (H3) */
enum rp_x509_check_subject {
    RP_X509_SUBJECT_DEFAULT, /* use the CN or emailAddress if there is no subjectAltName */
    RP_X509_SUBJECT_ALWAYS,
    RP_X509_SUBJECT_NEVER,
};
/* NULL means node's defaults, as all zero does. */
struct rp_x509_check_options {
    enum rp_x509_check_subject subject;
    bool no_wildcards;            /* wildcards: false */
    bool no_partial_wildcards;    /* partialWildcards: false */
    bool multi_label_wildcards;   /* "*.a" matches x.y.a */
    bool single_label_subdomains; /* ".a" matches x.a only, not x.y.a */
};
/* Whether the certificate is valid for a host name, by X509_check_host. If so, *matched (unless
 * `matched` is NULL) is the matching name in the certificate, the caller's to free(). If not,
 * *matched is NULL and *err is "no error". Errors: ERR_INVALID_ARG_VALUE (malformed name or
 * options), ERR_CRYPTO_OPERATION_FAILED. Its rules differ from those of rp_check_server_identity.
 */
bool rp_x509_check_host(const struct rp_x509 *, const char *name,
                        const struct rp_x509_check_options *, char **matched, struct rp_error *);
/* Whether the certificate is valid for an email address; the part before the @ is case-sensitive.
 * false with *err "no error": it is not. Errors as for rp_x509_check_host. */
bool rp_x509_check_email(const struct rp_x509 *, const char *email,
                         const struct rp_x509_check_options *, struct rp_error *);
/* Whether the certificate is valid for an IP address. false with *err "no error": it is not.
 * Errors: ERR_INVALID_ARG_VALUE ("Invalid IP"), ERR_CRYPTO_OPERATION_FAILED. */
bool rp_x509_check_ip(const struct rp_x509 *, const char *ip, struct rp_error *);
/* Whether `issuer` may have issued this certificate, by names, key ids and key usage. The signature
 * is not verified; rp_x509_verify does that. */
bool rp_x509_check_issued(const struct rp_x509 *, const struct rp_x509 *issuer);
/* Whether a private key (PEM or DER; `passphrase` NULL if it has none) belongs to the certificate.
 * false with *err "no error": it does not. Errors: OpenSSL's if the key cannot be read, or
 * ERR_CRYPTO_OPERATION_FAILED. */
bool rp_x509_check_private_key(const struct rp_x509 *, const void *key, size_t len,
                               const char *passphrase, struct rp_error *);
/* Whether the certificate was signed with this public key (PEM or DER); nothing else is verified.
 * Errors as for rp_x509_check_private_key. */
bool rp_x509_verify(const struct rp_x509 *, const void *public_key, size_t len, struct rp_error *);

/* -- as JSON */
enum rp_x509_buffers {
    RP_X509_BUFFERS_HEX,  /* "3082..." */
    RP_X509_BUFFERS_NODE, /* {"type":"Buffer","data":[48,130,...]}, as JSON.stringify does */
};
struct rp_x509_json_options {
    /* Include issuerCertificate, to the end of the chain. A self-issued certificate at the end
     * refers to itself: "issuerCertificate":{"$circular":its depth in the document}. */
    bool detailed;
    unsigned depth; /* of this object in the document that contains it; 0: it is the document */
    bool compact;   /* for logs: without modulus, pubkey, fingerprint, fingerprint512 and raw */
    enum rp_x509_buffers buffers;
};
/* node's legacy object, toLegacyObject(), as the JSON text that JSON.stringify gives, with the keys
 * in node's order; the caller's to free(). Options NULL = all defaults; `len` may be NULL. NULL: no
 * memory (section G). */
char *rp_x509_to_json(const struct rp_x509 *, const struct rp_x509_json_options *, size_t *len)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif

#endif
