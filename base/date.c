/* SPDX-License-Identifier: ISC
 *
 * date.c - seconds since 1970 as people and protocols write them.
 *
 * Owns no data.  Days become dates by counting 400-year cycles of years that begin in March, as in
 * Hinnant's "chrono-compatible low-level date algorithms" (civil_from_days).
 */
#include "date.h"
#include <stdio.h>

#define DAY_SECONDS 86400
#define TIME_MIN    (-62167219200) /* 0000-01-01T00:00:00Z */
#define TIME_MAX    253402300799   /* 9999-12-31T23:59:59Z */

struct civil {
    unsigned year;
    unsigned month;   /* 1..12 */
    unsigned day;     /* 1..31 */
    unsigned weekday; /* 0 = Sunday */
    unsigned hour;
    unsigned minute;
    unsigned second;
};

static struct civil civil_of(int64_t time_s)
{
    int64_t clamped = time_s < TIME_MIN ? TIME_MIN : time_s > TIME_MAX ? TIME_MAX : time_s;
    /* Days since 0000-03-01 minus one cycle, so that all that follows is not negative. */
    uint64_t days = (uint64_t)((clamped - TIME_MIN) / DAY_SECONDS) + 146097u - 60u;
    unsigned seconds = (unsigned)((clamped - TIME_MIN) % DAY_SECONDS);
    uint64_t cycle = days / 146097u;
    unsigned in_cycle = (unsigned)(days % 146097u);
    unsigned year = (in_cycle - in_cycle / 1460u + in_cycle / 36524u - in_cycle / 146096u) / 365u;
    unsigned in_year = in_cycle - (365u * year + year / 4u - year / 100u);
    unsigned month = (5u * in_year + 2u) / 153u;
    struct civil civil = {
        .day = in_year - (153u * month + 2u) / 5u + 1u,
        .month = month < 10 ? month + 3 : month - 9,
        .weekday = (unsigned)((days + 3u) % 7u),
        .hour = seconds / 3600u,
        .minute = seconds / 60u % 60u,
        .second = seconds % 60u,
    };

    civil.year = (unsigned)(cycle * 400u) + year + (civil.month <= 2) - 400u;
    return civil;
}

void date_http(int64_t time_s, char into[DATE_HTTP_BYTES])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil at = civil_of(time_s);

    (void)snprintf(into, DATE_HTTP_BYTES, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                   &days[3 * at.weekday], at.day % 100u, &months[3 * (at.month - 1)],
                   at.year % 10000u, at.hour, at.minute, at.second);
}

void date_iso(int64_t time_s, int32_t zone_minutes, char into[DATE_ISO_BYTES])
{
    int32_t zone = zone_minutes < -1440 ? -1440 : zone_minutes > 1440 ? 1440 : zone_minutes;
    unsigned off = (unsigned)(zone < 0 ? -zone : zone);
    int64_t clamped = time_s < TIME_MIN ? TIME_MIN : time_s > TIME_MAX ? TIME_MAX : time_s;
    struct civil at = civil_of(clamped + (int64_t)zone * 60);

    if (zone == 0)
        (void)snprintf(into, DATE_ISO_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", at.year, at.month,
                       at.day, at.hour, at.minute, at.second);
    else
        (void)snprintf(into, DATE_ISO_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u", at.year,
                       at.month, at.day, at.hour, at.minute, at.second, zone < 0 ? '-' : '+',
                       off / 60u, off % 60u);
}
