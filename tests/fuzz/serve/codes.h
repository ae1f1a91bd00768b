/* SPDX-License-Identifier: MIT
 *
 * Which codes are good, as the sequence fuzzer knows it: those that opened something, or confirmed a factor, never are
 * again; recovery codes are those that authcd gave out last.
 */
#ifndef CODES_H
#define CODES_H

#include "hotp.h"
#include "recovery.h"
#include "world.h"

enum { TRUTHS_MAX = 128 };

/* Codes that opened something, or confirmed a factor: none may do so again. */
static struct {
    int64_t factor_id, step;
} spent[TRUTHS_MAX];
static size_t n_spent;

/* Recovery codes, as they were shown. */
static struct paper {
    int64_t account_id;
    unsigned batch;
    bool used;
    char code[RECOVERY_TEXT_SIZE];
} papers[TRUTHS_MAX];
static size_t n_papers;
static unsigned batch; /* of rows in one answer */

static void codes_reset(void)
{
    n_spent = n_papers = 0;
}

/* ---- one-time codes ---- */

static int64_t last_spent(int64_t factor_id)
{
    int64_t last = -1;
    for (size_t i = 0; i < n_spent; i++)
        if (spent[i].factor_id == factor_id && spent[i].step > last)
            last = spent[i].step;
    return last;
}

static void spend(int64_t factor_id, int64_t step)
{
    if (step <= last_spent(factor_id))
        return;
    world_must(n_spent < TRUTHS_MAX);
    spent[n_spent].factor_id = factor_id;
    spent[n_spent++].step = step;
}

/* The earliest step whose code of f these bytes are, in its window, and that is not spent; -1: none. */
static int64_t step_of(const struct factor *f, const unsigned char *code, size_t len)
{
    struct otp otp = {0};
    world_must(factors_otp(desk.db, f, &otp) == 0);
    int64_t last = last_spent(f->id);
    int64_t now = otp.kind == OTP_TOTP ? dispatch.now.wall_s / otp.period_s : last + 1;
    int64_t first = otp.kind == OTP_TOTP ? now - OTP_WINDOW : now;
    int64_t end = otp.kind == OTP_TOTP ? now + OTP_WINDOW : now + HOTP_AHEAD;
    for (int64_t step = first; len == f->digits && step <= end; step++) {
        char want[OTP_CODE_SIZE];
        if (otp_code(&otp, step, want) == 0 && memcmp(want, code, len) == 0 && step > last)
            return step;
    }
    return -1;
}

/* ---- recovery codes ---- */

/* New ones make all older ones void. */
static void paper_made(int64_t account_id, const char *code)
{
    for (size_t i = 0; i < n_papers; i++)
        papers[i].used = papers[i].used || (papers[i].account_id == account_id && papers[i].batch != batch);
    if (n_papers == TRUTHS_MAX)
        memmove(papers, papers + 1, --n_papers * sizeof papers[0]);
    papers[n_papers] = (struct paper){.account_id = account_id, .batch = batch};
    strcpy(papers[n_papers++].code, code);
}

static void papers_void(int64_t account_id)
{
    for (size_t i = 0; i < n_papers; i++)
        papers[i].used = papers[i].used || papers[i].account_id == account_id;
}

static bool same_letters(const char *shown, const unsigned char *typed, size_t len)
{
    struct secret a = {0}, b = {0};
    char one[RECOVERY_SIZE], two[RECOVERY_SIZE];
    return secret_set(&a, shown, strlen(shown)) == 0 && secret_set(&b, typed, len) == 0 &&
           recovery_read(&a, one) == 0 && recovery_read(&b, two) == 0 && strcmp(one, two) == 0;
}

static bool paper_right(int64_t account_id, const unsigned char *typed, size_t len, bool spending)
{
    for (size_t i = 0; i < n_papers; i++) {
        if (papers[i].account_id != account_id || papers[i].used || !same_letters(papers[i].code, typed, len))
            continue;
        papers[i].used = spending;
        return true;
    }
    return false;
}

/* ---- both ---- */

static bool code_right(int64_t account_id, const unsigned char *code, size_t len, bool spending)
{
    struct factor f = {0};
    while (factors_next(desk.db, account_id, f.number, &f) == 0) {
        int64_t step = f.confirmed_at ? step_of(&f, code, len) : -1;
        if (step >= 0 && spending)
            spend(f.id, step);
        if (step >= 0)
            return true;
    }
    return paper_right(account_id, code, len, spending);
}

/* What a request about factors has done: a code that confirmed is spent, and what was cleared may come again. */
static void codes_changed(const struct caller *c, const struct msg *in, const char *user, size_t rows)
{
    struct account a = world_account(user);
    struct factor f = {0};
    if (user[0] == '\0' && accounts_by_uid(desk.db, c->peer.uid, &a) < 0)
        return;
    if (in->number == MSG_factor_confirm || in->number == MSG_factor_resync)
        world_must(rows == 1);
    if (in->number == MSG_factor_remove && (in->factor_remove.id == 0 || a.codes == 0))
        papers_void(a.id);
    while (factors_next(desk.db, a.id, f.number, &f) == 0) {
        for (size_t i = 0; i < n_spent && in->number == MSG_factor_resync; i++)
            if (spent[i].factor_id == f.id && spent[i].step > f.last_step)
                spent[i] = spent[--n_spent], i--;
        if (f.confirmed_at)
            spend(f.id, f.last_step);
    }
}

#endif
