/* SPDX-License-Identifier: MIT
 *
 * Prepared statements in few words. SQLite may roll back a whole transaction by itself (disk full, out of memory), and
 * what follows would then be committed statement by statement: so every statement first looks whether the transaction
 * it belongs to is still there, and the first error is kept until the rollback. Leaves out transactions: db.c's.
 */
#include "sql.h"

#include <errno.h>
#include <string.h>

int sql_errno(int code)
{
    static const struct {
        int code, error;
    } table[] = {
        {SQLITE_OK, 0},
        {SQLITE_IOERR_NOMEM, -ENOMEM},
        {SQLITE_CONSTRAINT_UNIQUE, -EEXIST},
        {SQLITE_CONSTRAINT_PRIMARYKEY, -EEXIST},
        {SQLITE_FULL, -ENOSPC},
        {SQLITE_READONLY, -EROFS},
        {SQLITE_BUSY, -EBUSY},
        {SQLITE_LOCKED, -EBUSY},
        {SQLITE_NOMEM, -ENOMEM},
        {SQLITE_CONSTRAINT, -EINVAL}, /* what was to be written, not what is there, is wrong */
        {SQLITE_TOOBIG, -EMSGSIZE},
    };
    /* The extended code decides where the table has one, else its primary code (the low byte) does. */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (code == table[i].code)
            return table[i].error;
    return code == (code & 0xff) ? -EIO : sql_errno(code & 0xff);
}

int sql_errno_of_system(int code, int system_errno)
{
    static const struct {
        int system, error;
    } table[] = {{ENOSPC, -ENOSPC}, {EDQUOT, -ENOSPC}, {EFBIG, -ENOSPC},  {EROFS, -EROFS}, {EMFILE, -EMFILE},
                 {ENFILE, -EMFILE}, {ENOMEM, -ENOMEM}, {ENOLCK, -ENOMEM}, {EAGAIN, -EBUSY}};
    int error = sql_errno(code);
    for (size_t i = 0; error == -EIO && i < sizeof table / sizeof *table; i++)
        if (system_errno == table[i].system)
            error = table[i].error;
    return error;
}

/* What the system said to the last call on that file that failed. */
static int file_errno(sqlite3 *c, int which)
{
    sqlite3_file *file = NULL;
    int system_errno = 0;
    if (sqlite3_file_control(c, "main", which, &file) == SQLITE_OK && file != NULL && file->pMethods != NULL)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &system_errno);
    return system_errno;
}

/* sqlite3_system_errno does not know of a COMMIT that failed: the files do. */
int sql_errno_of(sqlite3 *c, int code)
{
    int primary = code == SQLITE_IOERR_DATA ? 0 : code & 0xff; /* that one is ours: see pagesum.h */
    bool system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
    int error = system ? sql_errno_of_system(code, sqlite3_system_errno(c)) : sql_errno(code);
    if (system && error == -EIO)
        error = sql_errno_of_system(code, file_errno(c, SQLITE_FCNTL_JOURNAL_POINTER));
    if (system && error == -EIO)
        error = sql_errno_of_system(code, file_errno(c, SQLITE_FCNTL_FILE_POINTER));
    return error;
}

int sql_error(struct db *db, int code)
{
    int error = sql_errno_of(db->sqlite, code);
    if ((code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) && db->sync_error == 0)
        db->sync_error = error;
    return error;
}

/* A broken UNIQUE undoes its own statement only and may be answered; anything else spoils the transaction. */
static int fail(struct sql *q, int code)
{
    q->error = sql_error(q->db, code);
    if (q->error != -EEXIST && q->db->in_transaction && q->db->failed == 0)
        q->db->failed = q->error;
    return q->error;
}

/* Where the caller's idea of a transaction and SQLite's differ, nothing is done: SQLite has rolled back by itself, for
 * the reason that was told then, or it could not roll back for want of memory, and what is still open there never
 * happened. */
static int check_transaction(const struct sql *q)
{
    bool open = !sqlite3_get_autocommit(q->db->sqlite);
    if (open != q->db->in_transaction)
        return q->db->failed < 0 ? q->db->failed : -EIO;
    return open || sqlite3_stmt_readonly(q->statement) ? 0 : -EINVAL;
}

