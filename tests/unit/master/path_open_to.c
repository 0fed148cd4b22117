/* SPDX-License-Identifier: MIT
 *
 * path_open_to.c - whether somebody else can put another file at a path that root uses. */
#include "tests/unit/master/root_files.h"

#include "master/generation/path_open_to.h"

static const struct {
    const char *path;
    bool to_nobody, to_everybody;
} cases[] = {
    {"roots/log", false, false},
    {"his/log", true, false},
    {"his/roots/log", true, false},
    {"world/log", true, true},
    {"world/missing/log", true, true},
    {"roots/missing/log", false, false},
    {"his/missing/log", true, false},
    {"sticky/log", true, false}, /* a file of root's there can't be replaced, one to be can */
    {"sticky/missing/log", true, true},
    {"sticky/roots/log", false, false},
    {"sticky/his/log", true, true}, /* everybody could be who has made it */
    {"his-group/log", true, false},
    {"other-group/log", false, false},
    {"roots/to-roots/log", false, false},
    {"roots/to-his/log", true, false},
    {"roots/to-his-above/his/../roots/log", true, false},
    {"roots/absolute/log", true, false},
    {"roots/twice/log", true, false},
    {"his/to-roots/log", true, false},
    {"roots/loop/log", true, true}, /* in doubt */
    {"roots/../his/log", true, false},
    {"his/../roots/log", true, false}, /* in doubt */
    {"roots//./log", false, false},
};

static void make_links(void)
{
    ck_assert_int_eq(symlink("../other-group", at("roots/to-roots")), 0);
    ck_assert_int_eq(symlink("../his", at("roots/to-his")), 0);
    ck_assert_int_eq(symlink("..", at("roots/to-his-above")), 0);
    ck_assert_int_eq(symlink(at("his"), at("roots/absolute")), 0);
    ck_assert_int_eq(symlink("to-his/.", at("roots/twice")), 0);
    ck_assert_int_eq(symlink("../roots", at("his/to-roots")), 0);
    ck_assert_int_eq(symlink("loop", at("roots/loop")), 0);
}

START_TEST(path_is_open_to_whom_it_is)
{
    if (!is_root())
        return;
    make_links();
    ck_assert_int_eq(path_is_open_to(&nobody, at(cases[_i].path), NULL), cases[_i].to_nobody);
    ck_assert_int_eq(path_is_open_to(&without, at(cases[_i].path), NULL), cases[_i].to_everybody);
    ck_assert_uint_eq(geteuid(), 0);
    ck_assert_uint_eq(getegid(), 0);
}
END_TEST

START_TEST(path_open_to_says_where)
{
    char where[PATH_OPEN_TO_TEXT];

    if (!is_root())
        return;
    make_links();
    ck_assert(path_is_open_to(&nobody, at("roots/to-his/log"), where));
    ck_assert_str_eq(where, at("his"));
}
END_TEST

/* In a sticky directory a file of root's stays: but only root knows whether it was there before. */
START_TEST(path_to_a_file_in_a_sticky_directory)
{
    if (!is_root())
        return;
    make_file("sticky/log", 0);
    make_file("sticky/hers", 4242);
    ck_assert(path_is_open_to(&nobody, at("sticky/log"), NULL));
    ck_assert(!path_is_open_to(&without, at("sticky/log"), NULL));
    ck_assert(path_is_open_to(&without, at("sticky/hers"), NULL));
}
END_TEST

START_TEST(user_is_entered_and_left)
{
    struct user_before before;

    if (!is_root())
        return;
    ck_assert(user_enter(&nobody, &before, NULL));
    ck_assert_uint_eq(geteuid(), nobody.uid);
    ck_assert_uint_eq(getegid(), nobody.gid);
    ck_assert_int_lt(open(at("roots/x"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 0);
    user_leave(&before);
    ck_assert_uint_eq(geteuid(), 0);
    ck_assert_uint_eq(getegid(), 0);
    ck_assert(user_enter(&without, &before, NULL));
    ck_assert_uint_eq(geteuid(), 0);
    user_leave(&before);
}
END_TEST

/* mkdir, then chown: in between he could have put a link there. */
START_TEST(directory_in_a_place_of_the_user_is_made_by_the_user)
{
    struct stat st;

    if (!is_root())
        return;
    ck_assert(user_directory(&nobody, at("his/a/state"), 0700, "state-dir", NULL));
    ck_assert_int_eq(stat(at("his/a"), &st), 0);
    ck_assert_uint_eq(st.st_uid, nobody.uid);
    ck_assert(user_directory(&nobody, at("roots/a/state"), 0700, "state-dir", NULL));
    ck_assert_int_eq(stat(at("roots/a"), &st), 0);
    ck_assert_uint_eq(st.st_uid, 0);
    ck_assert_int_eq(stat(at("roots/a/state"), &st), 0);
    ck_assert_uint_eq(st.st_uid, nobody.uid);
    ck_assert(!user_directory(&nobody, at("his/roots/state"), 0700, "state-dir", NULL));
    ck_assert(user_directory(&without, at("roots"), 0700, "state-dir", NULL));
    ck_assert(!user_directory(&without, at("world"), 0700, "state-dir", NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("path_open_to");
    TCase *tcase = tcase_create("path_open_to");

    tcase_add_checked_fixture(tcase, files_set_up, files_tear_down);
    tcase_add_loop_test(tcase, path_is_open_to_whom_it_is, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, path_open_to_says_where);
    tcase_add_test(tcase, path_to_a_file_in_a_sticky_directory);
    tcase_add_test(tcase, user_is_entered_and_left);
    tcase_add_test(tcase, directory_in_a_place_of_the_user_is_made_by_the_user);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
