/* SPDX-License-Identifier: MIT
 *
 * parts.c - the pure parts of reprise-load: histogram, sessions, responses, times,
 * schedules, PROXY headers, reasons, the page. */
#include "contrib/load/load.h"
#include "contrib/load/report/page.h"
#include "contrib/load/run/response.h"
#include "contrib/load/run/sessions.h"
#include "contrib/load/options/words.h"
#include "lib/x509/openssl_errors.h"
#include "tests/unit/unit.h"

#include <openssl/ssl.h>
#include <string.h>

START_TEST(histogram_is_exact_to_two_percent)
{
    static const uint64_t values[] = {0, 1, 127, 128, 129, 1000, 65535, 65536, 123456789};
    struct histogram h = {0};

    histogram_record(&h, UINT32_MAX);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct histogram one = {0};
        uint64_t told;

        histogram_record(&one, values[i]);
        one.max = UINT64_MAX; /* the bucket's end, not the greatest value */
        told = histogram_percentile(&one, 50);
        ck_assert_uint_ge(told, values[i]);
        ck_assert_uint_le(told, values[i] + values[i] / 50);
    }
    ck_assert_uint_eq(histogram_percentile(&h, 100), UINT32_MAX);
}
END_TEST

START_TEST(histogram_takes_what_is_too_great)
{
    struct histogram h = {0};

    histogram_record(&h, UINT64_MAX);
    ck_assert_uint_eq(h.count, 1);
    ck_assert_uint_eq(histogram_percentile(&h, 50), HISTOGRAM_MAX);
}
END_TEST

START_TEST(histogram_ranks_across_a_sum)
{
    struct histogram low = {0}, high = {0};

    ck_assert_uint_eq(histogram_percentile(&low, 99), 0);
    for (uint64_t i = 1; i <= 90; i++)
        histogram_record(&low, i);
    for (int i = 0; i < 10; i++)
        histogram_record(&high, 5000);
    histogram_add(&low, &high);
    ck_assert_uint_eq(low.count, 100);
    ck_assert_uint_eq(histogram_percentile(&low, 50), 50);
    ck_assert_uint_eq(histogram_percentile(&low, 90), 90);
    ck_assert_uint_eq(histogram_percentile(&low, 91), 5000);
    ck_assert_uint_eq(low.max, 5000);
}
END_TEST

START_TEST(times_carry_units)
{
    uint64_t ms = 0;

    ck_assert(load_parse_ms("250ms", &ms) && ms == 250);
    ck_assert(load_parse_ms("1.5", &ms) && ms == 1500);
    ck_assert(load_parse_ms("2m", &ms) && ms == 120000);
    ck_assert(!load_parse_ms("", &ms));
    ck_assert(!load_parse_ms("-1s", &ms));
    ck_assert(!load_parse_ms("3 days", &ms));
    ck_assert(!load_parse_ms("nan", &ms));
    ck_assert(!load_parse_ms("inf", &ms));
}
END_TEST

START_TEST(phases_are_stretches_and_moments)
{
    struct load_phases p = {0};

    ck_assert(load_parse_phase("10s warm up", &p));
    ck_assert(load_parse_phase("at 20s: kill -HUP 1: 2", &p));
    ck_assert(load_parse_phase("1m steady", &p));
    ck_assert_uint_eq(p.count, 3);
    ck_assert_str_eq(p.list[0].text, "warm up");
    ck_assert_uint_eq(p.list[1].at_ms, 20000);
    ck_assert_uint_eq(p.list[1].length_ms, 0);
    ck_assert_str_eq(p.list[1].text, "kill -HUP 1: 2");
    ck_assert_uint_eq(p.list[2].at_ms, 10000);
    ck_assert_uint_eq(p.end_ms, 70000);
    ck_assert_ptr_eq(load_phase_at(&p, 9999), &p.list[0]);
    ck_assert_ptr_eq(load_phase_at(&p, 10000), &p.list[2]);
    ck_assert_ptr_eq(load_phase_at(&p, 20000), &p.list[2]);
    ck_assert_ptr_null(load_phase_at(&p, 70000));
}
END_TEST

