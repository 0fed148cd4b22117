/* SPDX-License-Identifier: MIT
 *
 * alerts.h - the names of TLS alerts (RFC 8446 section 6, RFC 5246 section 7.2). */
#ifndef RP_ALERTS_H
#define RP_ALERTS_H

/* "unknown_ca" for 48; "unknown" for a number that no RFC defines. Static text. */
const char *rp_alert_name(int number);

#endif
