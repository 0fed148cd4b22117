/* SPDX-License-Identifier: MIT
 *
 * socket_agreed.c - what both ends can be asked about a connection, and what can be set (D13 to
 * D29).
 */
#include <unistd.h>

#include "tests/unit/link.h"
#include "tests/unit/unit.h"
#include "tests/unit/openssl_version.h"

static const char *const versions[] = {"TLSv1.2", "TLSv1.3"};

static void open_version(int i)
{
    link_prepare();
    linked.client_tls.max_version = versions[i];
    link_open();
}

START_TEST(finished_of_one_end_is_the_other_ends_peer_finished)
{
    uint8_t ours[RP_FINISHED_MAX], theirs[RP_FINISHED_MAX];
    size_t len;

    open_version(_i);
    len = rp_socket_finished(linked.client, ours);
    ck_assert_uint_eq(len, _i == 0 ? 12 : 48);
    ck_assert_uint_eq(rp_socket_peer_finished(linked.accepted, theirs), len);
    ck_assert_mem_eq(ours, theirs, len);
    len = rp_socket_finished(linked.accepted, ours);
    ck_assert_uint_eq(rp_socket_peer_finished(linked.client, theirs), len);
    ck_assert_mem_eq(ours, theirs, len);
    link_close();
}
END_TEST

START_TEST(ephemeral_key_is_told_to_clients)
{
    struct rp_ephemeral_key_info info;

    open_version(_i);
    ck_assert(rp_socket_ephemeral_key_info(linked.client, &info));
    if (_i == 1 && openssl_since(3, 5)) {
        ck_assert_str_eq(info.type, "KEM");
        ck_assert_str_eq(info.name, default_group());
    } else {
        ck_assert_str_eq(info.type, "ECDH");
        ck_assert_str_eq(info.name, "X25519");
        ck_assert_int_eq(info.size, 253);
    }
    ck_assert(!rp_socket_ephemeral_key_info(linked.accepted, &info));
    link_close();
}
END_TEST

START_TEST(ephemeral_key_names_the_curve)
{
    struct rp_ephemeral_key_info info;

    link_prepare();
    linked.client_tls.ecdh_curve = "P-384";
    link_open();
    ck_assert(rp_socket_ephemeral_key_info(linked.client, &info));
    ck_assert_str_eq(info.name, "secp384r1");
    ck_assert_int_eq(info.size, 384);
    link_close();
}
END_TEST

