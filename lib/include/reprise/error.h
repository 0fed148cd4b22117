/* SPDX-License-Identifier: MIT
 *
 * error.h - an error as plain data.
 * A function that can fail takes a last parameter `struct rp_error *err`, which may be NULL, and
 * returns NULL, false or a negative number on failure. It clears *err first: afterwards `code` or
 * `message` is set if it failed, and both are "" if it succeeded. Nothing here allocates, so
 * reporting an error cannot fail. No text ever contains a key, a ticket, a session or the peer's
 * payload.
 * A NULL argument that must not be NULL is the error ERR_INVALID_ARG_TYPE. A function without an
 * rp_error then does nothing and returns false, 0 or NULL. */
#ifndef RP_ERROR_H
#define RP_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RP_ERROR_TEXT = 2048 }; /* bytes, NUL included; a longer text is cut and ends with "..." */

struct rp_error {
    char code[80];    /* node's err.code ("ERR_TLS_CERT_ALTNAME_INVALID", "ECONNRESET"), or "" */
    char library[32]; /* OpenSSL's library ("SSL routines"); "" for an error not from OpenSSL */
    char reason[RP_ERROR_TEXT]; /* OpenSSL's ("no shared cipher"), or that of a name mismatch */
    const char *syscall;        /* the system call that failed ("connect"), static text, or NULL */
    int sys_errno;              /* errno of that call, or 0 */
    /* The addresses of a connection that could not be established, "127.0.0.1:443" or
     * "unix:/path"; "" if unknown (E11). */
    char remote[128], local[128];
    char message[RP_ERROR_TEXT]; /* one sentence for people, no newline. An error in an option ends
                                    with the option's name: "...; option cert[1], file x.pem" */
};

/* Fill *err (NULL allowed) with a code and a printf-style message; no newline. Always returns
 * false, so that a failing path is one line: `return rp_error_set(err, "ERR_INVALID_ARG_VALUE",
 * "...")`. */
bool rp_error_set(struct rp_error *err, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fill *err (NULL allowed) for a failed system call: the code is the name of the errno value
 * ("ECONNREFUSED"), the message "<syscall> <code>: <formatted text>". `syscall` must be static
 * text. Always returns false. */
bool rp_error_errno(struct rp_error *err, int sys_errno, const char *syscall, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

/* Set *err (NULL allowed) to "no error". */
void rp_error_clear(struct rp_error *err);

/* Return the symbolic name of an errno value ("EPIPE"); static text, "UNKNOWN" if it has none. */
const char *rp_errno_name(int sys_errno);

#ifdef __cplusplus
}
#endif

#endif
