/* SPDX-License-Identifier: MIT
 *
 * root_files.c - the log, pid file, outcomes and Unix sockets of a master that is root: links,
 * FIFOs and files of others are refused, what lies in a directory of the user is his. */
#include "tests/unit/master/root_files.h"

#include "lib/base/file.h"
#include "master/generation/log_file.h"
#include "master/outcome.h"
#include "master/pid_file.h"
#include "master/generation/unix_file.h"

/* What stands at "trap", in a directory of root's, and why it is refused. */
static void make_trap(int kind)
{
    make_file("victim", kind == 4 ? 4242 : 0);
    if (kind == 0)
        ck_assert_int_eq(symlink(at("victim"), at("roots/trap")), 0);
    else if (kind == 1)
        ck_assert_int_eq(symlink(at("roots/missing"), at("roots/trap")), 0);
    else if (kind == 2)
        ck_assert_int_eq(link(at("victim"), at("roots/trap")), 0);
    else if (kind == 3)
        ck_assert_int_eq(mkfifo(at("roots/trap"), 0666), 0);
    else
        ck_assert_int_eq(rename(at("victim"), at("roots/trap")), 0);
}

static const char *const refusals[] = {"is a symbolic link", "is a symbolic link", "hard links",
                                       "not a regular file", "belongs to user 4242"};
enum { TRAPS = sizeof refusals / sizeof *refusals };

START_TEST(file_that_is_a_trap_is_refused)
{
    struct rp_error error;
    struct stat before, after;

    if (!is_root())
        return;
    make_trap(_i);
    ck_assert_int_eq(lstat(at(_i == 4 ? "roots/trap" : "victim"), &before), 0);
    ck_assert_int_lt(log_file_open(&nobody, at("roots/trap"), &error), 0);
    ck_assert_ptr_nonnull(strstr(error.message, refusals[_i]));
    ck_assert(!log_file_check(&nobody, at("roots/trap"), &error));
    ck_assert_ptr_nonnull(strstr(error.message, refusals[_i]));
    ck_assert_int_eq(lstat(at(_i == 4 ? "roots/trap" : "victim"), &after), 0);
    ck_assert_uint_eq(before.st_uid, after.st_uid);
    ck_assert_int_ne(access(at("roots/missing"), F_OK), 0);
}
END_TEST

START_TEST(pid_file_that_is_a_trap_is_refused)
{
    struct pid_file file;
    struct rp_error error;

    if (!is_root())
        return;
    make_trap(_i);
    ck_assert_int_eq(rename(at("roots/trap"), at("roots/reprise.pid")), 0);
    ck_assert(!pid_file_take(&file, at("roots"), &error));
    ck_assert_ptr_nonnull(strstr(error.message, refusals[_i]));
    if (_i < 4) /* to know whether it is locked nobody need own it */
        ck_assert_int_eq(pid_file_owner(at("roots"), &error), -1);
}
END_TEST

START_TEST(outcome_goes_through_no_trap)
{
    struct outcome read, written = {.done = 7};
    struct stat st;

    if (!is_root())
        return;
    make_trap(_i);
    ck_assert_int_eq(rename(at("roots/trap"), at("roots/reprise.reload.new")), 0);
    ck_assert(outcome_write(at("roots"), &written, NULL));
    ck_assert(outcome_read(at("roots"), &read, NULL));
    ck_assert_uint_eq(read.done, 7);
    if (_i < 4) {
        ck_assert_int_eq(stat(at("victim"), &st), 0);
        ck_assert_int_eq(st.st_size, 0);
    }
}
END_TEST

static uid_t owner_of(const char *name)
{
    struct stat st;

    ck_assert_int_eq(lstat(at(name), &st), 0);
    return st.st_uid;
}

static void open_log_at(const char *name)
{
    int fd = log_file_open(&nobody, at(name), NULL);

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert(log_file_check(&nobody, at(name), NULL));
}

START_TEST(log_belongs_to_the_user_wherever_it_is)
{
    if (!is_root())
        return;
    make_file("roots/there", 0);
    ck_assert(log_file_check(&nobody, at("roots/log"), NULL));
    ck_assert_int_ne(access(at("roots/log"), F_OK), 0); /* it was only looked at */
    open_log_at("roots/log");
    open_log_at("roots/there");
    open_log_at("his/log");
    open_log_at("sticky/log");
    ck_assert_uint_eq(owner_of("roots/log"), nobody.uid);
    ck_assert_uint_eq(owner_of("roots/there"), nobody.uid);
    ck_assert_uint_eq(owner_of("his/log"), nobody.uid);
    ck_assert_uint_eq(owner_of("sticky/log"), nobody.uid);
}
END_TEST

/* Where the user can change the way, only what the user could do is done. */
START_TEST(log_behind_a_directory_of_the_user_is_opened_as_the_user)
{
    struct rp_error error;

    if (!is_root())
        return;
    ck_assert_int_eq(symlink("../roots", at("his/way")), 0);
    ck_assert_int_lt(log_file_open(&nobody, at("his/way/log"), &error), 0);
    ck_assert_ptr_nonnull(strstr(error.message, "opened as user 'nobody', who can change"));
    ck_assert_int_ne(access(at("roots/log"), F_OK), 0);
    make_file("his/roots-file", 0);
    ck_assert_int_lt(log_file_open(&nobody, at("his/roots-file"), &error), 0);
    ck_assert_uint_eq(owner_of("his/roots-file"), 0);
    ck_assert_int_lt(log_file_open(&without, at("world/log"), &error), 0);
    ck_assert_ptr_nonnull(strstr(error.message, "all users can change"));
}
END_TEST

