/* SPDX-License-Identifier: MIT
 *
 * control_ask.h - the commands' side of the control socket: one question, one answer. */
#ifndef CONTROL_ASK_H
#define CONTROL_ASK_H

#include "lib/base/json.h"
#include <jansson.h>
#include <reprise/error.h>

/* Ask the master of a run-dir; the JSON of the request is taken over. NULL when nobody answers, or
 * not in time, with a line for people in *err. The caller lets go of the answer (json_decref). */
json_t *control_ask(const char *run_dir, struct rp_json *request, struct rp_error *err)
    __attribute__((warn_unused_result));

#endif
