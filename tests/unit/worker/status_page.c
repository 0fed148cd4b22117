/* SPDX-License-Identifier: MIT
 *
 * status_page.c - the status page in its three forms; nothing of a peer's gets through unescaped.
 */
#include "worker/builtin/status_page.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct stats *stats;
static struct status_page page;

static void setup(void)
{
    struct stats_row *row;

    stats = stats_new(NULL);
    row = stats_claim(stats, 3);
    row->active = 2;
    row->accepted = 11;
    row->handshakes_full = 5;
    row->handshakes_ticket = 3;
    row->handshakes_id = 2;
    row->sessions.stored = 7;
    page = (struct status_page){.protocol = "TLSv1.3",
                                .cipher = "TLS_AES_256_GCM_SHA384",
                                .group = "x25519",
                                .servername = "localhost",
                                .resumed = "ticket",
                                .client = "127.0.0.1:1234",
                                .frontend = "demo",
                                .pid = getpid(),
                                .slot = 3,
                                .has_epoch = true,
                                .epoch = 40651,
                                .stats = stats,
                                .now_s = row->started_s + 60};
}

static void teardown(void)
{
    stats_free(stats);
}

static char *render(enum status_format format)
{
    struct rp_text text = {0};
    char *rendered;

    status_page_render(&text, &page, format);
    rendered = rp_text_take(&text, NULL);
    ck_assert_ptr_nonnull(rendered);
    return rendered;
}

static json_t *render_json(void)
{
    char *text = render(STATUS_JSON);
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);

    ck_assert_msg(json != NULL, "%s in %s", error.text, text);
    free(text);
    return json;
}

static const char *string_at(json_t *json, const char *object, const char *key)
{
    return json_string_value(json_object_get(json_object_get(json, object), key));
}

static json_int_t number_at(json_t *json, const char *object, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(json, object), key));
}

START_TEST(status_json_says_what_is_known)
{
    json_t *json = render_json(), *worker;

    ck_assert_str_eq(string_at(json, "connection", "protocol"), "TLSv1.3");
    ck_assert_str_eq(string_at(json, "connection", "servername"), "localhost");
    ck_assert_str_eq(string_at(json, "connection", "resumed"), "ticket");
    ck_assert(json_is_null(json_object_get(json_object_get(json, "connection"), "alpn")));
    ck_assert_int_eq(number_at(json, "worker", "pid"), getpid());
    ck_assert_int_eq(number_at(json, "worker", "slot"), 3);
    ck_assert_int_eq(number_at(json, "worker", "ticketKeyEpoch"), 40651);
    ck_assert_int_eq(number_at(json, "cluster", "handshakesTicket"), 3);
    ck_assert_int_eq(number_at(json, "cluster", "sessionsStored"), 7);
    worker = json_array_get(json_object_get(json, "workers"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(worker, "pid")), getpid());
    ck_assert_int_eq(json_integer_value(json_object_get(worker, "uptime")), 60);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "workers")), 1);
    json_decref(json);
}
END_TEST

START_TEST(status_of_pinned_keys_has_no_epoch)
{
    json_t *json;

    page.has_epoch = false;
    json = render_json();
    ck_assert_str_eq(string_at(json, "worker", "ticketKeyEpoch"), "pinned");
    json_decref(json);
}
END_TEST

START_TEST(status_text_shows_facts_and_workers)
{
    char *text = render(STATUS_TEXT);

    ck_assert_ptr_nonnull(strstr(text, "  Protocol          TLSv1.3\n"));
    ck_assert_ptr_nonnull(strstr(text, "  Resumed           ticket\n"));
    ck_assert_ptr_nonnull(strstr(text, "  ALPN              -\n"));
    ck_assert_ptr_nonnull(strstr(text, "1 worker, 50.0 % of handshakes resumed"));
    free(text);
}
END_TEST

static const struct {
    const char *sent, *html;
} hostile[] = {
    {"<script>", "&#60;script&#62;"},
    {"\"'><img src=x>", "&#34;&#39;&#62;&#60;img src=x&#62;"},
    {"a&lt;b\\c", "a&#38;lt;b\\c"},
    {"\x1b[2J\x07", "\xef\xbf\xbd[2J\xef\xbf\xbd"},
    {"a\r\nb", "a\xef\xbf\xbd\xef\xbf\xbd"
               "b"},
    {"\xff\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
    {"\xc3", "\xef\xbf\xbd"},
    {"%s%n%x", "%s%n%x"},
};

START_TEST(status_page_escapes_what_a_peer_says)
{
    char *html, *text, wanted[128];
    json_t *json;

    page.servername = page.alpn = page.client = hostile[_i].sent;
    html = render(STATUS_HTML);
    text = render(STATUS_TEXT);
    json = render_json();
    snprintf(wanted, sizeof wanted, "<dt>Server name<dd>%s\n<dt>ALPN", hostile[_i].html);
    ck_assert_msg(strstr(html, wanted) != NULL, "%s", html);
    ck_assert_ptr_null(strchr(html, '\x1b'));
    ck_assert_ptr_null(strchr(html, '\r'));
    for (const char *p = text; *p != '\0'; p++)
        ck_assert(*p == '\n' || (*p >= ' ' && *p < 0x7f));
    ck_assert_ptr_nonnull(string_at(json, "connection", "servername"));
    json_decref(json);
    free(html);
    free(text);
}
END_TEST

START_TEST(status_html_is_utf8_and_loads_nothing)
{
    char *html;

    page.servername = "gr\xc3\xbc\xff\x9f";
    html = render(STATUS_HTML);
    ck_assert_ptr_nonnull(strstr(html, "<dd>gr\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd\n"));
    ck_assert_ptr_null(strstr(html, "http:"));
    ck_assert_ptr_null(strstr(html, "https:"));
    ck_assert_ptr_null(strstr(html, "src="));
    ck_assert_ptr_null(strstr(html, "url("));
    ck_assert_ptr_nonnull(strstr(html, "class=here"));
    free(html);
}
END_TEST

START_TEST(status_workers_stand_in_order_of_their_slots)
{
    json_t *json, *workers;

    ck_assert_ptr_nonnull(stats_claim(stats, 1));
    ck_assert_ptr_nonnull(stats_claim(stats, 2));
    json = render_json();
    workers = json_object_get(json, "workers");
    ck_assert_uint_eq(json_array_size(workers), 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(workers, i), "slot")),
                         (int)i + 1);
    json_decref(json);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("status_page");
    TCase *t = tcase_create("status_page");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, status_json_says_what_is_known);
    tcase_add_test(t, status_of_pinned_keys_has_no_epoch);
    tcase_add_test(t, status_text_shows_facts_and_workers);
    tcase_add_loop_test(t, status_page_escapes_what_a_peer_says, 0,
                        sizeof hostile / sizeof *hostile);
    tcase_add_test(t, status_html_is_utf8_and_loads_nothing);
    tcase_add_test(t, status_workers_stand_in_order_of_their_slots);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
