/* SPDX-License-Identifier: MIT
 *
 * load_parts.c - the pure parts of reprise-load: histogram, sessions, responses, times. */
#include "contrib/tools/load.h"
#include "contrib/tools/load_response.h"
#include "contrib/tools/load_sessions.h"
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

START_TEST(phase_has_a_time_and_a_command)
{
    struct load_phase phase = {0};

    ck_assert(load_parse_phase("at 20s: kill -HUP 1: 2", &phase));
    ck_assert_uint_eq(phase.at_ms, 20000);
    ck_assert_str_eq(phase.text, "kill -HUP 1: 2");
    ck_assert(!load_parse_phase("20s: true", &phase));
    ck_assert(!load_parse_phase("at 20s", &phase));
    ck_assert(!load_parse_phase("at : true", &phase));
    ck_assert(!load_parse_phase("at 1s:  ", &phase));
    ck_assert(!load_parse_phase("at 111111111111111111111111111111111111111111111s: true", &phase));
}
END_TEST

/* Any session will do. */
static struct load_session session_of(uint64_t born_ms)
{
    return (struct load_session){(struct rp_session *)SSL_SESSION_new(), born_ms, 0};
}

START_TEST(session_is_taken_once_and_only_when_old_enough)
{
    struct load_sessions *pool = load_sessions_new(2, 1);
    struct load_session session = session_of(100);
    const struct rp_session *handle = session.handle;

    load_sessions_put(pool, 1, 0, &session);
    ck_assert_ptr_null(session.handle);
    ck_assert(!load_sessions_take(pool, 0, 0, 1000, 0, &session));
    ck_assert(!load_sessions_take(pool, 1, 0, 149, 50, &session));
    ck_assert(load_sessions_take(pool, 1, 0, 150, 50, &session));
    ck_assert(session.handle == handle && session.born_ms == 100);
    load_session_clear(&session);
    ck_assert(!load_sessions_take(pool, 1, 0, 1000, 0, &session));
    load_sessions_free(pool);
}
END_TEST

START_TEST(sessions_keep_the_newest)
{
    struct load_sessions *pool = load_sessions_new(1, 1);
    struct load_session session;

    for (uint16_t i = 0; i < SESSIONS_KEPT + 5; i++) {
        session = session_of(i);
        load_sessions_put(pool, 0, 0, &session);
    }
    ck_assert(load_sessions_take(pool, 0, 0, 5000, 0, &session));
    ck_assert_uint_eq(session.born_ms, 5);
    load_session_clear(&session);
    load_sessions_free(pool);
}
END_TEST

static enum load_response_state feed(struct load_response *r, const char *text, size_t cut)
{
    enum load_response_state state = RESPONSE_MORE;
    size_t len = strlen(text);

    load_response_begin(r);
    for (size_t at = 0; at < len && state == RESPONSE_MORE; at += cut)
        state = load_response_feed(r, (const uint8_t *)text + at, len - at < cut ? len - at : cut);
    return state;
}

START_TEST(response_ends_where_its_length_says)
{
    static struct load_response r;

    for (size_t cut = 1; cut < 60; cut++) {
        ck_assert(feed(&r, "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\n1234", cut) ==
                  RESPONSE_MORE);
        ck_assert(feed(&r, "HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\n12345", cut) ==
                  RESPONSE_DONE);
        ck_assert(feed(&r, "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", cut) == RESPONSE_DONE);
        ck_assert(feed(&r, "HTTP/1.0 200 OK\r\n\r\n12345", cut) == RESPONSE_MORE && r.until_end);
        ck_assert(feed(&r, "SSH-2.0-x\r\n\r\n", cut) == RESPONSE_BAD);
    }
}
END_TEST

START_TEST(response_with_an_endless_head_is_refused)
{
    static struct load_response r;
    static char text[RESPONSE_HEAD_MAX + 10];

    memset(text, 'x', sizeof text - 1);
    ck_assert(feed(&r, text, 1000) == RESPONSE_BAD);
}
END_TEST

START_TEST(reasons_beyond_the_table_are_summed)
{
    static struct load_stats stats;
    uint64_t sum = 0;
    char name[32];

    for (int i = 0; i < LOAD_REASONS + 20; i++) {
        snprintf(name, sizeof name, "reason %d", i);
        load_stats_reason(&stats, name, 2);
    }
    load_stats_reason(&stats, "reason 0", 1);
    for (int i = 0; i < LOAD_REASONS; i++)
        sum += stats.reasons[i].count;
    ck_assert_uint_eq(sum, 2 * (LOAD_REASONS + 20) + 1);
    ck_assert_uint_eq(stats.reasons[0].count, 3);
    ck_assert_str_eq(stats.reasons[LOAD_REASONS - 1].text, "other reasons");
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
    tcase_add_test(t, phase_has_a_time_and_a_command);
    tcase_add_test(t, session_is_taken_once_and_only_when_old_enough);
    tcase_add_test(t, sessions_keep_the_newest);
    tcase_add_test(t, response_ends_where_its_length_says);
    tcase_add_test(t, response_with_an_endless_head_is_refused);
    tcase_add_test(t, reasons_beyond_the_table_are_summed);
    suite_add_tcase(suite, t);
    return unit_run(suite);
}
