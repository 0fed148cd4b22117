/* SPDX-License-Identifier: MIT
 *
 * run_dir.c - what the master keeps in its directories: the pid file and its lock, the outcomes of
 * reloads; and the directories themselves. And the states of a generation. */
#include "tests/unit/unit.h"

#include "master/generation/generation_state.h"
#include "master/outcome.h"
#include "master/pid_file.h"
#include "master/generation/user.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/reprise-run-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_dir(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* A process that takes the pid file, says so through a pipe, and stays. */
static pid_t master_elsewhere(void)
{
    int fds[2];
    pid_t pid;
    char byte;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        struct pid_file file;

        if (pid_file_take(&file, dir, NULL) && write(fds[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    close(fds[0]);
    close(fds[1]);
    return pid;
}

START_TEST(pid_file_names_its_master_and_goes_with_it)
{
    struct pid_file file;
    char text[32] = "";
    FILE *stream;

    ck_assert(pid_file_take(&file, dir, NULL));
    stream = fopen(in_dir("reprise.pid"), "r"); /* the lock is lost with this, the file is not */
    ck_assert_ptr_nonnull(fgets(text, sizeof text, stream));
    fclose(stream);
    ck_assert_int_eq(strtol(text, NULL, 10), getpid());
    pid_file_drop(&file);
    ck_assert_int_ne(access(in_dir("reprise.pid"), F_OK), 0);
    pid_file_drop(&file);
}
END_TEST

START_TEST(pid_file_is_refused_to_a_second_master)
{
    pid_t other = master_elsewhere();
    char number[16];
    struct pid_file file;
    struct rp_error error;

    snprintf(number, sizeof number, "%d;", (int)other);
    ck_assert(!pid_file_take(&file, dir, &error));
    ck_assert_ptr_nonnull(strstr(error.message, number));
    ck_assert_int_eq(pid_file_owner(dir, NULL), other);
    pid_file_drop(&file);
    ck_assert_int_eq(access(in_dir("reprise.pid"), F_OK), 0);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
}
END_TEST

START_TEST(pid_file_of_a_killed_master_is_taken_over)
{
    pid_t other = master_elsewhere();
    struct pid_file file;

    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    ck_assert_int_eq(access(in_dir("reprise.pid"), F_OK), 0);
    ck_assert_int_eq(pid_file_owner(dir, NULL), 0);
    ck_assert(pid_file_take(&file, dir, NULL));
    pid_file_drop(&file);
}
END_TEST

START_TEST(pid_file_lock_is_not_inherited)
{
    struct pid_file file;
    pid_t child;
    int status;

    ck_assert(pid_file_take(&file, dir, NULL));
    child = fork();
    if (child == 0) {
        pid_t owner = pid_file_owner(dir, NULL);

        pid_file_close_here(&file);
        _exit(owner == getppid() && pid_file_owner(dir, NULL) == owner ? 0 : 1);
    }
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
    pid_file_drop(&file);
}
END_TEST

START_TEST(pid_file_without_a_directory_is_no_master)
{
    struct rp_error error;
    struct pid_file file;

    ck_assert_int_eq(pid_file_owner("/nonexistent/run", NULL), 0);
    ck_assert(!pid_file_take(&file, "/nonexistent/run", &error));
    ck_assert_str_eq(error.code, "ENOENT");
}
END_TEST

START_TEST(outcome_is_read_as_it_was_written)
{
    struct outcome written = {.done = 3, .running = 4, .generation = 9, .ok = false}, read;

    ck_assert(!outcome_read(dir, &read, NULL));
    snprintf(written.message, sizeof written.message, "a.conf:3: ok 1 done 7");
    ck_assert(outcome_write(dir, &written, NULL));
    ck_assert(outcome_read(dir, &read, NULL));
    ck_assert_uint_eq(read.done, 3);
    ck_assert_uint_eq(read.running, 4);
    ck_assert_uint_eq(read.generation, 9);
    ck_assert(!read.ok);
    ck_assert_str_eq(read.message, written.message);
    outcome_remove(dir);
    ck_assert(!outcome_read(dir, &read, NULL));
}
END_TEST

START_TEST(outcome_keeps_the_longest_message)
{
    struct outcome written = {.ok = true}, read;

    memset(written.message, 'x', sizeof written.message - 1);
    ck_assert(outcome_write(dir, &written, NULL));
    ck_assert(outcome_read(dir, &read, NULL));
    ck_assert(read.ok);
    ck_assert_str_eq(read.message, written.message);
}
END_TEST

START_TEST(outcome_that_counts_is_that_of_a_reload_not_begun)
{
    ck_assert_uint_eq(outcome_next(&(struct outcome){.done = 5}), 6);
    ck_assert_uint_eq(outcome_next(&(struct outcome){.done = 5, .running = 6}), 7);
}
END_TEST

START_TEST(directory_is_made_with_its_parents)
{
    static const struct user unchanged;
    struct stat st;

    ck_assert(user_directory(&unchanged, in_dir("a/b/state"), 0700, "state-dir", NULL));
    ck_assert_int_eq(stat(in_dir("a/b/state"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    ck_assert_int_eq(stat(in_dir("a/b"), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0755);
    ck_assert(user_directory(&unchanged, in_dir("a/b/state"), 0700, "state-dir", NULL));
}
END_TEST

START_TEST(directory_that_is_a_file_is_refused)
{
    static const struct user unchanged;
    struct rp_error error;
    FILE *file = fopen(in_dir("file"), "w");

    fclose(file);
    ck_assert(!user_directory(&unchanged, in_dir("file"), 0700, "state-dir", &error));
    ck_assert_str_eq(error.code, "ENOTDIR");
    ck_assert_int_eq(strncmp(error.message, "state-dir: ", 11), 0);
    ck_assert(!user_directory(&unchanged, in_dir("file/below"), 0700, "run-dir", &error));
}
END_TEST

START_TEST(user_that_does_not_exist_is_refused)
{
    struct rp_error error;
    struct user user;

    ck_assert(!user_find(&user, "nobody-of-that-name", &error));
    ck_assert_ptr_nonnull(strstr(error.message, "'nobody-of-that-name'"));
    ck_assert(user_find(&user, NULL, NULL));
    ck_assert(user_become(&user, NULL));
}
END_TEST

/* What a generation may become, row by row: LOADING STARTING SERVING RECOVERING DRAINING GONE. */
static const bool legal[GENERATION_STATE_COUNT][GENERATION_STATE_COUNT] = {
    /* LOADING    */ {0, 1, 0, 0, 1, 1},
    /* STARTING   */ {1, 0, 1, 0, 1, 1}, /* LOADING: again, after a damaged store */
    /* SERVING    */ {0, 0, 0, 1, 1, 0},
    /* RECOVERING */ {0, 0, 1, 0, 1, 0},
    /* DRAINING   */ {0, 0, 0, 0, 0, 1},
    /* GONE       */ {0, 0, 0, 0, 0, 0},
};

START_TEST(generation_moves_only_where_it_may)
{
    for (enum generation_state from = 0; from < GENERATION_STATE_COUNT; from++)
        for (enum generation_state to = 0; to < GENERATION_STATE_COUNT; to++)
            ck_assert_msg(generation_may_move(from, to) == legal[from][to], "%s -> %s",
                          generation_state_name(from), generation_state_name(to));
}
END_TEST

/* From wherever it is, there is a way out. */
START_TEST(generation_always_ends)
{
    for (enum generation_state s = 0; s < GENERATION_GONE; s++)
        ck_assert(generation_may_move(s, GENERATION_GONE) ||
                  generation_may_move(s, GENERATION_DRAINING));
    ck_assert(generation_may_move(GENERATION_DRAINING, GENERATION_GONE));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("run_dir");
    TCase *t = tcase_create("run_dir");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, pid_file_names_its_master_and_goes_with_it);
    tcase_add_test(t, pid_file_is_refused_to_a_second_master);
    tcase_add_test(t, pid_file_of_a_killed_master_is_taken_over);
    tcase_add_test(t, pid_file_lock_is_not_inherited);
    tcase_add_test(t, pid_file_without_a_directory_is_no_master);
    tcase_add_test(t, outcome_is_read_as_it_was_written);
    tcase_add_test(t, outcome_keeps_the_longest_message);
    tcase_add_test(t, outcome_that_counts_is_that_of_a_reload_not_begun);
    tcase_add_test(t, directory_is_made_with_its_parents);
    tcase_add_test(t, directory_that_is_a_file_is_refused);
    tcase_add_test(t, user_that_does_not_exist_is_refused);
    suite_add_tcase(s, t);
    t = tcase_create("states");
    tcase_add_test(t, generation_moves_only_where_it_may);
    tcase_add_test(t, generation_always_ends);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
