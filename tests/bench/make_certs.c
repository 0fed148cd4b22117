/* SPDX-License-Identifier: MIT
 *
 * make_certs.c - many certificates for the measurements of scale: hostN.test, key and certificate
 * in one PEM file each. usage: make_certs DIRECTORY COUNT */
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

static void need(int ok)
{
    if (ok)
        return;
    perror("make_certs");
    exit(1);
}

static X509 *certificate(EVP_PKEY *key, unsigned long number, const char *name)
{
    X509 *cert = X509_new();
    char alternative[64];
    X509_EXTENSION *names;

    need(cert != NULL);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)number + 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 30 * 86400L);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    snprintf(alternative, sizeof alternative, "DNS:%s", name);
    names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative);
    need(names != NULL && X509_add_ext(cert, names, -1) == 1);
    X509_EXTENSION_free(names);
    X509_set_pubkey(cert, key);
    need(X509_sign(cert, key, EVP_sha256()) > 0);
    return cert;
}

int main(int argc, char **argv)
{
    unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

    if (count == 0) {
        fprintf(stderr, "usage: make_certs DIRECTORY COUNT\n");
        return 2;
    }
    for (unsigned long i = 0; i < count; i++) {
        EVP_PKEY *key = EVP_EC_gen("P-256");
        char name[32], path[4096];
        X509 *cert;
        FILE *file;

        snprintf(name, sizeof name, "host%lu.test", i);
        snprintf(path, sizeof path, "%s/%s.pem", argv[1], name);
        need(key != NULL);
        cert = certificate(key, i, name);
        file = fopen(path, "w");
        need(file != NULL && PEM_write_X509(file, cert) == 1 &&
             PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
        X509_free(cert);
        EVP_PKEY_free(key);
    }
    return 0;
}
