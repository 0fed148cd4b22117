/* SPDX-License-Identifier: MIT
 *
 * golden_pair.h - a server and a client with the certificates of the goldens, and what both told in
 * which order: what the script that took the goldens from node did. The certificates are made anew,
 * with keys, by tests/goldens/gen-certs.sh; nothing that is compared depends on their bytes.
 * Set pair.*, then pair_run; pair_close between two of them. */
#ifndef GOLDEN_PAIR_H
#define GOLDEN_PAIR_H

#include <reprise/reprise.h>
#include <stdarg.h>

#include "tests/unit/goldens.h"
#include "tests/unit/unit.h"

enum { PAIR_EVENTS = 64, PAIR_EVENT = 120, PAIR_FILES = 64 };

static struct {
    /* before */
    struct rp_secure_context_options server_tls, client_tls;
    struct rp_server_options server_options;
    struct rp_connect_options options;
    struct rp_pem server_cert, server_key, client_cert, client_key;
    void (*prepare_server)(struct rp_server *);
    void (*prepare_client)(struct rp_socket *);
    bool close_at_once; /* do not wait for both ends */
    /* after */
    struct rp_loop *loop;
    struct rp_server *server;
    struct rp_socket *client, *accepted; /* a reference of each */
    struct rp_error refused;             /* no server came to be */
    struct rp_error client_error, server_error, socket_error;
    bool connected, client_closed, accepted_closed, reported, server_closed, overtime;
    char events[PAIR_EVENTS][PAIR_EVENT];
    size_t count;
} pair;

/* -- certificates */

static inline void pair_make_certs(void)
{
    int rc = system("mkdir -p build && exec 9>build/golden-certs.lock && flock 9 && "
                    "{ test -e build/golden-certs/done || "
                    "{ bash tests/goldens/gen-certs.sh build/golden-certs >/dev/null 2>&1 && "
                    "touch build/golden-certs/done; }; }");

    if (rc != 0) {
        fputs("tests/goldens/gen-certs.sh failed\n", stderr);
        exit(1);
    }
}

/* A file of the set, kept for as long as the program runs; NULL: there is none. */
static inline const char *pair_file(const char *name)
{
    static struct {
        char name[64];
        char *text;
    } files[PAIR_FILES];
    char path[256];
    FILE *file;
    size_t i, len;

    for (i = 0; i < PAIR_FILES && files[i].text != NULL; i++)
        if (strcmp(files[i].name, name) == 0)
            return files[i].text;
    ck_assert_uint_lt(i, PAIR_FILES);
    snprintf(path, sizeof path, "build/golden-certs/%s", name);
    file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    files[i].text = calloc(1, 65536);
    ck_assert_ptr_nonnull(files[i].text);
    len = fread(files[i].text, 1, 65535, file);
    ck_assert_uint_gt(len, 0);
    fclose(file);
    snprintf(files[i].name, sizeof files[i].name, "%s", name);
    return files[i].text;
}

/* A certificate with its chain, and its key, as the end of options `o`. */
static inline void pair_identity(struct rp_secure_context_options *o, struct rp_pem *cert,
                                 struct rp_pem *key, const char *name)
{
    char file[80];

    snprintf(file, sizeof file, "%s.chain.pem", name);
    cert->bytes = pair_file(file);
    snprintf(file, sizeof file, "%s.key", name);
    key->bytes = pair_file(file);
    ck_assert_ptr_nonnull(cert->bytes);
    ck_assert_ptr_nonnull(key->bytes);
    o->cert = cert;
    o->key = key;
    o->cert_count = o->key_count = 1;
}

static inline void pair_serve(const char *name)
{
    pair_identity(&pair.server_tls, &pair.server_cert, &pair.server_key, name);
}

static inline void pair_show(const char *name)
{
    pair_identity(&pair.client_tls, &pair.client_cert, &pair.client_key, name);
}

static struct rp_pem pair_roots[3];

/* As they were for each golden: who trusts the three roots and asks for localhost. */
static inline void pair_begin(void)
{
    memset(&pair, 0, sizeof pair);
    pair_roots[0].bytes = pair_file("root-rsa.crt");
    pair_roots[1].bytes = pair_file("root-ec.crt");
    pair_roots[2].bytes = pair_file("root-ed.crt");
    pair.server_tls.ca = pair.client_tls.ca = pair_roots;
    pair.server_tls.ca_count = pair.client_tls.ca_count = 3;
    pair.options.servername = "localhost";
    pair_serve("leaf-rsa");
    pair.loop = rp_loop_new(NULL);
    ck_assert_ptr_nonnull(pair.loop);
}

