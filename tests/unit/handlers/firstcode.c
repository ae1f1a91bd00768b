/* SPDX-License-Identifier: MIT
 *
 * O5, O6, O7: a first code is enrolled inside a login, by whoever knows the password, and counts only once it was
 * confirmed; for whoever does not know it, nothing tells that there is none (P1).
 */
#include <liboath/oath.h>

#include "desk.h"
#include "recovery.h"

static const char sha1_secret[] = "12345678901234567890";
static const char password[] = "correct horse battery";

static const char *secret_in(const struct line *l, struct otp *ret)
{
    static char base32[OTP_BASE32_SIZE];
    const char *at = l->n_got ? strstr(l->got[l->n_got - 1].prompt.text, "secret=") : NULL;
    char *bytes = NULL;
    size_t len = 0;

    if (!at || sscanf(at, "secret=%127[A-Z2-7]", base32) != 1 ||
        oath_base32_decode(base32, strlen(base32), &bytes, &len) != OATH_OK)
        return NULL;
    *ret = (struct otp){.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
    desk_must(secret_set(&ret->secret, bytes, len), "secret");
    free(bytes);
    return base32;
}

static void first_code(void)
{
    struct desk d;
    struct otp otp = {0};
    char code[OTP_CODE_SIZE], recovery_code[RECOVERY_TEXT_SIZE] = "";

    desk_open(&d);
    desk_config(&d, "[service sshd]\nunenrolled = enrol\n");
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    struct line *l = desk_login(&d, "ada", "wrong", "000000");
    is_int(desk_verdict(l), VERDICT_DENIED, "O7: a wrong password is asked for a code like all others, and denied");
    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    ok(secret_in(l, &otp) != NULL && desk_prompt(l) == PROMPT_CODE, "O7: the right one shows a secret");
    desk_answer(&d, l, "000000");
    ok(desk_prompt(l) == PROMPT_CODE && !strstr(l->got[l->n_got - 1].prompt.text, "secret"),
       "a wrong code: asked again");
    desk_answer(&d, l, "000000");
    desk_answer(&d, l, "000000");
    is_int(desk_verdict(l), VERDICT_DENIED, "three times, and no more");
    is_int(desk_verdict(desk_login(&d, "ada", password, "000000")), 0, "O7: what was not confirmed does not count");
    struct otp old = otp;
    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    ok(secret_in(l, &otp) && !secret_equal(&old.secret, &otp.secret), "the next time shows another secret");
    desk_must(otp_code(&old, d.now.wall_s / 30, code), "code");
    desk_answer(&d, l, code);
    is_int(desk_prompt(l), PROMPT_CODE, "of which the old one is no code");
    desk_must(otp_code(&otp, d.now.wall_s / 30, code), "code");
    desk_answer(&d, l, code);
    is_int(desk_prompt(l), PROMPT_ACKNOWLEDGE, "its own is, and recovery codes are shown");
    const char *list = strstr(l->got[l->n_got - 1].prompt.text, "again:");
    ok(list && sscanf(list, "again:\n\n  %24[a-z-]", recovery_code) == 1, "of a form that people can type");
    desk_answer(&d, l, "");
    is_int(desk_verdict(l), VERDICT_GRANTED, "O7: and the login goes on");
    is_int(desk_verdict(desk_login(&d, "ada", password, code)), VERDICT_DENIED, "O2: that code is used up");
    is_int(desk_verdict(desk_login(&d, "ada", password, recovery_code)), VERDICT_GRANTED, "O6: a recovery code opens");
    desk_tick(&d, 60000);
    desk_must(otp_code(&otp, d.now.wall_s / 30, code), "code");
    is_int(desk_verdict(desk_login(&d, "ada", password, code)), VERDICT_GRANTED, "and the next code");
    desk_close(&d);
}

/* D3: on a full disk nobody enrols, and whoever needs to is denied like anybody else. */
static void frozen(void)
{
    struct desk d;
    struct otp otp = {0};
    char code[OTP_CODE_SIZE];

    desk_open(&d);
    desk_config(&d, "[service sshd]\nunenrolled = enrol\n");
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    d.frozen = "the disk is full";
    struct line *l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    ok(desk_prompt(l) == PROMPT_CODE && !secret_in(l, &otp), "full: a code is asked for, and no secret shown");
    desk_answer(&d, l, "000000");
    is_int(desk_verdict(l), VERDICT_DENIED, "and denied");
    ok(l->n_got == 1 && !l->got[0].verdict.reason[0], "like any other");
    d.frozen = NULL;
    l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    ok(secret_in(l, &otp) != NULL, "room: the secret is shown");
    d.frozen = "the disk is full";
    desk_must(otp_code(&otp, d.now.wall_s / 30, code), "code");
    desk_answer(&d, l, code);
    is_int(desk_verdict(l), VERDICT_DENIED, "full before it is confirmed: denied");
    d.frozen = NULL;
    is_int(desk_verdict(desk_login(&d, "ada", password, "000000")), 0, "and it does not count");
    desk_close(&d);
}

/* L12, but: where the second prompt tells that the password was wrong, to be sent away after it is no way to have had a
 * look for nothing. */
static void sent_away(void)
{
    static const char *const names[] = {"ada", "nobody-here"};
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service sshd]\nunenrolled = enrol\n[service su]\nunenrolled = deny\n");
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        int64_t before = d.counters.hashes;
        for (int n = 0; n < 9; n++) {
            struct line *l = desk_begin_as(&d, "sshd", names[i]);
            desk_answer(&d, l, "wrong");
            is_int(desk_prompt(l), PROMPT_CODE, "%s: a code is asked: so the password was wrong", names[i]);
            DESK_CALL(&d, l, on_busy(&h, &step));
        }
        struct line *l = desk_begin_as(&d, "su", names[i]);
        d.keep_jobs = true;
        desk_answer(&d, l, password);
        ok(l->job && l->job->kind == PASSWORD_TURN, "%s: after nine of these there are no more looks (%d hashes)",
           names[i], (int)(d.counters.hashes - before));
        d.keep_jobs = false;
        desk_tick(&d, 12 * 3600 * 1000);
    }
    struct line *l = desk_begin_as(&d, "sshd", "ada");
    desk_answer(&d, l, password);
    DESK_CALL(&d, l, on_busy(&h, &step));
    for (int n = 0; n < 5; n++) {
        l = desk_begin_as(&d, "su", "ada");
        desk_answer(&d, l, "wrong");
        DESK_CALL(&d, l, on_busy(&h, &step));
    }
    d.keep_jobs = true;
    l = desk_begin_as(&d, "su", "ada");
    desk_answer(&d, l, password);
    ok(l->job != NULL, "a right password was no failure, nor what nobody was told");
    desk_close(&d);
}

