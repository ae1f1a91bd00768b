/* SPDX-License-Identifier: MIT
 *
 * Opening, transactions, sync. Nothing is written before the directory, the files, the lock, the schema's version and
 * the key were found good, and a refused database is closed without a checkpoint: it stays as it was, byte for byte.
 * Leaves out statements (sql.c), files (dbfiles.c) and tables (schema.c).
 */
#include "db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "pagesum.h"
#include "reason.h"
#include "schema.h"
#include "sql.h"

enum { WAL_PAGES_MAX = 1024 }; /* 4 MiB */

/* ---- opening ---- */

static int execute(struct db *db, const char *sql)
{
    return sql_error(db, sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL));
}

static int configure(struct db *db, int option, int on)
{
    return sql_errno(sqlite3_db_config(db->sqlite, option, on, NULL));
}

/* EXCLUSIVE comes before WAL is touched: the WAL's index is then in memory, and there is no -shm file. */
static int connect_file(struct db *db)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int error = sqlite3_open_v2(db->files.database, &db->sqlite, flags, pagesum_vfs());
    if ((error = sql_errno_of(db->sqlite, error)) < 0 || (error = sql_error(db, pagesum_reserve(db->sqlite))) < 0 ||
        (error = configure(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)) < 0 ||
        (error = configure(db, SQLITE_DBCONFIG_DEFENSIVE, 1)) < 0 ||
        (error = configure(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)) < 0)
        return error;
    return execute(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON;"
                       "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY");
}

/* A backup helps only where the file is damaged; a full or read-only disk is mended by other means. */
static int unusable(const struct db *db, int error, char reason[DB_REASON_SIZE])
{
    if (sqlite3_extended_errcode(db->sqlite) == SQLITE_IOERR_DATA)
        return reason_give(reason, error, "%s: damaged: a page does not fit its sum; restore a backup",
                           db->files.database);
    return reason_give(reason, error, "%s: %s%s", db->files.database, sqlite3_errmsg(db->sqlite),
                       error == -EIO ? "; if it is damaged, restore a backup" : "");
}

/* The lock stays until the connection is closed. */
static int lock(struct db *db, char reason[DB_REASON_SIZE])
{
    int error = execute(db, "BEGIN EXCLUSIVE; COMMIT");
    if (error == -EBUSY)
        return reason_give(reason, error, "%s: in use by another program; end that first", db->files.database);
    return error < 0 ? unusable(db, error, reason) : 0;
}

static int check_sums(struct db *db, char reason[DB_REASON_SIZE])
{
    if (pagesum_is_kept(db->sqlite))
        return 0;
    return reason_give(reason, -EIO, "%s: damaged, or rewritten by another program; restore a backup",
                       db->files.database);
}

static int judge(struct db *db, int *ret_version, char reason[DB_REASON_SIZE])
{
    int error = schema_version(db, ret_version);
    if (error == -EPROTONOSUPPORT)
        return reason_give(reason, error, "%s: written by a newer authcd; install that one, or restore a backup",
                           db->files.database);
    if (error == -EPERM)
        return reason_give(reason, error, "%s: no database of authc; move it away", db->files.database);
    if (error == 0 && *ret_version > 0 && (error = check_sums(db, reason)) < 0)
        return error;
    if (error == 0 && *ret_version > 0)
        error = schema_check_key(db);
    if (error == -ENOKEY)
        return reason_give(reason, error, "%s: the key is not this database's; restore the key it was made with",
                           db->files.database);
    return error < 0 ? unusable(db, error, reason) : 0;
}

/* How much of the WAL is waiting for a checkpoint; SQLite tells after each commit. */
static int note_wal(void *db, sqlite3 *sqlite, const char *name, int pages)
{
    (void)sqlite, (void)name;
    ((struct db *)db)->wal_pages = pages;
    return SQLITE_OK;
}

