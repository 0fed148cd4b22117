/* SPDX-License-Identifier: MIT
 *
 * metrics.c - the text for Prometheus: well-formed, every counter told, nothing told that is a
 * secret. */
#include "master/metrics.h"
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct stats *stats;
static struct stats_row *row;
static struct status status;

static const struct status_generation generations[] = {{.number = 2}, {.number = 1, .stuck = true}};

static void setup(void)
{
    stats = stats_new(NULL);
    row = stats_claim(stats, 0);
    status = (struct status){.pid = 1,
                             .started_s = 1700000000,
                             .now_s = 1700000100,
                             .generations = generations,
                             .generation_count = 2,
                             .store = "redis://user:p4ssword@127.0.0.1:1",
                             .l1 = "lmdb:sessions",
                             .stats = stats};
}

static void teardown(void)
{
    stats_free(stats);
}

static char *compose(void)
{
    struct rp_text text = {0};
    char *out;

    metrics_compose(&text, &status);
    out = rp_text_take(&text, NULL);
    ck_assert_ptr_nonnull(out);
    return out;
}

static void has(const char *text, const char *line)
{
    ck_assert_msg(strstr(text, line) != NULL, "%s is not in\n%s", line, text);
}

START_TEST(values_stand_under_their_names)
{
    char *text;

    row->active = 3;
    row->accepted = 7;
    row->stuck_s = 1700000060;
    stats->log_lines_lost = 12;
    row->handshakes_id = 5;
    row->sessions.bad_seals = 2;
    row->far.outages = 4;
    row->near.gets = 9;
    row->store_entries = 11;
    row->store_away_s = 1700000050;
    rp_latency_add(&row->sessions.far_lookup, 90);
    rp_latency_add(&row->sessions.far_lookup, 100);
    rp_latency_add(&row->sessions.far_lookup, 60000);
    text = compose();
    has(text, "\nreprise_workers 1\n");
    has(text, "\nreprise_generations 2\n");
    has(text, "\nreprise_generations_stuck 1\n");
    has(text, "\nreprise_workers_stuck 1\n");
    has(text, "\nreprise_connections_active 3\n");
    has(text, "\nreprise_connections_accepted_total 7\n");
    has(text, "\nreprise_log_lines_lost_total 12\n");
    has(text, "\nreprise_handshakes_total{kind=\"session_id\"} 5\n");
    has(text, "\nreprise_session_lookups_total{result=\"bad_seal\"} 2\n");
    has(text, "\nreprise_store_outages_total{tier=\"far\"} 4\n");
    has(text, "\nreprise_store_operations_total{tier=\"near\",verb=\"get\"} 9\n");
    has(text, "\nreprise_store_entries 11\n");
    has(text, "\nreprise_store_workers_away{tier=\"far\"} 1\n");
    has(text, "\nreprise_store_workers_away{tier=\"near\"} 0\n");
    has(text, "\nreprise_store_away_since_seconds{tier=\"far\"} 1700000050\n");
    has(text, "\nreprise_session_lookup_seconds_bucket{tier=\"far\",le=\"5e-05\"} 0\n");
    has(text, "\nreprise_session_lookup_seconds_bucket{tier=\"far\",le=\"0.0001\"} 2\n");
    has(text, "\nreprise_session_lookup_seconds_bucket{tier=\"far\",le=\"0.05\"} 2\n");
    has(text, "\nreprise_session_lookup_seconds_bucket{tier=\"far\",le=\"+Inf\"} 3\n");
    has(text, "\nreprise_session_lookup_seconds_sum{tier=\"far\"} 0.060190\n");
    has(text, "\nreprise_session_lookup_seconds_count{tier=\"far\"} 3\n");
    has(text, "\nreprise_session_store_seconds_count 0\n");
    ck_assert_ptr_null(strstr(text, "p4ssword"));
    free(text);
}
END_TEST

START_TEST(store_of_one_host_has_one_tier)
{
    char *text;

    row->store_away_s = 1700000050;
    status.store = "lmdb:sessions";
    status.l1 = "";
    text = compose();
    has(text, "\nreprise_store_workers_away{tier=\"near\"} 1\n");
    ck_assert_ptr_null(strstr(text, "reprise_store_workers_away{tier=\"far\"}"));
    free(text);
    status.store = "redis://h";
    text = compose();
    has(text, "\nreprise_store_workers_away{tier=\"far\"} 1\n");
    ck_assert_ptr_null(strstr(text, "reprise_store_workers_away{tier=\"near\"}"));
    free(text);
}
END_TEST