START_TEST(run_dir_that_others_can_change_is_refused)
{
    struct rp_error error;

    if (!is_root())
        return;
    ck_assert(user_check_run_dir(at("roots"), &nobody, NULL));
    ck_assert(user_check_run_dir(at("roots/missing"), &nobody, NULL));
    ck_assert(user_check_run_dir(at("sticky/roots"), &nobody, NULL));
    ck_assert(!user_check_run_dir(at("his"), &nobody, &error));
    ck_assert_ptr_nonnull(strstr(error.message, "run-dir: user 'nobody' can change"));
    ck_assert(!user_check_run_dir(at("his/roots"), &nobody, NULL));
    ck_assert(!user_check_run_dir(at("sticky"), &nobody, NULL));
    ck_assert(!user_check_run_dir(at("sticky/missing"), &nobody, NULL));
    ck_assert(!user_check_run_dir(at("world"), &without, &error));
    ck_assert_ptr_nonnull(strstr(error.message, "run-dir: all users can change"));
}
END_TEST

static int listen_at(const struct user *user, const char *name, struct unix_file *file)
{
    char text[300];
    struct rp_address address;
    struct rp_listen_options options = {.address = &address, .unix_mode = 0666, .bind_only = true};

    snprintf(text, sizeof text, "unix:%s", at(name));
    ck_assert(rp_address_parse(&address, text, true, NULL));
    return unix_file_listen(user, &options, file, NULL);
}

START_TEST(unix_socket_is_made_and_removed_with_the_rights_of_whom_can_change_its_place)
{
    static const char *const names[] = {"roots/s", "his/s", "sticky/s"};
    struct unix_file file;
    struct stat st;

    if (!is_root())
        return;
    for (size_t i = 0; i < 3; i++) {
        int fd = listen_at(&nobody, names[i], &file);

        ck_assert_int_ge(fd, 0);
        ck_assert_uint_eq(owner_of(names[i]), i == 0 ? 0 : nobody.uid);
        ck_assert_int_eq(lstat(at(names[i]), &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0666);
        close(fd);
        unix_file_remove(&nobody, at(names[i]), &file);
        ck_assert_int_ne(lstat(at(names[i]), &st), 0);
    }
    ck_assert_int_lt(listen_at(&nobody, "his/roots/s", &file), 0);
    ck_assert_int_lt(listen_at(&without, "world/s", &file), 0);
}
END_TEST

/* Another file at its place, or behind a link that stands on the way now, is not ours to remove. */
START_TEST(unix_socket_of_another_stays)
{
    struct unix_file file;
    int fd;

    if (!is_root())
        return;
    fd = listen_at(&nobody, "his/s", &file);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(unlink(at("his/s")), 0);
    make_file("his/s", 0);
    unix_file_remove(&nobody, at("his/s"), &file);
    ck_assert_int_eq(access(at("his/s"), F_OK), 0);
    close(fd);
}
END_TEST

START_TEST(file_that_is_read_is_regular)
{
    char bytes[8];
    struct rp_error error;

    make_file("words", geteuid());
    ck_assert_int_eq(rp_file_read(at("words"), bytes, sizeof bytes, NULL), 0);
    ck_assert_int_eq(symlink("words", at("link")), 0);
    ck_assert_int_eq(rp_file_read(at("link"), bytes, sizeof bytes, NULL), 0);
    ck_assert_int_eq(mkfifo(at("fifo"), 0600), 0);
    ck_assert_int_lt(rp_file_read(at("fifo"), bytes, sizeof bytes, &error), 0);
    ck_assert_ptr_nonnull(strstr(error.message, "not a regular file"));
    ck_assert_int_lt(rp_file_read(at("none"), bytes, sizeof bytes, &error), 0);
    ck_assert_str_eq(error.code, "ENOENT");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("root_files");
    TCase *tcase = tcase_create("root_files");

    tcase_add_checked_fixture(tcase, files_set_up, files_tear_down);
    tcase_add_loop_test(tcase, file_that_is_a_trap_is_refused, 0, TRAPS);
    tcase_add_loop_test(tcase, pid_file_that_is_a_trap_is_refused, 0, TRAPS);
    tcase_add_loop_test(tcase, outcome_goes_through_no_trap, 0, TRAPS);
    tcase_add_test(tcase, log_belongs_to_the_user_wherever_it_is);
    tcase_add_test(tcase, log_behind_a_directory_of_the_user_is_opened_as_the_user);
    tcase_add_test(tcase, run_dir_that_others_can_change_is_refused);
    tcase_add_test(tcase,
                   unix_socket_is_made_and_removed_with_the_rights_of_whom_can_change_its_place);
    tcase_add_test(tcase, unix_socket_of_another_stays);
    tcase_add_test(tcase, file_that_is_read_is_regular);
    suite_add_tcase(suite, tcase);
    return unit_run(suite);
}
