/* SPDX-License-Identifier: MIT
 *
 * process_id.c - a getpid() that asks the kernel once per process. OpenSSL compares the process id
 * at every use of its random generator, to reseed it after a fork: five of the twenty-five system
 * calls of a full handshake. This getpid() replaces libc's for all libraries. The danger: a child
 * with its parent's process id would repeat the parent's random numbers. So every fork must be
 * fork(), which calls the handler below; clone() without it is not used here (the library's threads
 * are no processes, and posix_spawn calls exec at once). */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t known; /* 0: unknown */

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
