/* SPDX-License-Identifier: MIT
 *
 * findings.h - faults of certificates that can be served nevertheless. Some findings depend on the
 * time: their dates are stored, and the caller passes the time for which it wants the findings. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "conf/conf.h"

enum finding_kind {
    FINDING_NONE,
    FINDING_EXPIRED,
    FINDING_NOT_YET_VALID,
    FINDING_EXPIRING,
    FINDING_KEY,
    FINDING_USAGE,
    FINDING_NAME,
    FINDING_CHAIN,
    FINDING_STAPLE,
    FINDING_FILE_MODE,
    FINDING_CLIENT_CA
};

enum dated_kind { DATED_CERTIFICATE, DATED_CLIENT_CA, DATED_CRL };
struct dated {
    enum dated_kind kind;
    const struct conf_location *location;
    char *name;                     /* of the certificate, or of the file */
    char *mark;                     /* suffix: ": issuer 1 in its chain"; or "" */
    uint64_t not_before, not_after; /* seconds since 1970; UINT64_MAX: no end */
};

struct finding {
    enum finding_kind kind;
    char *text; /* "file:line: ..." */
};

struct findings {
    uint64_t expiry_warning_s;
    struct dated *dated;
    size_t dated_count, dated_capacity;
    struct finding *at; /* findings that do not depend on the time */
    size_t count, capacity;
};

void findings_clear(struct findings *);

/* Add a permanent finding, which is reported like an error at its location. false: no memory. */
bool findings_add(struct findings *, enum finding_kind, const struct conf_location *,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Add dates; the texts are copied. false: no memory. */
bool findings_add_dates(struct findings *, const struct dated *);

typedef void findings_visit(enum finding_kind, const struct rp_error *note, void *arg);
/* Call the visitor for each finding at a time (seconds since 1970), those with dates first. */
void findings_each(const struct findings *, uint64_t now_s, findings_visit *, void *arg);
/* Likewise for those with dates that differ from the ones at an earlier time; 0: all. */
void findings_each_dated(const struct findings *, uint64_t before_s, uint64_t now_s,
                         findings_visit *, void *arg);
/* The first time after `now_s` at which the findings change; UINT64_MAX: never. */
uint64_t findings_next_change(const struct findings *, uint64_t now_s);

#endif
