/* SPDX-License-Identifier: MIT
 *
 * http_head.c - request heads: which are taken, which are refused and how. */
#include "worker/builtin/http_head.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static enum http_verdict parse(const char *bytes, size_t len, struct http_head *head, size_t *used)
{
    char *exact = malloc(len > 0 ? len : 1); /* so that ASAN sees a byte read too many */
    enum http_verdict verdict;

    memcpy(exact, bytes, len);
    verdict = http_head_parse(exact, len, head, used);
    free(exact);
    return verdict;
}

#define H "Host: a\r\n"
static const struct {
    const char *text;
    int verdict;
    const char *path, *host;
    bool keep_alive, body;
} requests[] = {
    {"GET / HTTP/1.1\r\n" H "\r\n", 200, "/", "a", true, false},
    {"GET / HTTP/1.1\n"
     "Host: a\n\n",
     200, "/", "a", true, false},
    {"\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 200, "/", "a", true, false},
    {"GET /a?b=c#d HTTP/1.1\r\nHOST:\ta:8443 \t\r\n\r\n", 200, "/a?b=c#d", "a:8443", true, false},
    {"GET / HTTP/1.0\r\n\r\n", 200, "/", NULL, false, false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, "/", NULL, true, false},
    {"GET / HTTP/1.1\r\n" H "Connection: x, Close\r\n\r\n", 200, "/", "a", false, false},
    {"GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: close\r\n\r\n", 200, "/", "a",
     false, false},
    {"GET https://b:1/x HTTP/1.1\r\n" H "\r\n", 200, "/x", "b:1", true, false},
    {"GET HTTP://b HTTP/1.1\r\n" H "\r\n", 200, "/", "b", true, false},
    {"GET //evil/ HTTP/1.1\r\n" H "\r\n", 200, "//evil/", "a", true, false},
    {"OPTIONS * HTTP/1.1\r\n" H "\r\n", 200, "*", "a", true, false},
    {"CONNECT a:443 HTTP/1.1\r\n" H "\r\n", 200, "a:443", "a", true, false},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 200, "/", NULL, true, false},
    {"GET / HTTP/1.9\r\n" H "\r\n", 200, "/", "a", true, false},
    {"GET / HTTP/1.1\r\n" H "X: \xff\xfe\r\n\r\n", 200, "/", "a", true, false},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 200, "/", "a", true, true},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 200, "/", "a", true, false},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 00\r\n\r\n", 200, "/", "a", true, true},
    {"GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 200, "/", "a", true, true},

    {"", 0, NULL, NULL, false, false},
    {"\r\n\r\n", 0, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "\r", 0, NULL, NULL, false, false},
    {"GET", 0, NULL, NULL, false, false},

    {"GET / HTTP/2.0\r\n\r\n", 505, NULL, NULL, false, false},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, NULL, NULL, false, false},
    {"GET / HTTP/0.9\r\n", 505, NULL, NULL, false, false},
    {"GET /\r\n", 400, NULL, NULL, false, false},
    {"GET / \r\n", 400, NULL, NULL, false, false},
    {"GET  / HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1 \r\n", 400, NULL, NULL, false, false},
    {"GET / http/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.10\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1x1\r\n", 400, NULL, NULL, false, false},
    {" GET / HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"G\x01T / HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET /\x7f HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET /\xc3\xa4 HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET /a\rb HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET a/b HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET http:///x HTTP/1.1\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H H "\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H " folded\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "X : y\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H ": y\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "no colon\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, NULL, NULL,
     false, false},
    {"GET / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400, NULL, NULL, false, false},
    {"GET / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, NULL,
     NULL, false, false},
};

static void check_slice(struct http_slice slice, const char *text)
{
    ck_assert_int_eq(slice.at == NULL, text == NULL);
    if (text != NULL)
        ck_assert(http_slice_is(slice, text));
}

START_TEST(http_head_is_judged)
{
    const char *text = requests[_i].text;
    struct http_head head;
    size_t used = 0;

    ck_assert_int_eq(parse(text, strlen(text), &head, &used), requests[_i].verdict);
    if (requests[_i].verdict != 200)
        return;
    ck_assert_int_eq(http_head_parse(text, strlen(text), &head, &used), 200);
    check_slice(head.path, requests[_i].path);
    check_slice(head.host, requests[_i].host);
    ck_assert_int_eq(head.keep_alive, requests[_i].keep_alive);
    ck_assert_int_eq(head.body, requests[_i].body);
}
END_TEST

START_TEST(http_head_is_incomplete_until_its_last_byte)
{
    const char *text = requests[_i].text;
    struct http_head head;
    size_t used = 0, ignored;

    if (http_head_parse(text, strlen(text), &head, &used) != HTTP_REQUEST)
        return;
    for (size_t n = 0; n < used; n++)
        ck_assert_int_eq(parse(text, n, &head, &ignored), HTTP_INCOMPLETE);
    ck_assert_int_eq(parse(text, used, &head, &ignored), HTTP_REQUEST);
}
END_TEST

