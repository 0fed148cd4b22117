/* SPDX-License-Identifier: MIT
 *
 * error.c - fill struct rp_error. Long texts are cut, never overrun. */
#include "lib/base/args.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Clear the texts only, without the padding: every call that can fail begins with this. */
void rp_error_clear(struct rp_error *err)
{
    if (err == NULL)
        return;
    err->code[0] = err->library[0] = err->reason[0] = err->message[0] = '\0';
    err->remote[0] = err->local[0] = '\0';
    err->syscall = NULL;
    err->sys_errno = 0;
}

/* Replace the end of a text that was cut by "...", between two UTF-8 characters. */
static void mark_cut(char *text, size_t size)
{
    size_t end = size - sizeof "...";

    while (end > 0 && ((uint8_t)text[end] & 0xc0) == 0x80)
        end--;
    memcpy(text + end, "...", sizeof "...");
}

static void add(char *text, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void add(char *text, size_t size, const char *format, va_list args)
{
    size_t used = strlen(text);
    int len = vsnprintf(text + used, size - used, format, args);

    if (len > 0 && (size_t)len >= size - used)
        mark_cut(text, size);
}

bool rp_error_set(struct rp_error *err, const char *code, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return false;
    rp_error_clear(err);
    if (code != NULL)
        snprintf(err->code, sizeof err->code, "%s", code);
    va_start(args, format);
    add(err->message, sizeof err->message, format != NULL ? format : "", args);
    va_end(args);
    return false;
}

bool rp_error_add(struct rp_error *err, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return false;
    va_start(args, format);
    add(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

void rp_error_reason(struct rp_error *err, const char *reason)
{
    if (err != NULL && snprintf(err->reason, sizeof err->reason, "%s", reason) >= RP_ERROR_TEXT)
        mark_cut(err->reason, sizeof err->reason);
}

bool rp_error_errno(struct rp_error *err, int sys_errno, const char *syscall, const char *format,
                    ...)
{
    size_t used;
    va_list args;

    if (err == NULL)
        return false;
    rp_error_set(err, rp_errno_name(sys_errno), "%s %s: ", syscall != NULL ? syscall : "",
                 rp_errno_name(sys_errno));
    err->syscall = syscall;
    err->sys_errno = sys_errno;
    used = strlen(err->message);
    va_start(args, format);
    add(err->message, sizeof err->message, format != NULL ? format : "", args);
    va_end(args);
    if (err->message[used] == '\0')
        err->message[used - strlen(": ")] = '\0';
    return false;
}

bool rp_given(const void *argument, const char *name, struct rp_error *err)
{
    return argument != NULL ||
           rp_error_set(err, "ERR_INVALID_ARG_TYPE", "The \"%s\" argument must not be NULL", name);
}

bool rp_given_list(const void *list, size_t count, const char *name, struct rp_error *err)
{
    if ((list != NULL) == (count != 0))
        return true;
    return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                        list != NULL ? "The property 'options.%s' is invalid: its count is 0"
                                     : "The property 'options.%s' is invalid: it is NULL",
                        name);
}

bool rp_given_choice(unsigned value, unsigned last, const char *name, struct rp_error *err)
{
    return value <= last ||
           rp_error_set(err, "ERR_INVALID_ARG_VALUE",
                        "The property 'options.%s' is invalid. Received %u", name, value);
}

bool rp_given_fd(int fd, struct rp_error *err)
{
    return fcntl(fd, F_GETFD) >= 0 ||
           rp_error_errno(err, errno, "fcntl", "descriptor %d is not open", fd);
}
