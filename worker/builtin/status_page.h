/* SPDX-License-Identifier: MIT
 *
 * status_page.h - what builtin:status shows, as text, JSON and a page. Pure: from numbers to
 * text. */
#ifndef STATUS_PAGE_H
#define STATUS_PAGE_H

#include "lib/base/text.h"
#include "worker/stats.h"

enum status_format { STATUS_TEXT, STATUS_JSON, STATUS_HTML };

struct status_page {
    /* this connection; NULL where there is none */
    const char *protocol, *cipher, *group, *servername, *alpn, *resumed, *early_data, *client,
        *frontend;
    /* this worker */
    int pid;
    unsigned slot;
    /* the ticket keys: an epoch's number, or pinned ones */
    bool has_epoch;
    uint64_t epoch;
    /* the cluster */
    const struct stats *stats;
    uint64_t now_s; /* wall clock */
};

void status_page_render(struct rp_text *, const struct status_page *, enum status_format);
const char *status_page_type(enum status_format); /* Content-Type */

#endif