START_TEST(phases_that_are_none_are_refused)
{
    static const char *const bad[] = {
        "20s: true",  "at 20s",
        "at : true",  "at 1s:  ",
        "0s nothing", "10s",
        "10s ",       "steady",
        "",           "at 111111111111111111111111111111111111111111111s: true"};
    struct load_phases p = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!load_parse_phase(bad[i], &p), "%s", bad[i]);
    p.count = PHASES_MAX;
    ck_assert(!load_parse_phase("10s steady", &p));
}
END_TEST

static struct load_schedule schedule_of(const char *text)
{
    struct load_schedule s;

    ck_assert_msg(load_parse_schedule(text, &s), "%s", text);
    return s;
}

START_TEST(schedule_says_when_the_next_one_is_due)
{
    struct load_schedule s = schedule_of("250");

    ck_assert_double_eq_tol(load_schedule_due(&s, 1000), 4, 1e-9);
    ck_assert_uint_eq(load_schedule_ms(&s), 0);
    s = schedule_of("10s:0..100,500ms:100,4s:100..50,1s:0");
    ck_assert_uint_eq(load_schedule_ms(&s), 15500);
    ck_assert_double_eq_tol(load_schedule_due(&s, 0), 0, 1e-9);
    ck_assert_double_eq_tol(load_schedule_due(&s, 125), 5, 1e-9); /* a quarter in half the time */
    ck_assert_double_eq_tol(load_schedule_due(&s, 500), 10, 1e-9);
    ck_assert_double_eq_tol(load_schedule_due(&s, 525), 10.25, 1e-9);
    ck_assert_double_eq_tol(load_schedule_due(&s, 550 + 175), 12.5, 1e-9);
    ck_assert(load_schedule_due(&s, 849.999) <= 14.5);
    ck_assert(load_schedule_due(&s, 850) < 0);
}
END_TEST

START_TEST(schedule_never_goes_back)
{
    struct load_schedule s = schedule_of("1s:0..10,2s:10..0,1s:0,1s:0..1000,1s:5");
    double last = 0;

    for (double n = 0; n < 520; n += 0.25) {
        double due = load_schedule_due(&s, n);

        ck_assert_msg(due >= last && due <= 6, "%g at %g after %g", n, due, last);
        last = due;
    }
    ck_assert(load_schedule_due(&s, 520.1) < 0);
}
END_TEST

START_TEST(schedule_knows_how_many_have_arrived)
{
    struct load_schedule s = schedule_of("1s:0..10,2s:10..0,1s:0,1s:0..1000,1s:5");

    ck_assert_double_eq_tol(load_schedule_arrived(&s, 0), 0, 1e-9);
    for (double n = 0.5; n < 519; n += 3.5)
        ck_assert_double_eq_tol(load_schedule_arrived(&s, load_schedule_due(&s, n)), n, 1e-6);
    ck_assert_double_eq_tol(load_schedule_arrived(&s, 99), 520, 1e-9);
    s = schedule_of("250");
    ck_assert_double_eq_tol(load_schedule_arrived(&s, 4), 1000, 1e-9);
}
END_TEST

START_TEST(schedules_that_are_none_are_refused)
{
    static const char *const bad[] = {"",         "0",       "-5",       "fast", "10s",
                                      "10s:",     "10s:1..", "10s:..5",  "0s:5", "10:5,",
                                      "10s:5;5s", "5s:0",    "10s:1..x", "nan"};
    char many[SCHEDULE_STEPS * 5 + 10] = "1s:1";
    struct load_schedule s;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!load_parse_schedule(bad[i], &s), "%s", bad[i]);
    for (int i = 1; i < SCHEDULE_STEPS; i++)
        memcpy(many + 5 * i - 1, ",1s:1", 6);
    ck_assert(load_parse_schedule(many, &s));
    memcpy(many + 5 * SCHEDULE_STEPS - 1, ",1s:1", 6);
    ck_assert(!load_parse_schedule(many, &s));
}
END_TEST

