/* SPDX-License-Identifier: MIT
 *
 * reasons.c - the table of reasons: codes, counters, the manual, and which error means which. */
#include "worker/reasons.h"
#include "tests/unit/unit.h"
#include "worker/stats.h"

#include <stdlib.h>
#include <string.h>

START_TEST(codes_are_unique_words)
{
    for (enum reason a = 0; a < REASON_COUNT; a++) {
        const char *code = reason_entry(a)->code;

        ck_assert_uint_gt(strlen(code), 3);
        ck_assert_uint_eq(strspn(code, "abcdefghijklmnopqrstuvwxyz_"), strlen(code));
        for (enum reason b = 0; b < a; b++) {
            ck_assert_str_ne(code, reason_entry(b)->code);
            ck_assert_str_ne(reason_entry(a)->text, reason_entry(b)->text);
        }
    }
}
END_TEST

/* Whoever did not get a connection is counted in a row, too. */
START_TEST(each_refusal_has_a_counter)
{
    for (enum reason r = 0; r < REASON_COUNT; r++) {
        const struct reason_entry *entry = reason_entry(r);

        ck_assert_uint_lt(entry->counter, sizeof(struct stats_row));
        if (entry->kind != REASON_KIND_SERVED)
            ck_assert_uint_ge(entry->counter, offsetof(struct stats_row, accepted));
    }
}
END_TEST

static char *read_file(const char *path)
{
    static char text[128 * 1024];
    FILE *file = fopen(path, "r");
    size_t len;

    ck_assert_ptr_nonnull(file);
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    ck_assert_uint_lt(len, sizeof text - 1);
    text[len] = '\0';
    return text;
}

/* The list of the manual, in the order of the table, and nothing else in it. */
START_TEST(the_manual_lists_them)
{
    char *at = strstr(read_file("master/reprise.8"), ".Sh REASONS\n"), line[120];

    ck_assert_ptr_nonnull(at);
    *strstr(at + 1, "\n.Sh ") = '\0';
    for (enum reason r = 0; r < REASON_COUNT; r++) {
        at = strstr(at + 1, "\n.It Cm ");
        ck_assert_msg(at != NULL, "%s is not in reprise.8", reason_entry(r)->code);
        snprintf(line, sizeof line, "\n.It Cm %s\n", reason_entry(r)->code);
        ck_assert_msg(strncmp(at, line, strlen(line)) == 0, "%s is not at its place in reprise.8",
                      reason_entry(r)->code);
    }
    ck_assert_ptr_null(strstr(at + 1, "\n.It "));
}
END_TEST

static enum reason of(const char *code)
{
    struct rp_error error;

    rp_error_set(&error, code, "it failed");
    return reason_of_handshake(NULL, &error);
}

START_TEST(errors_have_reasons)
{
    ck_assert_int_eq(of("ERR_TLS_HANDSHAKE_TIMEOUT"), REASON_HANDSHAKE_TIMEOUT);
    ck_assert_int_eq(of("ERR_SSL_CERTIFICATE_VERIFY_FAILED"), REASON_CERTIFICATE_INVALID);
    ck_assert_int_eq(of("ERR_SSL_HTTP_REQUEST"), REASON_NOT_TLS);
    ck_assert_int_eq(of("ERR_DRAIN_TIMEOUT"), REASON_DRAIN_TIMEOUT);
    ck_assert_int_eq(of("ENOMEM"), REASON_NO_MEMORY);
    ck_assert_int_eq(of("ECONNRESET"), REASON_TCP_PROBE);
    ck_assert_int_eq(of("ERR_SSL_ANYTHING_ELSE"), REASON_PROTOCOL_ERROR);
    ck_assert_int_eq(of("ERR_SOMETHING"), REASON_HANDSHAKE_ERROR);
    ck_assert_int_eq(of(""), REASON_HANDSHAKE_ERROR);
}
END_TEST

START_TEST(errors_of_open_connections_have_reasons)
{
    struct rp_error error;

    rp_error_set(&error, "ECONNRESET", "read");
    ck_assert_int_eq(reason_of_error(&error), REASON_CLIENT_LOST);
    rp_error_set(&error, "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC", "alert");
    ck_assert_int_eq(reason_of_error(&error), REASON_CLIENT_ERROR);
    rp_error_set(&error, "ENOMEM", "memory");
    ck_assert_int_eq(reason_of_error(&error), REASON_NO_MEMORY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reasons");
    TCase *tc = tcase_create("reasons");

    tcase_add_test(tc, codes_are_unique_words);
    tcase_add_test(tc, each_refusal_has_a_counter);
    tcase_add_test(tc, the_manual_lists_them);
    tcase_add_test(tc, errors_have_reasons);
    tcase_add_test(tc, errors_of_open_connections_have_reasons);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
