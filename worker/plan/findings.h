/* SPDX-License-Identifier: MIT
 *
 * findings.h - what is wrong with certificates that can be served all the same. Some findings come
 * and go with time: they are kept as dates, and stated for the moment at which they are asked for.
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "conf/conf.h"

/* Name, and the label in metrics. */
#define FINDING_KINDS(X)                                                                           \
    X(EXPIRED, "expired")                                                                          \
    X(NOT_YET_VALID, "not_yet_valid")                                                              \
    X(EXPIRING, "expiring")                                                                        \
    X(KEY, "key")                                                                                  \
    X(USAGE, "usage")                                                                              \
    X(NAME, "name")                                                                                \
    X(CHAIN, "chain")                                                                              \
    X(STAPLE, "staple")                                                                            \
    X(FILE_MODE, "file_mode")                                                                      \
    X(CLIENT_CA, "client_ca")                                                                      \
    X(HANDSHAKE, "handshake")

enum finding_kind {
#define X(kind, label) FINDING_##kind,
    FINDING_KINDS(X)
#undef X
        FINDING_KIND_COUNT
};
const char *finding_label(enum finding_kind);

enum dated_kind { DATED_CERTIFICATE, DATED_CLIENT_CA, DATED_CRL };
struct dated {
    enum dated_kind kind;
    const struct conf_place *place;
    char *name; /* of the certificate, or of the file */
    char *mark; /* which one of several it is: ": issuer 1 in its chain"; or "" */
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
    struct finding *at; /* those that stay */
    size_t count, capacity;
};

void findings_clear(struct findings *);

/* A finding that stays, as an error of its place. false: no memory. */
bool findings_add(struct findings *, enum finding_kind, const struct conf_place *,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Takes a copy of the texts. false: no memory. */
bool findings_add_dates(struct findings *, const struct dated *);

typedef void findings_visit(enum finding_kind, const struct rp_error *note, void *arg);
/* Visit the findings of a moment (seconds since 1970), the dated ones first. */
void findings_each(const struct findings *, uint64_t now_s, findings_visit *, void *arg);
/* Visit the dated ones of a moment that were not the same at an earlier one; 0: all. */
void findings_each_dated(const struct findings *, uint64_t before_s, uint64_t now_s,
                         findings_visit *, void *arg);
/* The first moment after `now_s` at which they change; UINT64_MAX: they don't. */
uint64_t findings_next_change(const struct findings *, uint64_t now_s);

#endif