/* Any session will do. */
static struct load_session session_of(uint64_t born_ms)
{
    return (struct load_session){(struct rp_session *)SSL_SESSION_new(), born_ms, 0};
}

static bool take(struct load_sessions *pool, uint64_t now, uint64_t low, uint64_t high,
                 unsigned uses, struct load_session *session)
{
    struct load_wish wish = {now, low, high, uses};

    return load_sessions_take(pool, 1, 0, &wish, session);
}

START_TEST(session_is_taken_once_and_only_when_old_enough)
{
    struct load_sessions *pool = load_sessions_new(2, 1, 0);
    struct load_session session = session_of(100);
    const struct rp_session *handle = session.handle;
    struct load_wish wish = {.now = 1000, .uses = 1};

    load_sessions_put(pool, 1, 0, &session);
    ck_assert_ptr_null(session.handle);
    ck_assert(!load_sessions_take(pool, 0, 0, &wish, &session));
    ck_assert(!take(pool, 149, 50, 0, 1, &session));
    ck_assert(take(pool, 150, 50, 0, 1, &session));
    ck_assert(session.handle == handle && session.born_ms == 100);
    load_session_clear(&session);
    ck_assert(!take(pool, 1000, 0, 0, 1, &session));
    load_sessions_free(pool);
}
END_TEST

START_TEST(session_that_was_not_offered_is_the_first_again)
{
    struct load_sessions *pool = load_sessions_new(2, 1, 0);
    struct load_session session;

    for (uint64_t i = 0; i < 3; i++) {
        session = session_of(i);
        load_sessions_put(pool, 1, 0, &session);
    }
    ck_assert(take(pool, 10, 0, 0, 1, &session));
    load_sessions_give_back(pool, 1, 0, &session);
    ck_assert_ptr_null(session.handle);
    for (uint64_t i = 0; i < 3; i++) {
        ck_assert(take(pool, 10, 0, 0, 1, &session));
        ck_assert_uint_eq(session.born_ms, i);
        load_session_clear(&session);
    }
    ck_assert(!take(pool, 10, 0, 0, 1, &session));
    for (uint16_t i = 0; i <= SESSIONS_KEPT; i++) {
        struct load_session more = session_of(i);

        load_sessions_put(pool, 1, 0, &more);
        if (i == 0)
            ck_assert(take(pool, 10, 0, 0, 1, &session));
    }
    load_sessions_give_back(pool, 1, 0, &session); /* there is no room for it any more */
    ck_assert_ptr_null(session.handle);
    ck_assert(take(pool, 10, 0, 0, 1, &session));
    ck_assert_uint_eq(session.born_ms, 1);
    load_session_clear(&session);
    load_sessions_free(pool);
}
END_TEST

START_TEST(session_that_is_too_old_is_forgotten)
{
    struct load_sessions *pool = load_sessions_new(2, 1, 0);
    struct load_session old = session_of(100), young = session_of(400), session;

    load_sessions_put(pool, 1, 0, &old);
    load_sessions_put(pool, 1, 0, &young);
    ck_assert(take(pool, 700, 300, 500, 1, &session));
    ck_assert_uint_eq(session.born_ms, 400);
    load_session_clear(&session);
    ck_assert(!take(pool, 500, 0, 0, 1, &session));
    load_sessions_free(pool);
}
END_TEST

