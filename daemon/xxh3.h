/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_XXH3_H
#define DAEMON_XXH3_H

/*
 * XXH3 of libxxhash, by the widest vectors that the machine has where the
 * library can choose at run time: each event is summed some four times on its
 * way, and its 350 bytes take 27 ns by AVX2 and 36 to 120 ns by SSE2.
 */

#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#endif
