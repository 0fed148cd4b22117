/* SPDX-License-Identifier: MIT
 *
 * control.h - the control socket: run-dir/control.sock, where the commands ask the running master.
 * One connection, one request (a JSON object on one line), one answer (likewise). Only root and
 * the user that the master runs as may ask; whatever they send, the master neither waits for them
 * nor keeps more than a few kilobytes. An answer may be given at once or later; when who asked has
 * left or its time is over, it goes nowhere. */
#ifndef CONTROL_H
#define CONTROL_H

#include "lib/base/json.h"
#include <jansson.h>
#include <reprise/loop.h>

enum {
    CONTROL_REQUEST_MAX = 4096, /* bytes of a request, its newline included */
    CONTROL_CLIENTS = 16,       /* at a time; others wait in the socket's queue */
    CONTROL_LIMIT_MS = 10000,   /* from the connect to the last byte of the answer */
};

struct control;
/* A request was made: an object, borrowed for the call. To be answered, once, by its number. */
typedef void control_asked(struct control *, uint64_t question, const json_t *request, void *arg);

/* Is there room for a socket's path in this run-dir? */
bool control_check(const char *run_dir, struct rp_error *);
struct control *control_new(struct rp_loop *, const char *run_dir, control_asked *, void *arg,
                            struct rp_error *) __attribute__((warn_unused_result));
void control_free(struct control *); /* and removes the socket; NULL ok */
/* Was the socket's file removed or replaced? Then listen on a new one; whoever is connected stays.
 */
bool control_is_lost(const struct control *);
bool control_renew(struct control *, struct rp_error *);
/* In a forked process: close all descriptors of it, and nothing else. NULL ok. */
void control_close_here(struct control *);

/* The JSON of the answer is taken over. Whoever asks twice for the same question is ignored. */
void control_answer(struct control *, uint64_t question, struct rp_json *answer);
/* {"ok":false,"message":...} */
void control_refuse(struct control *, uint64_t question, const char *message);

#endif
