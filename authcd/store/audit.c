/* SPDX-License-Identifier: MIT
 *
 * The audit table and the head of its chain: sequence, hash, the key for the next row (sealed), and a MAC of the head.
 * The head is kept in memory between rows of one connection, because unsealing and parsing it for each would be most of
 * the work; a rollback forgets it (db.c). Rows' own MACs are for whoever kept an earlier key: no such key is here.
 * Leaves out the journal.
 */
#include "audit.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "random.h"
#include "sql.h"
#include "text.h"

enum { SEALED_KEY_SIZE = CHAIN_KEY_SIZE + VAULT_OVERHEAD, HOST = 0 };

/* ---- canonical bytes ---- */

enum { BYTES_MAX = sizeof(struct audit) + 64 }; /* every text with its length in place of its NUL and padding */

struct bytes {
    size_t len;
    unsigned char at[BYTES_MAX];
};

static void put_number(struct bytes *b, uint64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        b->at[b->len++] = (unsigned char)(v >> shift);
}

static void put_text(struct bytes *b, const char *text)
{
    size_t len = strlen(text);
    put_number(b, len);
    memcpy(b->at + b->len, text, len);
    b->len += len;
}

/* Every field with a length of its own, so that no two rows have the same bytes. */
static void canonical(struct bytes *b, const struct audit *row)
{
    b->len = 0;
    put_number(b, (uint64_t)row->seq);
    put_number(b, (uint64_t)row->at);
    put_number(b, (uint64_t)row->event);
    put_text(b, row->account);
    put_text(b, row->actor);
    put_text(b, row->service);
    put_text(b, row->source);
    put_text(b, row->result);
}

/* ---- the head ---- */

struct head {
    struct audit_head head;
    unsigned char mac[CHAIN_MAC_SIZE];
};

#define HEAD_AUTO __attribute__((cleanup(head_wipe)))
static void head_wipe(struct head *h)
{
    explicit_bzero(h, sizeof *h);
}

static int unseal_key(struct db *db, const unsigned char *sealed, size_t len, struct chain *chain)
{
    size_t key_len = 0;
    int error = vault_open(db->vault, VAULT_AUDIT_KEY, HOST, sealed, len, chain->key, sizeof chain->key, &key_len);
    return error < 0 || key_len != sizeof chain->key ? -EBADMSG : 0;
}

static int read_head(struct db *db, struct head *ret)
{
    HEAD_AUTO struct head h = {.head.loaded = true};
    unsigned char sealed[SEALED_KEY_SIZE];
    SQL_AUTO struct sql q = sql_begin(db, "SELECT seq, hash, key, mac FROM audit_state WHERE id = 1");
    int error = sql_row(&q);
    if (error < 0)
        return error == -ENOENT ? -EBADMSG : error;
    h.head.seq = sql_int(&q);
    size_t hash_len = sql_blob(&q, h.head.chain.hash, sizeof h.head.chain.hash);
    size_t sealed_len = sql_blob(&q, sealed, sizeof sealed);
    size_t mac_len = sql_blob(&q, h.mac, sizeof h.mac);
    if (q.error < 0)
        return q.error;
    if (hash_len != sizeof h.head.chain.hash || mac_len != sizeof h.mac ||
        unseal_key(db, sealed, sealed_len, &h.head.chain) < 0)
        return -EBADMSG;
    *ret = h;
    return 0;
}

static int write_head(struct db *db, const struct audit_head *head)
{
    unsigned char sealed[SEALED_KEY_SIZE], mac[CHAIN_MAC_SIZE];
    size_t len = 0;
    int error = vault_seal(db->vault, VAULT_AUDIT_KEY, HOST, head->chain.key, sizeof head->chain.key, sealed,
                           sizeof sealed, &len);
    if (error < 0)
        return error;
    chain_head_mac(&head->chain, mac);
    SQL_AUTO struct sql q = sql_begin(db, "UPDATE audit_state SET seq = ?, hash = ?, key = ?, mac = ? WHERE id = 1");
    sql_bind_int(&q, head->seq);
    sql_bind_blob(&q, head->chain.hash, sizeof head->chain.hash);
    sql_bind_blob(&q, sealed, len);
    sql_bind_blob(&q, mac, sizeof mac);
    return sql_run_one(&q);
}

int audit_start(struct db *db)
{
    HEAD_AUTO struct head h = {0};
    random_bytes(h.head.chain.key, sizeof h.head.chain.key);
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO audit_state (id, seq, hash, key, mac, delivered)"
                                          " VALUES (1, 0, x'00', x'00', x'00', 0)");
    int error = sql_run(&q, NULL);
    return error < 0 ? error : write_head(db, &h.head);
}

