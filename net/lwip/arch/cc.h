/* SPDX-License-Identifier: ISC
 *
 * arch/cc.h - what lwIP wants to know of compiler and C library, the same for host and image.
 *
 * lwIP includes this file by this name (its src/include/lwip/arch.h).
 */
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include "lwip_port.h"
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H  1

typedef ptrdiff_t ssize_t;
#ifndef SSIZE_MAX
#define SSIZE_MAX PTRDIFF_MAX
#endif

#define LWIP_RAND() lwip_port_random()

/* lwIP's assertions mean a bug in lwIP or in how it is called. */
#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) lwip_port_assertion(message)

#endif
