/* SPDX-License-Identifier: MIT
 *
 * L10: root is told how an account stands with the limits, and why: failures, where they came from, until when who
 * waits. The account's owner is told none of it. Unlock forgives all of it in one transaction, but nothing that is in
 * flight, and the audit says what it was.
 */
#include "desk_ask.h"
#include "buckets.h"

static const char secret[] = "12345678901234567890";
static struct line *root;
static const struct msg_row_user *row = &asked.first.row_user;

static struct line *try(struct desk *d, const char *rhost, const char *password, const char *code)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, code ? "both" : "su", "ada");
    strcpy(b.rhost, rhost);
    desk_begin(d, l, &b);
    desk_answer(d, l, password);
    if (code)
        desk_answer(d, l, code);
    return l;
}

static void open_with(struct desk *d, enum config_limits preset)
{
    desk_open(d);
    desk_config(d, "[service su]\nfactors = password\n[service both]\nfactors = password otp\n");
    d->config.authcd.limits = preset;
    desk_account(d, "ada", 1001, "admin", "the password", secret, 6);
    root = desk_line(d, 0);
    desk_tick(d, 120000);
    is_int(desk_verdict(try(d, "192.0.2.7", "the password", desk_code(d, secret, 0, 6))), VERDICT_GRANTED,
           "ada logs in from home");
}

static void show(struct desk *d)
{
    ASK(d, root, user_show, .user = "ada");
}

/* Seven failures from three strangers, as fast as the waits allow. */
static void siege(struct desk *d)
{
    char from[32];

    for (int i = 0; i < 7; i++) {
        snprintf(from, sizeof from, "203.0.113.%d", i % 3 + 1);
        try(d, from, "wrong", NULL);
        desk_tick(d, i < 4 ? 1000 : 61000);
    }
}

static void nothing_is_held(void)
{
    struct desk d;

    open_with(&d, CONFIG_LIMITS_NIST);
    show(&d);
    ok(row->failures == 0 && row->sources == 0 && row->wait_s == 0 && row->last_failure_at == 0 && !row->everybody &&
           row->last_source[0] == '\0' && row->consecutive == 0 && row->wrong_codes == 0 && row->codes_wait_s == 0,
       "nothing is held against a fresh account");
    is_int(row->known_sources, 1, "home is known");
    ASK(&d, root, user_unlock, .user = "ada");
    is_str(asked.audit.result, "nothing forgiven", "and there is nothing to forgive");
    desk_close(&d);
}

static void state_and_reason(void)
{
    struct desk d;

    open_with(&d, CONFIG_LIMITS_NIST);
    siege(&d);
    int64_t last = d.now.wall_s - 61;
    show(&d);
    is_str(row->state, "locked", "besieged: locked");
    ok(row->failures == 7 && row->sources == 3 && row->consecutive == 7, "7 failures from 3 sources (%u from %u)",
       row->failures, row->sources);
    is_int(row->wait_s, 120 - 61, "strangers wait for what is left of 2 minutes");
    is_str(row->last_source, "203.0.113.1", "the last of which");
    is_int(row->last_failure_at, last, "and when it was");
    try(&d, "192.0.2.7", "typo", NULL);
    show(&d);
    ok(row->failures == 7 && row->last_failure_at == last, "a typo at home is not one of them");
    is_int(desk_verdict(try(&d, "192.0.2.7", "the password", NULL)), VERDICT_GRANTED, "home gets in");
    show(&d);
    ok(row->failures == 7 && row->last_failure_at == last && row->known_sources == 1, "which changes none of it");
    desk_tick(&d, 3600000);
    show(&d);
    ok(row->failures == 6 && row->sources == 3 && row->wait_s == 0 && strcmp(row->state, "active") == 0,
       "an hour later one has leaked, nobody waits");
    desk_tick(&d, 12 * 3600000);
    show(&d);
    ok(row->failures == 0 && row->sources == 0 && row->last_failure_at == last,
       "after half a day all have; when the last was is still told");
    desk_close(&d);
}

