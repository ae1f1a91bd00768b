/* SPDX-License-Identifier: MIT
 *
 * How large the state is: for metrics. Counts rows, so it is not for every packet.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include "db.h"

struct measure {
    int64_t bytes;                     /* of the database, without its WAL */
    int64_t wal_pages;                 /* as of the last commit */
    int64_t account_rows, source_rows; /* of limits: about accounts; about sources and unknown names */
};

int measure_take(struct db *db, struct measure *ret) __attribute__((warn_unused_result));

#endif
