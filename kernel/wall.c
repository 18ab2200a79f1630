/* SPDX-License-Identifier: ISC
 *
 * wall.c - the time of day, from a PC's CMOS clock (Motorola MC146818A).
 *
 *   (1) A reading counts when two in a row agree and no update was under way.
 *   (2) Fields out of their range mean that there is no clock.
 */
#include "wall.h"

#include "cpu.h"
#include <string.h>

#define PORT_INDEX 0x70u
#define PORT_DATA  0x71u
#define REG_A      0x0au
#define REG_B      0x0bu
#define A_UPDATING 0x80u
#define B_BINARY   0x04u
#define B_24_HOURS 0x02u
#define HOUR_PM    0x80u
#define READS_MAX  100u
#define CENTURY    2000u /* the chip keeps two digits */
#define S_PER_DAY  86400ull

enum fields { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

static uint8_t get(uint8_t index)
{
    cpu_out8(PORT_INDEX, index);
    return cpu_in8(PORT_DATA);
}

static void get_all(uint8_t fields[FIELDS])
{
    static const uint8_t registers[FIELDS] = {0, 2, 4, 7, 8, 9};

    for (uint32_t i = 0; i < READS_MAX * READS_MAX && (get(REG_A) & A_UPDATING) != 0; i++)
        cpu_pause();
    for (uint32_t i = 0; i < FIELDS; i++)
        fields[i] = get(registers[i]);
}

static uint8_t from_decimal(uint8_t value)
{
    return (uint8_t)((value >> 4) * 10 + (value & 15));
}

/* The fields as numbers, whatever form the chip keeps them in. */
static void convert(uint8_t fields[FIELDS])
{
    uint8_t form = get(REG_B);
    uint8_t pm = fields[HOUR] & HOUR_PM;

    fields[HOUR] &= (uint8_t)~HOUR_PM;
    for (uint32_t i = 0; i < FIELDS && (form & B_BINARY) == 0; i++)
        fields[i] = from_decimal(fields[i]);
    if ((form & B_24_HOURS) == 0)
        fields[HOUR] = (uint8_t)(fields[HOUR] % 12 + (pm != 0 ? 12 : 0));
}

/* Days from 1970-01-01; years begin in March, so that the leap day is the last. */
static uint64_t days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
    uint32_t shifted_year = month <= 2 ? year - 1 : year;
    uint32_t shifted_month = month <= 2 ? month + 9 : month - 3;
    uint64_t leap_days = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;

    return shifted_year * 365ull + leap_days + (shifted_month * 153 + 2) / 5 + day - 1 - 719468;
}

uint64_t wall_read_s(void)
{
    uint8_t fields[FIELDS];
    uint8_t again[FIELDS];
    uint64_t days;
    uint32_t reads = 0;

    do {
        get_all(fields);
        get_all(again);
        if (++reads > READS_MAX)
            return 0;
    } while (memcmp(fields, again, sizeof(fields)) != 0);
    convert(fields);
    if (fields[SECOND] > 59 || fields[MINUTE] > 59 || fields[HOUR] > 23 || fields[DAY] < 1 ||
        fields[DAY] > 31 || fields[MONTH] < 1 || fields[MONTH] > 12 || fields[YEAR] > 99)
        return 0;
    days = days_since_1970(CENTURY + fields[YEAR], fields[MONTH], fields[DAY]);
    return days * S_PER_DAY + fields[HOUR] * 3600u + fields[MINUTE] * 60u + fields[SECOND];
}
