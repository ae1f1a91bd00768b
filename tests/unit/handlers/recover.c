/* SPDX-License-Identifier: MIT
 *
 * Recovery codes: ten that are shown once and audited never (A4), that take the place of the old ones (O6), for whoever
 * has a code factor that they could stand in for, and for nobody else's account (W7); listed, counted, removed.
 */
#include "recoveries.h"

#include "desk_ask.h"

static struct line *root;
static char shown[RECOVERY_CODES][RECOVERY_TEXT_SIZE]; /* of the last recovery_make */

/* As ASK, with all rows. */
static void make(struct desk *d, struct line *l, const char *user)
{
    struct msg_recovery_make in = {{0}};
    struct handler h = desk_handler(d, l);
    struct step step = {0};
    struct msg m;
    size_t n = 0;
    int64_t before = ask_position(d);
    strcpy(in.user, user);
    desk_must(db_begin(d->db), "begin");
    int error = on_recovery_make(&h, &in, &step);
    for (const struct reply *r = step.first; r && n < RECOVERY_CODES; r = r->next)
        if (msg_decode(r->bytes, r->len, &m) == 0 && m.number == MSG_row_recovery)
            strcpy(shown[n++], m.row_recovery.code);
    ask_done(d, before, error, &step);
}

static enum otp_result use(struct desk *d, const struct account *a, const char *text)
{
    struct secret s = {0};
    char code[RECOVERY_SIZE];
    desk_must(secret_set(&s, text, strlen(text)), "secret");
    desk_must(recovery_read(&s, code), "its form");
    desk_must(db_begin(d->db), "begin");
    int error = recoveries_use(d->db, a->id, code, d->now.wall_s);
    desk_must(db_commit(d->db), "commit");
    return error == 0 ? OTP_RIGHT : OTP_WRONG;
}

static void test_make(struct desk *d, const struct account *ada)
{
    make(d, root, "ada");
    ok(ask_gave(RECOVERY_CODES, 1) && asked.first.row_recovery.replaced == 0, "ten codes");
    ok(asked.audit.event == AUDIT_FACTOR_RECOVERY, "audited");
    is_str(asked.audit.result, "10 codes, in place of 0 unused", "without them");
    is_str(asked.first.row_recovery.user, "ada", "ada's");
    char old[RECOVERY_CODES][RECOVERY_TEXT_SIZE];
    memcpy(old, shown, sizeof old);
    size_t alike = 0;
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        for (size_t k = 0; k < i; k++)
            alike += strcmp(old[i], old[k]) == 0;
    is_int(alike, 0, "no two alike");
    ok(use(d, ada, old[3]) == OTP_RIGHT && use(d, ada, old[3]) == OTP_WRONG && use(d, ada, old[9]) == OTP_RIGHT,
       "each opens once");
    ASK(d, root, user_show, .user = "ada");
    is_int(asked.first.row_user.recovery_left, 8, "eight are left");
    make(d, root, "ada");
    ok(ask_gave(RECOVERY_CODES, 1) && asked.first.row_recovery.replaced == 8, "new ones take their place");
    bool any = false;
    for (size_t i = 0; i < RECOVERY_CODES; i++)
        any = any || use(d, ada, old[i]) == OTP_RIGHT;
    ok(!any, "none of the old ones opens any more");
    ok(use(d, ada, shown[0]) == OTP_RIGHT, "a new one does");
}

static void test_refusals(struct desk *d, const struct account *ada)
{
    struct recoveries r = {0};
    make(d, root, "bob");
    ok(ask_refused(REFUSAL_INVALID), "none for an account without a code factor");
    make(d, root, "nobody-there");
    ok(ask_refused(REFUSAL_NOT_FOUND), "nor for one that is not there");
    struct line *eve = desk_line(d, 1002);
    make(d, eve, "ada");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "nor for somebody else");
    struct line *own = desk_line(d, 1001);
    own->peer.proved_at = ada->password_changed_at - 1;
    make(d, own, "");
    ok(ask_refused(REFUSAL_STEPUP), "what was proved with an older password is proved no more");
    ASK(d, own, factor_remove, .id = 0);
    ok(ask_refused(REFUSAL_STEPUP), "nor removes them");
    ok(recoveries_get(d->db, ada->id, &r) == 0 && r.left == 9, "what ada has she keeps");
    own->peer.proved_at = d->now.wall_s;
    make(d, own, "");
    ok(ask_gave(RECOVERY_CODES, 1) && asked.first.row_recovery.replaced == 9, "one's own, proved");
}

static void test_list(struct desk *d, const struct account *ada)
{
    use(d, ada, shown[0]);
    ASK(d, root, factor_list, .user = "ada");
    ok(ask_gave(2, 0) && strcmp(asked.first.row_factor.kind, "totp") == 0, "listed behind the factors");
    ASK(d, root, factor_remove, .user = "ada", .id = 0);
    const struct msg_row_factor *row = &asked.first.row_factor;
    ok(ask_gave(1, 1) && row->id == 0 && strcmp(row->kind, "recovery") == 0 && row->left == 9 && row->confirmed &&
           row->created_at == d->now.wall_s && row->last_used_at == d->now.wall_s,
       "removed, as what they were");
    is_str(row->form, "9 of 10 left", "in words");
    ok(asked.audit.event == AUDIT_FACTOR_REMOVE && strcmp(asked.audit.result, "recovery codes, 9 unused") == 0,
       "audited");
    ok(use(d, ada, shown[1]) == OTP_WRONG, "none opens any more");
    ASK(d, root, factor_remove, .user = "ada", .id = 0);
    ok(ask_refused(REFUSAL_NOT_FOUND), "once");
    ASK(d, root, factor_list, .user = "ada");
    ok(ask_gave(1, 0), "and listed no more");
}

static void test_silence(struct desk *d)
{
    struct audit row = {0};
    bool silent = true;
    make(d, root, "ada");
    while (audit_next(d->db, row.seq, "", 0, &row) == 0)
        for (size_t i = 0; i < RECOVERY_CODES; i++)
            silent = silent && !strstr(row.result, shown[i]) && !strstr(row.source, shown[i]);
    ok(silent, "no audit row has one");
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    root = desk_line(&d, 0);
    struct account ada = desk_account(&d, "ada", 1001, "admin", "correct horse", "12345678901234567890", 6);
    desk_account(&d, "bob", 1003, "user", "correct horse", NULL, 0);
    desk_account(&d, "eve", 1002, "user", "correct horse", "12345678901234567890", 6);
    test_make(&d, &ada);
    test_refusals(&d, &ada);
    test_list(&d, &ada);
    test_silence(&d);
    desk_close(&d);
    return tap_done();
}
