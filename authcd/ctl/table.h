/* SPDX-License-Identifier: MIT
 *
 * A table for people, filled row by row and written page by page; its heads are written once. Columns are as wide as
 * the widest cell so far.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>

#include "field.h"

struct table {
    struct field_columns columns;
    size_t widths[FIELD_COLUMNS_MAX];
    char **cells;
    size_t n_cells, room;
    int64_t now_s;
    bool headed, bold;
};

/* names, without: as field_columns takes them. */
void table_open(struct table *t, enum msg_number row, const char *names, const char *without);

/* Keeps one row until it is written. */
int table_add(struct table *t, const struct msg *row) __attribute__((warn_unused_result)); /* -ENOMEM */

/* Writes what was kept, below the heads. */
void table_flush(struct table *t, FILE *out);

void table_free(struct table *t);

#endif
