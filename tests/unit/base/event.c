/* SPDX-License-Identifier: MIT
 *
 * event.c - the members of an event by function: what its type has, and nothing of another's. */
#include <reprise/event.h>

#include "tests/unit/unit.h"

#include <string.h>

static const uint8_t bytes[] = "bytes", more[] = "more";
static char places[6]; /* for objects that are never looked at */
#define SOCKET  ((struct rp_socket *)&places[0])
#define REQUEST ((struct rp_request *)&places[1])
#define STREAM  ((struct rp_stream *)&places[2])
#define ADDRESS ((const struct rp_address *)&places[3])
#define SESSION ((struct rp_session *)&places[4])
static const struct rp_error error;

static const struct {
    struct rp_event event;
    const uint8_t *bytes, *id, *certificate, *issuer, *binder;
    const struct rp_error *error;
    struct rp_session *session;
    struct rp_request *request;
    struct rp_socket *socket;
    struct rp_stream *stream;
    const struct rp_address *address;
    const char *host;
    unsigned worker_id;
    int pid, status;
    bool had_error;
} rows[] = {
    {.event = {RP_EV_DATA, places, .data = {bytes, 5}}, .bytes = bytes},
    {.event = {RP_EV_OCSP_RESPONSE, places, .data = {bytes, 5}}, .bytes = bytes},
    {.event = {RP_EV_SESSION, places, .session = {bytes, 5, SESSION}},
     .bytes = bytes,
     .session = SESSION},
    {.event = {RP_EV_LOOKUP, places, .lookup = {"host", ADDRESS}},
     .host = "host",
     .address = ADDRESS},
    {.event = {RP_EV_ERROR, places, .error = {&error}}, .error = &error},
    {.event = {RP_EV_CLOSE, places, .close = {true}}, .had_error = true},
    {.event = {RP_EV_KEYLOG, places, .keylog = {(const char *)bytes, 5, SOCKET}},
     .bytes = bytes,
     .socket = SOCKET},
    {.event = {RP_EV_CONNECTION, places, .connection = {STREAM, ADDRESS}},
     .stream = STREAM,
     .address = ADDRESS},
    {.event = {RP_EV_DROP, places, .connection = {NULL, ADDRESS}}, .address = ADDRESS},
    {.event = {RP_EV_SECURE_CONNECTION, places, .secure_connection = {SOCKET}}, .socket = SOCKET},
    {.event = {RP_EV_TLS_CLIENT_ERROR, places, .tls_client_error = {&error, SOCKET}},
     .error = &error,
     .socket = SOCKET},
    {.event = {RP_EV_NEW_SESSION, places, .new_session = {REQUEST, SOCKET, more, bytes, 4, 5}},
     .request = REQUEST,
     .socket = SOCKET,
     .id = more,
     .bytes = bytes},
    {.event = {RP_EV_RESUME_SESSION, places, .resume_session = {REQUEST, SOCKET, more, 4}},
     .request = REQUEST,
     .socket = SOCKET,
     .id = more},
    {.event = {RP_EV_OCSP_REQUEST, places, .ocsp_request = {REQUEST, SOCKET, bytes, more, 5, 4}},
     .request = REQUEST,
     .socket = SOCKET,
     .certificate = bytes,
     .issuer = more},
    {.event = {RP_EV_EARLY_DATA, places, .early_data = {REQUEST, SOCKET, bytes, 5}},
     .request = REQUEST,
     .socket = SOCKET,
     .binder = bytes},
    {.event = {RP_EV_FORK, places, .worker = {3, 17, 0}}, .worker_id = 3, .pid = 17},
    {.event = {RP_EV_ONLINE, places, .worker = {3, 17, 0}}, .worker_id = 3, .pid = 17},
    {.event = {RP_EV_DISCONNECT, places, .worker = {3, 17, 0}}, .worker_id = 3, .pid = 17},
    {.event = {RP_EV_EXIT, places, .worker = {3, 17, 256}},
     .worker_id = 3,
     .pid = 17,
     .status = 256},
    {.event = {RP_EV_MESSAGE, places, .message = {3, bytes, 5}}, .worker_id = 3, .bytes = bytes},
    {.event = {.type = RP_EV_CONNECT, .target = places}},
    {.event = {.type = RP_EV_END, .target = places}},
    {.event = {.type = RP_EV_SECURE_CONNECT, .target = places}},
    {.event = {.type = RP_EV_LISTENING, .target = places}},
};

static void assert_bytes(const uint8_t *got, size_t len, const uint8_t *expected)
{
    ck_assert_ptr_eq(got, expected);
    ck_assert_uint_eq(len, expected != NULL ? strlen((const char *)expected) : 0);
}

START_TEST(event_has_the_members_of_its_type)
{
    const struct rp_event *e = &rows[_i].event;
    const uint8_t *got;
    size_t len = 99;

    ck_assert_int_eq(rp_event_get_type(e), e->type);
    ck_assert_ptr_eq(rp_event_target(e), places);
    got = rp_event_bytes(e, &len);
    assert_bytes(got, len, rows[_i].bytes);
    got = rp_event_id(e, &len);
    assert_bytes(got, len, rows[_i].id);
    got = rp_event_certificate(e, &len);
    assert_bytes(got, len, rows[_i].certificate);
    got = rp_event_issuer(e, &len);
    assert_bytes(got, len, rows[_i].issuer);
    got = rp_event_binder(e, &len);
    assert_bytes(got, len, rows[_i].binder);
    ck_assert_ptr_eq(rp_event_bytes(e, NULL), rows[_i].bytes);
    ck_assert_ptr_eq(rp_event_error(e), rows[_i].error);
    ck_assert_ptr_eq(rp_event_session(e), rows[_i].session);
    ck_assert_ptr_eq(rp_event_request(e), rows[_i].request);
    ck_assert_ptr_eq(rp_event_socket(e), rows[_i].socket);
    ck_assert_ptr_eq(rp_event_stream(e), rows[_i].stream);
    ck_assert_ptr_eq(rp_event_address(e), rows[_i].address);
    ck_assert_ptr_eq(rp_event_host(e), rows[_i].host);
    ck_assert_uint_eq(rp_event_worker_id(e), rows[_i].worker_id);
    ck_assert_int_eq(rp_event_worker_pid(e), rows[_i].pid);
    ck_assert_int_eq(rp_event_worker_status(e), rows[_i].status);
    ck_assert_int_eq(rp_event_had_error(e), rows[_i].had_error);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("event");
    TCase *t = tcase_create("event");

    tcase_add_loop_test(t, event_has_the_members_of_its_type, 0, sizeof rows / sizeof *rows);
    suite_add_tcase(s, t);
    return unit_run(s);
}
