/* SPDX-License-Identifier: MIT
 *
 * x509_dump.c - what rp_x509 says of certificates, as JSON lines, for x509.js to compare with node.
 * usage: x509_dump [NAME...] <LIST     LIST has the path of a certificate on each line; each NAME
 * is asked of each certificate as a host, a mailbox and an address. */
#include <reprise/socket.h>
#include <reprise/x509.h>

#include "lib/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct rp_json *j, const char *key, const char *text)
{
    rp_json_key(j, key);
    rp_json_string(j, text);
}

static void put_error(struct rp_json *j, const struct rp_error *err)
{
    rp_json_begin_object(j);
    put(j, "code", err->code);
    put(j, "message", err->message);
    put(j, "library", err->library);
    put(j, "reason", err->reason);
    rp_json_end_object(j);
}

static void put_key(struct rp_json *j, const struct rp_x509_public_key *key)
{
    rp_json_key(j, "publicKey");
    rp_json_begin_object(j);
    put(j, "type", key->type);
    rp_json_key(j, "bits");
    rp_json_int(j, key->bits);
    rp_json_key(j, "divisorBits");
    rp_json_int(j, key->divisor_bits);
    put(j, "exponent", key->exponent_decimal);
    put(j, "namedCurve", key->asn1_curve);
    put(j, "hashAlgorithm", key->hash_algorithm);
    put(j, "mgf1HashAlgorithm", key->mgf1_hash_algorithm);
    rp_json_key(j, "saltLength");
    rp_json_int(j, key->salt_length);
    rp_json_key(j, "spki");
    rp_json_hex(j, key->spki, key->spki_len);
    rp_json_end_object(j);
}

static void put_properties(struct rp_json *j, const struct rp_x509 *x)
{
    size_t len;
    char *pem = rp_x509_to_pem(x, &len);

    put(j, "subject", rp_x509_subject(x));
    put(j, "issuer", rp_x509_issuer(x));
    put(j, "subjectAltName", rp_x509_subject_alt_name(x));
    put(j, "infoAccess", rp_x509_info_access(x));
    put(j, "validFrom", rp_x509_valid_from(x));
    put(j, "validTo", rp_x509_valid_to(x));
    put(j, "fingerprint", rp_x509_fingerprint(x));
    put(j, "fingerprint256", rp_x509_fingerprint256(x));
    put(j, "fingerprint512", rp_x509_fingerprint512(x));
    put(j, "serialNumber", rp_x509_serial_number(x));
    put(j, "pem", pem);
    free(pem);
    rp_json_key(j, "ca");
    rp_json_bool(j, rp_x509_ca(x));
    rp_json_key(j, "issuedItself");
    rp_json_bool(j, rp_x509_check_issued(x, x));
    if (rp_x509_key_usage(x)) {
        rp_json_key(j, "keyUsage");
        rp_json_begin_array(j);
        for (const char *const *oid = rp_x509_key_usage(x); *oid; oid++)
            rp_json_string(j, *oid);
        rp_json_end_array(j);
    }
    put_key(j, rp_x509_public_key(x));
}

static void put_checks(struct rp_json *j, const struct rp_x509 *x, const char *name)
{
    static const struct rp_x509_check_options options[] = {
        {0},
        {.subject = RP_X509_SUBJECT_ALWAYS},
        {.subject = RP_X509_SUBJECT_NEVER},
        {.no_wildcards = true},
        {.no_partial_wildcards = true},
        {.multi_label_wildcards = true},
        {.single_label_subdomains = true},
    };
    struct rp_error err;
    char *matched;

    rp_json_key(j, name);
    rp_json_begin_array(j);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        rp_x509_check_host(x, name, &options[i], &matched, &err);
        rp_json_string(j, *err.code ? err.message : matched);
        free(matched);
    }
    rp_json_bool(j, rp_x509_check_email(x, name, NULL, &err));
    rp_json_bool(j, rp_x509_check_ip(x, name, &err));
    rp_json_string(j, err.message);
    err = (struct rp_error){0};
    rp_check_server_identity(name, x, &err);
    rp_json_string(j, err.message);
    rp_json_end_array(j);
}

static void put_certificate(struct rp_json *j, const struct rp_x509 *x, char **names)
{
    static const struct rp_x509_json_options as_node = {.buffers = RP_X509_BUFFERS_NODE};
    char *legacy = rp_x509_to_json(x, &as_node, NULL);

    rp_json_key(j, "legacy");
    rp_json_string(j, legacy);
    free(legacy);
    rp_json_key(j, "x509");
    rp_json_begin_object(j);
    put_properties(j, x);
    rp_json_end_object(j);
    rp_json_key(j, "checks");
    rp_json_begin_object(j);
    for (; *names; names++)
        put_checks(j, x, *names);
    rp_json_end_object(j);
}

static bool dump(const char *path, char **names)
{
    static char bytes[1 << 20];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    struct rp_error err;
    struct rp_x509 *x = rp_x509_parse(bytes, len, &err);
    struct rp_json j = {0};
    char *text;

    if (!file)
        return false;
    fclose(file);
    rp_json_begin_object(&j);
    if (x) {
        put_certificate(&j, x, names);
    } else {
        rp_json_key(&j, "error");
        put_error(&j, &err);
    }
    rp_json_end_object(&j);
    rp_x509_unref(x);
    text = rp_json_take(&j, NULL);
    if (text)
        puts(text);
    free(text);
    return text != NULL;
}

int main(int argc, char **argv)
{
    char line[4096];

    (void)argc;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!dump(line, argv + 1)) {
            fprintf(stderr, "x509_dump: cannot read %s\n", line);
            return 1;
        }
    }
    return 0;
}