struct sql sql_begin(struct db *db, const char *text)
{
    struct sql q = {.db = db};
    size_t i = 0;
    while (i < db->n_statements && db->statements[i].text != text)
        i++;
    if (i == SQL_STATEMENTS_MAX) {
        fail(&q, SQLITE_ERROR);
        return q;
    }
    if (i == db->n_statements) {
        int code =
            sqlite3_prepare_v3(db->sqlite, text, -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i].statement, NULL);
        if (code != SQLITE_OK) {
            fail(&q, code);
            return q;
        }
        db->statements[i].text = text;
        db->n_statements++;
    }
    q.statement = db->statements[i].statement;
    q.error = check_transaction(&q);
    return q;
}

void sql_end(struct sql *q)
{
    if (q->statement == NULL)
        return;
    (void)sqlite3_reset(q->statement); /* repeats the error of the last step, which has been told */
    (void)sqlite3_clear_bindings(q->statement);
    q->statement = NULL;
}

static void bound(struct sql *q, int code)
{
    if (code != SQLITE_OK)
        fail(q, code);
}

void sql_bind_int(struct sql *q, int64_t v)
{
    if (q->error == 0)
        bound(q, sqlite3_bind_int64(q->statement, ++q->bound, v));
}

void sql_bind_text(struct sql *q, const char *v)
{
    if (q->error == 0)
        bound(q, sqlite3_bind_text(q->statement, ++q->bound, v, -1, SQLITE_TRANSIENT));
}

void sql_bind_blob(struct sql *q, const void *v, size_t len)
{
    if (q->error == 0)
        bound(q, sqlite3_bind_blob64(q->statement, ++q->bound, v, len, SQLITE_TRANSIENT));
}

int sql_step(struct sql *q)
{
    if (q->error < 0)
        return q->error;
    q->column = 0;
    int code = sqlite3_step(q->statement);
    if (code == SQLITE_ROW)
        return 1;
    return code == SQLITE_DONE ? 0 : fail(q, code);
}

int sql_row(struct sql *q)
{
    int row = sql_step(q);
    return row == 0 ? -ENOENT : row < 0 ? row : 0;
}

int sql_run(struct sql *q, int64_t *ret_changes)
{
    int row = sql_step(q);
    if (row != 0)
        return row < 0 ? row : fail(q, SQLITE_ERROR);
    if (ret_changes != NULL)
        *ret_changes = sqlite3_changes64(q->db->sqlite);
    return 0;
}

int sql_run_one(struct sql *q)
{
    int64_t changes = 0;
    int error = sql_run(q, &changes);
    return error == 0 && changes == 0 ? -ENOENT : error;
}

/* The index of the next column, which must be of that type; -1: q->error says why not. */
static int next_column(struct sql *q, int type)
{
    if (q->error < 0)
        return -1;
    int column = q->column++;
    if (sqlite3_column_type(q->statement, column) != type) {
        q->error = -EIO;
        return -1;
    }
    return column;
}

int64_t sql_ranged(struct sql *q, int64_t min, int64_t max)
{
    int column = next_column(q, SQLITE_INTEGER);
    int64_t v = column < 0 ? min : sqlite3_column_int64(q->statement, column);
    if (v >= min && v <= max)
        return v;
    q->error = -EIO;
    return min;
}

int64_t sql_int(struct sql *q)
{
    int column = next_column(q, SQLITE_INTEGER);
    return column < 0 ? 0 : sqlite3_column_int64(q->statement, column);
}

uint32_t sql_u32(struct sql *q)
{
    return (uint32_t)sql_ranged(q, 0, UINT32_MAX);
}

void sql_text(struct sql *q, char *out, size_t cap)
{
    out[0] = '\0';
    if (q->error < 0)
        return;
    if (sqlite3_column_type(q->statement, q->column) == SQLITE_NULL) {
        q->column++;
        return;
    }
    int column = next_column(q, SQLITE_TEXT);
    if (column < 0)
        return;
    const unsigned char *text = sqlite3_column_text(q->statement, column);
    size_t len = (size_t)sqlite3_column_bytes(q->statement, column);
    if (text == NULL || len >= cap || memchr(text, '\0', len) != NULL) {
        q->error = -EIO; /* longer than its field, or a NUL inside: not what was written */
        return;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

size_t sql_blob(struct sql *q, void *out, size_t cap)
{
    int column = next_column(q, SQLITE_BLOB);
    if (column < 0)
        return 0;
    const void *blob = sqlite3_column_blob(q->statement, column);
    size_t len = (size_t)sqlite3_column_bytes(q->statement, column);
    if (blob == NULL || len > cap)
        return 0; /* ours are never empty, and never too long: as good as one that does not open */
    memcpy(out, blob, len);
    return len;
}
