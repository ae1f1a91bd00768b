/* SPDX-License-Identifier: MIT
 *
 * Code factors: a secret of at least 160 bits that is shown once and audited never, and that counts only after a code
 * of it was seen (O5, A4), of every kind and length (O1); labels, names, limits and refusals; nobody else's (W7); what
 * the last one takes along.
 */
#include "desk_ask.h"
#include "recoveries.h"

static struct line *root;
static const char *code(struct desk *d, const struct account *a, uint32_t number, int64_t offset_s)
{
    struct factor f;
    desk_must(factors_get(d->db, a->id, number, &f), "factor");
    return desk_factor_code(d, &f, (d->now.wall_s + offset_s) / f.period_s);
}

static void confirm(struct desk *d, struct line *l, const char *user, uint32_t id, const char *typed)
{
    struct msg_factor_confirm in = {.id = id};
    strcpy(in.user, user);
    desk_must(secret_set(&in.code, typed, strlen(typed)), "code");
    ASK_IN(d, l, factor_confirm, &in);
}

static uint32_t codes(struct desk *d)
{
    struct account a;
    desk_must(accounts_by_name(d->db, "ada", &a), "ada");
    return a.codes;
}

static void test_add(struct desk *d, char secret[129])
{
    ASK(d, root, factor_add, .user = "ada", .kind = "totp", .label = "phone");
    const struct msg_row_enrolment *row = &asked.first.row_enrolment;
    ok(ask_gave(1, 1) && strcmp(row->user, "ada") == 0 && row->id == 1 && strcmp(row->label, "phone") == 0, "enrolled");
    ok(strncmp(row->uri, "otpauth://totp/host.example.org:ada?", 36) == 0 && strstr(row->uri, row->secret),
       "the address");
    ok(strlen(row->secret) == 32 && strspn(row->secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == 32,
       "160 bits of base32");
    ok(strchr(row->qr, '\n') != NULL, "the picture");
    ok(asked.audit.event == AUDIT_FACTOR_ADD && !strstr(asked.audit.result, row->secret), "audited without the secret");
    is_int(codes(d), 0, "it does not count yet");
    strcpy(secret, row->secret);
}

static void test_refusals(struct desk *d)
{
    ASK(d, root, factor_add, .user = "ada", .kind = "sms");
    ok(ask_refused(REFUSAL_INVALID), "no such kind");
    ASK(d, root, factor_add, .user = "ada", .kind = "totp", .algorithm = "MD5");
    ok(ask_refused(REFUSAL_INVALID), "no such algorithm");
    ASK(d, root, factor_add, .user = "ada", .kind = "totp", .digits = 7);
    ok(ask_refused(REFUSAL_INVALID), "no such length");
    ASK(d, root, factor_add, .user = "ada", .kind = "totp", .label = "my phone");
    ok(ask_refused(REFUSAL_INVALID), "no such label");
    ASK(d, root, factor_add, .user = "ada", .kind = "totp", .label = "phone");
    ok(ask_refused(REFUSAL_EXISTS), "a label twice");
    ASK(d, root, factor_add, .user = "bob", .kind = "totp");
    ok(ask_refused(REFUSAL_NOT_FOUND), "no such account");
    struct line *eve = desk_line(d, 1002);
    ASK(d, eve, factor_add, .user = "ada", .kind = "totp");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "eve adds none to ada");
    ASK(d, eve, factor_rename, .user = "ada", .id = 1, .label = "mine");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "nor names one");
    ASK(d, eve, factor_list, .user = "ada");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "nor sees hers");
    ASK(d, eve, factor_remove, .user = "ada", .id = 1);
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "nor removes one");
    confirm(d, eve, "ada", 1, "000000");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "nor confirms one");
}

