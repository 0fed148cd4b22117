/* SPDX-License-Identifier: MIT
 *
 * nulls.c - nobody crashes who hands in NULL: every function that the shared library exports is
 * called with nothing but zeros, and the ones with several pointers with one NULL at a time. */
#include "tests/unit/link.h"
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

static struct rp_error err;

/* -- all of them, with zeros. Those that do something without any argument are left out. */

static const char *const without_arguments[] = {"rp_signal_block_all", "rp_allocator_install",
                                                "rp_allocator_trim"};

static bool takes_arguments(const char *name)
{
    for (size_t i = 0; i < sizeof without_arguments / sizeof *without_arguments; i++)
        if (strcmp(without_arguments[i], name) == 0)
            return false;
    return true;
}

/* A constructor that needs no argument makes an object here, and nobody knows its type. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#define MAY_LEAK(call) (__lsan_disable(), (call), __lsan_enable())
#else
#define MAY_LEAK(call) (call)
#endif

/* More zeros than any function looks at: the calling convention lets them be. */
static void call_with_zeros(void *library, const char *name)
{
    void (*function)(void *, void *, void *, void *, void *, void *, void *, void *);

    *(void **)&function = dlsym(library, name);
    ck_assert_msg(function != NULL, "%s: %s", name, dlerror());
    MAY_LEAK(function(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL));
}

START_TEST(every_function_bears_nothing_but_zeros)
{
    char directory[4096] = "", path[4200], line[200];
    void *library;
    FILE *map;
    int called = 0;

    ck_assert_int_gt(readlink("/proc/self/exe", directory, sizeof directory - 1), 0);
    *strstr(directory, "/tests/unit/") = '\0';
    snprintf(path, sizeof path, "%s/libreprise.so", directory);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library != NULL, "%s", dlerror());
    snprintf(path, sizeof path, "%s/libreprise.map", directory);
    ck_assert_ptr_nonnull(map = fopen(path, "re"));
    while (fgets(line, sizeof line, map) != NULL) {
        line[strcspn(line, ";\n")] = '\0';
        if (strncmp(line, "rp_", 3) != 0 || !takes_arguments(line))
            continue;
        fprintf(stderr, "%s\n", line); /* the last one, if it crashes */
        call_with_zeros(library, line);
        called++;
    }
    fclose(map);
    ck_assert_int_gt(called, 200);
}
END_TEST

/* -- one NULL among what is good */

static struct {
    struct rp_loop *loop;
    struct rp_server *server;
    struct rp_secure_context *context;
    struct rp_x509 *x509;
    struct rp_ticket_keys *ring;
    struct rp_stream *ends[2];
    struct rp_socket *socket;
} good;

static void setup(void)
{
    struct cert c = cert_make((struct cert_request){.cn = "a"});

    ck_assert_ptr_nonnull(good.loop = rp_loop_new(NULL));
    ck_assert_ptr_nonnull(good.server = rp_server_new(good.loop, NULL, NULL));
    ck_assert_ptr_nonnull(good.context = rp_secure_context_new(NULL, NULL));
    ck_assert_ptr_nonnull(good.x509 = rp_x509_parse(c.pem, strlen(c.pem), NULL));
    ck_assert_ptr_nonnull(good.ring = rp_ticket_keys_new(NULL));
    ck_assert(rp_stream_pair(good.loop, NULL, good.ends, NULL));
    good.socket = rp_socket_wrap(good.ends[0], &(struct rp_socket_options){0}, NULL);
    ck_assert_ptr_nonnull(good.socket);
    cert_free(&c);
    memset(&err, 0, sizeof err);
}

static void teardown(void)
{
    rp_stream_destroy(rp_socket_stream(good.socket), NULL);
    rp_stream_destroy(good.ends[1], NULL);
    rp_socket_unref(good.socket);
    rp_stream_unref(good.ends[0]);
    rp_stream_unref(good.ends[1]);
    rp_server_free(good.server);
    rp_secure_context_unref(good.context);
    rp_x509_unref(good.x509);
    rp_ticket_keys_unref(good.ring);
    rp_loop_run(good.loop);
    rp_loop_free(good.loop);
}

