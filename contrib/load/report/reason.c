/* SPDX-License-Identifier: MIT
 *
 * reason.c - the reason of a failed connection, as one stable word for each kind. */
#include "contrib/load/load.h"

#include <ctype.h>
#include <string.h>

enum { ALERT_0 = 1000 }; /* in OpenSSL alert numbers start here */

const char *load_class_name(enum load_class class)
{
    static const char *const names[CLASSES] = {"alert", "reset", "refused", "timeout", "other"};

    return names[class];
}

bool load_reason_says_class(const struct load_reason *reason)
{
    const char *name = load_class_name(reason->class);

    return strncmp(reason->text, name, strlen(name)) == 0;
}

/* The prefixes of OpenSSL's codes for alerts of the peer; the name of the alert follows. */
static const char *alert_of(const char *code)
{
    static const char *const heads[] = {"ERR_SSL_SSLV3_ALERT_", "ERR_SSL_SSL/TLS_ALERT_",
                                        "ERR_SSL_TLSV1_ALERT_", "ERR_SSL_TLSV13_ALERT_",
                                        "ERR_SSL_TLSV1_"};

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strncmp(code, heads[i], strlen(heads[i])) == 0)
            return code + strlen(heads[i]);
    return NULL;
}

/* A Unix socket reports a full backlog at once, where TCP would wait. */
static bool backlog_is_full(const char *code)
{
    return strcmp(code, "EAGAIN") == 0;
}

/* An alert for which OpenSSL has no name. false: it is not an alert. */
static bool unknown_alert(const struct rp_error *error, char *text, size_t size)
{
    const char *number = strstr(error->message, "::reason(");
    unsigned reason;

    if (strcmp(error->code, "ERR_SSL_UNKNOWN") != 0 || number == NULL ||
        sscanf(number, "::reason(%4u)", &reason) != 1 || reason < ALERT_0 || reason > ALERT_0 + 255)
        return false;
    snprintf(text, size, "alert %u", reason - ALERT_0);
    return true;
}

static enum load_class class_of(const char *code)
{
    if (strcmp(code, "ECONNRESET") == 0 || strcmp(code, "EPIPE") == 0)
        return CLASS_RESET;
    if (strcmp(code, "ECONNREFUSED") == 0 || strcmp(code, "ENOENT") == 0 || backlog_is_full(code))
        return CLASS_REFUSED;
    return strcmp(code, "ETIMEDOUT") == 0 ? CLASS_TIMEOUT : CLASS_OTHER;
}

void load_reason_of(const struct rp_error *error, struct load_reason *reason)
{
    const char *alert = alert_of(error->code);

    *reason = (struct load_reason){.class = CLASS_ALERT, .count = 1};
    if (unknown_alert(error, reason->text, sizeof reason->text))
        return;
    if (alert == NULL) {
        reason->class = class_of(error->code);
        snprintf(reason->text, sizeof reason->text, "%.63s",
                 backlog_is_full(error->code) ? "refused (backlog full)"
                 : error->code[0] != '\0'     ? error->code
                                              : error->message);
        return;
    }
    snprintf(reason->text, sizeof reason->text, "alert %s", alert);
    for (char *c = reason->text; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
}
