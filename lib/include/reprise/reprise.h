/* SPDX-License-Identifier: MIT
 *
 * reprise.h - all of libreprise: node:tls and node:cluster for C. */
#ifndef RP_REPRISE_H
#define RP_REPRISE_H

#include <reprise/error.h>
#include <reprise/event.h>
#include <reprise/loop.h>
#include <reprise/stream.h>
#include <reprise/net.h>
#include <reprise/ticket_keys.h>
#include <reprise/secure_context.h>
#include <reprise/session.h>
#include <reprise/x509.h>
#include <reprise/tls.h>
#include <reprise/socket.h>
#include <reprise/server.h>
#include <reprise/wrap.h>
#include <reprise/cluster.h>

#endif
