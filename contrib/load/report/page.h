/* SPDX-License-Identifier: MIT
 *
 * page.h - the report as one self-contained HTML page. */
#ifndef LOAD_PAGE_H
#define LOAD_PAGE_H

#include <stdio.h>

#include "contrib/load/load.h"

void load_page_write(FILE *, const struct load_options *, const struct load_result *);

#endif
