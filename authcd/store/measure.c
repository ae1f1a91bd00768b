/* SPDX-License-Identifier: MIT
 *
 * See measure.h.
 */
#include "measure.h"

#include "sql.h"

static int read_number(struct sql *q, int64_t *ret)
{
    int error = sql_row(q);
    int64_t n = error < 0 ? 0 : sql_int(q);
    if (error < 0 || (error = q->error) < 0)
        return error;
    *ret = n;
    return 0;
}

static int measure_bytes(struct db *db, int64_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
    return read_number(&q, ret);
}

static int measure_account_rows(struct db *db, int64_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT count(*) FROM limits WHERE account_id IS NOT NULL");
    return read_number(&q, ret);
}

static int measure_source_rows(struct db *db, int64_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT unknown_rows FROM limits_state WHERE id = 1");
    return read_number(&q, ret);
}

int measure_take(struct db *db, struct measure *ret)
{
    struct measure m = {.wal_pages = db->wal_pages};
    int error = measure_bytes(db, &m.bytes);
    if (error < 0 || (error = measure_account_rows(db, &m.account_rows)) < 0 ||
        (error = measure_source_rows(db, &m.source_rows)) < 0)
        return error;
    *ret = m;
    return 0;
}
