/* SPDX-License-Identifier: MIT
 *
 * A counter that ran ahead is found by two codes in a row, and neither counts again (O2, RFC 4226 section 7.4); a step
 * that a wrong clock has left in the future is cleared by root alone, and no code that may have counted counts then
 * (O2 O3).
 */
#include "desk_ask.h"
#include "factor_check.h"

static struct line *root;

static void resync(struct desk *d, struct line *l, const char *user, uint32_t id, const char *code, const char *next)
{
    struct msg_factor_resync in = {.id = id};
    strcpy(in.user, user);
    desk_must(secret_set(&in.code, code, strlen(code)), "code");
    desk_must(secret_set(&in.next_code, next, strlen(next)), "code");
    ASK_IN(d, l, factor_resync, &in);
}

static enum otp_result login(struct desk *d, const struct account *a, const char *code)
{
    enum otp_result result = OTP_CLOCK;
    struct factor taker;
    struct secret s = {0};
    struct handler h = desk_handler(d, root);
    desk_must(secret_set(&s, code, strlen(code)), "code");
    DESK_STORE(d, factor_check_any(&h, a->id, &s, &result, &taker));
    return result;
}

static void test_counter(struct desk *d, const struct account *ada)
{
    struct factor f = {.account_id = ada->id, .label = "token"};
    struct otp otp = {.kind = OTP_HOTP, .algorithm = OTP_SHA1, .digits = 6};
    otp_secret_make(&otp);
    DESK_STORE(d, factors_add(d->db, &f, &otp, d->now.wall_s));
    DESK_STORE(d, factors_confirm(d->db, f.id, d->now.wall_s));
    ok(login(d, ada, desk_factor_code(d, &f, 700)) == OTP_WRONG, "a token far ahead opens nothing");
    resync(d, root, "ada", 2, desk_factor_code(d, &f, 700), desk_factor_code(d, &f, 702));
    ok(ask_refused(REFUSAL_WRONG_CODE), "two codes that do not follow each other");
    resync(d, root, "ada", 2, desk_factor_code(d, &f, 700), "");
    ok(ask_refused(REFUSAL_WRONG_CODE), "one code");
    resync(d, root, "ada", 2, desk_factor_code(d, &f, 2000), desk_factor_code(d, &f, 2001));
    ok(ask_refused(REFUSAL_WRONG_CODE), "too far ahead");
    struct line *own = desk_line(d, 1001);
    own->peer.proved_at = d->now.wall_s;
    resync(d, own, "", 2, desk_factor_code(d, &f, 700), desk_factor_code(d, &f, 701));
    ok(ask_gave(1, 1) && asked.first.row_factor.id == 2, "two in a row: one's own");
    ok(asked.audit.event == AUDIT_FACTOR_RESYNC, "audited");
    is_str(asked.audit.result, "hotp 2 \"token\", counter -1 -> 701", "from where to where");
    ok(login(d, ada, desk_factor_code(d, &f, 701)) == OTP_REPLAYED &&
           login(d, ada, desk_factor_code(d, &f, 700)) == OTP_REPLAYED,
       "neither of them counts again");
    ok(login(d, ada, desk_factor_code(d, &f, 702)) == OTP_RIGHT, "the next one does");
    resync(d, root, "ada", 2, desk_factor_code(d, &f, 700), desk_factor_code(d, &f, 701));
    ok(ask_refused(REFUSAL_WRONG_CODE), "never back");
}

/* What the audit says of a login with that code: an administrator must learn which factor it is. */
static void test_told(struct desk *d, const char *code, const char *want)
{
    static struct msg_begin begin;
    struct line *l = desk_line(d, 0);
    struct audit row = {0}, last = {0};
    desk_begin_msg(&begin, PHASE_AUTH, "sshd", "ada");
    desk_begin(d, l, &begin);
    desk_answer(d, l, "correct horse");
    desk_answer(d, l, code);
    while (audit_next(d->db, row.seq, "", 0, &row) == 0)
        last = row;
    ok(desk_verdict(l) == VERDICT_DENIED && last.event == AUDIT_FACTOR_CLOCK, "a login is told from a wrong code");
    ok(strncmp(last.result, want, strlen(want)) == 0, "%s: %s", want, last.result);
}

static void test_clock(struct desk *d, const struct account *ada)
{
    struct factor f;
    struct line *own = desk_line(d, 1001);
    int64_t now_step = d->now.wall_s / 30;
    own->peer.proved_at = d->now.wall_s;
    desk_must(factors_get(d->db, ada->id, 1, &f), "factor");
    resync(d, root, "ada", 1, "", "");
    ok(ask_refused(REFUSAL_INVALID), "nothing to clear");
    DESK_STORE(d, factors_use(d->db, f.id, now_step + 1000, d->now.wall_s));
    ok(login(d, ada, desk_factor_code(d, &f, now_step)) == OTP_CLOCK, "a step in the future: no code is judged");
    test_told(d, desk_factor_code(d, &f, now_step), "the clock is not usable for codes of factor 1");
    resync(d, own, "", 1, "", "");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "root alone clears it");
    int64_t now = d->now.wall_s;
    d->now.wall_s = OTP_TIME_MIN - 1;
    resync(d, root, "ada", 1, "", "");
    ok(ask_refused(REFUSAL_INVALID), "not by a clock that is not set");
    d->now.wall_s = now;
    resync(d, root, "ada", 1, "", "");
    ok(ask_gave(1, 1) && asked.audit.event == AUDIT_FACTOR_RESYNC, "cleared");
    for (int i = -1; i <= 1; i++)
        ok(login(d, ada, desk_factor_code(d, &f, now_step + i)) == OTP_REPLAYED, "no code of now counts: step %+d", i);
    d->now.wall_s += 30;
    ok(login(d, ada, desk_factor_code(d, &f, now_step + 2)) == OTP_RIGHT, "the next one does");
}

static void test_refusals(struct desk *d)
{
    struct line *eve = desk_line(d, 1002);
    eve->peer.proved_at = d->now.wall_s;
    resync(d, eve, "ada", 1, "", "");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "not another's");
    resync(d, root, "ada", 9, "", "");
    ok(ask_refused(REFUSAL_NOT_FOUND), "not what is not there");
    struct factor f;
    struct account eve_account;
    desk_must(accounts_by_name(d->db, "eve", &eve_account), "eve");
    desk_must(factors_get(d->db, eve_account.id, 1, &f), "factor");
    ok(f.last_step == 0, "and nothing of eve's has changed");
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    root = desk_line(&d, 0);
    struct account ada = desk_account(&d, "ada", 1001, "admin", "correct horse", "12345678901234567890", 6);
    desk_account(&d, "eve", 1002, "user", "correct horse", "09876543210987654321", 6);
    test_counter(&d, &ada);
    test_clock(&d, &ada);
    test_refusals(&d);
    desk_close(&d);
    return tap_done();
}
