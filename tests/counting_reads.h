/* SPDX-License-Identifier: ISC
 *
 * counting_reads.h - a store in memory that keeps nothing in its cache, and counts what it reads.
 */
#ifndef COUNTING_READS_H
#define COUNTING_READS_H

#include "counting_store.h"
#include "store_setup.h"

/* One at a time. */
static inline struct bough_store *counting_reads_store(void)
{
    struct bough_store *store;

    assert_int_equal(counting_store_open(host_env(), 0, &store), BOUGH_OK);
    return store;
}

#endif
