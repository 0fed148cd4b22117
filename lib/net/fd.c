/* SPDX-License-Identifier: MIT
 *
 * fd.c - operations on descriptors; see fd.h. */
#include "lib/net/fd.h"
#include "lib/base/args.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

bool rp_given_socket(int fd, struct rp_error *err)
{
    int type;
    socklen_t len = sizeof type;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
        return rp_error_errno(err, errno, "getsockopt", "descriptor %d is %s", fd,
                              errno == ENOTSOCK ? "not a socket" : "not open");
    return type == SOCK_STREAM ||
           rp_error_set(err, "ERR_INVALID_FD_TYPE",
                        "Unsupported fd type: descriptor %d is not a stream socket", fd);
}

static bool listens(int fd)
{
    int on = 0;
    socklen_t len = sizeof on;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on != 0;
}

bool rp_given_listener(int fd, struct rp_error *err)
{
    return rp_given_socket(fd, err) &&
           (listens(fd) ||
            rp_error_errno(err, EINVAL, "listen", "descriptor %d does not listen", fd));
}

bool rp_given_connection(int fd, struct rp_error *err)
{
    return rp_given_socket(fd, err) &&
           (!listens(fd) ||
            rp_error_set(err, "ERR_INVALID_FD_TYPE",
                         "Unsupported fd type: descriptor %d listens for connections", fd));
}

bool rp_fd_no_delay(int fd, bool on)
{
    return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){on}, sizeof(int)) == 0;
}

bool rp_fd_keep_alive(int fd, bool on, uint32_t initial_delay_ms)
{
    int seconds = (int)(initial_delay_ms / 1000);

    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){on}, sizeof(int)) < 0)
        return false;
    return !on || seconds == 0 ||
           setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds) == 0;
}

void rp_fd_address(int fd, bool peer, struct rp_address *a)
{
    socklen_t len = sizeof *a - offsetof(struct rp_address, any);

    memset(a, 0, sizeof *a);
    if ((peer ? getpeername(fd, &a->any, &len) : getsockname(fd, &a->any, &len)) == 0)
        a->len = len;
}

void rp_fd_reset_on_close(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
}

void rp_fd_close(int fd)
{
    int saved = errno, null = -1;

    if (fd >= STDIN_FILENO && fd <= STDERR_FILENO)
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, fd) < 0)
        close(fd);
    if (null >= 0)
        close(null);
    errno = saved;
}