/* Whoever asks about themselves sees the account, and nothing of what is held against it. */
static void for_root_only(void)
{
    struct desk d;
    struct msg_row_user fresh;

    open_with(&d, CONFIG_LIMITS_NIST);
    struct line *ada = desk_line(&d, 1001);
    ASK(&d, ada, user_show, .user = "");
    ok(ask_gave(1, 0) && row->known_sources == 0, "ada sees herself, not her known sources");
    fresh = *row;
    siege(&d);
    for (int i = 0; i < 5; i++)
        try(&d, "198.51.100.9", "the password", "000000");
    ASK(&d, ada, user_show, .user = "");
    ok(ask_gave(1, 0) && memcmp(&fresh, row, sizeof fresh) == 0, "besieged: exactly what she saw before");
    ASK(&d, ada, user_show, .user = "ada");
    ok(ask_gave(1, 0) && memcmp(&fresh, row, sizeof fresh) == 0, "by name as well");
    ASK(&d, desk_line(&d, 1002), user_show, .user = "ada");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "another sees nothing at all");
    desk_close(&d);
}

static void until_somebody_helps(void)
{
    struct desk d;
    char from[32];

    open_with(&d, CONFIG_LIMITS_NIST);
    for (int i = 0; i < 100; i++) {
        snprintf(from, sizeof from, "203.0.%d.1", i);
        desk_tick(&d, 3500000);
        try(&d, from, "wrong", NULL);
    }
    show(&d);
    ok(row->wait_s == -1 && row->consecutive == 100 && strcmp(row->state, "locked") == 0,
       "a hundred in a row: strangers are refused");
    ok(row->sources > 1 && row->sources <= row->failures, "%u sources, no more than the %u failures", row->sources,
       row->failures);
    is_int(desk_verdict(try(&d, "192.0.2.7", "the password", desk_code(&d, secret, 0, 6))), VERDICT_GRANTED,
           "until a known source");
    show(&d);
    ok(row->wait_s != -1 && row->consecutive == 0, "succeeds");
    desk_close(&d);
}

static void codes(void)
{
    struct desk d;

    open_with(&d, CONFIG_LIMITS_NIST);
    for (int i = 0; i < 3; i++)
        try(&d, i == 0 ? "198.51.100.9" : "198.51.100.10", "the password", "000000");
    show(&d);
    ok(row->wrong_codes == 3 && row->codes_wait_s == 30 && row->known_wrong_codes == 0 && row->known_codes_wait_s == 0,
       "three wrong codes: those of strangers wait");
    try(&d, "192.0.2.7", "the password", "000000");
    show(&d);
    ok(row->wrong_codes == 3 && row->known_wrong_codes == 1 && row->known_codes_wait_s == 0,
       "those of known sources are counted apart");
    DESK_STORE(&d, buckets_save(d.db, &(struct buckets_key){BUCKET_OTP, 1, "", "known", NULL},
                                &(struct limit_row){.level = 20 * LIMIT_UNIT, .consecutive = 20}));
    show(&d);
    is_int(row->known_codes_wait_s, -1, "twenty in a row: until a recovery code, or an administrator");
    desk_close(&d);
}

/* The benchmarks' presets hold failures against everybody, and say so. */
static void everybody(void)
{
    static const enum config_limits presets[] = {CONFIG_LIMITS_CIS, CONFIG_LIMITS_STIG};

    for (size_t i = 0; i < 2; i++) {
        struct desk d;
        open_with(&d, presets[i]);
        for (int n = 0; n < 6; n++)
            try(&d, n % 2 ? "192.0.2.7" : "203.0.113.1", "wrong", NULL);
        show(&d);
        ok(row->everybody && row->sources == 2, "everybody, also who was known");
        if (presets[i] == CONFIG_LIMITS_CIS)
            ok(row->failures == 5 && row->wait_s == 900, "cis: 15 minutes after five");
        else
            ok(row->failures == 3 && row->wait_s == -1, "stig: an administrator after three");
        desk_close(&d);
    }
}

