/* SPDX-License-Identifier: MIT
 *
 * process_id.c - a process knows its own id, its children theirs; and what hangs on it: a child
 * does not repeat its parent's random numbers. */
#include "tests/unit/unit.h"

#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_right(void)
{
    return getpid() == (pid_t)syscall(SYS_getpid) && getpid() == (pid_t)syscall(SYS_getpid);
}

/* As deep as our processes go. */
static int child(unsigned depth)
{
    int status = 0;
    pid_t pid;

    if (!is_right())
        return 1;
    if (depth == 0)
        return 0;
    pid = fork();
    if (pid == 0)
        _exit(child(depth - 1));
    return waitpid(pid, &status, 0) == pid && is_right() ? status : 1;
}

START_TEST(process_id_is_right_in_every_child)
{
    ck_assert_int_eq(child(4), 0);
}
END_TEST

START_TEST(children_have_random_numbers_of_their_own)
{
    unsigned char mine[16], theirs[2][16];
    int fds[2];

    ck_assert_int_eq(RAND_bytes(mine, sizeof mine), 1); /* the generator is seeded */
    ck_assert_int_eq(pipe(fds), 0);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            RAND_bytes(mine, sizeof mine);
            _exit(write(fds[1], mine, sizeof mine) != sizeof mine);
        }
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_int_eq(read(fds[0], theirs[i], sizeof theirs[i]), sizeof theirs[i]);
    }
    RAND_bytes(mine, sizeof mine);
    ck_assert_mem_ne(theirs[0], theirs[1], sizeof mine);
    ck_assert_mem_ne(theirs[0], mine, sizeof mine);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process_id");
    TCase *core = tcase_create("core");

    tcase_add_test(core, process_id_is_right_in_every_child);
    tcase_add_test(core, children_have_random_numbers_of_their_own);
    suite_add_tcase(suite, core);
    return unit_run(suite);
}
