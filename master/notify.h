/* SPDX-License-Identifier: MIT
 *
 * notify.h - tell the service manager how we are: systemd's sd_notify protocol, a datagram to the
 * socket named by NOTIFY_SOCKET. Without that variable nothing happens. */
#ifndef NOTIFY_H
#define NOTIFY_H

void notify_ready(const char *status); /* serving, at first or again after a reload */
void notify_reloading(void);
void notify_stopping(void);

#endif