static int ask_for_wal(struct db *db)
{
    sqlite3_stmt *q = NULL;
    int code = sqlite3_prepare_v2(db->sqlite, "PRAGMA journal_mode = WAL", -1, &q, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(q);
    const unsigned char *mode = code == SQLITE_ROW ? sqlite3_column_text(q, 0) : NULL;
    bool given = mode != NULL && strcmp((const char *)mode, "wal") == 0;
    if (code == SQLITE_ROW)
        code = sqlite3_step(q); /* only now is it written */
    int error = code == SQLITE_DONE ? 0 : sql_error(db, code);
    (void)sqlite3_finalize(q);
    return error == 0 && !given ? -EIO : error;
}

/* The switch to WAL is written with synchronous=FULL, SQLite's default; commits are NORMAL because db_sync follows. A
 * database that was none before opens its WAL when it is first read. */
static int start_wal(struct db *db)
{
    int error = ask_for_wal(db);
    if (error == 0)
        error = execute(db, "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
                            "PRAGMA journal_size_limit = 16777216; SELECT 1 FROM sqlite_schema LIMIT 1");
    (void)sqlite3_wal_hook(db->sqlite, note_wal, db); /* after the PRAGMA, which has a hook of its own */
    return error;
}

static int migrate(struct db *db, int version, char reason[DB_REASON_SIZE])
{
    size_t n = 0;
    const struct schema_step *steps = schema_steps(&n);
    int error = 0;
    if (version > 0 && version < db_schema_version())
        error = backup_make(db, version, reason);
    if (error < 0)
        return error;
    if ((error = schema_migrate(db, version, steps, n)) < 0)
        return reason_give(reason, error, "%s: cannot be migrated: %s", db->files.database, sqlite3_errmsg(db->sqlite));
    return 0;
}

/* The tables, the names of the files in the directory, and what an authcd that was killed had written but not synced,
 * survive a power cut from here on. */
static int settle(struct db *db, char reason[DB_REASON_SIZE])
{
    db->dirty = true;
    int error = db_sync(db);
    if (error < 0 || (error = dbfiles_sync(&db->files)) < 0 ||
        (error = configure(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)) < 0)
        return reason_give(reason, error, "%s: cannot be synced: %s", db->files.database, strerror(-error));
    return 0;
}

static int make_ready(struct db *db, char reason[DB_REASON_SIZE])
{
    int version = 0;
    int error = connect_file(db);
    if (error < 0)
        return reason_give(reason, error, "%s: cannot be opened: %s", db->files.database, strerror(-error));
    if ((error = lock(db, reason)) < 0 || (error = judge(db, &version, reason)) < 0)
        return error;
    if ((error = start_wal(db)) < 0)
        return unusable(db, error, reason);
    if ((error = migrate(db, version, reason)) < 0 || (error = check_sums(db, reason)) < 0)
        return error;
    return settle(db, reason);
}

int db_attach(struct db *db, char reason[DB_REASON_SIZE])
{
    int error = make_ready(db, reason);
    if (error < 0)
        db_detach(db);
    return error;
}

void db_leave_wal(struct db *db)
{
    (void)configure(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1); /* fails for want of memory only: then there is one */
}

void db_detach(struct db *db)
{
    db_rollback(db);
    for (size_t i = 0; i < db->n_statements; i++)
        (void)sqlite3_finalize(db->statements[i].statement);
    (void)sqlite3_close(db->sqlite);
    db->sqlite = NULL;
    db->n_statements = 0;
    db->dirty = false;
    db->wal_pages = db->sync_error = 0;
    explicit_bzero(&db->audit, sizeof db->audit);
}

void db_exchange(struct db *a, struct db *b)
{
    struct db was = *a;
    *a = *b;
    *b = was;
    b->files = a->files, b->refuge = a->refuge, b->vault = a->vault;
    a->files = was.files, a->refuge = was.refuge, a->vault = was.vault;
    if (a->sqlite != NULL)
        (void)sqlite3_wal_hook(a->sqlite, note_wal, a);
    if (b->sqlite != NULL)
        (void)sqlite3_wal_hook(b->sqlite, note_wal, b);
    explicit_bzero(&was, sizeof was);
}

int db_new(const char *state_dir, struct db **ret, char reason[DB_REASON_SIZE])
{
    reason[0] = '\0';
    struct db *db = *ret = calloc(1, sizeof *db);
    if (db == NULL) {
        (void)!reason_give(reason, -ENOMEM, "out of memory");
        return -ENOMEM; /* as analysers can follow */
    }
    db->files.dir_fd = db->refuge.dir_fd = -1;
    return dbfiles_open(&db->files, state_dir, reason);
}

int db_unseal(struct db *db, const char *key_file, char reason[DB_REASON_SIZE])
{
    unsigned char key[VAULT_KEY_SIZE];
    int error = dbfiles_key(&db->files, key_file, key, reason);
    if (error == 0 && (db->vault = vault_new(key)) == NULL)
        error = reason_give(reason, -ENOMEM, "out of memory");
    explicit_bzero(key, sizeof key);
    return error;
}

int db_open(const char *state_dir, const char *key_file, struct db **ret, char reason[DB_REASON_SIZE])
{
    struct db *db = NULL;
    int error = db_new(state_dir, &db, reason);
    if (error < 0 || (error = db_unseal(db, key_file, reason)) < 0 ||
        (error = dbfiles_create(&db->files, reason)) < 0 || (error = db_attach(db, reason)) < 0) {
        db_close(db);
        return error;
    }
    *ret = db;
    return 0;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    db_detach(db);
    vault_free(db->vault);
    dbfiles_close(&db->refuge);
    dbfiles_close(&db->files); /* last: it holds the lock */
    explicit_bzero(db, sizeof *db);
    free(db);
}

int db_schema_version(void)
{
    size_t n = 0;
    const struct schema_step *steps = schema_steps(&n);
    return steps[n - 1].version;
}

/* ---- transactions ---- */

/* SQLite may have done it already. */
static void roll_back(struct db *db)
{
    if (sqlite3_get_autocommit(db->sqlite))
        return;
    SQL_AUTO struct sql q = sql_begin(db, "ROLLBACK");
    if (q.statement != NULL)
        (void)sqlite3_step(q.statement);
}

int db_begin(struct db *db)
{
    if (db->in_transaction)
        return -EINVAL;
    roll_back(db); /* only where the last rollback had no memory */
    if (!sqlite3_get_autocommit(db->sqlite))
        return -ENOMEM; /* nor has this one: that is load, and no broken database */
    SQL_AUTO struct sql q = sql_begin(db, "BEGIN");
    int error = sql_run(&q, NULL);
    if (error == 0)
        db->in_transaction = true;
    return error;
}

void db_rollback(struct db *db)
{
    if (!db->in_transaction)
        return;
    roll_back(db);
    db->in_transaction = false;
    db->failed = 0;
    explicit_bzero(&db->audit, sizeof db->audit);
}

static int commit(struct db *db)
{
    if (!db->in_transaction)
        return -EINVAL;
    if (db->failed < 0)
        return db->failed;
    bool wrote = sqlite3_txn_state(db->sqlite, "main") == SQLITE_TXN_WRITE;
    SQL_AUTO struct sql q = sql_begin(db, "COMMIT");
    int error = sql_run(&q, NULL);
    if (error < 0)
        return error;
    db->in_transaction = false;
    db->dirty = db->dirty || wrote;
    return 0;
}

int db_commit(struct db *db)
{
    int error = commit(db);
    if (error < 0)
        db_rollback(db);
    return error;
}

int db_transaction(struct db *db, struct db_transaction *t)
{
    int error = db_begin(db);
    t->db = error < 0 ? NULL : db;
    return error;
}

int db_transaction_commit(struct db_transaction *t)
{
    struct db *db = t->db;
    t->db = NULL; /* committed or rolled back: nothing is left for the end of the scope */
    return db == NULL ? -EINVAL : db_commit(db);
}

void db_transaction_end(struct db_transaction *t)
{
    if (t->db != NULL)
        db_rollback(t->db);
    t->db = NULL;
}

/* ---- the disk ---- */

bool db_dirty(const struct db *db)
{
    return db->dirty || db->sync_error < 0;
}

int db_sync(struct db *db)
{
    sqlite3_file *wal = NULL;
    if (db->sync_error < 0 || !db->dirty)
        return db->sync_error;
    int code = sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (code == SQLITE_OK && (wal == NULL || wal->pMethods == NULL))
        return db->sync_error = -EIO;
    if (code == SQLITE_OK)
        code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
    db->sync_error = sql_errno_of_system(code, errno);
    db->dirty = db->sync_error < 0;
    return db->sync_error;
}

bool db_wants_checkpoint(const struct db *db)
{
    return db->wal_pages >= WAL_PAGES_MAX;
}

int db_checkpoint(struct db *db)
{
    if (db->in_transaction)
        return -EINVAL;
    if (db->sync_error < 0)
        return db->sync_error;
    return sql_error(db, sqlite3_wal_checkpoint_v2(db->sqlite, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
}