START_TEST(session_may_be_offered_more_than_once)
{
    struct load_sessions *pool = load_sessions_new(2, 1, 0);
    struct load_session one = session_of(1), two = session_of(2), session;
    unsigned seen[3] = {0};

    load_sessions_put(pool, 1, 0, &one);
    load_sessions_put(pool, 1, 0, &two);
    for (int i = 0; i < 6; i++) {
        ck_assert(take(pool, 10, 0, 0, 3, &session));
        seen[session.born_ms]++;
        load_session_clear(&session);
    }
    ck_assert(seen[1] == 3 && seen[2] == 3);
    ck_assert(!take(pool, 10, 0, 0, 3, &session));
    one = session_of(1);
    load_sessions_put(pool, 1, 0, &one);
    for (int i = 0; i < 50; i++) {
        ck_assert(take(pool, 10, 0, 0, 0, &session));
        load_session_clear(&session);
    }
    ck_assert(take(pool, 10, 0, 0, 0, &session));
    load_sessions_drop(pool, 1, 0, session.handle);
    load_session_clear(&session);
    ck_assert(!take(pool, 10, 0, 0, 0, &session));
    load_sessions_free(pool);
}
END_TEST

START_TEST(sessions_keep_the_newest)
{
    struct load_sessions *pool = load_sessions_new(2, 1, 0);
    struct load_session session;

    for (uint16_t i = 0; i < SESSIONS_KEPT + 5; i++) {
        session = session_of(i);
        load_sessions_put(pool, 1, 0, &session);
    }
    ck_assert(take(pool, 5000, 0, 0, 1, &session));
    ck_assert_uint_eq(session.born_ms, 5);
    load_session_clear(&session);
    load_sessions_free(pool);
}
END_TEST

/* More come than can be kept until they are old enough: some are let go, and none too early. */
START_TEST(sessions_that_must_get_old_are_not_pushed_out)
{
    enum { AGE = 200000, EACH_MS = 2 };
    struct load_sessions *pool = load_sessions_new(2, 1, AGE);
    unsigned taken = 0;

    for (uint64_t now = 0; now < 2 * AGE; now++) {
        struct load_session session = session_of(now), old;

        for (int i = 0; i < EACH_MS; i++) {
            load_sessions_put(pool, 1, 0, &session);
            session = session_of(now);
        }
        load_session_clear(&session);
        if (take(pool, now, AGE, 0, 1, &old)) {
            ck_assert_uint_le(now - old.born_ms, AGE + AGE / 16);
            load_session_clear(&old);
            taken++;
        }
    }
    ck_assert_uint_ge(taken, SESSIONS_AGING / 2 * 9 / 10);
    load_sessions_free(pool);
}
END_TEST

static enum load_response_result feed(struct load_response *r, const char *text, size_t cut)
{
    enum load_response_result result = RESPONSE_MORE;
    size_t len = strlen(text);

    load_response_begin(r);
    for (size_t at = 0; at < len && result == RESPONSE_MORE; at += cut)
        result = load_response_feed(r, (const uint8_t *)text + at, len - at < cut ? len - at : cut);
    return result;
}

START_TEST(response_ends_where_it_says)
{
    static const struct {
        const char *text;
        enum load_response_result result;
        unsigned status;
        uint64_t body;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\n1234", RESPONSE_MORE, 200, 4},
        {"HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\n12345", RESPONSE_DONE, 200, 5},
        {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", RESPONSE_DONE, 404, 0},
        {"HTTP/1.1 204 No\r\n\r\n", RESPONSE_DONE, 204, 0},
        {"HTTP/1.0 200 OK\r\n\r\n12345", RESPONSE_MORE, 200, 5},
        {"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 502 Bad\r\nContent-Length:1\r\n\r\nx", RESPONSE_DONE, 502,
         1},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
         "chunked\r\n\r\n5\r\nabcde\r\nA;x=y\r\n0123456789\r\n"
         "0\r\n\r\n",
         RESPONSE_DONE, 200, 15},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: 1\r\n\r\n",
         RESPONSE_DONE, 200, 1},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: 1\r\n",
         RESPONSE_MORE, 200, 1},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", RESPONSE_BAD, 200, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", RESPONSE_BAD, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", RESPONSE_BAD, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\n", RESPONSE_BAD, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", RESPONSE_BAD, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n", RESPONSE_BAD, 200, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\ncontent-length:2 \r\n\r\nok",
         RESPONSE_DONE, 200, 2},
        {"HTTP/1.1 999 What\r\n\r\n", RESPONSE_BAD, 999, 0},
        {"HTTP/1.1\r\n\r\n", RESPONSE_BAD, 0, 0},
        {"SSH-2.0-x", RESPONSE_BAD, 0, 0},
        {"HTTP/2 200", RESPONSE_BAD, 0, 0},
        {"\x16", RESPONSE_BAD, 0, 0},
        {"HTTP/1.1 OK", RESPONSE_BAD, 0, 0},
        {"HTTP/1.1 20", RESPONSE_MORE, 0, 0},
    };
    static struct load_response r;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t cut = 1; cut < 60; cut++) {
            ck_assert_msg(feed(&r, rows[i].text, cut) == rows[i].result, "%s", rows[i].text);
            ck_assert_uint_eq(r.status, rows[i].status);
            if (rows[i].result != RESPONSE_BAD)
                ck_assert_msg(r.body == rows[i].body, "%s: %lu", rows[i].text, r.body);
        }
}
END_TEST

