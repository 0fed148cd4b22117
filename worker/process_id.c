/* SPDX-License-Identifier: MIT
 *
 * process_id.c - getpid() that asks the kernel once a process.
 * OpenSSL compares the process id with every use of its random generator, to seed it anew after a
 * fork: five system calls of a full handshake's twenty-five. The program's own getpid() takes the
 * place of libc's for all libraries.
 * The danger: a child that does not notice that it is one would repeat its parent's random numbers.
 * So whatever forks must be fork(), which calls the handler below; clone() without it is not used
 * here (the library's threads, and posix_spawn, which goes on to exec, are no children of that
 * kind). */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t known; /* 0: ask */

static void forget(void)
{
    known = 0;
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forget);
}

pid_t getpid(void)
{
    if (known == 0)
        known = (pid_t)syscall(SYS_getpid);
    return known;
}
