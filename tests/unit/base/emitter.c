/* SPDX-License-Identifier: MIT
 *
 * emitter.c - the five words of node's emitter, and listeners that change the list they are in. */
#include "lib/base/emitter.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static struct rp_emitter *emitter; /* on the heap, so that a use after its end is seen */
static char calls[64];
static bool gone;

static void set_up(void)
{
    emitter = malloc(sizeof *emitter);
    rp_emitter_init(emitter);
    calls[0] = '\0';
    gone = false;
}

static void tear_down(void)
{
    if (gone)
        return;
    rp_emitter_clear(emitter);
    free(emitter);
}

static void note(const struct rp_event *event, void *arg)
{
    (void)event;
    strcat(calls, arg);
}

static bool emit(enum rp_event_type type)
{
    return rp_emitter_emit(emitter, &(struct rp_event){.type = type});
}

static void add(enum rp_event_type type, const char *name, bool once, bool prepend)
{
    ck_assert(
        rp_emitter_add(emitter, RP_EVENT_BIT(type), note, (void *)(uintptr_t)name, once, prepend));
}

START_TEST(emitter_calls_in_order)
{
    add(RP_EV_DATA, "a", false, false);
    add(RP_EV_DATA, "b", false, false);
    add(RP_EV_DATA, "c", false, true);
    add(RP_EV_END, "x", false, false);
    ck_assert(emit(RP_EV_DATA));
    ck_assert_str_eq(calls, "cab");
    ck_assert(!emit(RP_EV_CLOSE));
    ck_assert(rp_emitter_heard(emitter, RP_EV_END) && !rp_emitter_heard(emitter, RP_EV_CLOSE));
}
END_TEST

START_TEST(emitter_calls_once)
{
    add(RP_EV_DATA, "a", true, false);
    add(RP_EV_DATA, "b", false, false);
    add(RP_EV_DATA, "c", true, true);
    emit(RP_EV_DATA);
    emit(RP_EV_DATA);
    ck_assert_str_eq(calls, "cabb");
}
END_TEST

/* The newest registration of that function and argument, as in node. */
START_TEST(emitter_removes)
{
    static char a[] = "a", b[] = "b";

    for (int i = 0; i < 2; i++) {
        add(RP_EV_DATA, a, false, false);
        add(RP_EV_DATA, b, false, false);
    }
    rp_emitter_remove(emitter, RP_EV_DATA, note, a);
    emit(RP_EV_DATA);
    ck_assert_str_eq(calls, "abb");
    rp_emitter_remove(emitter, RP_EV_DATA, note, a);
    rp_emitter_remove(emitter, RP_EV_DATA, note, a);
    rp_emitter_remove(emitter, RP_EV_DATA, note, b);
    rp_emitter_remove(emitter, RP_EV_DATA, note, b);
    ck_assert(!emit(RP_EV_DATA));
    ck_assert(!rp_emitter_heard(emitter, RP_EV_DATA));
}
END_TEST

START_TEST(emitter_listens_for_sets)
{
    rp_event_set set = RP_EVENT_BIT(RP_EV_DATA) | RP_EVENT_BIT(RP_EV_END);

    rp_emitter_add(emitter, set, note, (void *)(uintptr_t) "s", false, false);
    emit(RP_EV_DATA);
    emit(RP_EV_END);
    emit(RP_EV_CLOSE);
    ck_assert_str_eq(calls, "ss");
    rp_emitter_remove(emitter, RP_EV_DATA, note, (void *)(uintptr_t) "s");
    emit(RP_EV_DATA);
    ck_assert(rp_emitter_heard(emitter, RP_EV_END));
}
END_TEST

static void add_another(const struct rp_event *event, void *arg)
{
    (void)event, (void)arg;
    strcat(calls, "+");
    add(RP_EV_DATA, "n", false, false);
}

static void remove_all(const struct rp_event *event, void *arg)
{
    (void)event;
    strcat(calls, "-");
    rp_emitter_remove(emitter, RP_EV_DATA, note, arg);
}

/* What is added while an event is told is not told of it; what is removed meanwhile is told still:
 * node takes a copy of the list. */
START_TEST(emitter_may_change_while_it_emits)
{
    static char a[] = "a";

    rp_emitter_add(emitter, RP_EVENT_BIT(RP_EV_DATA), add_another, NULL, true, false);
    rp_emitter_add(emitter, RP_EVENT_BIT(RP_EV_DATA), remove_all, a, false, false);
    add(RP_EV_DATA, a, false, false);
    emit(RP_EV_DATA);
    ck_assert_msg(strncmp(calls, "+-", 2) == 0 && strchr(calls, 'n') == NULL, "%s", calls);
    calls[0] = '\0';
    emit(RP_EV_DATA);
    ck_assert_str_eq(calls, "-n");
}
END_TEST

static void end_it(const struct rp_event *event, void *arg)
{
    (void)event, (void)arg;
    strcat(calls, "!");
    rp_emitter_clear(emitter);
    free(emitter);
    gone = true;
}

START_TEST(emitter_may_end_while_it_emits)
{
    add(RP_EV_CLOSE, "a", false, false);
    rp_emitter_add(emitter, RP_EVENT_BIT(RP_EV_CLOSE), end_it, NULL, false, false);
    emit(RP_EV_CLOSE);
    ck_assert_str_eq(calls, "a!");
}
END_TEST

START_TEST(emitter_holds_many)
{
    for (int i = 0; i < 50; i++)
        add(i % 2 ? RP_EV_DATA : RP_EV_END, i % 2 ? "d" : "e", i % 3 == 0, false);
    emit(RP_EV_DATA);
    ck_assert_uint_eq(strlen(calls), 25);
    calls[0] = '\0';
    emit(RP_EV_DATA);
    ck_assert_uint_eq(strlen(calls), 25 - 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("emitter");
    TCase *core = tcase_create("core");

    tcase_add_checked_fixture(core, set_up, tear_down);
    tcase_add_test(core, emitter_calls_in_order);
    tcase_add_test(core, emitter_calls_once);
    tcase_add_test(core, emitter_removes);
    tcase_add_test(core, emitter_listens_for_sets);
    tcase_add_test(core, emitter_may_change_while_it_emits);
    tcase_add_test(core, emitter_may_end_while_it_emits);
    tcase_add_test(core, emitter_holds_many);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