/* Where a service enrols, the second prompt comes no sooner for those of whom the password need not be known: each has
 * a hash made first. */
static void enrol_holds(void)
{
    static const char *const names[] = {"ada", "bob", "nobody-here", "gus"};
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service sshd]\nunenrolled = enrol\n");
    desk_account(&d, "ada", 1001, "admin", password, NULL, 0);
    desk_account(&d, "bob", 1002, "admin", password, sha1_secret, 6);
    desk_account(&d, "gus", 1003, "guest", password, NULL, 0);
    d.keep_jobs = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct line *l = desk_begin_as(&d, "sshd", names[i]);
        l->n_got = 0;
        desk_answer(&d, l, "wrong");
        ok(l->n_got == 0 && l->job && l->job->watched, "P1: %s: nothing before the hash, which takes its time",
           names[i]);
        desk_hash(&d, l);
        is_int(desk_prompt(l), PROMPT_CODE, "P1: %s: and then the code is asked", names[i]);
        desk_answer(&d, l, "000000");
    }
    for (int i = 0; i < 4; i++) {
        struct line *l = desk_begin_as(&d, "sshd", "bob");
        desk_answer(&d, l, "wrong");
        desk_hash(&d, l);
        desk_answer(&d, l, "000000");
    }
    struct line *l = desk_begin_as(&d, "sshd", "bob");
    l->n_got = 0;
    desk_answer(&d, l, password);
    ok(l->n_got == 0 && l->job && l->job->kind == PASSWORD_PRETEND, "P1: limited: nothing before a hash either");
    desk_close(&d);
}

int main(void)
{
    first_code();
    frozen();
    enrol_holds();
    sent_away();
    return tap_done();
}
