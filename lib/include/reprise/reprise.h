/* SPDX-License-Identifier: MIT
 *
 * reprise.h - all of libreprise: node:tls and node:cluster for C.
 * Comments in these headers end with codes such as "C5, K4". Each code is a row of
 * docs/node-tls.md, the specification that the library is tested against: a letter for the section,
 * a number for the row. docs/node-tls-map.md lists the function and the test of each row.
 * Conventions, unless a comment says otherwise:
 * - An option struct that is all zero means node's defaults. It is read during the call only.
 * - "borrowed" memory belongs to the library and must not be freed; "the caller's" must be.
 * - A listener or a callback gets the `arg` that was registered with it, untouched.
 * - A function that takes a struct rp_error sets ERR_INVALID_ARG_TYPE if an argument is NULL that
 *   must not be, and ENOMEM if memory runs out; see error.h. */
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
