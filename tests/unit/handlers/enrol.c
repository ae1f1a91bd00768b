/* SPDX-License-Identifier: MIT
 *
 * Enrolment inside a login (O7, its half): one factor waits for the login that is going on, not one for each that broke
 * off; it counts only after a code of it (O5); nobody gets in by it who has another factor by now.
 */
#include "enrol.h"

#include "desk_ask.h"

static struct line *sshd; /* a login by ada is going on */

static struct {
    int error;
    struct factor factor;
    struct msg_row_enrolment row;
    enum otp_result result;
    int64_t audits;
    struct audit audit;
} did;

static void note(struct desk *d, int64_t before)
{
    did.audits = ask_position(d) - before;
    memset(&did.audit, 0, sizeof did.audit);
    if (did.audits > 0)
        desk_must(audit_next(d->db, before + did.audits - 1, "", 0, &did.audit), "audit row");
}

static void start(struct desk *d, const struct account *a)
{
    struct handler h = desk_handler(d, sshd);
    int64_t before = ask_position(d);
    memset(&did, 0, sizeof did);
    desk_must(db_begin(d->db), "begin");
    did.error = enrol_start(&h, a, ENROL_LABEL, &did.factor, &did.row);
    if (did.error < 0)
        db_rollback(d->db);
    else
        desk_must(db_commit(d->db), "commit");
    note(d, before);
}

static void confirm(struct desk *d, const struct account *a, uint32_t number, const char *text)
{
    struct handler h = desk_handler(d, sshd);
    struct secret typed = {0};
    int64_t before = ask_position(d);
    desk_must(secret_set(&typed, text, strlen(text)), "typed");
    did.result = OTP_CLOCK;
    DESK_STORE(d, did.error = enrol_confirm(&h, a, number, &typed, &did.result));
    note(d, before);
}

static size_t waiting(struct desk *d, const struct account *a)
{
    struct factor f = {0};
    size_t n = 0;
    while (factors_next(d->db, a->id, f.number, &f) == 0)
        n += f.confirmed_at == 0;
    return n;
}

static uint32_t codes(struct desk *d, const struct account *a)
{
    struct account now;
    desk_must(accounts_by_id(d->db, a->id, &now), "account");
    return now.codes;
}

static void test_start(struct desk *d, const struct account *ada)
{
    start(d, ada);
    ok(did.error == 0 && did.factor.number == 1 && did.row.id == 1 && strcmp(did.row.label, ENROL_LABEL) == 0, "begun");
    ok(strncmp(did.row.uri, "otpauth://totp/host.example.org:ada?", 36) == 0 && strlen(did.row.secret) == 32 &&
           strchr(did.row.qr, '\n'),
       "160 bits, as address, text and picture");
    ok(did.audits == 1 && did.audit.event == AUDIT_FACTOR_ADD && strcmp(did.audit.service, "sshd") == 0 &&
           strcmp(did.audit.source, "192.0.2.7") == 0 && did.audit.actor[0] == '\0',
       "audited as the login that it is part of");
    ok(!strstr(did.audit.result, did.row.secret), "without the secret");
    is_int(codes(d, ada), 0, "it does not count");
    struct msg_row_enrolment first = did.row;
    struct factor left = did.factor;
    for (int i = 0; i < 2 * FACTORS_PER_ACCOUNT_MAX; i++)
        start(d, ada);
    ok(did.error == 0 && waiting(d, ada) == 1, "however many logins break off, one factor waits");
    ok(strcmp(did.row.secret, first.secret) != 0 && did.factor.number > left.number, "with a secret of its own");
    confirm(d, ada, left.number, "000000");
    ok(did.error == 0 && did.result == OTP_WRONG && did.audits == 0, "one that went confirms nothing");
}

static void test_confirm(struct desk *d, const struct account *ada)
{
    struct factor f = did.factor;
    const char *code = desk_factor_code(d, &f, d->now.wall_s / 30);
    char wrong[OTP_CODE_SIZE];
    strcpy(wrong, code);
    wrong[5] = wrong[5] == '9' ? '0' : (char)(wrong[5] + 1);
    confirm(d, ada, f.number, wrong);
    ok(did.result == OTP_WRONG && codes(d, ada) == 0, "a wrong code confirms nothing");
    confirm(d, ada, f.number, desk_factor_code(d, &f, d->now.wall_s / 30 - 2));
    ok(did.result == OTP_WRONG && codes(d, ada) == 0, "nor an old one");
    confirm(d, ada, f.number, code);
    ok(did.result == OTP_RIGHT && codes(d, ada) == 1, "a right one does");
    ok(did.audits == 1 && did.audit.event == AUDIT_FACTOR_CONFIRM && strcmp(did.audit.service, "sshd") == 0, "audited");
    confirm(d, ada, f.number, code);
    ok(did.result == OTP_WRONG && did.audits == 0, "nobody else gets in by it");
    confirm(d, ada, f.number, desk_factor_code(d, &f, d->now.wall_s / 30 + 1));
    ok(did.result == OTP_WRONG, "not by its next code either: that is for the login to ask");
    start(d, ada);
    ok(did.error == -EEXIST && did.audits == 0, "who has a factor enrols by proving it");
}

/* Two logins at once: the second one's secret is the one that counts; and who was faster keeps others out. */
static void test_race(struct desk *d)
{
    struct account bob = desk_account(d, "bob", 1002, "user", "correct horse", NULL, 0);
    struct factor mine = {.account_id = bob.id, .label = "phone"};
    struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    otp_secret_make(&otp);
    start(d, &bob);
    struct factor first = did.factor;
    const char *code = desk_factor_code(d, &first, d->now.wall_s / 30);
    start(d, &bob);
    struct factor second = did.factor;
    confirm(d, &bob, first.number, code);
    ok(did.result == OTP_WRONG && codes(d, &bob) == 0, "the first login's secret is void once the second began");
    DESK_STORE(d, factors_add(d->db, &mine, &otp, d->now.wall_s));
    ok(waiting(d, &bob) == 2, "what was added by request stays");
    DESK_STORE(d, factors_confirm(d->db, mine.id, d->now.wall_s));
    confirm(d, &bob, second.number, desk_factor_code(d, &second, d->now.wall_s / 30));
    ok(did.result == OTP_WRONG && codes(d, &bob) == 1, "with a confirmed factor there is nothing more to enrol");
}

static void test_full(struct desk *d)
{
    struct account cyd = desk_account(d, "cyd", 1003, "user", "correct horse", NULL, 0);
    struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    otp_secret_make(&otp);
    for (int i = 0; i < FACTORS_PER_ACCOUNT_MAX; i++) {
        struct factor f = {.account_id = cyd.id};
        snprintf(f.label, sizeof f.label, "f%d", i);
        DESK_STORE(d, factors_add(d->db, &f, &otp, d->now.wall_s));
    }
    start(d, &cyd);
    ok(did.error == -EDQUOT && did.audits == 0, "no more than are kept");
}

int main(void)
{
    static struct desk d;
    static struct msg_begin begin;
    desk_open(&d);
    sshd = desk_line(&d, 0);
    struct account ada = desk_account(&d, "ada", 1001, "user", "correct horse", NULL, 0);
    desk_begin_msg(&begin, PHASE_AUTH, "sshd", "ada");
    desk_begin(&d, sshd, &begin);
    test_start(&d, &ada);
    test_confirm(&d, &ada);
    test_race(&d);
    test_full(&d);
    desk_close(&d);
    return tap_done();
}
