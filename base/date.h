/* SPDX-License-Identifier: ISC
 *
 * date.h - seconds since 1970 as people and protocols write them (proleptic Gregorian calendar).
 */
#ifndef DATE_H
#define DATE_H

#include <stdint.h>

#define DATE_HTTP_BYTES 30u
#define DATE_ISO_BYTES  40u

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7); times outside the years 0..9999 are
 * clamped to them. */
void date_http(int64_t time_s, char into[DATE_HTTP_BYTES]);

/* "1994-11-06T09:49:37+01:00" (RFC 3339), in a zone that many minutes east of UTC (at most a day);
 * clamped the same way. */
void date_iso(int64_t time_s, int32_t zone_minutes, char into[DATE_ISO_BYTES]);

#endif
