/* SPDX-License-Identifier: MIT
 *
 * error.h - what went wrong, as plain data.
 * A function that can fail takes a last parameter `struct rp_error *err`, which may be NULL, and
 * returns NULL, false or a negative number. It begins by clearing *err: afterwards `code` or
 * `message` is set if it failed, and both are "" if not. Nothing here allocates: reporting a
 * failure cannot itself fail. No text ever holds a key, a ticket, a session or bytes of the peer's
 * payload.
 * An argument that must not be NULL, and is, is an error: ERR_INVALID_ARG_TYPE. Functions without
 * an rp_error do nothing then, and return what stands for "none". */
#ifndef RP_ERROR_H
#define RP_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RP_ERROR_TEXT = 2048 }; /* a text that is longer is cut, and ends with "..." */

struct rp_error {
    char code[80]; /* node's err.code ("ERR_TLS_CERT_ALTNAME_INVALID", "ECONNRESET"); "" if none */
    char library[32]; /* OpenSSL's library ("SSL routines"), "" when OpenSSL was not involved */
    char reason[RP_ERROR_TEXT]; /* OpenSSL's ("no shared cipher"), or that of a name mismatch */
    const char *syscall;        /* the system call that failed ("connect"), static text, or NULL */
    int sys_errno; /* errno of that call, or 0                                                   */
    /* A connection that did not come to be, E11: the ends of it, "127.0.0.1:443" or "unix:/path",
     * as far as they are known; "" otherwise. */
    char remote[128], local[128];
    char message[RP_ERROR_TEXT]; /* one sentence for people, no newline. What is wrong in an option
                                    is told with its name: "...; option cert[1], file x.pem" */
};

/* Fill *err (NULL allowed) with a code and a printf-style message. Returns false always, so that a
 * failing path is one line: `return rp_error_set(err, "ERR_INVALID_ARG_VALUE", "...")`. */
bool rp_error_set(struct rp_error *err, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: code becomes the errno's name ("ECONNREFUSED"), and the
 * message "<syscall> <errno name>: <formatted text>". `syscall` must be static text. */
bool rp_error_errno(struct rp_error *err, int sys_errno, const char *syscall, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

/* Make *err "no error". */
void rp_error_clear(struct rp_error *err);

/* The symbolic name of an errno value ("EPIPE"); static text, "UNKNOWN" for what has no name. */
const char *rp_errno_name(int sys_errno);

#ifdef __cplusplus
}
#endif

#endif