static inline void pair_versions(const char *version)
{
    pair.server_tls.min_version = pair.server_tls.max_version = version;
}

/* -- what happens */

__attribute__((format(printf, 1, 2))) static inline void pair_note(const char *format, ...)
{
    va_list ap;

    ck_assert_uint_lt(pair.count, PAIR_EVENTS);
    va_start(ap, format);
    vsnprintf(pair.events[pair.count++], PAIR_EVENT, format, ap);
    va_end(ap);
}

static inline const char *pair_code(const struct rp_error *e)
{
    return e->code[0] != '\0' ? e->code : "undefined";
}

static inline void pair_on_accepted(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_CLOSE) {
        pair.accepted_closed = true;
        return;
    }
    pair.socket_error = *e->error.error;
    pair_note("serversock error %s", pair_code(e->error.error));
}

static inline void pair_on_server(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_CLOSE) {
        pair.server_closed = true;
    } else if (e->type == RP_EV_TLS_CLIENT_ERROR) {
        pair.server_error = *e->tls_client_error.error;
        pair.reported = true;
        pair_note("tlsClientError %s", pair_code(e->tls_client_error.error));
    } else if (pair.accepted == NULL) {
        struct rp_stream *s = rp_socket_stream(e->secure_connection.socket);

        pair.accepted = e->secure_connection.socket;
        rp_stream_ref(s);
        rp_stream_on(s, RP_EV_ERROR, pair_on_accepted, NULL);
        rp_stream_on(s, RP_EV_CLOSE, pair_on_accepted, NULL);
        pair_note("server secureConnection");
    }
}

static inline void pair_on_client(const struct rp_event *e, void *arg)
{
    (void)arg;
    if (e->type == RP_EV_SECURE_CONNECT) {
        pair.connected = true;
        pair_note("client secureConnect");
    } else if (e->type == RP_EV_ERROR) {
        pair.client_error = *e->error.error;
        pair_note("client error %s", pair_code(e->error.error));
    } else {
        pair.client_closed = true;
    }
}

/* -- running */

static inline void pair_on_time(struct rp_timer *timer)
{
    *(bool *)timer->arg = true;
}

static inline void pair_wait(bool (*done)(void))
{
    struct rp_timer timer = {.fire = pair_on_time, .arg = &pair.overtime};

    rp_timer_start(pair.loop, &timer, 20000);
    while (!done() && !pair.overtime)
        rp_loop_turn(pair.loop, true);
    rp_timer_stop(&timer);
    ck_assert_msg(!pair.overtime, "nothing happens; client: %s, server: %s",
                  pair.client_error.message, pair.server_error.message);
}

/* Whatever is under way arrives. */
static inline void pair_settle(uint32_t ms)
{
    bool over = false;
    struct rp_timer timer = {.fire = pair_on_time, .arg = &over};

    rp_timer_start(pair.loop, &timer, ms);
    while (!over)
        rp_loop_turn(pair.loop, true);
}

static inline bool pair_is_decided(void)
{
    return (pair.connected && pair.accepted != NULL) ||
           (pair.client_closed && (pair.reported || pair.accepted != NULL));
}

static inline bool pair_listen(void)
{
    struct rp_address address;
    struct rp_listen_options listen = {.address = &address};

    ck_assert(rp_address_parse(&address, "127.0.0.1:0", false, NULL));
    pair.server_options.context_options = &pair.server_tls;
    pair.server = rp_server_new(pair.loop, &pair.server_options, &pair.refused);
    if (pair.server == NULL)
        return false;
    rp_server_on(pair.server, RP_EV_SECURE_CONNECTION, pair_on_server, NULL);
    rp_server_on(pair.server, RP_EV_TLS_CLIENT_ERROR, pair_on_server, NULL);
    rp_server_on(pair.server, RP_EV_CLOSE, pair_on_server, NULL);
    if (pair.prepare_server != NULL)
        pair.prepare_server(pair.server);
    ck_assert(rp_server_listen(pair.server, &listen, NULL));
    return true;
}

static inline void pair_connect(void)
{
    struct rp_net_options net = {.host = "127.0.0.1",
                                 .port = rp_address_port(rp_server_address(pair.server))};
    struct rp_error err = {0};
    struct rp_stream *s;

    pair.options.context_options = &pair.client_tls;
    pair.options.net = &net;
    pair.client = rp_connect(pair.loop, &pair.options, &err);
    ck_assert_msg(pair.client != NULL, "%s", err.message);
    s = rp_socket_stream(pair.client);
    rp_stream_on(s, RP_EV_SECURE_CONNECT, pair_on_client, NULL);
    rp_stream_on(s, RP_EV_ERROR, pair_on_client, NULL);
    rp_stream_on(s, RP_EV_CLOSE, pair_on_client, NULL);
    if (pair.prepare_client != NULL)
        pair.prepare_client(pair.client);
}

