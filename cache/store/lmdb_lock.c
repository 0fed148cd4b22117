/* SPDX-License-Identifier: MIT
 *
 * lmdb_lock.c - pthread_mutex_lock for the whole program, with a limit where one is set; see
 * lmdb_lock.h. LMDB calls this function through the dynamic linker, so the program's definition
 * takes the place of libc's. A lock that is free costs what it did: no system call, no clock.
 * The danger: all other libraries call it, too. Without a limit it does what libc's does; a limit
 * is set only around calls of LMDB, and only for the thread that makes them. */
#include "cache/store/lmdb_lock.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

static _Thread_local int limit_ms = RP_LMDB_LOCK_WAIT;

void rp_lmdb_lock_limit(int ms)
{
    limit_ms = ms;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    struct timespec until = {.tv_sec = (time_t)1 << 40}; /* some 35000 years */
    int code = pthread_mutex_trylock(mutex);

    if (code != EBUSY)
        return code;
    if (limit_ms >= 0) {
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += limit_ms % 1000 * 1000000L;
        until.tv_sec += limit_ms / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    }
    return pthread_mutex_timedlock(mutex, &until);
}
