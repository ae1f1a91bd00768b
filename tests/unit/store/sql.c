/* SPDX-License-Identifier: MIT
 *
 * Columns are believed only if they have the type, the range and the length that was written (D5); errors of SQLite
 * become the errno that callers act on.
 */
#include "sql.h"

#include "fixture.h"

static void check_errno(void)
{
    is_int(sql_errno(SQLITE_OK), 0, "ok");
    is_int(sql_errno(SQLITE_FULL), -ENOSPC, "full");
    is_int(sql_errno(SQLITE_READONLY), -EROFS, "read-only");
    is_int(sql_errno(SQLITE_READONLY_DBMOVED), -EROFS, "read-only, extended");
    is_int(sql_errno(SQLITE_BUSY_SNAPSHOT), -EBUSY, "busy, extended");
    is_int(sql_errno(SQLITE_NOMEM), -ENOMEM, "no memory");
    is_int(sql_errno(SQLITE_IOERR_NOMEM), -ENOMEM, "no memory while reading");
    is_int(sql_errno(SQLITE_IOERR_FSYNC), -EIO, "other I/O");
    is_int(sql_errno(SQLITE_CONSTRAINT_UNIQUE), -EEXIST, "unique");
    is_int(sql_errno(SQLITE_CONSTRAINT_PRIMARYKEY), -EEXIST, "primary key");
    is_int(sql_errno(SQLITE_CONSTRAINT_CHECK), -EINVAL, "check");
    is_int(sql_errno(SQLITE_CONSTRAINT_FOREIGNKEY), -EINVAL, "foreign key");
    is_int(sql_errno(SQLITE_TOOBIG), -EMSGSIZE, "too big");
    is_int(sql_errno(SQLITE_CORRUPT), -EIO, "corrupt");
}

static void check_columns(struct db *db)
{
    char text[4];
    unsigned char blob[4];
    SQL_AUTO struct sql q = sql_begin(db, "SELECT 7, 4294967295, 'abc', NULL, x'010203'");
    is_int(sql_row(&q), 0, "a row");
    is_int(sql_int(&q), 7, "a number");
    is_int(sql_u32(&q), UINT32_MAX, "the largest u32");
    sql_text(&q, text, sizeof text);
    is_str(text, "abc", "a text that just fits");
    sql_text(&q, text, sizeof text);
    is_str(text, "", "NULL reads as empty");
    is_int(sql_blob(&q, blob, sizeof blob), 3, "a blob");
    is_int(q.error, 0, "all good");
    is_int(sql_step(&q), 0, "no more rows");
}

/* What each column must not be: text is a literal of one column. */
#define BAD(db, text, read, name)                                                                                      \
    do {                                                                                                               \
        char out[4] = "x";                                                                                             \
        SQL_AUTO struct sql q = sql_begin(db, text);                                                                   \
        is_int(sql_row(&q), 0, "a row");                                                                               \
        read;                                                                                                          \
        is_int(q.error, -EIO, name);                                                                                   \
        is_int(sql_int(&q), 0, "nothing is read after an error");                                                      \
        (void)out;                                                                                                     \
    } while (0)

static void check_blobs(struct db *db)
{
    unsigned char out[4];
    SQL_AUTO struct sql q = sql_begin(db, "SELECT x'0102030405', x'', x'01020304'");
    is_int(sql_row(&q), 0, "a row");
    is_int(sql_blob(&q, out, sizeof out), 0, "too long a blob reads as nothing");
    is_int(sql_blob(&q, out, sizeof out), 0, "and so does an empty one");
    is_int(sql_blob(&q, out, sizeof out), 4, "one that just fits is read");
    is_int(q.error, 0, "none of it is an error of the database");
}

static void check_bad_columns(struct db *db)
{
    BAD(db, "SELECT 'a'", sql_int(&q), "text for a number");
    BAD(db, "SELECT NULL", sql_int(&q), "NULL for a number");
    BAD(db, "SELECT 1.5", sql_int(&q), "a fraction for a number");
    BAD(db, "SELECT 4294967296", sql_u32(&q), "beyond u32");
    BAD(db, "SELECT -1", sql_u32(&q), "below u32");
    BAD(db, "SELECT 5", sql_ranged(&q, 1, 4), "out of range");
    BAD(db, "SELECT 'abcd'", sql_text(&q, out, sizeof out), "too long a text");
    BAD(db, "SELECT 12", sql_text(&q, out, sizeof out), "a number for a text");
    BAD(db, "SELECT CAST(x'610062' AS TEXT)", sql_text(&q, out, sizeof out), "NUL in a text");
    BAD(db, "SELECT 'ab'", sql_blob(&q, out, sizeof out), "a text for a blob");
}

static void check_statements(struct db *db)
{
    size_t before = db->n_statements;
    for (int i = 0; i < 3; i++) {
        static const char text[] = "SELECT ?";
        SQL_AUTO struct sql q = sql_begin(db, text);
        sql_bind_int(&q, i);
        is_int(sql_row(&q), 0, "a row");
        is_int(sql_int(&q), i, "bound anew");
    }
    is_int((int64_t)(db->n_statements - before), 1, "prepared once");
    SQL_AUTO struct sql bad = sql_begin(db, "SELECT nothing FROM nowhere");
    is_int(sql_step(&bad), -EIO, "a statement that is none");
    SQL_AUTO struct sql many = sql_begin(db, "SELECT ?1");
    sql_bind_int(&many, 1);
    sql_bind_int(&many, 2);
    is_int(sql_step(&many), -EIO, "more values than places");
}

static void check_failed(struct db *db)
{
    fixture_begin(db);
    struct account a = fixture_account(db, "ada", 1000), b;
    is_int(accounts_add(db, "ada", 1001, "user", NOW, &b), -EEXIST, "a name that is taken");
    is_int(accounts_add(db, "bob", 1001, "user", NOW, &b), 0, "does not spoil the transaction");
    {
        SQL_AUTO struct sql q = sql_begin(db, "UPDATE accounts SET state = 9 WHERE id = ?");
        sql_bind_int(&q, a.id);
        is_int(sql_run(&q, NULL), -EINVAL, "what a CHECK forbids");
    }
    is_int(db_commit(db), -EINVAL, "does");
    is_int(accounts_by_name(db, "ada", &a), -ENOENT, "and nothing of it is kept");
}

int main(void)
{
    check_errno();
    struct db *db = fixture_fresh();
    check_columns(db);
    check_blobs(db);
    check_bad_columns(db);
    check_statements(db);
    check_failed(db);
    db_close(db);
    return tap_done();
}