/* It failed, and says which argument it was. */
static void assert_says(bool failed, const char *argument)
{
    char expected[80];

    snprintf(expected, sizeof expected, "The \"%s\" argument must not be NULL", argument);
    ck_assert_msg(failed, "%s", argument);
    ck_assert_str_eq(err.code, "ERR_INVALID_ARG_TYPE");
    ck_assert_str_eq(err.message, expected);
    memset(&err, 0xff, sizeof err); /* the next one clears it */
}

static int in_worker(struct rp_worker *worker, struct rp_loop *loop, void *arg)
{
    (void)worker, (void)loop, (void)arg;
    return 0;
}

static void on_fd(struct rp_listener_socket *l, int fd, const struct rp_address *remote, void *arg)
{
    (void)l, (void)fd, (void)remote, (void)arg;
}

START_TEST(error_names_the_argument_that_is_null)
{
    struct rp_net_options net = {.port = 1};
    struct rp_connect_options connect = {.net = &net};
    struct rp_socket_options wrap = {0}, headless = {.head = {NULL, 1}};
    struct rp_listen_options listen = {0};
    struct rp_cluster_options cluster = {.worker = in_worker};
    struct rp_address address;
    struct rp_ticket_key key;
    uint8_t bytes[RP_TICKET_KEYS_SIZE] = {1};
    struct rp_secure_pair pair;

    assert_says(!rp_server_add_context(good.server, "a", NULL, &err), "context");
    assert_says(!rp_server_add_context(NULL, "a", good.context, &err), "server");
    assert_says(!rp_server_set_ticket_keys(good.server, NULL, 48, false, &err), "keys");
    assert_says(!rp_server_set_ticket_keys(NULL, bytes, 48, false, &err), "server");
    assert_says(!rp_server_listen(good.server, NULL, &err), "options");
    assert_says(!rp_server_listen(good.server, &listen, &err), "options.address");
    assert_says(!rp_server_take_stream(good.server, NULL, &err), "stream");
    assert_says(rp_server_new(NULL, NULL, &err) == NULL, "loop");
    assert_says(rp_connect(good.loop, NULL, &err) == NULL, "options");
    assert_says(rp_connect(NULL, &connect, &err) == NULL, "loop");
    assert_says(rp_net_connect(good.loop, NULL, &err) == NULL, "options");
    assert_says(rp_net_connect(NULL, &net, &err) == NULL, "loop");
    assert_says(rp_socket_wrap(NULL, &wrap, &err) == NULL, "stream");
    assert_says(rp_socket_wrap(good.ends[1], NULL, &err) == NULL, "options");
    assert_says(rp_socket_wrap(good.ends[1], &headless, &err) == NULL, "options.head");
    assert_says(!rp_secure_pair_new(NULL, good.context, true, false, false, &pair, &err), "loop");
    assert_says(!rp_secure_pair_new(good.loop, good.context, true, false, false, NULL, &err),
                "pair");
    assert_says(rp_cluster_new(good.loop, NULL, &err) == NULL, "options");
    assert_says(rp_cluster_new(NULL, &cluster, &err) == NULL, "loop");
    cluster.worker = NULL;
    assert_says(rp_cluster_new(good.loop, &cluster, &err) == NULL, "options.worker");
    assert_says(!rp_address_parse(NULL, "127.0.0.1:1", false, &err), "address");
    assert_says(!rp_address_parse(&address, NULL, false, &err), "text");
    assert_says(rp_listener_start(good.loop, -1, NULL, NULL, &err) == NULL, "accepted");
    assert_says(rp_listener_start(NULL, -1, on_fd, NULL, &err) == NULL, "loop");
    assert_says(!rp_ticket_keys_set(good.ring, NULL, 1, true, &err), "keys");
    assert_says(!rp_ticket_key_decode(NULL, bytes, 48, RP_TICKET_KEY_NODE, &err), "key");
    assert_says(!rp_ticket_key_decode(&key, NULL, 48, RP_TICKET_KEY_NODE, &err), "bytes");
    assert_says(!rp_check_server_identity("a", NULL, &err), "certificate");
    assert_says(!rp_check_server_identity(NULL, good.x509, &err), "hostname");
    assert_says(!rp_x509_check_host(good.x509, NULL, NULL, NULL, &err), "name");
    assert_says(!rp_x509_check_email(good.x509, NULL, NULL, &err), "email");
    assert_says(!rp_x509_check_ip(good.x509, NULL, &err), "ip");
    assert_says(!rp_x509_check_private_key(good.x509, NULL, 1, NULL, &err), "key");
    assert_says(!rp_x509_verify(good.x509, NULL, 1, &err), "public_key");
    assert_says(rp_x509_parse(NULL, 9, &err) == NULL, "bytes");
    assert_says(rp_session_from_der(NULL, 9, &err) == NULL, "der");
    assert_says(!rp_socket_export_keying_material(good.socket, bytes, 9, NULL, NULL, 0, &err),
                "label");
    assert_says(!rp_socket_export_keying_material(good.socket, NULL, 9, "x", NULL, 0, &err),
                "bytes");
    assert_says(rp_stream_new(good.loop, NULL, NULL, NULL, &err) == NULL, "ops");
    assert_says(!rp_stream_pair(good.loop, NULL, NULL, &err), "ends");
}
END_TEST

