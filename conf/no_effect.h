/* SPDX-License-Identifier: MIT
 *
 * no_effect.h - options and blocks that a configuration sets without effect. Only conf/ includes
 * it. */
#ifndef CONF_NO_EFFECT_H
#define CONF_NO_EFFECT_H

#include "conf/conf.h"

/* Call `warn` for each of them, in the order in which the blocks are read. */
void conf_no_effect(const struct conf *, conf_warn *warn, void *arg);

#endif