START_TEST(http_head_uses_only_its_own_bytes)
{
    static const char two[] = "GET /1 HTTP/1.1\r\n" H "\r\nHEAD /2 HTTP/1.1\r\n" H "\r\n";
    struct http_head head;
    size_t used = 0, next = 0;

    ck_assert_int_eq(http_head_parse(two, strlen(two), &head, &used), HTTP_REQUEST);
    ck_assert_int_eq(head.method, HTTP_GET);
    check_slice(head.path, "/1");
    ck_assert_int_eq(http_head_parse(two + used, strlen(two) - used, &head, &next), HTTP_REQUEST);
    ck_assert_int_eq(head.method, HTTP_HEAD);
    check_slice(head.path, "/2");
    ck_assert_uint_eq(used + next, strlen(two));
}
END_TEST

START_TEST(http_head_over_its_limit_is_refused)
{
    char text[HTTP_HEAD_MAX + 16] = "GET / HTTP/1.1\r\n" H "X: ";
    struct http_head head;
    size_t used = 0, len = strlen(text);

    memset(text + len, 'x', sizeof text - len);
    ck_assert_int_eq(parse(text, HTTP_HEAD_MAX - 1, &head, &used), HTTP_INCOMPLETE);
    ck_assert_int_eq(parse(text, HTTP_HEAD_MAX, &head, &used), HTTP_TOO_LARGE);
    memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
    ck_assert_int_eq(parse(text, sizeof text, &head, &used), HTTP_REQUEST);
    ck_assert_uint_eq(used, HTTP_HEAD_MAX);
    memcpy(text + HTTP_HEAD_MAX - 4, "x\r\n\r\n", 5);
    ck_assert_int_eq(parse(text, sizeof text, &head, &used), HTTP_TOO_LARGE);
    memset(text, '\n', sizeof text);
    ck_assert_int_eq(parse(text, sizeof text, &head, &used), HTTP_TOO_LARGE);
}
END_TEST

START_TEST(http_head_survives_each_changed_byte)
{
    static const char text[] = "GET /path HTTP/1.1\r\nHost: a:1\r\nAccept: text/html\r\n\r\n";
    char changed[sizeof text - 1];
    struct http_head head;
    size_t used;

    memcpy(changed, text, sizeof changed);
    for (size_t i = 0; i < sizeof changed; i++)
        for (int byte = 0; byte < 256; byte++) {
            enum http_verdict verdict;

            changed[i] = (char)byte;
            used = 0;
            verdict = parse(changed, sizeof changed, &head, &used);
            ck_assert(verdict != HTTP_REQUEST || (used > 0 && used <= sizeof changed));
            changed[i] = text[i];
        }
}
END_TEST

static struct http_slice slice(const char *text)
{
    return (struct http_slice){text, strlen(text)};
}

START_TEST(http_list_finds_items_without_case_and_parameters)
{
    ck_assert(http_list_has(slice("text/html, application/json;q=0.9"), "application/json"));
    ck_assert(http_list_has(slice("APPLICATION/JSON ; q=1"), "application/json"));
    ck_assert(!http_list_has(slice("application/json5,x"), "application/json"));
    ck_assert(!http_list_has(slice(",,"), "x"));
    ck_assert(!http_list_has((struct http_slice){NULL, 0}, "x"));
}
END_TEST

static const struct {
    const char *authority, *host;
    unsigned port;
} authorities[] = {
    {"a", "a", 0},           {"a:1", "a", 1},
    {"[::1]", "[::1]", 0},   {"[::1]:8443", "[::1]", 8443},
    {"a:65535", "a", 65535}, {"a:", "a", 0},
    {"a:65536", NULL, 0},    {"a:b", NULL, 0},
    {":1", NULL, 0},         {"[::1", NULL, 0},
    {"[::1]x", NULL, 0},     {"", NULL, 0},
    {"a:1:2", NULL, 0},      {"a:000001", NULL, 0},
    {"a b", NULL, 0},
};

START_TEST(http_authority_is_split)
{
    struct http_slice host;
    unsigned port;
    bool good = http_split_host(slice(authorities[_i].authority), &host, &port);

    ck_assert_int_eq(good, authorities[_i].host != NULL);
    if (good) {
        check_slice(host, authorities[_i].host);
        ck_assert_uint_eq(port, authorities[_i].port);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_head");
    TCase *t = tcase_create("http_head");
    int count = sizeof requests / sizeof *requests;

    tcase_add_loop_test(t, http_head_is_judged, 0, count);
    tcase_add_loop_test(t, http_head_is_incomplete_until_its_last_byte, 0, count);
    tcase_add_test(t, http_head_uses_only_its_own_bytes);
    tcase_add_test(t, http_head_over_its_limit_is_refused);
    tcase_add_test(t, http_head_survives_each_changed_byte);
    tcase_add_test(t, http_list_finds_items_without_case_and_parameters);
    tcase_add_loop_test(t, http_authority_is_split, 0, sizeof authorities / sizeof *authorities);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