static void assert_bad_descriptor(bool refused, const char *code)
{
    ck_assert(refused);
    ck_assert_str_eq(err.code, code);
    rp_error_clear(&err);
}

START_TEST(descriptor_that_is_not_open_is_an_error)
{
    int closed = dup(STDERR_FILENO), fds[] = {-1, closed};

    close(closed);
    for (int i = 0; i < 2; i++) {
        assert_bad_descriptor(!rp_server_listen_fd(good.server, fds[i], &err), "EBADF");
        assert_bad_descriptor(rp_net_open(good.loop, fds[i], NULL, &err) == NULL, "EBADF");
        assert_bad_descriptor(rp_listener_start(good.loop, fds[i], on_fd, NULL, &err) == NULL,
                              "EBADF");
        assert_bad_descriptor(!rp_server_take_fd(good.server, fds[i], NULL, false, &err), "EBADF");
    }
}
END_TEST

static int open_other(int kind)
{
    int p[2];

    if (kind == 0)
        return open("/dev/null", O_RDWR);
    if (kind == 1)
        return socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(pipe(p), 0);
    close(p[1]);
    return p[0];
}

/* A stream would own it, so it is closed; a listener would not. */
START_TEST(descriptor_that_is_no_stream_socket_is_an_error)
{
    const char *code = _i == 1 ? "ERR_INVALID_FD_TYPE" : "ENOTSOCK";
    int fd = open_other(_i);

    ck_assert_int_ge(fd, 0);
    assert_bad_descriptor(!rp_server_listen_fd(good.server, fd, &err), code);
    assert_bad_descriptor(rp_listener_start(good.loop, fd, on_fd, NULL, &err) == NULL, code);
    assert_bad_descriptor(rp_net_open(good.loop, fd, NULL, &err) == NULL, code);
    ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
    fd = open_other(_i);
    assert_bad_descriptor(!rp_server_take_fd(good.server, fd, NULL, false, &err), code);
    ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
    ck_assert_uint_eq(rp_server_connections(good.server), 0);
}
END_TEST

