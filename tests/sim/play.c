/* SPDX-License-Identifier: MIT
 *
 * See play.h. What belongs together here is what handlers/attempt puts together; tests/unit/handlers/attempt_days plays
 * the same days against it, and has to come to the same numbers.
 */
#include "play.h"

#include <string.h>

struct rows {
    enum limit_who who;
    size_t n;
    struct {
        const struct limit_rule *rule;
        struct limit_row *row;
        bool shared;
    } of[PLAY_ROWS_MAX];
};

/* limit_rule looks its table through each time; here it is asked a hundred million times. */
static const struct limit_rule *rule_of(enum config_limits preset, enum bucket bucket, enum limit_who who)
{
    static const struct limit_rule *known[CONFIG_LIMITS_STIG + 1][BUCKET_COUNT][LIMIT_WHO_COUNT];
    static bool asked[CONFIG_LIMITS_STIG + 1][BUCKET_COUNT][LIMIT_WHO_COUNT];

    if (!asked[preset][bucket][who]) {
        known[preset][bucket][who] = limit_rule(preset, bucket, who);
        asked[preset][bucket][who] = true;
    }
    return known[preset][bucket][who];
}

struct clock play_clock(int64_t at_ms)
{
    return (struct clock){1700000000 + at_ms / 1000, at_ms + 1000000, "boot"};
}

enum limit_who play_who(const struct play *p, int64_t at_ms)
{
    uint32_t forfeit = rule_of(p->preset, BUCKET_PAIR, LIMIT_KNOWN)->forfeit;

    return at_ms < p->pair->known_until_ms && p->pair->row.consecutive < forfeit ? LIMIT_KNOWN : LIMIT_STRANGER;
}

static struct limit_row *row_of(const struct play *p, enum bucket bucket, enum limit_who who)
{
    switch (bucket) {
    case BUCKET_ACCOUNT:
        return &p->account->all;
    case BUCKET_PAIR:
        return &p->pair->row;
    case BUCKET_SOURCE:
        return p->source;
    case BUCKET_NET:
        return p->net;
    case BUCKET_OTP:
        return p->code ? &p->account->codes[who != LIMIT_STRANGER] : NULL;
    case BUCKET_COUNT:
        break;
    }
    return NULL;
}

static void rows_find(const struct play *p, int64_t at_ms, struct rows *ret)
{
    ret->n = 0;
    ret->who = play_who(p, at_ms);
    for (int bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        const struct limit_rule *rule = rule_of(p->preset, (enum bucket)bucket, ret->who);
        struct limit_row *row = row_of(p, (enum bucket)bucket, ret->who);
        if (!rule || !row)
            continue;
        ret->of[ret->n].rule = rule;
        ret->of[ret->n].row = row;
        ret->of[ret->n].shared = bucket == BUCKET_PAIR && rule_of(p->preset, BUCKET_ACCOUNT, ret->who) != NULL;
        ret->n++;
    }
}

static int64_t rows_wait(const struct rows *rows, int64_t at_ms)
{
    struct clock now = play_clock(at_ms);
    int64_t most = 0, wait_ms;

    for (size_t i = 0; i < rows->n; i++)
        if (limit_look(rows->of[i].rule, rows->of[i].row, &now, &wait_ms) == LIMIT_REFUSE && wait_ms > most)
            most = wait_ms;
    return most;
}

int64_t play_told(const struct play *p, int64_t at_ms)
{
    struct rows rows;

    rows_find(p, at_ms, &rows);
    return rows_wait(&rows, at_ms);
}

/* Levels leak while one waits, so it may be sooner than the rule says now: halved until it is found. */
int64_t play_wait(const struct play *p, int64_t at_ms)
{
    struct rows rows;
    rows_find(p, at_ms, &rows);
    int64_t refused = 0, admitted = rows_wait(&rows, at_ms), near = admitted / 64;

    if (admitted == PLAY_NEVER || admitted < PLAY_SECOND)
        return admitted;
    while (admitted - refused > near) {
        int64_t middle = (admitted + refused) / 2;
        if (rows_wait(&rows, at_ms + middle) > 0)
            refused = middle;
        else
            admitted = middle;
    }
    return admitted;
}

void play_fail(const struct play *p, int64_t at_ms)
{
    struct clock now = play_clock(at_ms);
    struct rows rows;

    rows_find(p, at_ms, &rows);
    for (size_t i = 0; i < rows.n; i++) {
        limit_charge(rows.of[i].rule, rows.of[i].row, &now, rows.of[i].shared);
        limit_fail(rows.of[i].row);
    }
}

static void take(struct limit_row *row, int64_t share)
{
    if (row)
        limit_take(row, share);
}

/* What a full success clears: the pair; its share of what strangers were charged; and rows of failures. */
void play_succeed(const struct play *p, int64_t at_ms)
{
    struct clock now = play_clock(at_ms);
    struct limit_row *pair = &p->pair->row;
    struct rows rows;

    rows_find(p, at_ms, &rows);
    for (size_t i = 0; i < rows.n; i++)
        if (rows.of[i].row != row_of(p, BUCKET_OTP, rows.who)) {
            limit_charge(rows.of[i].rule, rows.of[i].row, &now, rows.of[i].shared);
            limit_refund(rows.of[i].row, rows.of[i].shared);
        }
    take(&p->account->all, pair->share);
    take(rows.who == LIMIT_STRANGER ? p->source : NULL, pair->share);
    take(rows.who == LIMIT_STRANGER ? p->net : NULL, pair->share);
    pair->level = pair->share = 0;
    pair->consecutive = p->account->all.consecutive = p->account->codes[rows.who != LIMIT_STRANGER].consecutive = 0;
    p->pair->known_until_ms = at_ms + INT64_C(1000) * PLAY_FREE_S;
}

bool play_is_last(const struct play *p, int64_t at_ms, bool forfeit)
{
    struct rows rows;
    bool last = false;

    rows_find(p, at_ms, &rows);
    for (size_t i = 0; i < rows.n; i++) {
        uint32_t most = rows.of[i].rule->consecutive;
        if (forfeit && rows.who == LIMIT_KNOWN && most == 0)
            most = rows.of[i].rule->forfeit;
        last = last || (most > 0 && rows.of[i].row->consecutive + 1 >= most);
    }
    return last;
}