static void unlock(void)
{
    struct desk d;

    open_with(&d, CONFIG_LIMITS_NIST);
    siege(&d);
    desk_tick(&d, 3600000 - 61000);
    for (int i = 0; i < 2; i++)
        try(&d, "192.0.2.7", "typo", NULL);
    try(&d, "192.0.2.7", "the password", "000000");
    ASK(&d, root, user_unlock, .user = "ada");
    ok(ask_gave(1, 1) && asked.audit.event == AUDIT_USER_UNLOCK && strcmp(asked.audit.actor, "uid:0") == 0,
       "unlock: one event, and whose it was");
    is_str(asked.audit.result, "6 failures from 3 sources, 3 failures of known sources, 1 wrong code forgiven",
           "and what it forgave");
    ok(row->failures == 0 && row->wait_s == 0 && row->last_failure_at == 0 && row->last_source[0] == '\0' &&
           row->known_wrong_codes == 0,
       "nothing is held any more");
    is_int(row->known_sources, 1, "home is still known");
    ASK(&d, root, user_unlock, .user = "ada");
    is_str(asked.audit.result, "nothing forgiven", "a second time there is nothing");
    desk_close(&d);
}

/* Five guesses are being looked at when the administrator comes: they stay charged, and cost what they always cost. */
static void unlock_in_flight(void)
{
    struct desk d;
    struct line *out[5];

    open_with(&d, CONFIG_LIMITS_NIST);
    d.keep_jobs = true;
    for (int i = 0; i < 5; i++)
        out[i] = try(&d, "203.0.113.1", "wrong", NULL);
    ASK(&d, root, user_unlock, .user = "ada");
    is_str(asked.audit.result, "nothing forgiven", "what is in flight is not forgiven");
    is_int(row->failures, 0, "it is no failure yet");
    struct line *sixth = try(&d, "203.0.113.2", "wrong", NULL);
    ok(sixth->job == NULL && login_waits_for(sixth->login) != 0, "nor is there room for more looks");
    for (int i = 0; i < 5; i++)
        desk_hash(&d, out[i]);
    show(&d);
    ok(row->failures == 5 && row->wait_s == 30, "they fail: five failures");
    ok(sixth->job && sixth->job->kind == PASSWORD_TURN, "the sixth is not looked at");
    desk_hash(&d, sixth);
    ok(desk_verdict(sixth) == VERDICT_DENIED, "and denied when its turn comes");
    desk_close(&d);
}

/* A handler that fails after it forgave leaves everything as it was. */
static void unlock_is_atomic(void)
{
    struct desk d;

    open_with(&d, CONFIG_LIMITS_NIST);
    siege(&d);
    struct handler h = desk_handler(&d, root);
    struct step step = {0};
    desk_must(db_begin(d.db), "begin");
    desk_must(on_user_unlock(&h, &(struct msg_user_unlock){.user = "ada"}, &step), "unlock");
    db_rollback(d.db); /* as dispatch does where the commit fails */
    step_clear(&step);
    int64_t seq = ask_position(&d);
    show(&d);
    ok(row->failures == 7 && row->wait_s > 0 && asked.audits == 0, "rolled back: all is held as before");
    ASK(&d, root, user_unlock, .user = "ada");
    ok(ask_gave(1, 1) && ask_position(&d) == seq + 1, "and nothing stands in the audit but the one that was done");
    desk_close(&d);
}

int main(void)
{
    nothing_is_held();
    state_and_reason();
    for_root_only();
    until_somebody_helps();
    codes();
    everybody();
    unlock();
    unlock_in_flight();
    unlock_is_atomic();
    return tap_done();
}