static const struct {
    const char *head;
    bool closes;
} connections[] = {
    {"HTTP/1.1 200 OK\r\n", false},
    {"HTTP/1.1 200 OK\r\nCONNECTION:  Upgrade, Close\r\n", true},
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nX: close\r\n", false},
    {"HTTP/1.0 200 OK\r\n", true},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", false},
};

START_TEST(response_says_whether_there_may_be_another)
{
    static struct load_response r;
    char text[200];

    snprintf(text, sizeof text, "%sContent-Length: 1\r\n\r\nx", connections[_i].head);
    ck_assert(feed(&r, text, 7) == RESPONSE_DONE && r.closes == connections[_i].closes);
    snprintf(text, sizeof text, "%s\r\nx", connections[_i].head);
    ck_assert(feed(&r, text, 7) == RESPONSE_MORE && r.closes);
}
END_TEST

START_TEST(response_with_an_endless_head_is_refused)
{
    static struct load_response r;
    static char text[RESPONSE_HEAD_MAX + 10];

    memset(text, 'x', sizeof text - 1);
    memcpy(text, "HTTP/1.1 200", 12);
    ck_assert(feed(&r, text, 1000) == RESPONSE_BAD);
}
END_TEST

static size_t proxy(const char *from, const char *to, unsigned version, uint8_t *header)
{
    struct rp_address a, b;

    ck_assert(rp_address_parse(&a, from, false, NULL) && rp_address_parse(&b, to, false, NULL));
    return load_words_proxy(header, version, &a, &b);
}

START_TEST(proxy_headers_name_both_ends)
{
    static const uint8_t four[] =
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\1\2\3\x7f\0\0\1\x1f\x90\1\xbb";
    uint8_t header[LOAD_PROXY_MAX];
    size_t len = proxy("10.1.2.3:8080", "127.0.0.1:443", 1, header);
    static const char one[] = "PROXY TCP4 10.1.2.3 127.0.0.1 8080 443\r\n";
    static const char six[] = "PROXY TCP6 2001:db8::1 ::1 8080 443\r\n";

    ck_assert(len == sizeof one - 1 && memcmp(header, one, len) == 0);
    len = proxy("[2001:db8::1]:8080", "[::1]:443", 1, header);
    ck_assert(len == sizeof six - 1 && memcmp(header, six, len) == 0);
    len = proxy("10.1.2.3:8080", "unix:/x", 1, header);
    ck_assert(len == sizeof one - 1 && memcmp(header, one, len) == 0);
    len = proxy("[2001:db8::1]:8080", "10.0.0.1:443", 1, header);
    ck_assert(len == sizeof six - 1 && memcmp(header, six, len) == 0);
    len = proxy("10.1.2.3:8080", "127.0.0.1:443", 2, header);
    ck_assert(len == sizeof four - 1 && memcmp(header, four, len) == 0);
    ck_assert_uint_eq(proxy("[2001:db8::1]:8080", "[::1]:443", 2, header), 16 + 36);
    len = proxy("10.1.2.3:8080", "[::1]:443", 2, header);
    ck_assert(len == sizeof four - 1 && memcmp(header, four, len) == 0);
}
END_TEST

