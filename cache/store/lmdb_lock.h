/* SPDX-License-Identifier: MIT
 *
 * lmdb_lock.h - how long LMDB may wait for its locks.
 * LMDB waits for its write lock for as long as another process holds it: for ever, when that one is
 * stopped (SIGSTOP) inside a transaction. Its interface has no limit for this wait. */
#ifndef RP_LMDB_LOCK_H
#define RP_LMDB_LOCK_H

/* From now on a lock that this thread takes and that is held by somebody else fails with ETIMEDOUT
 * after so many milliseconds; LMDB's functions then return ETIMEDOUT, with nothing changed.
 * 0: at once. RP_LMDB_LOCK_WAIT, the default: it waits. */
enum { RP_LMDB_LOCK_WAIT = -1 };
void rp_lmdb_lock_limit(int ms);

#endif
