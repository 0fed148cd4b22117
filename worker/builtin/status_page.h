/* SPDX-License-Identifier: MIT
 *
 * status_page.h - the content of builtin:status as text, JSON and HTML. Does no I/O. */
#ifndef STATUS_PAGE_H
#define STATUS_PAGE_H

#include "lib/base/text.h"
#include "worker/stats.h"

enum status_format { STATUS_TEXT, STATUS_JSON, STATUS_HTML };

struct status_page {
    /* this connection; NULL: unknown */
    const char *protocol, *cipher, *group, *servername, *alpn, *resumed, *early_data, *client,
        *frontend;
    /* this worker */
    int pid;
    unsigned slot;
    /* the ticket keys: the number of the epoch, or pinned keys */
    bool has_epoch;
    uint64_t epoch;
    /* the cluster */
    const struct stats *stats;
    uint64_t now_s; /* wall clock */
};

void status_page_render(struct rp_text *, const struct status_page *, enum status_format);
const char *status_page_type(enum status_format); /* Content-Type */

#endif
