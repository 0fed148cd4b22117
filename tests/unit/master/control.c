/* SPDX-License-Identifier: MIT
 *
 * control.c - the control socket from both sides in one loop: requests whole and in pieces, answers
 * now, late, to nobody, and larger than a socket takes at once. */
#include "master/control.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[] = "/tmp/control-XXXXXX";
static struct rp_loop *loop;
static struct control *control;
static struct rp_error err;
static uint64_t last; /* question */
static unsigned asked;
static char command[32];

static void on_asked(struct control *c, uint64_t question, const json_t *request, void *arg)
{
    const char *text = json_string_value(json_object_get(request, "command"));

    ck_assert_ptr_eq(arg, &asked);
    ck_assert_ptr_nonnull(c);
    asked++;
    last = question;
    snprintf(command, sizeof command, "%s", text != NULL ? text : "");
}

static void setup(void)
{
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    loop = rp_loop_new(NULL);
    control = control_new(loop, dir, on_asked, &asked, &err);
    ck_assert_msg(control != NULL, "%s", err.message);
}

static void teardown(void)
{
    control_free(control);
    rp_loop_free(loop);
    ck_assert_int_eq(rmdir(dir), 0); /* nothing is left in it */
}

static void turn(void)
{
    for (int i = 0; i < 10; i++)
        rp_loop_turn(loop, false);
}

static int connect_to(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s/control.sock", dir);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    turn();
}

/* What has come by now; *ended: and no more will. */
static size_t hear(int fd, char *out, size_t capacity, bool *ended)
{
    size_t len = 0;
    ssize_t n;

    do {
        n = recv(fd, out + len, capacity - len - 1, 0);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && len + 1 < capacity);
    *ended = n == 0;
    out[len] = '\0';
    return len;
}

static void answer(uint64_t question, const char *text)
{
    struct rp_json json = {0};

    rp_json_string(&json, text);
    control_answer(control, question, &json);
    turn();
}

START_TEST(request_may_come_in_pieces_and_its_answer_late)
{
    int fd = connect_to();
    char text[64];
    bool ended;

    say(fd, "{\"comm");
    say(fd, "and\":\"st");
    ck_assert_uint_eq(asked, 0);
    say(fd, "atus\"}\n");
    ck_assert_uint_eq(asked, 1);
    ck_assert_str_eq(command, "status");
    ck_assert_uint_eq(hear(fd, text, sizeof text, &ended), 0);
    ck_assert(!ended);
    answer(last, "late");
    hear(fd, text, sizeof text, &ended);
    ck_assert_str_eq(text, "\"late\"\n");
    ck_assert(ended);
    close(fd);
}
END_TEST

START_TEST(request_is_one)
{
    int fd = connect_to();
    char text[64];
    bool ended;

    say(fd, "{\"command\":\"a\"}\n{\"command\":\"b\"}\n");
    say(fd, "{\"command\":\"c\"}\n");
    ck_assert_uint_eq(asked, 1);
    ck_assert_str_eq(command, "a");
    answer(last, "x");
    answer(last, "y"); /* ignored */
    hear(fd, text, sizeof text, &ended);
    ck_assert_str_eq(text, "\"x\"\n");
    close(fd);
}
END_TEST

/* Who left has no answer, nor has the next one in his place that of another. */
START_TEST(answer_reaches_nobody_else)
{
    int first = connect_to(), second;
    uint64_t question;
    char text[64];
    bool ended;

    say(first, "{\"command\":\"a\"}\n");
    question = last;
    answer(question, "for the first");
    close(first);
    second = connect_to();
    say(second, "{\"command\":\"b\"}\n");
    ck_assert_uint_ne(last, question);
    answer(question, "late again");
    answer(0, "nobody");
    answer(last + 1, "nobody");
    ck_assert_uint_eq(hear(second, text, sizeof text, &ended), 0);
    answer(last, "b");
    hear(second, text, sizeof text, &ended);
    ck_assert_str_eq(text, "\"b\"\n");
    close(second);
}
END_TEST

START_TEST(answer_larger_than_the_socket_takes_arrives_whole)
{
    enum { SIZE = 3 << 20 };
    char *big = malloc(SIZE), *got = malloc(SIZE + 16);
    size_t len = 0;
    bool ended = false;
    int fd = connect_to();

    memset(big, 'a', SIZE - 1);
    big[SIZE - 1] = '\0';
    say(fd, "{}\n");
    answer(last, big);
    while (!ended) {
        len += hear(fd, got + len, SIZE + 16 - len, &ended);
        rp_loop_turn(loop, false);
    }
    ck_assert_uint_eq(len, SIZE - 1 + 3);
    ck_assert_mem_eq(got + 1, big, SIZE - 1);
    free(big);
    free(got);
    close(fd);
}
END_TEST

/* One who reads nothing of his answer, one who has left: freed with all the others. */
START_TEST(clients_are_let_go_with_the_socket)
{
    char *big = calloc(1, 1 << 20);
    int idle = connect_to(), deaf = connect_to(), waiting = connect_to();
    bool ended;
    char text[64];

    memset(big, 'a', (1 << 20) - 1);
    say(deaf, "{}\n");
    answer(last, big);
    say(waiting, "{}\n");
    control_free(control);
    control = NULL;
    ck_assert_uint_eq(hear(idle, text, sizeof text, &ended), 0);
    ck_assert(ended);
    ck_assert_uint_eq(hear(waiting, text, sizeof text, &ended), 0);
    ck_assert(ended);
    close(idle);
    close(deaf);
    close(waiting);
    free(big);
}
END_TEST

START_TEST(more_than_there_is_room_for_wait)
{
    int fds[CONTROL_CLIENTS + 4];
    char text[64];
    bool ended;

    for (size_t i = 0; i < CONTROL_CLIENTS + 4; i++) {
        fds[i] = connect_to();
        say(fds[i], "{}\n");
    }
    ck_assert_uint_eq(asked, CONTROL_CLIENTS);
    for (size_t i = 0; i < 4; i++)
        close(fds[i]);
    answer(1, "1"); /* who have left are seen when they are answered */
    answer(2, "2");
    answer(3, "3");
    answer(4, "4");
    ck_assert_uint_eq(asked, CONTROL_CLIENTS + 4);
    answer(last, "last");
    hear(fds[CONTROL_CLIENTS + 3], text, sizeof text, &ended);
    ck_assert_str_eq(text, "\"last\"\n");
    for (size_t i = 4; i < CONTROL_CLIENTS + 4; i++)
        close(fds[i]);
}
END_TEST

START_TEST(run_dir_that_is_too_long_or_missing_is_told)
{
    char path[300];

    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert_ptr_null(control_new(loop, path, on_asked, NULL, &err));
    ck_assert_str_eq(err.code, "ENAMETOOLONG");
    ck_assert_ptr_null(control_new(loop, "/no/such/place", on_asked, NULL, &err));
    ck_assert_str_eq(err.code, "ENOENT");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("control");
    TCase *t = tcase_create("control");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, request_may_come_in_pieces_and_its_answer_late);
    tcase_add_test(t, request_is_one);
    tcase_add_test(t, answer_reaches_nobody_else);
    tcase_add_test(t, answer_larger_than_the_socket_takes_arrives_whole);
    tcase_add_test(t, clients_are_let_go_with_the_socket);
    tcase_add_test(t, more_than_there_is_room_for_wait);
    tcase_add_test(t, run_dir_that_is_too_long_or_missing_is_told);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    return unit_run(suite());
}
