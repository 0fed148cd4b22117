/* SPDX-License-Identifier: MIT
 *
 * tool_io.c - output whose errors are reported; see tool_io.h. */
#include "tool_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool_flags.h"

static bool failed;
static int keylog = -1;
static bool keylog_failed;

void tool_io_begin(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            /* Read-only: reads return the end of input, and writes fail instead of being lost. */
            if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
                exit(2);
}

/* The descriptor is inherited, so another process may have made it non-blocking. */
static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n >= 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

bool tool_out(const void *bytes, size_t len)
{
    if (failed)
        return false;
    failed = !write_all(STDOUT_FILENO, bytes, len);
    if (failed)
        tool_complain("standard output: %s", strerror(errno));
    return !failed;
}

bool tool_out_failed(void)
{
    return failed;
}

bool tool_write_file(const char *path, const void *bytes, size_t len)
{
    char temporary[4096] = "";
    struct stat there;
    bool in_place = stat(path, &there) == 0 && !S_ISREG(there.st_mode), ok;
    int fd = -1, error;

    if (in_place)
        fd = open(path, O_WRONLY | O_CLOEXEC);
    else if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) < (int)sizeof temporary)
        fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    ok = fd >= 0 && write_all(fd, bytes, len);
    error = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        error = errno;
        ok = false;
    }
    if (ok && !in_place && rename(temporary, path) != 0) {
        error = errno;
        ok = false;
    }
    if (!ok && fd >= 0 && !in_place)
        unlink(temporary);
    if (!ok)
        tool_complain("%s: %s", path, strerror(error));
    return ok;
}

bool tool_keylog_open(const char *path)
{
    if (path == NULL)
        return true;
    keylog = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (keylog < 0)
        tool_complain("%s: %s", path, strerror(errno));
    return keylog >= 0;
}

void tool_keylog_write(const char *line, size_t len)
{
    if (keylog < 0 || write_all(keylog, line, len))
        return;
    tool_complain("the key log file: %s", strerror(errno));
    keylog = -1;
    keylog_failed = true;
}

bool tool_keylog_failed(void)
{
    return keylog_failed;
}
