/* SPDX-License-Identifier: MIT
 *
 * errno_name.c - the name of an errno value ("ECONNREFUSED"), which is the code of an error. glibc
 * has a function for it. For other C libraries (musl) a table here has the values that calls on
 * files, sockets and processes return. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/args.h"

#ifdef __GLIBC__

static const char *name_of(int sys_errno)
{
    return strerrorname_np(sys_errno);
}

#else

#define NAMED(name)                                                                                \
    {                                                                                              \
        name, #name                                                                                \
    }

static const struct {
    int number;
    const char *name;
} names[] = {
    NAMED(E2BIG),        NAMED(EACCES),
    NAMED(EADDRINUSE),   NAMED(EADDRNOTAVAIL),
    NAMED(EAFNOSUPPORT), NAMED(EAGAIN),
    NAMED(EALREADY),     NAMED(EBADF),
    NAMED(EBADMSG),      NAMED(EBUSY),
    NAMED(ECANCELED),    NAMED(ECHILD),
    NAMED(ECONNABORTED), NAMED(ECONNREFUSED),
    NAMED(ECONNRESET),   NAMED(EDEADLK),
    NAMED(EDESTADDRREQ), NAMED(EDOM),
    NAMED(EDQUOT),       NAMED(EEXIST),
    NAMED(EFAULT),       NAMED(EFBIG),
    NAMED(EHOSTDOWN),    NAMED(EHOSTUNREACH),
    NAMED(EILSEQ),       NAMED(EINPROGRESS),
    NAMED(EINTR),        NAMED(EINVAL),
    NAMED(EIO),          NAMED(EISCONN),
    NAMED(EISDIR),       NAMED(ELOOP),
    NAMED(EMFILE),       NAMED(EMLINK),
    NAMED(EMSGSIZE),     NAMED(ENAMETOOLONG),
    NAMED(ENETDOWN),     NAMED(ENETRESET),
    NAMED(ENETUNREACH),  NAMED(ENFILE),
    NAMED(ENOBUFS),      NAMED(ENODATA),
    NAMED(ENODEV),       NAMED(ENOENT),
    NAMED(ENOEXEC),      NAMED(ENOLCK),
    NAMED(ENOMEM),       NAMED(ENOPROTOOPT),
    NAMED(ENOSPC),       NAMED(ENOSYS),
    NAMED(ENOTCONN),     NAMED(ENOTDIR),
    NAMED(ENOTEMPTY),    NAMED(ENOTSOCK),
    NAMED(ENOTSUP),      NAMED(ENOTTY),
    NAMED(ENXIO),        NAMED(EOVERFLOW),
    NAMED(EPERM),        NAMED(EPIPE),
    NAMED(EPROTO),       NAMED(EPROTONOSUPPORT),
    NAMED(EPROTOTYPE),   NAMED(ERANGE),
    NAMED(EROFS),        NAMED(ESHUTDOWN),
    NAMED(ESPIPE),       NAMED(ESRCH),
    NAMED(ESTALE),       NAMED(ETIMEDOUT),
    NAMED(ETXTBSY),      NAMED(EXDEV),
};

static const char *name_of(int sys_errno)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == sys_errno)
            return names[i].name;
    return NULL;
}

#endif

const char *rp_errno_name(int sys_errno)
{
    const char *name = name_of(sys_errno);

    return name != NULL ? name : "UNKNOWN";
}
