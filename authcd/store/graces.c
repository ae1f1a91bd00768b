/* SPDX-License-Identifier: MIT
 *
 * See graces.h. That a row goes when its session ends is a trigger of the schema, so that no way of ending one can
 * forget it. Whether there is grace at all, and how long, is rules/policy's.
 */
#include "graces.h"

#include <errno.h>

#include "sql.h"

static void bind_where(struct sql *q, const struct grace *g)
{
    sql_bind_int(q, g->account_id);
    sql_bind_int(q, g->audit_session);
    sql_bind_text(q, g->service);
    sql_bind_text(q, g->source);
    sql_bind_text(q, g->tty);
}

int graces_note(struct db *db, const struct grace *g, const struct clock *now)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "INSERT INTO graces (account_id, audit_session, service, source, tty, boot_id, proved_boot_ms)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, audit_session, service, source, tty)"
                      " DO UPDATE SET boot_id = excluded.boot_id, proved_boot_ms = excluded.proved_boot_ms");
    bind_where(&q, g);
    sql_bind_text(&q, now->boot_id);
    sql_bind_int(&q, now->boot_ms);
    return sql_run(&q, NULL);
}

int graces_age(struct db *db, const struct grace *g, const struct clock *now, int64_t *ret_age_s)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT proved_boot_ms FROM graces WHERE account_id = ? AND audit_session = ?"
                                          " AND service = ? AND source = ? AND tty = ? AND boot_id = ?");
    bind_where(&q, g);
    sql_bind_text(&q, now->boot_id);
    int error = sql_row(&q);
    int64_t proved_ms = error < 0 ? 0 : sql_int(&q), age_ms = 0;
    if (error < 0 || (error = q.error) < 0)
        return error;
    if (__builtin_sub_overflow(now->boot_ms, proved_ms, &age_ms) || age_ms < 0)
        return -ENOENT; /* the boot clock does not run backwards: not a row of ours */
    *ret_age_s = age_ms / 1000;
    return 0;
}

int graces_forget(struct db *db, int64_t account_id)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM graces WHERE account_id = ?");
    sql_bind_int(&q, account_id);
    return sql_run(&q, NULL);
}

int graces_expire(struct db *db, const struct clock *now)
{
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM graces WHERE boot_id <> ? OR proved_boot_ms < ?");
    sql_bind_text(&q, now->boot_id);
    sql_bind_int(&q, now->boot_ms - GRACES_LIFETIME_MS);
    return sql_run(&q, NULL);
}
