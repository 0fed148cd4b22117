/* SPDX-License-Identifier: MIT
 *
 * fd.h - operations on descriptors: socket options, addresses, closing. */
#ifndef RP_FD_H
#define RP_FD_H

#include <reprise/net.h>

/* Whether a descriptor is an open stream socket; if not, *err is EBADF, ENOTSOCK or
 * ERR_INVALID_FD_TYPE. */
bool rp_given_socket(int fd, struct rp_error *err);
/* The same for a socket that listens (else EINVAL), and for one that does not listen (else
 * ERR_INVALID_FD_TYPE). */
bool rp_given_listener(int fd, struct rp_error *err);
bool rp_given_connection(int fd, struct rp_error *err);
/* Set options on a descriptor; false if the kernel refused. */
bool rp_fd_no_delay(int fd, bool on);
bool rp_fd_keep_alive(int fd, bool on, uint32_t initial_delay_ms);
/* Fill from getsockname or getpeername; len 0 if the address is unknown. */
void rp_fd_address(int fd, bool peer, struct rp_address *);
/* Make close() reset the TCP connection; no effect on Unix sockets. */
void rp_fd_reset_on_close(int fd);
/* Close a descriptor. The numbers 0, 1 and 2 are opened on /dev/null instead, so that no file or
 * socket that is opened later becomes standard input or output. Preserves errno. */
void rp_fd_close(int fd);

#endif
