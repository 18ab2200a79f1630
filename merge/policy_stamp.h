/* SPDX-License-Identifier: ISC
 *
 * policy_stamp.h - the time with which a line of a log begins.
 */
#ifndef POLICY_STAMP_H
#define POLICY_STAMP_H

#include "bough/bytes.h"

/* A moment. */
struct policy_stamp {
    int64_t time_s;
    uint32_t ns;
};

/* Whether the line begins with a time: RFC 3339 with a zone, or seconds (10 digits, with or without
 * a fraction), milliseconds (13), microseconds (16) or nanoseconds (19) since 1970; '[' may stand
 * before it, no letter or digit behind it.  More than nine digits of a fraction do not count. */
bool policy_stamp_read(struct bough_bytes line, struct policy_stamp *stamp);

#endif