START_TEST(reasons_have_a_class_and_alerts_a_name)
{
    static const struct {
        const char *code, *text;
        enum load_class class;
    } rows[] = {
        {"ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE", "alert handshake_failure", CLASS_ALERT},
        {"ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "alert bad_certificate", CLASS_ALERT},
        {"ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "alert certificate_required", CLASS_ALERT},
        {"ERR_SSL_TLSV1_UNRECOGNIZED_NAME", "alert unrecognized_name", CLASS_ALERT},
        {"ECONNRESET", "ECONNRESET", CLASS_RESET},
        {"ECONNREFUSED", "ECONNREFUSED", CLASS_REFUSED},
        {"EAGAIN", "refused (backlog full)", CLASS_REFUSED},
        {"ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_WRONG_VERSION_NUMBER", CLASS_OTHER},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rp_error error = {0};
        struct load_reason reason;

        rp_error_set(&error, rows[i].code, "something");
        load_reason_of(&error, &reason);
        ck_assert_str_eq(reason.text, rows[i].text);
        ck_assert_int_eq(reason.class, rows[i].class);
    }
}
END_TEST

START_TEST(alerts_that_openssl_does_not_know_are_alerts)
{
    static const struct {
        int reason;
        const char *text;
        enum load_class class;
    } rows[] = {
        {SSL_AD_REASON_OFFSET + 200, "alert 200", CLASS_ALERT},
        {SSL_AD_REASON_OFFSET + 255, "alert 255", CLASS_ALERT},
        {SSL_AD_REASON_OFFSET + 256, "ERR_SSL_UNKNOWN", CLASS_OTHER},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rp_error error = {0};
        struct load_reason reason;

        rp_error_ssl(&error, rows[i].reason);
        load_reason_of(&error, &reason);
        ck_assert_str_eq(reason.text, rows[i].text);
        ck_assert_int_eq(reason.class, rows[i].class);
    }
}
END_TEST

START_TEST(reasons_beyond_the_table_are_summed)
{
    static struct load_stats stats;
    uint64_t sum = 0;
    struct load_reason reason = {.count = 2};

    for (int i = 0; i < LOAD_REASONS + 20; i++) {
        snprintf(reason.text, sizeof reason.text, "reason %d", i);
        load_stats_reason(&stats, &reason);
    }
    reason = (struct load_reason){.text = "reason 0", .count = 1};
    load_stats_reason(&stats, &reason);
    for (int i = 0; i < LOAD_REASONS; i++)
        sum += stats.reasons[i].count;
    ck_assert_uint_eq(sum, 2 * (LOAD_REASONS + 20) + 1);
    ck_assert_uint_eq(stats.reasons[0].count, 3);
    ck_assert_str_eq(stats.reasons[LOAD_REASONS - 1].text, "other reasons");
}
END_TEST

static const struct {
    uint64_t busiest_us, late, late_busy;
    bool was;
} drives[] = {
    {500000, 0, 0, false}, {910000, 0, 0, true},   {0, 10, 10, false},
    {0, 11, 11, true},     {90000, 400, 0, false}, /* it was late, and had CPU to spare */
};

START_TEST(tester_that_was_the_bottleneck_is_known)
{
    static struct load_stats s;

    s.started = 1000;
    s.elapsed_us = 1000000;
    s.busiest_us = drives[_i].busiest_us;
    s.late = drives[_i].late;
    s.late_busy = drives[_i].late_busy;
    ck_assert(load_was_bottleneck(NULL, &s) == drives[_i].was);
}
END_TEST

static char *page_of(const struct load_options *o, const struct load_result *r)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    ck_assert_ptr_nonnull(f);
    load_page_write(f, o, r);
    ck_assert_int_eq(fclose(f), 0);
    return text;
}

START_TEST(page_tells_counts_in_full_and_no_share_of_nothing)
{
    static const struct load_options o = {.target_count = 1, .targets[0].text = "x", .resume = 50};
    static struct load_result r;
    char *text;

    r.stats.elapsed_us = 1000000;
    r.stats.failed = 1500000;
    text = page_of(&o, &r);
    ck_assert_ptr_nonnull(strstr(text, "<th>failed</th><td>1500000</td>"));
    ck_assert_ptr_nonnull(strstr(text, "<th>offered</th><td>0</td>"));
    ck_assert_ptr_null(strstr(text, "of those offered"));
    free(text);
    r.stats.offered = r.stats.offered_by[KIND_ID] = 4;
    r.stats.resumed = r.stats.resumed_by[KIND_ID] = 3;
    r.stats.declined = 1;
    histogram_record(&r.stats.handshake_us[KIND_FULL], 1000);
    text = page_of(&o, &r);
    ck_assert_ptr_nonnull(strstr(text, "<th>resumed, % of those offered</th><td>75 %</td>"));
    ck_assert_ptr_nonnull(strstr(text, "<th>declined</th><td>1</td>"));
    ck_assert_ptr_nonnull(strstr(text, "<th>id</th><td>4</td><td>3</td><td>75.00</td>"));
    ck_assert_ptr_nonnull(strstr(text, "<th>full</th><td>1</td><td>1.000</td><td>1.000</td>"));
    free(text);
}
END_TEST

START_TEST(utf8_is_told_from_other_bytes)
{
    static const struct {
        const char *text;
        size_t length;
    } rows[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc2\x80", 2},
        {"\xc2", 0},
        {"\xc2\xc2", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xed\xa0\x80", 0},
        {"\xef\xbf\xbf", 3},
        {"\xe2\x82", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_uint_eq(load_utf8_length(rows[i].text), rows[i].length);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("load_parts");
    TCase *t = tcase_create("load_parts");

    tcase_add_test(t, histogram_is_exact_to_two_percent);
    tcase_add_test(t, histogram_takes_what_is_too_great);
    tcase_add_test(t, histogram_ranks_across_a_sum);
    tcase_add_test(t, times_carry_units);
    tcase_add_test(t, phases_are_stretches_and_moments);
    tcase_add_test(t, phases_that_are_none_are_refused);
    tcase_add_test(t, schedule_says_when_the_next_one_is_due);
    tcase_add_test(t, schedule_never_goes_back);
    tcase_add_test(t, schedule_knows_how_many_have_arrived);
    tcase_add_test(t, schedules_that_are_none_are_refused);
    tcase_add_test(t, session_is_taken_once_and_only_when_old_enough);
    tcase_add_test(t, session_that_was_not_offered_is_the_first_again);
    tcase_add_test(t, session_that_is_too_old_is_forgotten);
    tcase_add_test(t, session_may_be_offered_more_than_once);
    tcase_add_test(t, sessions_keep_the_newest);
    tcase_add_test(t, sessions_that_must_get_old_are_not_pushed_out);
    tcase_add_test(t, response_ends_where_it_says);
    tcase_add_loop_test(t, response_says_whether_there_may_be_another, 0,
                        sizeof connections / sizeof *connections);
    tcase_add_test(t, response_with_an_endless_head_is_refused);
    tcase_add_test(t, proxy_headers_name_both_ends);
    tcase_add_test(t, reasons_have_a_class_and_alerts_a_name);
    tcase_add_test(t, alerts_that_openssl_does_not_know_are_alerts);
    tcase_add_test(t, reasons_beyond_the_table_are_summed);
    tcase_add_test(t, utf8_is_told_from_other_bytes);
    tcase_add_loop_test(t, tester_that_was_the_bottleneck_is_known, 0,
                        sizeof drives / sizeof *drives);
    tcase_add_test(t, page_tells_counts_in_full_and_no_share_of_nothing);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
