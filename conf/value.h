/* SPDX-License-Identifier: MIT
 *
 * value.h - the text of an option, validated and converted.
 * Only conf/ includes it. Errors state file, line and option, the text as written, and what is
 * valid. */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/schema.h"

/* One value, as written. */
struct conf_value {
    struct conf_location location;
    const char *option;
    const char *text;
};

/* Set the error "FILE:LINE: OPTION: " and the formatted text. Return false. */
bool conf_value_error(struct rp_error *, const struct conf_value *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool conf_value_bool(const struct conf_value *, bool *out, struct rp_error *);
/* Is the text one of the words? The list ends with a NULL text; NULL: an empty list. */
bool conf_word_of(const struct conf_word *, const char *text, int *out);
/* One of the words; other text is an error. */
bool conf_value_word(const struct conf_value *, const struct conf_word *, int *out,
                     struct rp_error *);
/* A whole number in the range of the option, or one of its words; a size also as 64K, 16M, 1G. */
bool conf_value_number(const struct conf_value *, const struct conf_option *, uint64_t *out,
                       struct rp_error *);
/* A time as in a configuration: 250ms, 10s, 5m, 12h, 7d, in the largest unit that fits. */
enum { CONF_TIME_SIZE = 24 };
const char *conf_time_text(uint64_t ms, char out[CONF_TIME_SIZE]);
/* A time from min_ms to max_ms, in milliseconds. */
bool conf_value_duration(const struct conf_value *, uint64_t min_ms, uint64_t max_ms, uint64_t *out,
                         struct rp_error *);
/* A copy of the text; a control character is an error. */
bool conf_value_text(const struct conf_value *, char **out, struct rp_error *);
/* The same for a path; a relative one is relative to the directory of the configuration. */
bool conf_value_path(const struct conf_value *, char **out, struct rp_error *);
/* An address: host:port, unix:PATH, or with `listen` also fd:N. */
bool conf_value_address(const struct conf_value *, bool listen, char **out, struct rp_error *);

/* A set of addresses: 10.0.0.0/8, 2001:db8::1, unix: (lib/base/network.h). */
bool conf_value_network(const struct conf_value *, char **out, struct rp_error *);

/* The name in the list (it ends with NULL) that is most like `text`; NULL: none is near. */
const char *conf_nearest(const char *text, const char *const *list);

#endif