/* false: the server was refused, see pair.refused. */
static inline bool pair_run(void)
{
    if (!pair_listen())
        return false;
    pair_connect();
    pair_wait(pair_is_decided);
    pair_settle(2);
    return true;
}

static inline bool pair_is_closed(void)
{
    return pair.client_closed && pair.server_closed;
}

/* The client goes; the server stays for another. */
static inline void pair_hang_up(void)
{
    rp_stream_destroy(rp_socket_stream(pair.client), NULL);
    rp_stream_unref(rp_socket_stream(pair.client));
    if (pair.accepted != NULL) {
        rp_stream_destroy(rp_socket_stream(pair.accepted), NULL);
        rp_stream_unref(rp_socket_stream(pair.accepted));
    }
    pair_settle(1);
    pair.client = pair.accepted = NULL;
    pair.connected = pair.client_closed = pair.accepted_closed = pair.reported = false;
    pair.count = 0;
    memset(&pair.client_error, 0, sizeof pair.client_error);
    memset(&pair.server_error, 0, sizeof pair.server_error);
    memset(&pair.socket_error, 0, sizeof pair.socket_error);
}

static inline void pair_close(void)
{
    if (pair.server != NULL) {
        if (pair.client != NULL)
            rp_stream_destroy(rp_socket_stream(pair.client), NULL);
        else
            pair.client_closed = true;
        if (pair.accepted != NULL)
            rp_stream_destroy(rp_socket_stream(pair.accepted), NULL);
        rp_server_close(pair.server);
        pair_wait(pair_is_closed);
        if (pair.client != NULL)
            rp_stream_unref(rp_socket_stream(pair.client));
        if (pair.accepted != NULL)
            rp_stream_unref(rp_socket_stream(pair.accepted));
        rp_server_free(pair.server);
    }
    rp_loop_free(pair.loop);
}

/* -- comparing */

/* The events of one side, "client" or not, as one text. */
static inline const char *pair_told(bool client, char *text, size_t size)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < pair.count; i++)
        if ((strncmp(pair.events[i], "client ", 7) == 0) == client)
            at += (size_t)snprintf(text + at, size - at, "%s%s", at > 0 ? "," : "", pair.events[i]);
    return text;
}

static inline const char *golden_told(const json_t *events, bool client, char *text, size_t size)
{
    size_t at = 0, i;
    const json_t *event;

    text[0] = '\0';
    json_array_foreach(events, i, event)
    {
        const char *e = json_string_value(event);

        if (strcmp(e, "client close") != 0 && (strncmp(e, "client ", 7) == 0) == client)
            at += (size_t)snprintf(text + at, size - at, "%s%s", at > 0 ? "," : "", e);
    }
    return text;
}

static inline void pair_check_told(const json_t *events, bool client, const char *what)
{
    char ours[1024], nodes[1024];

    pair_told(client, ours, sizeof ours);
    golden_told(events, client, nodes, sizeof nodes);
    ck_assert_msg(strcmp(ours, nodes) == 0, "%s: \"%s\" != \"%s\"", what, ours, nodes);
}

/* Code and reason; a message only where node wrote it itself. */
static inline void pair_check_error(const struct rp_error *ours, const json_t *golden,
                                    const char *what)
{
    const char *code = golden_string(golden, "code");
    const char *message = golden_string(golden, "message");
    const char *library = golden_string(golden, "library");
    const char *reason = golden_string(golden, "reason");

    ck_assert_msg(strcmp(ours->code, code != NULL ? code : "") == 0, "%s: \"%s\" != \"%s\"", what,
                  ours->code, code != NULL ? code : "");
    if (library != NULL) {
        ck_assert_msg(strcmp(ours->library, library) == 0, "%s: %s", what, ours->library);
        ck_assert_msg(strcmp(ours->reason, reason) == 0, "%s: %s", what, ours->reason);
    } else if (message != NULL) {
        /* ours has room for so many bytes of it */
        ck_assert_msg(strncmp(ours->message, message, sizeof ours->message - 1) == 0,
                      "%s: \"%s\" != \"%s\"", what, ours->message, message);
    }
}

