/* SPDX-License-Identifier: MIT
 *
 * manual.c - reprise.conf(5) states each option of the schema, with its values, default and range;
 * and no other option. */
#include "conf/conf.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 200, TEXT_MAX = 1000 };

struct entry {
    char block[32], name[40], values[80];
    char facts[TEXT_MAX]; /* its line "Default: ...", or "Required." */
};

static struct entry entries[ENTRIES_MAX];
static size_t entry_count;
static unsigned found[ENTRIES_MAX]; /* how many options an entry states */

/* Without `what`, wherever it stands. */
static void remove_all(char *text, const char *what)
{
    for (char *at = strstr(text, what); at != NULL; at = strstr(at, what))
        memmove(at, at + strlen(what), strlen(at + strlen(what)) + 1);
}

/* ".It Ic a , b No = Cm x | Ar y" is the entries a and b, of the values "x | y". */
static size_t add_entries(char *line, const char *block)
{
    char *values = strstr(line, " No = "), *save = NULL;
    size_t first = entry_count;

    if (values != NULL)
        *values = '\0';
    for (char *name = strtok_r(line + strlen(".It Ic"), " ,", &save); name != NULL;
         name = strtok_r(NULL, " ,", &save)) {
        struct entry *e = &entries[entry_count++];

        ck_assert_uint_lt(entry_count, ENTRIES_MAX);
        *e = (struct entry){.values = ""};
        snprintf(e->block, sizeof e->block, "%s", block);
        snprintf(e->name, sizeof e->name, "%s", name);
        snprintf(e->values, sizeof e->values, "%s", values != NULL ? values + 6 : "");
        remove_all(e->values, "Cm ");
        remove_all(e->values, "Ar ");
    }
    return first;
}

static void add_facts(const char *line, size_t first)
{
    for (size_t i = first; i < entry_count; i++) {
        ck_assert_msg(entries[i].facts[0] == '\0', "%s: two defaults", entries[i].name);
        snprintf(entries[i].facts, TEXT_MAX, "%s", line);
        remove_all(entries[i].facts, "\\:");
    }
}

static void read_manual(void)
{
    FILE *file = fopen("conf/reprise.conf.5", "r");
    char line[1000], block[32] = "";
    size_t first = 0;

    ck_assert_ptr_nonnull(file);
    entry_count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, ".Ss ", 4) == 0)
            snprintf(block, sizeof block, "%.*s", (int)strcspn(line + 4, " "), line + 4);
        else if (strncmp(line, ".It Ic ", 7) == 0)
            first = add_entries(line, strcmp(block, "The") == 0 ? "" : block);
        else if (strncmp(line, "Default: ", 9) == 0 || strcmp(line, "Required.") == 0)
            add_facts(line, first);
    }
    fclose(file);
}

static void check_option(const struct conf_option_info *o, void *arg)
{
    const char *preset = o->preset != NULL ? o->preset : "unset";
    char facts[TEXT_MAX] = "";
    size_t i = 0;

    (void)arg;
    while (i < entry_count &&
           (strcmp(entries[i].block, o->block) != 0 || strcmp(entries[i].name, o->name) != 0))
        i++;
    ck_assert_msg(i < entry_count, "no entry for %s in %s", o->name, o->block);
    found[i]++;
    if (o->required)
        snprintf(facts, sizeof facts, "Required.");
    else if (!o->inherited)
        snprintf(facts, sizeof facts, "Default: %s%s%s.", preset,
                 *o->range != '\0' ? "; range: " : "", o->range);
    ck_assert_msg(strcmp(entries[i].facts, facts) == 0, "%s in %s: \"%s\", not \"%s\"", o->name,
                  o->block, facts, entries[i].facts);
    ck_assert_msg(o->inherited || strcmp(entries[i].values, o->values) == 0,
                  "%s in %s: \"%s\", not \"%s\"", o->name, o->block, o->values, entries[i].values);
}

START_TEST(manual_states_each_option_as_the_schema_does)
{
    read_manual();
    memset(found, 0, sizeof found);
    conf_options(check_option, NULL);
    for (size_t i = 0; i < entry_count; i++)
        ck_assert_msg(found[i] == 1, "%s in %s: no such option, or two entries", entries[i].name,
                      entries[i].block);
}
END_TEST

static void check_help(const struct conf_option_info *o, void *count)
{
    ck_assert_msg(o->help != NULL && strlen(o->help) > 10, "%s has no description", o->name);
    ck_assert_msg(o->values[0] != '\0', "%s has no type", o->name);
    ++*(unsigned *)count;
}

START_TEST(every_option_has_a_type_and_a_description)
{
    unsigned count = 0;

    conf_options(check_help, &count);
    ck_assert_uint_gt(count, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("manual");
    TCase *core = tcase_create("core");

    tcase_add_test(core, manual_states_each_option_as_the_schema_does);
    tcase_add_test(core, every_option_has_a_type_and_a_description);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
