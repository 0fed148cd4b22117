/* SPDX-License-Identifier: MIT
 *
 * allocator.h - memory for OpenSSL by size classes: a handshake makes hundreds of small allocations
 * of the same sizes as the one before it. Saves a tenth of the processor time of a resumed TLS 1.2
 * handshake, and the header of each block.
 * The danger: it is for a whole process, so it is the program that asks for it, not the library,
 * and before anything else has used OpenSSL. */
#ifndef RP_ALLOCATOR_H
#define RP_ALLOCATOR_H

#include <stdbool.h>

/* From now on OpenSSL allocates from size classes. For the thread that calls this and for children
 * it forks; other threads may use OpenSSL, too, at the price of malloc. false: too late, or there
 * is no room for it; all is as before. Does nothing under a sanitizer, which would see less. */
bool rp_allocator_install(void);

#endif
