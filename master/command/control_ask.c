/* SPDX-License-Identifier: MIT
 *
 * control_ask.c - ask the running master; see control_ask.h. Blocking, in a process of its own.
 * The danger is a master that is stopped or not ours: an answer has a limit in time and in size. */
#include "master/command/control_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20, WAIT_S = 12 };

static bool hint(struct rp_error *err, const char *run_dir, int reason)
{
    if (reason == ENOENT || reason == ECONNREFUSED)
        return rp_error_set(err, "ESRCH", "reprise is not running (no master in run-dir %s)",
                            run_dir);
    return rp_error_errno(
        err, reason, "connect", "%s/control.sock%s", run_dir,
        reason == EACCES ? "; run this as root, or as the user that started reprise" : "");
}

static int open_socket(const char *run_dir, struct rp_error *err)
{
    static const struct timeval limit = {.tv_sec = WAIT_S};
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd, len = snprintf(a.sun_path, sizeof a.sun_path, "%s/control.sock", run_dir);

    if (len < 0 || (size_t)len >= sizeof a.sun_path) {
        rp_error_set(err, "ENAMETOOLONG", "run-dir: path too long: %s", run_dir);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        rp_error_errno(err, errno, "socket", "control socket");
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit); /* connect, too */
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    hint(err, run_dir, errno);
    close(fd);
    return -1;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return false;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Up to the end of the connection; false: an error, or too much. */
static bool read_all(int fd, struct rp_text *answer)
{
    char bytes[16384];
    ssize_t n;

    do {
        n = recv(fd, bytes, sizeof bytes, 0);
        if (n > 0)
            rp_text_add(answer, bytes, (size_t)n);
    } while ((n > 0 && answer->len < ANSWER_MAX) || (n < 0 && errno == EINTR));
    return n == 0;
}

static json_t *converse(int fd, const char *request, size_t len, struct rp_error *err)
{
    struct rp_text answer = {0};
    json_t *json = NULL;

    if (send_all(fd, request, len) && read_all(fd, &answer) && answer.len > 0)
        json = json_loadb(answer.bytes, answer.len, JSON_REJECT_DUPLICATES, NULL);
    rp_text_clear(&answer);
    if (json_is_object(json))
        return json;
    json_decref(json);
    rp_error_set(err, "ETIMEDOUT", "no answer from the master; see its log");
    return NULL;
}

json_t *control_ask(const char *run_dir, struct rp_json *request, struct rp_error *err)
{
    json_t *answer = NULL;
    size_t len;
    char *line;
    int fd;

    rp_text_puts(&request->text, "\n");
    line = rp_json_take(request, &len);
    if (line == NULL) {
        rp_error_set(err, "ENOMEM", "no memory for a request");
        return NULL;
    }
    fd = open_socket(run_dir, err);
    if (fd >= 0) {
        answer = converse(fd, line, len, err);
        close(fd);
    }
    free(line);
    return answer;
}
