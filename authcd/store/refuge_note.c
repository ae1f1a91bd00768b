/* SPDX-License-Identifier: MIT
 *
 * See refuge_note.h. One row of the meta table: two points of the audit, one behind the other.
 */
#include "refuge_note.h"

#include <errno.h>
#include <string.h>

#include "sql.h"

enum { POINT_SIZE = 8 + CHAIN_HASH_SIZE };

static void put_point(unsigned char out[POINT_SIZE], const struct audit_point *p)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)p->seq >> (56 - 8 * i));
    memcpy(out + 8, p->hash, sizeof p->hash);
}

static void take_point(const unsigned char in[POINT_SIZE], struct audit_point *p)
{
    uint64_t seq = 0;
    for (int i = 0; i < 8; i++)
        seq = seq << 8 | in[i];
    p->seq = (int64_t)(seq & INT64_MAX);
    memcpy(p->hash, in + 8, sizeof p->hash);
}

static int write_note(struct db *db, const struct refuge_note *note)
{
    unsigned char bytes[2 * POINT_SIZE];
    put_point(bytes, &note->left);
    put_point(bytes + POINT_SIZE, &note->sent);
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO meta (name, value) VALUES ('refuge', ?)"
                                          " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    sql_bind_blob(&q, bytes, sizeof bytes);
    return sql_run(&q, NULL);
}

int refuge_note_read(struct db *there, struct refuge_note *ret)
{
    unsigned char bytes[2 * POINT_SIZE];
    SQL_AUTO struct sql q = sql_begin(there, "SELECT value FROM meta WHERE name = 'refuge'");
    int error = sql_row(&q);
    if (error < 0)
        return error;
    if (sql_blob(&q, bytes, sizeof bytes) != sizeof bytes || q.error < 0)
        return -EIO;
    take_point(bytes, &ret->left);
    take_point(bytes + POINT_SIZE, &ret->sent);
    return 0;
}

int refuge_note_left(struct db *there, const struct audit *why)
{
    DB_TRANSACTION struct db_transaction t = {0};
    struct refuge_note note;
    struct audit row = *why;
    int error = db_transaction(there, &t);
    if (error < 0 || (error = audit_point(there, &note.left)) < 0)
        return error;
    note.sent = note.left;
    if ((error = write_note(there, &note)) < 0 || (error = audit_append(there, &row)) < 0 ||
        (error = db_transaction_commit(&t)) < 0)
        return error;
    return db_sync(there);
}

int refuge_note_sent(struct db *there, struct refuge_note *note)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(there, &t);
    if (error < 0 || (error = audit_point(there, &note->sent)) < 0 || (error = write_note(there, note)) < 0)
        return error;
    return db_transaction_commit(&t);
}

void refuge_note_forget(struct db *db)
{
    DB_TRANSACTION struct db_transaction t = {0};
    if (db_transaction(db, &t) < 0)
        return;
    SQL_AUTO struct sql q = sql_begin(db, "DELETE FROM meta WHERE name = 'refuge'");
    if (sql_run(&q, NULL) == 0)
        (void)!db_transaction_commit(&t);
}

static bool is_same(const struct audit_point *a, const struct audit_point *b)
{
    return a->seq == b->seq && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

bool refuge_note_awaits(const struct refuge_note *note, const struct audit_point *at_home)
{
    return is_same(at_home, &note->left) || is_same(at_home, &note->sent);
}