static void test_confirm(struct desk *d, const struct account *ada)
{
    char wrong[OTP_CODE_SIZE];
    strcpy(wrong, code(d, ada, 1, 0));
    wrong[0] = wrong[0] == '9' ? '0' : (char)(wrong[0] + 1);
    confirm(d, root, "ada", 1, wrong);
    ok(ask_refused(REFUSAL_WRONG_CODE) && codes(d) == 0, "a wrong code confirms nothing");
    confirm(d, root, "ada", 1, code(d, ada, 1, -90));
    ok(ask_refused(REFUSAL_WRONG_CODE), "nor an old one");
    confirm(d, root, "ada", 7, wrong);
    ok(ask_refused(REFUSAL_NOT_FOUND), "nor one of a factor that is not there");
    int64_t now = d->now.wall_s;
    d->now.wall_s = OTP_TIME_MIN - 1;
    confirm(d, root, "ada", 1, code(d, ada, 1, 0));
    ok(asked.last.refused.error == REFUSAL_INVALID && asked.audit.event == AUDIT_FACTOR_CLOCK,
       "nor any before 2020: audited");
    d->now.wall_s = now;
    confirm(d, root, "ada", 0, code(d, ada, 1, 0));
    ok(ask_gave(1, 1) && asked.first.row_factor.confirmed && asked.first.row_factor.id == 1 && codes(d) == 1,
       "a right one does");
    ok(asked.audit.event == AUDIT_FACTOR_CONFIRM, "audited");
    struct factor f;
    ok(factors_get(d->db, ada->id, 1, &f) == 0 && f.last_step == now / 30, "and its step is spent");
    confirm(d, root, "ada", 1, code(d, ada, 1, 30));
    ok(ask_refused(REFUSAL_INVALID), "not twice");
    confirm(d, root, "ada", 0, code(d, ada, 1, 30));
    ok(ask_refused(REFUSAL_NOT_FOUND), "and none is left to confirm");
}

static void test_labels(struct desk *d, const struct account *ada)
{
    struct line *own = desk_line(d, 1001); /* dispatch asks for the proof itself */
    own->peer.proved_at = ada->password_changed_at - 1;
    ASK(d, own, factor_add, .kind = "totp");
    ok(ask_refused(REFUSAL_STEPUP), "what was proved with an older password is proved no more");
    own->peer.proved_at = d->now.wall_s;
    ASK(d, own, factor_add, .kind = "totp", .algorithm = "SHA256", .digits = 8);
    ok(ask_gave(1, 1) && asked.first.row_enrolment.id == 2 && strcmp(asked.first.row_enrolment.label, "totp") == 0,
       "one's own, by default \"totp\"");
    ok(strcmp(asked.audit.actor, "") == 0, "without another actor");
    ASK(d, root, factor_add, .user = "ada", .kind = "totp");
    ok(ask_gave(1, 1) && strcmp(asked.first.row_enrolment.label, "totp-2") == 0, "the next is \"totp-2\"");
    confirm(d, root, "ada", 0, code(d, ada, 3, 0));
    ok(ask_gave(1, 1) && asked.first.row_factor.id == 3, "the newest is confirmed if none is named");
    confirm(d, root, "ada", 2, code(d, ada, 2, 0));
    ok(ask_gave(1, 1) && asked.first.row_factor.digits == 8 && strcmp(asked.first.row_factor.algorithm, "SHA256") == 0,
       "eight digits, SHA-256");
    for (int i = 3; i < FACTORS_PER_ACCOUNT_MAX; i++)
        ASK(d, root, factor_add, .user = "ada", .kind = "totp");
    ok(ask_gave(1, 1), "as many as are kept");
    ASK(d, root, factor_add, .user = "ada", .kind = "totp");
    ok(ask_refused(REFUSAL_INVALID), "and no more");
}

static void test_remove(struct desk *d)
{
    ASK(d, root, factor_list, .user = "ada");
    ok(ask_gave(FACTORS_PER_ACCOUNT_MAX, 0) && strcmp(asked.first.row_factor.label, "phone") == 0, "listed");
    ASK(d, root, factor_remove, .user = "ada", .id = 1);
    ok(ask_gave(1, 1) && asked.first.row_factor.id == 1 && asked.audit.event == AUDIT_FACTOR_REMOVE && codes(d) == 2,
       "removed");
    ASK(d, root, factor_remove, .user = "ada", .id = 1);
    ok(ask_refused(REFUSAL_NOT_FOUND), "once");
    ASK(d, root, factor_add, .user = "ada", .kind = "totp", .label = "phone");
    ok(ask_gave(1, 1) && asked.first.row_enrolment.id > 1, "its label is free, its number is not");
}

