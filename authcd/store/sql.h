/* SPDX-License-Identifier: MIT
 *
 * The inside of struct db, for store/ only: prepared statements, bound and stepped in few words. A statement is
 * prepared at its first use, kept by the address of its text, and reset when it goes out of scope.
 */
#ifndef SQL_H
#define SQL_H

#include <sqlite3.h>

#include "chain.h"
#include "db.h"
#include "dbfiles.h"
#include "vault.h"

enum { SQL_STATEMENTS_MAX = 128 };

/* The head of the audit as the present transaction left it; see audit.c. */
struct audit_head {
    bool loaded; /* false after each rollback: what was appended then never happened */
    int64_t seq;
    struct chain chain;
};

struct db {
    struct dbfiles files;  /* of the state directory */
    struct dbfiles refuge; /* where the connection is instead, while that has no room; dir_fd -1: not so */
    sqlite3 *sqlite;
    struct vault *vault;
    bool dirty;
    int sync_error; /* of the sync that failed: there is no second one */
    int wal_pages;  /* as of the last commit */
    bool in_transaction;
    int failed; /* first error of this transaction after which it must not be committed */
    struct audit_head audit;
    size_t n_statements;
    struct {
        const char *text;
        sqlite3_stmt *statement;
    } statements[SQL_STATEMENTS_MAX];
};

/* ---- the parts of db_open, for refuge.c ---- */

/* The directory, found good and locked: no key yet, and no connection. *ret also on failure, for db_close (NULL: out of
 * memory). */
int db_new(const char *state_dir, struct db **ret, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));
int db_unseal(struct db *db, const char *key_file, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));
/* Connects to the file that files names, and makes it ready: lock, schema, key, WAL. Detached again on failure. */
int db_attach(struct db *db, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));
/* Closes the connection; nothing happens if there is none. Without a checkpoint after db_leave_wal. */
void db_detach(struct db *db);
void db_leave_wal(struct db *db);
/* Each gets the other's connection, and keeps its files and vault. Outside of a transaction. */
void db_exchange(struct db *a, struct db *b);

/* ---- statements ---- */

struct sql {
    struct db *db;
    sqlite3_stmt *statement;
    int bound;  /* parameters bound so far */
    int column; /* columns read so far of this row */
    int error;  /* first negative errno; later calls do nothing */
};

#define SQL_AUTO __attribute__((cleanup(sql_end)))

/* SQL_AUTO struct sql q = sql_begin(db, "SELECT ..."); sql_bind_int(&q, id); then sql_step or sql_run. text is a
 * literal. A write outside a transaction is -EINVAL; in one that SQLite rolled back by itself everything is -EIO. */
struct sql sql_begin(struct db *db, const char *text);
void sql_end(struct sql *q);

void sql_bind_int(struct sql *q, int64_t v);
void sql_bind_text(struct sql *q, const char *v); /* NULL binds NULL; copied */
void sql_bind_blob(struct sql *q, const void *v, size_t len);

/* 1: a row is there, 0: no more, or negative errno. */
int sql_step(struct sql *q) __attribute__((warn_unused_result));
/* As sql_step, but no row is -ENOENT. */
int sql_row(struct sql *q) __attribute__((warn_unused_result));
/* For statements without rows: 0 or negative errno; -EEXIST for a broken UNIQUE. ret_changes may be NULL. */
int sql_run(struct sql *q, int64_t *ret_changes) __attribute__((warn_unused_result));
/* As sql_run, but -ENOENT if no row was changed. */
int sql_run_one(struct sql *q) __attribute__((warn_unused_result));

/* Columns of the present row, left to right; ranges are checked, an error sticks in q->error. */
int64_t sql_int(struct sql *q);
int64_t sql_ranged(struct sql *q, int64_t min, int64_t max);
uint32_t sql_u32(struct sql *q);
void sql_text(struct sql *q, char *out, size_t cap);   /* NULL reads as "" */
size_t sql_blob(struct sql *q, void *out, size_t cap); /* its length; 0 also where it does not fit */

/* sqlite result code -> negative errno. */
int sql_errno(int code);
/* The same right after a call on c failed, where SQLite has only an I/O error: tells -ENOSPC (a quota, too), -EROFS,
 * and limits of the system that load can reach. -EIO is left for what is really broken. */
int sql_errno_of(sqlite3 *c, int code);
/* The same for what a method of the VFS gave. */
int sql_errno_of_system(int code, int system_errno);
/* The same of db's last call; a sync that failed in it is remembered, for db_sync to tell. */
int sql_error(struct db *db, int code);

#endif
