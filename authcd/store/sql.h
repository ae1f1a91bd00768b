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
    struct dbfiles files;
    sqlite3 *sqlite;
    struct vault *vault;
    bool dirty;
    int wal_pages; /* as of the last commit */
    bool in_transaction;
    int failed; /* first error of this transaction after which it must not be committed */
    struct audit_head audit;
    size_t n_statements;
    struct {
        const char *text;
        sqlite3_stmt *statement;
    } statements[SQL_STATEMENTS_MAX];
};

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

#endif
