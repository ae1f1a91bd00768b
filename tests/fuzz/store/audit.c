/* SPDX-License-Identifier: MIT
 *
 * The audit's rows, cut out of any text in any two ways: a row comes back as it was written, the chain verifies, two
 * rows that differ never have the same hash, and no byte of a stored row can change without being found (A3, S8).
 *
 * The input: four bytes of where the first row's texts end, four of where the second's do, the place of the byte that
 * is changed, the event, then the text.
 */
#include "unit/store/fixture.h"

#include "audit.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 10, FIELDS = 5 };

static void must(bool good)
{
    if (!good)
        abort();
}

static struct db *db;

static void at_end(void)
{
    db_close(db);
}

/* Copies text up to place end, if that fits and is UTF-8; *at moves on. */
static bool cut(char *out, size_t cap, const char *text, size_t *at, size_t end)
{
    size_t len = end > *at ? end - *at : 0;
    if (len >= cap || !text_is_utf8(text + *at, len))
        return false;
    memcpy(out, text + *at, len);
    out[len] = '\0';
    *at += len;
    return true;
}

static bool make_row(const uint8_t ends[4], enum audit_event event, const char *text, size_t len, struct audit *ret)
{
    size_t at = 0;
    *ret = (struct audit){.at = NOW, .event = event};
    return cut(ret->account, sizeof ret->account, text, &at, ends[0] % (len + 1)) &&
           cut(ret->actor, sizeof ret->actor, text, &at, ends[1] % (len + 1)) &&
           cut(ret->service, sizeof ret->service, text, &at, ends[2] % (len + 1)) &&
           cut(ret->source, sizeof ret->source, text, &at, (size_t)ends[3] * 4 % (len + 1)) &&
           cut(ret->result, sizeof ret->result, text, &at, len);
}

static bool same(const struct audit *a, const struct audit *b)
{
    return a->at == b->at && a->event == b->event && !strcmp(a->account, b->account) && !strcmp(a->actor, b->actor) &&
           !strcmp(a->service, b->service) && !strcmp(a->source, b->source) && !strcmp(a->result, b->result);
}

/* Appends row, reads it back, and gives the hash that the chain then has. */
static void append(struct audit *row, unsigned char hash[CHAIN_HASH_SIZE])
{
    struct audit again;
    int64_t bad = -1;
    must(audit_append(db, row) == 0);
    must(audit_next(db, row->seq - 1, "", 0, &again) == 0 && again.seq == row->seq && same(row, &again));
    must(audit_verify(db, &bad) == 0 && bad == 0);
    SQL_AUTO struct sql q = sql_begin(db, "SELECT hash FROM audit WHERE seq = ?");
    sql_bind_int(&q, row->seq);
    must(sql_row(&q) == 0 && sql_blob(&q, hash, CHAIN_HASH_SIZE) == CHAIN_HASH_SIZE);
}

static void write_field(unsigned field, int64_t seq, const char *text)
{
    static const char *const updates[FIELDS] = {
        "UPDATE audit SET account = ? WHERE seq = ?", "UPDATE audit SET actor = ? WHERE seq = ?",
        "UPDATE audit SET service = ? WHERE seq = ?", "UPDATE audit SET source = ? WHERE seq = ?",
        "UPDATE audit SET result = ? WHERE seq = ?"};
    SQL_AUTO struct sql q = sql_begin(db, updates[field]);
    sql_bind_text(&q, text);
    sql_bind_int(&q, seq);
    must(sql_run_one(&q) == 0);
}

/* One byte of one text of the stored row, changed behind authcd's back. */
static void tamper(const struct audit *row, size_t place)
{
    const char *const texts[FIELDS] = {row->account, row->actor, row->service, row->source, row->result};
    char changed[sizeof row->source];
    int64_t bad = 0;
    unsigned field = (unsigned)(place % FIELDS);
    size_t len = strlen(texts[field]);
    memcpy(changed, texts[field], len + 1);
    if (len == 0)
        memcpy(changed, "x", 2);
    else
        changed[place / FIELDS % len] = changed[place / FIELDS % len] == 'x' ? 'y' : 'x';
    write_field(field, row->seq, changed);
    must(audit_verify(db, &bad) == 0 && bad == row->seq);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit a, b;
    unsigned char hash_a[CHAIN_HASH_SIZE], hash_b[CHAIN_HASH_SIZE];
    if (!db) {
        db = fixture_fresh();
        atexit(at_end);
    }
    if (size < HEAD || memchr(data + HEAD, '\0', size - HEAD))
        return 0;
    const char *text = (const char *)data + HEAD;
    if (!make_row(data, data[9], text, size - HEAD, &a) || !make_row(data + 4, data[9], text, size - HEAD, &b))
        return 0;
    must(db_begin(db) == 0);
    append(&a, hash_a);
    db_rollback(db);
    must(db_begin(db) == 0);
    append(&b, hash_b);
    must(same(&a, &b) == (memcmp(hash_a, hash_b, sizeof hash_a) == 0));
    tamper(&b, data[8]);
    db_rollback(db);
    return 0;
}
