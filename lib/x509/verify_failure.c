/* SPDX-License-Identifier: MIT
 *
 * verify_failure.c - which certificate of a chain did not verify, and why. The danger: the peer
 * chose the subject. It is escaped as in RFC 2253, and cut. */
#include "lib/x509/verify_failure.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/x509.h>

static void put_subject(char subject[RP_VERIFY_SUBJECT], const X509 *cert)
{
    BIO *bio = cert != NULL ? BIO_new(BIO_s_mem()) : NULL;
    int len = 0;

    if (bio != NULL && X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
                                          XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        len = BIO_read(bio, subject, RP_VERIFY_SUBJECT - 1);
    subject[len > 0 ? len : 0] = '\0';
    BIO_free(bio);
}

void rp_verify_note(struct rp_verify_note **note, X509_STORE_CTX *store)
{
    if (*note == NULL)
        *note = malloc(sizeof **note);
    if (*note == NULL)
        return; /* OpenSSL still has the result */
    (*note)->result = X509_STORE_CTX_get_error(store);
    (*note)->depth = X509_STORE_CTX_get_error_depth(store);
    put_subject((*note)->subject, X509_STORE_CTX_get_current_cert(store));
}