/* In TLS 1.3 tickets wait a moment, for an answer to go with. */
static inline bool pair_has_ticket(void)
{
    return rp_socket_ticket(pair.client, NULL, 0) > 0;
}

/* The group of the default, or the curve that was set. */
static inline void pair_check_group(struct rp_socket *s, const char *ours, const char *nodes)
{
    bool is_default = nodes != NULL && strcmp(nodes, "X25519") == 0 &&
                      strcmp(rp_socket_protocol(s), "TLSv1.3") == 0;

    ck_assert_texts_eq(ours, is_default ? default_group() : nodes);
}

/* OpenSSL 3.5 adds ML-DSA, and ECDSA with the brainpool curves. */
static inline bool sigalg_is_new(const char *name)
{
    return openssl_since(3, 5) && (strncmp(name, "id-ml-dsa-", strlen("id-ml-dsa-")) == 0 ||
                                   strncmp(name, "ECDSA+SHA", strlen("ECDSA+SHA")) == 0);
}

/* The algorithms of the goldens in their order; newer ones may stand between them. */
static inline void pair_check_sigalgs(struct rp_socket *s, const json_t *nodes)
{
    char name[RP_SIGALG_NAME_MAX];
    size_t found = 0;

    for (size_t n = 0; rp_socket_shared_sigalg(s, n, name); n++) {
        const char *next = json_string_value(json_array_get(nodes, found));

        if (next != NULL && strcmp(name, next) == 0)
            found++;
        else
            ck_assert_msg(sigalg_is_new(name), "%s != %s", name, next != NULL ? next : "(none)");
    }
    ck_assert_uint_eq(found, json_array_size(nodes));
}

/* What a socket says of itself, beside the getters of one of node's. */
static inline void pair_check_side(struct rp_socket *s, const json_t *golden, const char *what)
{
    struct rp_cipher_info cipher = {0};
    struct rp_ephemeral_key_info key = {0};
    const json_t *c = json_object_get(golden, "getCipher"), *k;
    uint8_t bytes[RP_FINISHED_MAX];
    struct rp_x509 *own;

    ck_assert_msg(rp_socket_authorized(s) == json_is_true(json_object_get(golden, "authorized")),
                  "%s", what);
    ck_assert_texts_eq(rp_socket_authorization_error(s),
                       golden_string(golden, "authorizationError"));
    ck_assert_texts_eq(rp_socket_alpn_protocol(s), golden_string(golden, "alpnProtocol"));
    ck_assert_texts_eq(rp_socket_servername(s), golden_string(golden, "servername"));
    ck_assert_texts_eq(rp_socket_protocol(s), golden_string(golden, "getProtocol"));
    ck_assert(rp_socket_cipher(s, &cipher));
    ck_assert_texts_eq(cipher.name, golden_string(c, "name"));
    ck_assert_texts_eq(cipher.standard_name, golden_string(c, "standardName"));
    ck_assert_texts_eq(cipher.version, golden_string(c, "version"));
    k = json_object_get(golden, "getEphemeralKeyInfo");
    ck_assert_int_eq(rp_socket_ephemeral_key_info(s, &key), json_object_size(k) > 0);
    if (json_object_size(k) > 0) {
        pair_check_group(s, key.name, golden_string(k, "name"));
        if (strcmp(key.type, "KEM") != 0) {
            ck_assert_texts_eq(key.type, golden_string(k, "type"));
            ck_assert_int_eq(key.size, json_integer_value(json_object_get(k, "size")));
        }
    }
    pair_check_sigalgs(s, json_object_get(golden, "getSharedSigalgs"));
    ck_assert_int_eq(rp_socket_session_reused(s),
                     json_is_true(json_object_get(golden, "isSessionReused")));
    ck_assert_uint_eq(rp_socket_finished(s, bytes),
                      json_integer_value(json_object_get(golden, "getFinished_len")));
    ck_assert_uint_eq(rp_socket_peer_finished(s, bytes),
                      json_integer_value(json_object_get(golden, "getPeerFinished_len")));
    ck_assert_int_eq(rp_socket_session(s, NULL, 0) > 0,
                     json_integer_value(json_object_get(golden, "getSession_len")) > 0);
    if (json_integer_value(json_object_get(golden, "getTLSTicket_len")) > 0)
        pair_wait(pair_has_ticket);
    else
        ck_assert_uint_eq(rp_socket_ticket(s, NULL, 0), 0);
    own = rp_socket_x509(s, NULL);
    ck_assert_int_eq(own != NULL, json_is_true(json_object_get(golden, "hasX509")));
    rp_x509_unref(own);
}

#endif