static void test_parameters(struct desk *d)
{
    struct account gil = desk_account(d, "gil", 1020, "user", "correct horse", NULL, 0);
    struct factor f;
    ASK(d, root, factor_add, .user = "gil", .kind = "totp", .algorithm = "SHA512", .digits = 8, .period_s = 60);
    ok(ask_gave(1, 1) && strstr(asked.first.row_enrolment.uri, "&algorithm=SHA512&digits=8&period=60"),
       "a code a minute");
    confirm(d, root, "gil", 1, code(d, &gil, 1, 0));
    ok(ask_gave(1, 1) && asked.first.row_factor.period_s == 60, "is confirmed by one");
    is_str(asked.first.row_factor.form, "8 digits, 60s, SHA512", "and described");
    ASK(d, root, factor_add, .user = "gil", .kind = "hotp", .label = "token");
    ok(ask_gave(1, 1) && strncmp(asked.first.row_enrolment.uri, "otpauth://hotp/", 15) == 0 &&
           strstr(asked.first.row_enrolment.uri, "&digits=6&counter=0"),
       "a counter");
    desk_must(factors_get(d->db, gil.id, 2, &f), "factor");
    confirm(d, root, "gil", 2, desk_factor_code(d, &f, 12));
    ok(ask_refused(REFUSAL_WRONG_CODE), "is not confirmed by a code far ahead");
    confirm(d, root, "gil", 2, desk_factor_code(d, &f, 1));
    ok(ask_gave(1, 1) && asked.first.row_factor.period_s == 0 && strcmp(asked.first.row_factor.kind, "hotp") == 0,
       "but by one of the next");
    is_str(asked.first.row_factor.form, "6 digits", "and described");
    ok(asked.audit.event == AUDIT_FACTOR_CONFIRM && strncmp(asked.audit.result, "hotp 2", 6) == 0, "audited as such");
    ok(factors_get(d->db, gil.id, 2, &f) == 0 && f.last_step == 1, "and that is spent");
    ASK(d, root, factor_add, .user = "gil", .kind = "hotp");
    ok(ask_gave(1, 1) && strcmp(asked.first.row_enrolment.label, "hotp") == 0, "by default it is called \"hotp\"");
    static const uint8_t periods[] = {1, 29, 31, 90, 255};
    for (size_t i = 0; i < sizeof periods; i++) {
        ASK(d, root, factor_add, .user = "gil", .kind = "totp", .period_s = periods[i]);
        ok(ask_refused(REFUSAL_INVALID), "no code lasts %u seconds", periods[i]);
    }
    ASK(d, root, factor_add, .user = "gil", .kind = "hotp", .period_s = 30);
    ok(ask_refused(REFUSAL_INVALID), "a counter has no period");
}

static void test_rename(struct desk *d)
{
    struct account hal = desk_account(d, "hal", 1021, "user", "correct horse", "12345678901234567890", 6);
    struct factor f;
    ASK(d, root, factor_add, .user = "hal", .kind = "totp", .label = "spare");
    ASK(d, root, factor_rename, .user = "hal", .id = 1, .label = "old-phone");
    ok(ask_gave(1, 1) && strcmp(asked.first.row_factor.label, "old-phone") == 0, "renamed");
    ok(asked.audit.event == AUDIT_FACTOR_RENAME, "audited");
    is_str(asked.audit.result, "totp 1 \"phone\" -> \"old-phone\"", "from what to what");
    ASK(d, root, factor_rename, .user = "hal", .id = 1, .label = "old-phone");
    ok(ask_gave(1, 0), "what is so already changes nothing");
    ASK(d, root, factor_rename, .user = "hal", .id = 1, .label = "spare");
    ok(ask_refused(REFUSAL_EXISTS), "not to another's name");
    ASK(d, root, factor_rename, .user = "hal", .id = 1, .label = "");
    ok(ask_refused(REFUSAL_INVALID), "nor to none");
    ASK(d, root, factor_rename, .user = "hal", .id = 1, .label = "a\nb");
    ok(ask_refused(REFUSAL_INVALID), "nor to two lines");
    ASK(d, root, factor_rename, .user = "hal", .id = 9, .label = "x");
    ok(ask_refused(REFUSAL_NOT_FOUND), "nor what is not there");
    ok(factors_get(d->db, hal.id, 1, &f) == 0 && f.confirmed_at != 0 && strcmp(f.label, "old-phone") == 0,
       "it counts as before");
    struct line *own = desk_line(d, 1021);
    own->peer.proved_at = hal.password_changed_at - 1;
    ASK(d, own, factor_rename, .id = 1, .label = "phone");
    ok(ask_refused(REFUSAL_STEPUP), "what was proved with an older password is proved no more");
}

