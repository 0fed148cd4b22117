/* SPDX-License-Identifier: MIT
 *
 * node_certificates.c - every certificate in both versions, and every kind of client certificate,
 * as in node: the rows of matrix.json and clientcert.json. One difference, because node's behaviour
 * is worse: a client that is refused gets an alert, as it is refused inside the handshake. */
#include "tests/unit/golden_pair.h"

static json_t *matrix, *clients;
static const char *row_name;
static json_t *row;

/* The rows of an object, in their order. */
static void take_row(json_t *object, int index)
{
    void *at = json_object_iter(object);

    while (index-- > 0)
        at = json_object_iter_next(object, at);
    row_name = json_object_iter_key(at);
    row = json_object_iter_value(at);
    pair_begin();
}

static void setup(void)
{
    matrix = golden_json("matrix.json");
    clients = golden_json("clientcert.json");
}

static void teardown(void)
{
    json_decref(matrix);
    json_decref(clients);
}

/* -- matrix.json */

static const char *const server_protocols[] = {"h2", "http/1.1", NULL};
static const char *const client_protocols[] = {"x", "http/1.1", "h2", NULL};
static const char *const strict_protocols[] = {"h2", NULL};

static const char *name_of_server(char name[32])
{
    snprintf(name, 32, "%.*s", (int)strcspn(row_name, "@"), row_name);
    pair_serve(name);
    pair_versions(strchr(row_name, '@') + 1);
    pair.server_options.alpn_protocols = server_protocols;
    return name;
}

static const char *curves_of(const char *name)
{
    return strcmp(name, "leaf-k1") == 0 ? "secp256k1:P-256:X25519" : NULL;
}

START_TEST(every_certificate_serves_as_with_node)
{
    char name[32];
    json_t *refused;

    take_row(matrix, _i);
    pair.server_tls.ecdh_curve = pair.client_tls.ecdh_curve = curves_of(name_of_server(name));
    pair.options.alpn_protocols = client_protocols;
    pair.options.allow_unauthorized = true;
    refused = json_object_get(row, "createServer_throws");
    if (refused != NULL && openssl_since(3, 5)) {
        ck_assert(pair_run()); /* node with this OpenSSL takes it, too */
    } else if (refused != NULL) {
        ck_assert(!pair_run());
        pair_check_error(&pair.refused, refused, row_name);
    } else {
        ck_assert_msg(pair_run(), "%s: %s", row_name, pair.refused.message);
        if (json_object_get(row, "handshake_failed") != NULL) {
            pair_check_error(&pair.client_error, json_object_get(row, "clientError"), row_name);
            pair_check_error(&pair.server_error, json_object_get(row, "tlsClientError"), row_name);
        } else {
            ck_assert_msg(pair.connected, "%s: %s", row_name, pair.client_error.message);
            pair_check_side(pair.client, json_object_get(row, "client"), row_name);
            pair_check_side(pair.accepted, json_object_get(row, "server"), row_name);
        }
    }
    pair_close();
}
END_TEST

/* Who is not trusted is told so; node's server thinks that all is well, or hears nothing. */
static void check_server_of_strict(const json_t *strict)
{
    const char *error = golden_string(strict, "authorizationError");

    if (error == NULL)
        pair_check_told(json_object_get(strict, "events"), false, row_name);
    else if (strcmp(error, "ERR_TLS_CERT_ALTNAME_INVALID") != 0)
        ck_assert_msg(strstr(pair.server_error.code, "_ALERT_") != NULL, "%s: %s", row_name,
                      pair.server_error.code);
}

START_TEST(every_certificate_is_judged_as_by_node)
{
    char name[32];
    json_t *strict;

    take_row(matrix, _i);
    strict = json_object_get(row, "strict");
    if (strict != NULL) {
        pair.server_tls.ecdh_curve = curves_of(name_of_server(name));
        pair.options.alpn_protocols = strict_protocols;
        ck_assert(pair_run());
        ck_assert_int_eq(pair.connected, json_is_true(json_object_get(strict, "clientConnected")));
        if (!pair.connected)
            pair_check_error(&pair.client_error, json_object_get(strict, "clientError"), row_name);
        ck_assert_texts_eq(rp_socket_authorization_error(pair.client),
                           golden_string(strict, "authorizationError"));
        pair_check_told(json_object_get(strict, "events"), true, row_name);
        check_server_of_strict(strict);
    }
    pair_close();
}
END_TEST

/* -- clientcert.json: "NAME@VERSION rejectUnauthorized=true" */

static void check_refused_client(void)
{
    bool has_none = strncmp(row_name, "null@", 5) == 0;

    ck_assert(pair.accepted == NULL);
    if (has_none) {
        pair_check_error(&pair.server_error, json_object_get(row, "tlsClientError"), row_name);
        pair_check_error(&pair.client_error, json_object_get(row, "clientError"), row_name);
        pair_check_told(json_object_get(row, "events"), true, row_name);
        return;
    }
    ck_assert_str_eq(pair.server_error.code, "ERR_SSL_CERTIFICATE_VERIFY_FAILED");
    ck_assert_msg(strstr(pair.client_error.code, "_ALERT_") != NULL, "%s: %s", row_name,
                  pair.client_error.code);
    ck_assert_int_eq(pair.connected, json_is_true(json_object_get(row, "clientSecureConnect")));
}

START_TEST(every_client_is_judged_as_by_node)
{
    char name[32];
    const char *at;
    json_t *subject;
    size_t count;

    take_row(clients, _i);
    at = strchr(row_name, '@') + 1;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(at, " "), at);
    pair_versions(name);
    pair.server_options.request_cert = true;
    pair.server_options.allow_unauthorized = strstr(row_name, "=false") != NULL;
    if (strncmp(row_name, "null@", 5) != 0) {
        char client[32];

        snprintf(client, sizeof client, "%.*s", (int)strcspn(row_name, "@"), row_name);
        pair_show(client);
    }
    ck_assert(pair_run());
    if (json_is_null(json_object_get(row, "server"))) {
        check_refused_client();
    } else {
        struct rp_x509 *peer = rp_socket_peer_x509(pair.accepted, false, NULL);

        pair_check_told(json_object_get(row, "events"), true, row_name);
        pair_check_told(json_object_get(row, "events"), false, row_name);
        pair_check_side(pair.accepted, json_object_get(row, "server"), row_name);
        subject = json_object_get(row, "serverPeer");
        ck_assert_int_eq(peer != NULL, json_is_object(subject));
        if (peer != NULL) {
            const struct rp_x509_attribute *a = rp_x509_subject_attributes(peer, &count);

            ck_assert_uint_eq(count, json_object_size(subject));
            for (size_t i = 0; i < count; i++)
                ck_assert_texts_eq(a[i].value, golden_string(subject, a[i].name));
        }
        rp_x509_unref(peer);
    }
    pair_close();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("node_certificates");
    TCase *t = tcase_create("node_certificates");

    pair_make_certs();
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, every_certificate_serves_as_with_node, 0, 56);
    tcase_add_loop_test(t, every_certificate_is_judged_as_by_node, 0, 56);
    tcase_add_loop_test(t, every_client_is_judged_as_by_node, 0, 28);
    suite_add_tcase(s, t);
    return unit_run(s);
}