START_TEST(the_group_is_told_to_both_ends)
{
    static const struct {
        const char *curve, *group;
    } rows[] = {{"X25519:P-256", "x25519"}, {"P-256", "secp256r1"}, {"P-384:P-256", "secp384r1"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        link_prepare();
        linked.client_tls.max_version = versions[_i];
        linked.client_tls.ecdh_curve = linked.server_tls.ecdh_curve = rows[i].curve;
        link_open();
        ck_assert_str_eq(rp_socket_group(linked.client), rows[i].group);
        ck_assert_str_eq(rp_socket_group(linked.accepted), rows[i].group);
        link_close();
    }
}
END_TEST

START_TEST(no_group_without_a_key_exchange_by_one)
{
    link_prepare();
    cert_free(&linked.leaf);
    linked.leaf =
        cert_make((struct cert_request){.cn = "a.example", .alt = "DNS:a.example", .rsa = true});
    linked.cert.bytes = linked.leaf.pem;
    linked.key.bytes = linked.leaf.key_pem;
    linked.client_tls.max_version = "TLSv1.2";
    linked.client_tls.ciphers = linked.server_tls.ciphers = "AES128-SHA";
    link_open();
    ck_assert_ptr_null(rp_socket_group(linked.client));
    ck_assert_ptr_null(rp_socket_group(linked.accepted));
    link_close();
}
END_TEST

START_TEST(a_hybrid_group_is_a_key_of_clients)
{
    struct rp_ephemeral_key_info info;
    struct rp_error err;

    link_prepare();
    linked.client_tls.ecdh_curve = linked.server_tls.ecdh_curve = "X25519MLKEM768";
    struct rp_secure_context *context = rp_secure_context_new(&linked.client_tls, &err);

    if (context == NULL) { /* an OpenSSL before 3.5 */
        cert_free(&linked.leaf);
        rp_loop_free(linked.loop);
        return;
    }
    rp_secure_context_unref(context);
    link_open();
    ck_assert_str_eq(rp_socket_group(linked.accepted), "X25519MLKEM768");
    ck_assert(rp_socket_ephemeral_key_info(linked.client, &info));
    ck_assert_str_eq(info.type, "KEM");
    ck_assert_str_eq(info.name, "X25519MLKEM768");
    link_close();
}
END_TEST

START_TEST(shared_sigalgs_are_told_to_servers)
{
    char name[RP_SIGALG_NAME_MAX];

    link_prepare();
    linked.client_tls.sigalgs = "ECDSA+SHA256:ed25519:rsa_pss_pss_sha512";
    link_open();
    ck_assert(rp_socket_shared_sigalg(linked.accepted, 0, name));
    ck_assert_str_eq(name, "ECDSA+SHA256");
    ck_assert(rp_socket_shared_sigalg(linked.accepted, 1, name));
    ck_assert_str_eq(name, "Ed25519+UNDEF");
    ck_assert(rp_socket_shared_sigalg(linked.accepted, 2, name));
    ck_assert_str_eq(name, "RSA-PSS+SHA512");
    ck_assert(!rp_socket_shared_sigalg(linked.accepted, 3, name));
    ck_assert(!rp_socket_shared_sigalg(linked.client, 0, name));
    link_close();
}
END_TEST

START_TEST(keying_material_is_equal_at_both_ends)
{
    static const uint8_t none[1] = {0};
    uint8_t ours[40], theirs[40];
    struct rp_error err;

    open_version(_i);
    ck_assert(rp_socket_export_keying_material(linked.client, ours, 40, "label", NULL, 0, &err));
    ck_assert(
        rp_socket_export_keying_material(linked.accepted, theirs, 40, "label", NULL, 0, &err));
    ck_assert_mem_eq(ours, theirs, 40);
    ck_assert(rp_socket_export_keying_material(linked.client, theirs, 40, "label", none, 0, &err));
    ck_assert_int_eq(memcmp(ours, theirs, 40) == 0, _i == 1); /* RFC 5705 / RFC 8446 */
    ck_assert(!rp_socket_export_keying_material(linked.client, ours, 0, "label", NULL, 0, &err));
    ck_assert_str_eq(err.code, "ERR_OUT_OF_RANGE");
    if (_i == 0) {
        ck_assert(!rp_socket_export_keying_material(linked.client, ours, 40, "master secret", NULL,
                                                    0, &err));
        ck_assert_str_eq(err.code, "ERR_SSL_TLS_ILLEGAL_EXPORTER_LABEL");
    }
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    ck_assert(!rp_socket_export_keying_material(linked.client, ours, 40, "label", NULL, 0, &err));
    ck_assert_str_eq(err.code, "ERR_TLS_INVALID_STATE");
    link_close();
}
END_TEST

START_TEST(certificates_can_be_asked_for_again)
{
    struct rp_error err;

    open_version(_i);
    for (int i = 0; i < 2; i++) {
        struct rp_x509 *peer = rp_socket_peer_x509(linked.client, true, &err);
        struct rp_x509 *own = rp_socket_x509(linked.accepted, &err);

        ck_assert_ptr_nonnull(peer);
        ck_assert_ptr_nonnull(own);
        ck_assert_str_eq(rp_x509_fingerprint256(peer), rp_x509_fingerprint256(own));
        rp_x509_unref(peer);
        rp_x509_unref(own);
    }
    ck_assert_ptr_null(rp_socket_peer_x509(linked.accepted, false, &err));
    ck_assert_str_eq(err.code, "");
    ck_assert_ptr_null(rp_socket_x509(linked.client, &err));
    link_close();
}
END_TEST

/* What can be asked of a connection that is not yet, or no longer (D11, D12). */
static void check_nothing_is_told(struct rp_socket *s)
{
    struct rp_cipher_info cipher;
    struct rp_ephemeral_key_info key;
    uint8_t bytes[RP_FINISHED_MAX];
    char name[RP_SIGALG_NAME_MAX];
    struct rp_error err = {0};

    ck_assert(!rp_socket_cipher(s, &cipher));
    ck_assert(!rp_socket_ephemeral_key_info(s, &key));
    ck_assert_ptr_null(rp_socket_group(s));
    ck_assert(!rp_socket_shared_sigalg(s, 0, name));
    ck_assert(!rp_socket_session_reused(s));
    ck_assert_uint_eq(rp_socket_session(s, NULL, 0), 0);
    ck_assert_uint_eq(rp_socket_ticket(s, NULL, 0), 0);
    ck_assert_uint_eq(rp_socket_finished(s, bytes), 0);
    ck_assert_uint_eq(rp_socket_peer_finished(s, bytes), 0);
    ck_assert_ptr_null(rp_socket_peer_x509(s, false, NULL));
    ck_assert(!rp_socket_export_keying_material(s, bytes, 1, "EXPORTER-x", NULL, 0, &err));
    ck_assert_str_ne(err.code, "");
}

START_TEST(nothing_is_told_before_the_handshake)
{
    link_prepare();
    link_listen();
    link_connect();
    ck_assert(rp_socket_secure_connecting(linked.client));
    check_nothing_is_told(linked.client);
    ck_assert_ptr_null(rp_socket_servername(linked.client));
    link_run(link_is_open);
    ck_assert(linked.connected && !rp_socket_secure_connecting(linked.client));
    link_close();
}
END_TEST

static bool client_has_closed(void)
{
    return linked.client_closed;
}

START_TEST(nothing_is_told_after_the_end)
{
    open_version(_i);
    rp_stream_destroy(rp_socket_stream(linked.client), NULL);
    link_run(client_has_closed);
    check_nothing_is_told(linked.client);
    ck_assert_str_eq(rp_socket_servername(linked.client), "a.example"); /* is kept */
    ck_assert_ptr_null(rp_socket_protocol(linked.client));
    ck_assert(!rp_socket_set_max_send_fragment(linked.client, 512));
    link_close();
}
END_TEST

static void on_written(struct rp_stream *stream, const struct rp_error *error, void *arg)
{
    struct rp_error *why = arg;

    (void)stream;
    if (error != NULL)
        *why = *error;
}

START_TEST(what_is_written_too_late_is_refused) /* K6 */
{
    struct rp_error ended = {0}, destroyed = {0};
    struct rp_stream *stream;

    open_version(_i);
    stream = rp_socket_stream(linked.client);
    rp_stream_end(stream);
    rp_stream_write_then(stream, "x", 1, on_written, &ended);
    rp_stream_destroy(stream, NULL);
    ck_assert(!rp_stream_write_then(stream, "x", 1, on_written, &destroyed));
    link_run(client_has_closed);
    ck_assert_str_eq(ended.code, "ERR_STREAM_WRITE_AFTER_END");
    ck_assert_str_eq(destroyed.code, "ERR_STREAM_DESTROYED");
    link_close();
}
END_TEST

START_TEST(protocol_without_a_name_is_refused) /* N6: node's process ends */
{
    static const char *const nameless[] = {"a", "", NULL};
    struct rp_net_options net = {.port = 1};
    struct rp_connect_options o = {.alpn_protocols = nameless, .net = &net};
    struct rp_loop *loop = rp_loop_new(NULL);
    struct rp_error err = {0};

    ck_assert_ptr_null(rp_connect(loop, &o, &err));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    rp_loop_free(loop);
}
END_TEST

START_TEST(protocols_must_fit_in_a_hello)
{
    enum { MANY = 300 };
    char name[MANY][256];
    const char *protocols[MANY + 1] = {NULL};
    struct rp_net_options net = {.port = 1};
    struct rp_connect_options o = {.alpn_protocols = protocols, .net = &net};
    struct rp_loop *loop = rp_loop_new(NULL);
    struct rp_error err = {0};

    for (size_t i = 0; i < MANY; i++) {
        snprintf(name[i], sizeof name[i], "%0255zu", i);
        protocols[i] = name[i];
    }
    ck_assert_ptr_null(rp_connect(loop, &o, &err));
    ck_assert_str_eq(err.code, "ERR_OUT_OF_RANGE");
    rp_loop_free(loop);
}
END_TEST

START_TEST(settings_have_limits_and_a_time)
{
    struct rp_error err;

    link_prepare();
    link_listen();
    link_connect();
    ck_assert(rp_socket_set_servername(linked.client, "b.example", &err));
    ck_assert(!rp_socket_set_session(linked.client, (const uint8_t *)"junk", 4, &err));
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_VALUE");
    ck_assert(rp_socket_set_session(linked.client, NULL, 0, &err));
    ck_assert(rp_socket_set_max_send_fragment(linked.client, 512));
    link_run(link_is_open);
    ck_assert(linked.connected);
    ck_assert_str_eq(rp_socket_servername(linked.accepted), "b.example");
    ck_assert(!rp_socket_set_max_send_fragment(linked.client, 511));
    ck_assert(rp_socket_set_max_send_fragment(linked.client, 16384));
    ck_assert(!rp_socket_set_max_send_fragment(linked.client, 16385));
    ck_assert(!rp_socket_set_servername(linked.client, "c.example", &err));
    ck_assert_str_eq(err.code, "ERR_TLS_INVALID_STATE");
    ck_assert(!rp_socket_set_servername(linked.accepted, "c.example", &err));
    ck_assert_str_eq(err.code, "ERR_TLS_SNI_FROM_SERVER");
    link_close();
}
END_TEST

/* What the library wrote to the standard error while a connection was made. */
START_TEST(trace_goes_to_the_standard_error)
{
    FILE *file = tmpfile();
    char text[4096] = "";
    int err = dup(STDERR_FILENO);

    link_prepare();
    link_listen();
    link_connect();
    ck_assert(rp_socket_enable_trace(linked.client));
    dup2(fileno(file), STDERR_FILENO);
    link_run(link_is_open);
    dup2(err, STDERR_FILENO);
    close(err);
    rewind(file);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    ck_assert_ptr_nonnull(strstr(text, traced_record()));
    ck_assert_ptr_nonnull(strstr(text, "ClientHello"));
    fclose(file);
    link_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_agreed");
    TCase *tc = tcase_create("agreed");

    tcase_add_loop_test(tc, finished_of_one_end_is_the_other_ends_peer_finished, 0, 2);
    tcase_add_loop_test(tc, ephemeral_key_is_told_to_clients, 0, 2);
    tcase_add_test(tc, ephemeral_key_names_the_curve);
    tcase_add_loop_test(tc, the_group_is_told_to_both_ends, 0, 2);
    tcase_add_test(tc, no_group_without_a_key_exchange_by_one);
    tcase_add_test(tc, a_hybrid_group_is_a_key_of_clients);
    tcase_add_test(tc, shared_sigalgs_are_told_to_servers);
    tcase_add_loop_test(tc, keying_material_is_equal_at_both_ends, 0, 2);
    tcase_add_loop_test(tc, certificates_can_be_asked_for_again, 0, 2);
    tcase_add_test(tc, settings_have_limits_and_a_time);
    tcase_add_test(tc, nothing_is_told_before_the_handshake);
    tcase_add_loop_test(tc, nothing_is_told_after_the_end, 0, 2);
    tcase_add_loop_test(tc, what_is_written_too_late_is_refused, 0, 2);
    tcase_add_test(tc, protocol_without_a_name_is_refused);
    tcase_add_test(tc, protocols_must_fit_in_a_hello);
    tcase_add_test(tc, trace_goes_to_the_standard_error);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