/* Recovery codes stand in for a code; they go with the last factor that makes any. */
static void test_last(struct desk *d)
{
    struct account ivy = desk_account(d, "ivy", 1022, "user", "correct horse", "12345678901234567890", 6);
    struct recoveries r = {0};
    struct factor f;
    ASK(d, root, recovery_make, .user = "ivy");
    ASK(d, root, factor_add, .user = "ivy", .kind = "hotp");
    ASK(d, root, factor_add, .user = "ivy", .kind = "totp");
    desk_must(factors_get(d->db, ivy.id, 2, &f), "factor");
    confirm(d, root, "ivy", 2, desk_factor_code(d, &f, 0));
    ASK(d, root, factor_remove, .user = "ivy", .id = 1);
    ok(ask_gave(1, 1) && recoveries_get(d->db, ivy.id, &r) == 0 && r.left == RECOVERY_CODES,
       "with another confirmed factor left, recovery codes stay");
    is_str(asked.audit.result, "totp 1 \"phone\"", "nothing is said of them");
    ASK(d, root, factor_remove, .user = "ivy", .id = 3);
    ok(ask_gave(1, 1) && recoveries_get(d->db, ivy.id, &r) == 0 && r.left == RECOVERY_CODES,
       "so they do if an unconfirmed one goes");
    ASK(d, root, factor_remove, .user = "ivy", .id = 2);
    ok(ask_gave(1, 1) && recoveries_get(d->db, ivy.id, &r) == 0 && r.made == 0, "with the last confirmed one they go");
    is_str(asked.audit.result, "hotp 2 \"hotp\", and with it the recovery codes", "and the audit says so");
}

static void test_silence(struct desk *d, const char *secret)
{
    struct audit row = {0};
    bool silent = true;
    while (audit_next(d->db, row.seq, "", 0, &row) == 0)
        silent = silent && !strstr(row.result, secret) && !strstr(row.source, secret) && !strstr(row.service, secret);
    ok(silent, "no audit row has the secret");
}

static void test_long_names(struct desk *d)
{
    char name[257];
    memset(name, 0, sizeof name);
    for (size_t i = 0; i < 256; i += 2)
        memcpy(name + i, "\xc3\xa9", 2);
    desk_account(d, name, 1009, "user", "correct horse", NULL, 0);
    struct line *own = desk_line(d, 1009);
    own->peer.proved_at = d->now.wall_s;
    ASK(d, own, factor_add, .kind = "totp");
    ok(asked.error == 0 && (ask_gave(1, 1) || ask_refused(REFUSAL_INVALID)),
       "the longest name gets an address or a refusal");
}

int main(void)
{
    static struct desk d;
    char secret[129];
    desk_open(&d);
    root = desk_line(&d, 0);
    struct account ada = desk_account(&d, "ada", 1001, "admin", "correct horse", NULL, 0);
    desk_account(&d, "eve", 1002, "user", "correct horse", NULL, 0);
    test_add(&d, secret);
    test_refusals(&d);
    test_confirm(&d, &ada);
    test_labels(&d, &ada);
    test_remove(&d);
    test_parameters(&d);
    test_rename(&d);
    test_last(&d);
    test_silence(&d, secret);
    test_long_names(&d);
    desk_close(&d);
    return tap_done();
}