START_TEST(getters_without_an_error_say_none)
{
    struct rp_ticket_key key;
    struct rp_event event = {.type = RP_EV_DATA};
    size_t count = 7;

    rp_server_set_secure_context(good.server, NULL); /* the former one stays */
    ck_assert_uint_eq(rp_ticket_keys_count(good.ring), 0);
    ck_assert(!rp_ticket_keys_get(good.ring, 0, NULL) && !rp_ticket_keys_get(NULL, 0, &key));
    ck_assert(!rp_server_get_ticket_keys(good.server, NULL));
    ck_assert(!rp_stream_on(good.ends[1], RP_EV_DATA, NULL, NULL));
    ck_assert(!rp_server_on(good.server, RP_EV_DROP, NULL, NULL));
    ck_assert(!rp_stream_emit(good.ends[1], NULL) && !rp_stream_emit(NULL, &event));
    ck_assert(!rp_stream_pipe(good.ends[1], NULL, false));
    ck_assert_ptr_null(rp_x509_alt_names(NULL, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(rp_socket_peer_certificate_der(good.socket, NULL), 0);
    ck_assert(!rp_socket_cipher(good.socket, NULL));
    ck_assert(!rp_socket_ephemeral_key_info(good.socket, NULL));
    ck_assert(!rp_socket_shared_sigalg(good.socket, 0, NULL));
    ck_assert_int_eq(rp_stream_fd(NULL), -1);
    ck_assert_int_eq(rp_listen_open(NULL, &err), -1);
    ck_assert(!rp_x509_check_issued(good.x509, NULL));
}
END_TEST

static void note_error(const struct rp_event *e, void *arg)
{
    *(struct rp_error *)arg = *e->error.error;
}

START_TEST(writing_null_is_an_error_of_the_stream)
{
    rp_stream_on(good.ends[1], RP_EV_ERROR, note_error, &err);
    ck_assert(!rp_stream_write(good.ends[1], NULL, 5));
    rp_loop_run(good.loop);
    ck_assert_str_eq(err.code, "ERR_STREAM_NULL_VALUES");
}
END_TEST

START_TEST(event_that_does_not_exist_is_refused)
{
    static const int types[] = {-1, RP_EV_COUNT, 64, 999};
    enum rp_event_type type = (enum rp_event_type)types[_i];

    ck_assert(!rp_server_on(good.server, type, note_error, &err));
    ck_assert(!rp_server_once(good.server, type, note_error, &err));
    ck_assert(!rp_stream_on(good.ends[0], type, note_error, &err));
    ck_assert(rp_stream_on(good.ends[0], RP_EV_ERROR, note_error, &err));
}
END_TEST

/* What an earlier call left there is not taken for this one's. */
START_TEST(error_is_cleared_by_a_call_that_succeeds)
{
    struct rp_address address;
    struct rp_x509 *x;

    rp_error_set(&err, "ERR_STALE", "of an earlier call");
    ck_assert(rp_address_parse(&address, "127.0.0.1:1", false, &err));
    ck_assert_str_eq(err.code, "");
    ck_assert_str_eq(err.message, "");
    rp_error_set(&err, "ERR_STALE", "of an earlier call");
    ck_assert(rp_server_add_context(good.server, "a", good.context, &err));
    ck_assert_str_eq(err.code, "");
    rp_error_set(&err, "ERR_STALE", "of an earlier call");
    ck_assert_ptr_null(x = rp_socket_peer_x509(good.socket, false, &err));
    ck_assert_str_eq(err.code, "");
    rp_error_set(&err, "ERR_STALE", "of an earlier call");
    ck_assert(rp_ticket_keys_set(good.ring, NULL, 0, true, &err));
    ck_assert_str_eq(err.code, "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("nulls");
    TCase *all = tcase_create("all"), *t = tcase_create("one");

    tcase_add_test(all, every_function_bears_nothing_but_zeros);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, error_names_the_argument_that_is_null);
    tcase_add_test(t, descriptor_that_is_not_open_is_an_error);
    tcase_add_loop_test(t, descriptor_that_is_no_stream_socket_is_an_error, 0, 3);
    tcase_add_test(t, getters_without_an_error_say_none);
    tcase_add_test(t, writing_null_is_an_error_of_the_stream);
    tcase_add_loop_test(t, event_that_does_not_exist_is_refused, 0, 4);
    tcase_add_test(t, error_is_cleared_by_a_call_that_succeeds);
    suite_add_tcase(s, all);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