/* Every 64-bit word that workers count in, but for the histograms. */
START_TEST(every_counter_is_told)
{
    uint64_t *words = (uint64_t *)(void *)row;
    size_t first = offsetof(struct stats_row, accepted) / 8,
           end = offsetof(struct stats_row, sessions.near_lookup) / 8;
    char *text, value[32];

    for (size_t i = first; i < end; i++)
        words[i] = 1000000 + i;
    text = compose();
    for (size_t i = first; i < end; i++) {
        snprintf(value, sizeof value, " %zu\n", 1000000 + i);
        ck_assert_msg(strstr(text, value) != NULL, "word %zu of a row has no metric", i - first);
    }
    free(text);
}
END_TEST

/* -- the format: HELP, TYPE, then samples of that name, once for each metric */

static size_t name_len(const char *line)
{
    size_t len = 0;

    while (islower((unsigned char)line[len]) || isdigit((unsigned char)line[len]) ||
           line[len] == '_')
        len++;
    return len;
}

/* {a="b",c="d"} with values that need no escapes */
static const char *skip_labels(const char *at)
{
    if (*at != '{')
        return at;
    do {
        size_t len = name_len(++at);

        ck_assert_uint_gt(len, 0);
        at += len;
        ck_assert_msg(at[0] == '=' && at[1] == '"', "%s", at);
        at = strpbrk(at + 2, "\"\\\n");
        ck_assert(at != NULL && *at == '"');
        at++;
    } while (*at == ',');
    ck_assert_int_eq(*at, '}');
    return at + 1;
}

static void check_sample(const char *line, const char *name, const char *type)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    size_t len = strlen(name), whole = name_len(line);
    const char *at = line + len;
    char *end;
    bool suffixed = false;

    ck_assert_msg(strncmp(line, name, len) == 0, "%s is not of %s", line, name);
    for (size_t i = 0; i < 3; i++)
        suffixed |= whole - len == strlen(suffixes[i]) &&
                    strncmp(at, suffixes[i], strlen(suffixes[i])) == 0;
    ck_assert_msg(strcmp(type, "histogram") == 0 ? suffixed : whole == len, "%s", line);
    if (strcmp(type, "counter") == 0)
        ck_assert_msg(strcmp(name + len - 6, "_total") == 0, "%s", line);
    at = skip_labels(line + whole);
    ck_assert_int_eq(*at, ' ');
    strtod(at + 1, &end);
    ck_assert_msg(end > at + 1 && *end == '\0', "%s", line);
}

START_TEST(text_is_well_formed)
{
    char *text = compose(), *save = NULL, name[100] = "", type[20] = "", seen[10000] = "";
    size_t samples = 0;

    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char typed[100], word[120];

        if (strncmp(line, "# HELP ", 7) == 0) {
            ck_assert_int_eq(sscanf(line, "# HELP %99s", name), 1);
            ck_assert_uint_gt(strlen(line), strlen(name) + 12);
            snprintf(word, sizeof word, " %s ", name);
            ck_assert_msg(strstr(seen, word) == NULL, "%s comes twice", name);
            strcat(seen, word);
            line = strtok_r(NULL, "\n", &save);
            ck_assert_int_eq(sscanf(line, "# TYPE %99s %19s", typed, type), 2);
            ck_assert_str_eq(typed, name);
            ck_assert(strncmp(name, "reprise_", 8) == 0);
        } else {
            check_sample(line, name, type);
            samples++;
        }
    }
    ck_assert_uint_gt(samples, 80);
    free(text);
}
END_TEST

START_TEST(every_name_is_in_the_manual)
{
    static char manual[65536];
    char *text = compose(), *save = NULL, name[100], word[110];
    FILE *file = fopen("master/reprise.8", "r");
    size_t len = file != NULL ? fread(manual, 1, sizeof manual - 1, file) : 0;

    ck_assert_uint_gt(len, 0);
    ck_assert_uint_lt(len, sizeof manual - 1);
    fclose(file);
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        if (sscanf(line, "# TYPE %99s", name) == 1) {
            snprintf(word, sizeof word, " %s", name);
            ck_assert_msg(strstr(manual, word) != NULL, "%s is not in reprise.8", name);
        }
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tc = tcase_create("metrics");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, values_stand_under_their_names);
    tcase_add_test(tc, store_of_one_host_has_one_tier);
    tcase_add_test(tc, every_counter_is_told);
    tcase_add_test(tc, text_is_well_formed);
    tcase_add_test(tc, every_name_is_in_the_manual);
    suite_add_tcase(suite, tc);
    return unit_run(suite);
}
