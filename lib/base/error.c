/* SPDX-License-Identifier: MIT
 *
 * error.c - fill struct rp_error. Long texts are cut, never overrun. */
#include <reprise/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void rp_error_clear(struct rp_error *err)
{
    if (err != NULL)
        *err = (struct rp_error){0};
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
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return false;
}

const char *rp_errno_name(int sys_errno)
{
    const char *name = strerrorname_np(sys_errno);

    return name != NULL ? name : "UNKNOWN";
}

bool rp_error_errno(struct rp_error *err, int sys_errno, const char *syscall, const char *format,
                    ...)
{
    va_list args;
    int used;

    if (err == NULL)
        return false;
    rp_error_clear(err);
    snprintf(err->code, sizeof err->code, "%s", rp_errno_name(sys_errno));
    err->syscall = syscall;
    err->sys_errno = sys_errno;
    used = snprintf(err->message, sizeof err->message, "%s %s", syscall, err->code);
    if (*format == '\0' || used < 0 || (size_t)used + 3 > sizeof err->message)
        return false;
    memcpy(err->message + used, ": ", 3);
    va_start(args, format);
    if (vsnprintf(err->message + used + 2, sizeof err->message - (size_t)used - 2, format, args) ==
        0)
        err->message[used] = '\0';
    va_end(args);
    return false;
}