/* ---- writing ---- */

static int insert(struct db *db, const struct audit *row, const unsigned char *hash, const unsigned char *mac)
{
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO audit (seq, at, event, account, actor, service, source, result,"
                                          " hash, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    sql_bind_int(&q, row->seq);
    sql_bind_int(&q, row->at);
    sql_bind_int(&q, row->event);
    sql_bind_text(&q, row->account);
    sql_bind_text(&q, row->actor);
    sql_bind_text(&q, row->service);
    sql_bind_text(&q, row->source);
    sql_bind_text(&q, row->result);
    sql_bind_blob(&q, hash, CHAIN_HASH_SIZE);
    sql_bind_blob(&q, mac, CHAIN_MAC_SIZE);
    int error = sql_run(&q, NULL);
    return error == -EEXIST ? -EIO : error; /* a row past the head: the table was written by somebody else */
}

static int load_head(struct db *db, struct head *ret)
{
    if (!db->audit.loaded)
        return read_head(db, ret);
    ret->head = db->audit;
    return 0;
}

/* Works on a copy of the head, which replaces it only when both rows are written. */
int audit_append(struct db *db, struct audit *row)
{
    HEAD_AUTO struct head h = {0};
    struct bytes bytes;
    unsigned char mac[CHAIN_MAC_SIZE];
    struct audit made = *row;
    int error = load_head(db, &h);
    if (error < 0)
        return error;
    made.seq = ++h.head.seq;
    canonical(&bytes, &made);
    chain_append(&h.head.chain, bytes.at, bytes.len, mac);
    if ((error = insert(db, &made, h.head.chain.hash, mac)) < 0 || (error = write_head(db, &h.head)) < 0)
        return error;
    db->audit = h.head;
    row->seq = made.seq;
    return 0;
}

void audit_unknown_name(struct db *db, struct audit *row, const char *name)
{
    unsigned char hash[VAULT_NAME_SIZE];
    static_assert(sizeof row->account >= 1 + 2 * VAULT_NAME_SIZE + 1, "\"~\", hexadecimal digits, NUL");
    vault_name(db->vault, VAULT_NAMES_UNKNOWN, name, hash);
    row->account[0] = '~';
    text_hex(row->account + 1, hash, sizeof hash);
}

/* ---- reading ---- */

#define AUDIT_COLUMNS "SELECT seq, at, event, account, actor, service, source, result, hash FROM audit "

static int read_row(struct sql *q, struct audit *ret, unsigned char hash[CHAIN_HASH_SIZE])
{
    struct audit row = {0};
    int error = sql_row(q);
    if (error < 0)
        return error;
    row.seq = sql_int(q);
    row.at = sql_int(q);
    row.event = (enum audit_event)sql_ranged(q, 0, INT32_MAX);
    sql_text(q, row.account, sizeof row.account);
    sql_text(q, row.actor, sizeof row.actor);
    sql_text(q, row.service, sizeof row.service);
    sql_text(q, row.source, sizeof row.source);
    sql_text(q, row.result, sizeof row.result);
    if (sql_blob(q, hash, CHAIN_HASH_SIZE) != CHAIN_HASH_SIZE || q->error < 0)
        return -EIO;
    *ret = row;
    return 0;
}

/* Two statements, because only the one that names an account may use the index of accounts. */
int audit_next(struct db *db, int64_t after, const char *account, int64_t since_at, struct audit *ret)
{
    unsigned char hash[CHAIN_HASH_SIZE];
    const char *text = account[0] != '\0' ? AUDIT_COLUMNS
                           "WHERE seq > ? AND at >= ? AND account = ? ORDER BY seq LIMIT 1"
                                          : AUDIT_COLUMNS "WHERE seq > ? AND at >= ? ORDER BY seq LIMIT 1";
    SQL_AUTO struct sql q = sql_begin(db, text);
    sql_bind_int(&q, after);
    sql_bind_int(&q, since_at);
    if (account[0] != '\0')
        sql_bind_text(&q, account);
    return read_row(&q, ret, hash);
}

int audit_before(struct db *db, int64_t before, const char *account, struct audit *ret)
{
    unsigned char hash[CHAIN_HASH_SIZE];
    SQL_AUTO struct sql q = sql_begin(db, AUDIT_COLUMNS "WHERE seq < ? AND account = ? ORDER BY seq DESC LIMIT 1");
    sql_bind_int(&q, before);
    sql_bind_text(&q, account);
    return read_row(&q, ret, hash);
}

int audit_position(struct db *db, int64_t *ret_seq, int64_t *ret_delivered)
{
    SQL_AUTO struct sql q = sql_begin(db, "SELECT seq, delivered FROM audit_state WHERE id = 1");
    int error = sql_row(&q);
    if (error < 0)
        return error;
    int64_t seq = sql_int(&q), delivered = sql_int(&q);
    if (q.error < 0)
        return q.error;
    *ret_seq = seq;
    *ret_delivered = delivered;
    return 0;
}

int audit_delivered(struct db *db, int64_t seq)
{
    SQL_AUTO struct sql q =
        sql_begin(db, "UPDATE audit_state SET delivered = max(delivered, min(seq, ?)) WHERE id = 1");
    sql_bind_int(&q, seq);
    return sql_run_one(&q);
}

/* ---- points ---- */

int audit_point(struct db *db, struct audit_point *ret)
{
    HEAD_AUTO struct head h = {0};
    int error = load_head(db, &h);
    if (error < 0)
        return error;
    ret->seq = h.head.seq;
    memcpy(ret->hash, h.head.chain.hash, sizeof ret->hash);
    return 0;
}

int audit_passed(struct db *db, const struct audit_point *p, bool *ret)
{
    unsigned char hash[CHAIN_HASH_SIZE];
    SQL_AUTO struct sql q = sql_begin(db, "SELECT hash FROM audit WHERE seq = ?");
    sql_bind_int(&q, p->seq);
    int row = sql_step(&q);
    if (row < 0)
        return row;
    *ret = row > 0 && sql_blob(&q, hash, sizeof hash) == sizeof hash && memcmp(hash, p->hash, sizeof hash) == 0;
    return q.error;
}

/* ---- verifying ---- */

/* Recomputes up to the last row or the first bad one, which goes to *ret_bad_seq. */
static int recompute(struct db *db, struct chain *chain, int64_t *ret_last, int64_t *ret_bad_seq)
{
    struct audit row;
    struct bytes bytes;
    unsigned char stored[CHAIN_HASH_SIZE], mac[CHAIN_MAC_SIZE];
    int error;
    SQL_AUTO struct sql q = sql_begin(db, AUDIT_COLUMNS "ORDER BY seq");
    while ((error = read_row(&q, &row, stored)) == 0) {
        canonical(&bytes, &row);
        chain_append(chain, bytes.at, bytes.len, mac);
        if (memcmp(chain->hash, stored, sizeof stored) != 0) { /* also where a number is missing: it is hashed too */
            *ret_bad_seq = *ret_last + 1;
            return 0;
        }
        *ret_last = row.seq;
    }
    return error == -ENOENT ? 0 : error;
}

static int64_t judge_head(const struct head *h, const struct chain *recomputed, int64_t last)
{
    unsigned char mac[CHAIN_MAC_SIZE];
    if (last != h->head.seq)
        return (last < h->head.seq ? last : h->head.seq) + 1;
    chain_head_mac(&h->head.chain, mac);
    bool good = memcmp(recomputed->hash, h->head.chain.hash, sizeof recomputed->hash) == 0 &&
                memcmp(mac, h->mac, sizeof mac) == 0;
    return good ? 0 : h->head.seq > 0 ? h->head.seq : 1;
}

int audit_verify(struct db *db, int64_t *ret_bad_seq)
{
    HEAD_AUTO struct head h = {0};
    struct chain chain = {0}; /* its key is not the real one: only the hashes are compared */
    int64_t last = 0, bad = 0;
    int error = read_head(db, &h);
    if (error < 0 || (error = recompute(db, &chain, &last, &bad)) < 0)
        return error;
    *ret_bad_seq = bad != 0 ? bad : judge_head(&h, &chain, last);
    return 0;
}

/* ---- events.def ---- */

struct event {
    enum audit_event number;
    const char *label, *message_id, *text;
    int priority;
};

static const struct event *event_row(enum audit_event number)
{
    static const struct event unknown = {0, "unknown", "00000000000000000000000000000000", "unknown event", 5};
    static const struct event events[] = {
#define EVENT(name, number, label, id, priority, text) {AUDIT_##name, label, id, text, priority},
#include "events.def"
#undef EVENT
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i].number == number)
            return &events[i];
    return &unknown;
}

const char *audit_label(enum audit_event event)
{
    return event_row(event)->label;
}

const char *audit_text(enum audit_event event)
{
    return event_row(event)->text;
}

const char *audit_message_id(enum audit_event event)
{
    return event_row(event)->message_id;
}

int audit_priority(enum audit_event event)
{
    return event_row(event)->priority;
}
