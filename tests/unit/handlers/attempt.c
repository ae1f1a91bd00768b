/* SPDX-License-Identifier: MIT
 *
 * L1: parallel guesses get exactly as many looks as serial ones, and what was charged stays charged.
 */
#include "desk.h"
#include "buckets.h"

static const char wrong[] = "not the password";

static struct line *guess(struct desk *d, const char *rhost, const char *password)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, "su", "ada");
    strcpy(b.rhost, rhost);
    desk_begin(d, l, &b);
    desk_answer(d, l, password);
    return l;
}

static uint32_t failures_of(struct desk *d, int64_t id, enum bucket bucket, const char *source)
{
    struct buckets_key key = {bucket, id, "ada", source, NULL};
    struct limit_row row = {0};

    desk_must(buckets_load(d->db, &key, &row), "limits");
    return limit_failures(limit_rule(CONFIG_LIMITS_NIST, bucket, LIMIT_STRANGER), &row, &d->now);
}

static uint32_t failures(struct desk *d, int64_t id, enum bucket bucket)
{
    return failures_of(d, id, bucket, "192.0.2.7");
}

static void parallel_guesses(void)
{
    struct desk d;
    struct line *lines[64];
    int denied = 0;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    d.keep_jobs = true;
    for (int i = 0; i < 64; i++)
        lines[i] = guess(&d, "192.0.2.7", wrong);
    int out = 0;
    for (int i = 0; i < 64; i++)
        out += lines[i]->job != NULL;
    is_int(out, 5, "L1: of 64 parallel attempts 5 are looked at");
    for (int i = 0; i < 64; i++)
        desk_hash(&d, lines[i]);
    for (int i = 0; i < 64; i++)
        denied += desk_verdict(lines[i]) == VERDICT_DENIED;
    is_int(denied, 64, "L1: all 64 are denied once these five were wrong");
    is_int(d.counters.hashes, 5, "L1: exactly 5 hashes were made");
    is_int(failures(&d, a.id, BUCKET_ACCOUNT), 5, "L1: the account counts exactly 5");
    is_int(failures(&d, a.id, BUCKET_PAIR), 5, "L1: the pair counts exactly 5");

    d.keep_jobs = false;
    struct line *next = guess(&d, "192.0.2.7", "the password");
    is_int(desk_verdict(next), VERDICT_DENIED, "L1: the right password next from there is denied");
    is_int(d.counters.hashes, 5, "and not looked at");
    ok(next->not_before_ms == d.now.boot_ms + d.config.authcd.deny_time_ms, "it leaves at answer + deny_time");
    desk_tick(&d, 31000);
    next = guess(&d, "192.0.2.7", "the password");
    is_int(desk_verdict(next), VERDICT_GRANTED, "after the delay one attempt is looked at again");
    is_int(failures(&d, a.id, BUCKET_PAIR), 0, "success clears the pair");
    is_int(failures(&d, a.id, BUCKET_ACCOUNT), 0, "and takes its share off the account");
    desk_close(&d);
}

static void parallel_right(void)
{
    struct desk d;
    struct line *lines[64];
    int granted = 0;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    d.keep_jobs = true;
    for (int i = 0; i < 64; i++)
        lines[i] = guess(&d, "192.0.2.7", "the password");
    for (int round = 0; round < 64; round++)
        for (int i = 0; i < 64; i++)
            desk_hash(&d, lines[i]);
    for (int i = 0; i < 64; i++)
        granted += desk_verdict(lines[i]) == VERDICT_GRANTED;
    is_int(granted, 64, "64 parallel right logins wait for each other and all succeed");
    is_int(failures(&d, a.id, BUCKET_ACCOUNT), 0, "and leave no charge behind");
    desk_close(&d);
}

static void hang_up(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password otp\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", "12345678901234567890", 6);
    struct line *l = guess(&d, "192.0.2.7", "the password");
    is_int(desk_prompt(l), PROMPT_CODE, "the code is asked");
    desk_gone(&d, l);
    is_int(failures(&d, a.id, BUCKET_ACCOUNT), 1, "whoever leaves after an answer stays charged");
    struct msg_begin b;
    desk_begin_msg(&b, PHASE_AUTH, "su", "ada");
    l = desk_line(&d, 0);
    desk_begin(&d, l, &b);
    desk_gone(&d, l);
    is_int(failures(&d, a.id, BUCKET_ACCOUNT), 1, "whoever leaves before an answer is not");
    desk_close(&d);
}

static void strangers_and_owner(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password\n");
    desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    is_int(desk_verdict(guess(&d, "192.0.2.7", "the password")), VERDICT_GRANTED, "the owner logs in from home");
    for (int i = 0; i < 20; i++) {
        char from[32];
        snprintf(from, sizeof from, "198.51.100.%d", i);
        guess(&d, from, wrong);
    }
    is_int(d.counters.hashes, 1 + 5, "20 strangers get 5 looks together");
    is_int(desk_verdict(guess(&d, "203.0.113.1", "the password")), VERDICT_DENIED, "another stranger waits");
    is_int(desk_verdict(guess(&d, "192.0.2.7", "the password")), VERDICT_GRANTED, "the owner's home does not");
    desk_close(&d);
}

/* The password is known, the code is guessed at su, and the count cleared at a service that asks for the password
 * alone? */
static void alternating(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password otp\n[service weak]\nfactors = password\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", "12345678901234567890", 6);
    for (int i = 0; i < 10; i++) {
        struct line *l = guess(&d, "192.0.2.7", "the password");
        desk_answer(&d, l, "000000");
        struct msg_begin b;
        desk_begin_msg(&b, PHASE_AUTH, "weak", "ada");
        l = desk_line(&d, 0);
        desk_begin(&d, l, &b);
        desk_answer(&d, l, "the password");
    }
    is_int(failures(&d, a.id, BUCKET_PAIR), 5,
           "a success with less than everything does not clear the count of guesses");
    desk_close(&d);
}

/* The password alone, where the account has a code too, makes no source known: from there the code could be guessed
 * past what all strangers share. */
static void weakly_known(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password otp\n[service weak]\nfactors = password\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", "12345678901234567890", 6);
    for (int i = 0; i < 6; i++) {
        struct msg_begin b;
        char from[32];
        snprintf(from, sizeof from, "198.51.100.%d", i);
        desk_begin_msg(&b, PHASE_AUTH, "weak", "ada");
        strcpy(b.rhost, from);
        struct line *l = desk_line(&d, 0);
        desk_begin(&d, l, &b);
        desk_answer(&d, l, "the password");
        for (int n = 0; n < 5; n++)
            desk_answer(&d, guess(&d, from, "the password"), "000000");
    }
    is_int(failures(&d, a.id, BUCKET_ACCOUNT), 5, "L5: codes guessed from ever new sources are 5 all together");
    desk_close(&d);
}

/* With five attempts in flight a sixth waits, whether there is such an account or not. */
static void waiting_tells_nothing(void)
{
    static const char *const names[] = {"ada", "nobody-here"};
    struct desk d;

    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", "the password", "12345678901234567890", 6);
    for (int i = 0; i < 2; i++) {
        struct line *lines[6];
        for (int n = 0; n < 6; n++) {
            struct msg_begin b;
            desk_begin_msg(&b, PHASE_AUTH, "su", names[i]);
            lines[n] = desk_line(&d, 0);
            desk_begin(&d, lines[n], &b);
            desk_answer(&d, lines[n], wrong);
        }
        desk_answer(&d, lines[5], "000000");
        is_int(desk_verdict(lines[5]), 0, "%s: no verdict while five are in flight", names[i]);
        for (int n = 0; n < 5; n++)
            desk_answer(&d, lines[n], "000000");
        is_int(desk_verdict(lines[5]), VERDICT_DENIED, "%s: denied when they are settled", names[i]);
    }
    desk_close(&d);
}

static void forfeited(void)
{
    struct desk d;
    int looks = 0;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password\n");
    desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    guess(&d, "192.0.2.7", "the password");
    for (int i = 0; i < 100; i++) {
        guess(&d, "192.0.2.7", wrong);
        desk_tick(&d, 3600000);
    }
    for (int i = 0; i < 8; i++)
        guess(&d, "198.51.100.1", wrong);
    int64_t before = d.counters.hashes;
    guess(&d, "192.0.2.7", "the password");
    looks = (int)(d.counters.hashes - before);
    is_int(looks, 0, "after a hundred failures in a row a known source is a stranger again");
    desk_close(&d);
}

static void memory_is_no_failure(void)
{
    struct desk d;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    d.keep_jobs = true;
    struct line *l = guess(&d, "192.0.2.7", "the password");
    l->job->result = -ENOMEM;
    struct password_job *job = l->job;
    l->job = NULL;
    DESK_CALL(&d, l, on_hashed(&h, job, &step));
    password_job_free(job);
    is_int(desk_verdict(l), VERDICT_BUSY, "out of memory is busy, not wrong");
    is_int(failures(&d, a.id, BUCKET_ACCOUNT), 0, "and is not charged");
    desk_close(&d);
}

/* Over user.sock: known to the limits, but no reason to let anybody else wait, nor to forgive strangers. */
static void own_screen(void)
{
    struct desk d;
    struct limit_row row = {0};
    struct msg_begin b;

    desk_open(&d);
    desk_config(&d, "[service *]\nunenrolled = skip\n[service su]\nfactors = password\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    const struct buckets_key key = {BUCKET_ACCOUNT, a.id, "ada", "192.0.2.7", NULL};
    guess(&d, "192.0.2.7", wrong);
    guess(&d, "192.0.2.8", wrong);
    struct line *l = desk_line(&d, 1001);
    d.keep_jobs = true;
    desk_begin_msg(&b, PHASE_AUTH, "screen", "ada");
    desk_begin(&d, l, &b);
    desk_answer(&d, l, "the password");
    ok(l->job && !l->job->priority, "one's own screen waits its turn with all others");
    desk_hash(&d, l);
    is_int(desk_verdict(l), VERDICT_GRANTED, "and is unlocked");
    desk_must(buckets_load(d.db, &key, &row), "limits");
    is_int(row.consecutive, 2, "which forgives strangers nothing");
    l = desk_line(&d, 0);
    desk_begin_msg(&b, PHASE_AUTH, "login", "ada");
    strcpy(b.tty, "tty1");
    b.rhost[0] = '\0';
    desk_begin(&d, l, &b);
    desk_answer(&d, l, "the password");
    ok(l->job && l->job->priority, "the console does not wait");
    desk_close(&d);
}

static struct msg_begin begin_from(const char *service, const char *user, const char *rhost)
{
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, service, user);
    strcpy(b.rhost, rhost);
    return b;
}

static struct line *say(struct desk *d, const struct msg_begin *b, const char *first, const char *second)
{
    struct line *l = desk_line(d, 0);

    desk_begin(d, l, b);
    desk_answer(d, l, first);
    if (second && !desk_verdict(l))
        desk_answer(d, l, second);
    return l;
}

static int64_t hashes_of(struct desk *d, const struct msg_begin *b, const char *password)
{
    int64_t before = d->counters.hashes;

    say(d, b, password, "000000");
    return d->counters.hashes - before;
}

/* One source tries its luck with many names: twenty looks, and then none, at whatever account; its neighbours in the
 * same network are not stopped, a known source behind the same address neither. */
static void one_source_many_names(void)
{
    struct desk d;
    char name[32];
    int64_t before;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password\n");
    desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    desk_account(&d, "bob", 1002, "user", "bobs password", NULL, 0);
    struct msg_begin ada = begin_from("su", "ada", "198.51.100.9"), bob = begin_from("su", "bob", "198.51.100.9");
    is_int(desk_verdict(say(&d, &ada, "the password", NULL)), VERDICT_GRANTED, "ada is known there");
    before = d.counters.hashes;
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "name%d", i);
        struct msg_begin b = begin_from("su", name, "198.51.100.9");
        say(&d, &b, wrong, NULL);
    }
    is_int(d.counters.hashes - before, 20, "SOURCE: twenty looks at forty names");
    is_int(d.counters.refused[BUCKET_SOURCE], 20, "and twenty refused");
    is_int(hashes_of(&d, &bob, "bobs password"), 0, "a stranger from there is not looked at");
    is_int(desk_verdict(say(&d, &ada, "the password", NULL)), VERDICT_GRANTED, "L3: who is known there gets in");
    strcpy(bob.rhost, "198.51.100.10");
    is_int(desk_verdict(say(&d, &bob, "bobs password", NULL)), VERDICT_GRANTED, "a neighbour too");
    desk_close(&d);
}

static void network(void)
{
    struct desk d;
    char name[32], from[64];

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password\n");
    desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    for (int i = 0; i < 210; i++) {
        snprintf(name, sizeof name, "name%d", i);
        snprintf(from, sizeof from, "2001:db8:7:%x::%x", i, i);
        struct msg_begin b = begin_from("su", name, from);
        say(&d, &b, wrong, NULL);
    }
    is_int(d.counters.hashes, 200, "L8: NET: two hundred looks from a /48, however its /64 change");
    is_int(d.counters.refused[BUCKET_NET], 10, "and the rest refused");
    struct msg_begin b = begin_from("su", "ada", "2001:db8:8::1");
    is_int(desk_verdict(say(&d, &b, "the password", NULL)), VERDICT_GRANTED, "the next /48 is not stopped");
    desk_close(&d);
}

/* Codes are guessed with the right password, from ever new sources. */
static void codes_are_counted(void)
{
    struct desk d;
    char from[64];
    int looked = 0;

    desk_open(&d);
    desk_config(&d, "[service su]\nfactors = password otp\n[service weak]\nfactors = password\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", "the password", "12345678901234567890", 6);
    struct msg_begin home = begin_from("su", "ada", "192.0.2.7");
    desk_tick(&d, 120000);
    is_int(desk_verdict(say(&d, &home, "the password", desk_code(&d, "12345678901234567890", 0, 6))), VERDICT_GRANTED,
           "the owner's home is known");
    for (int i = 0; i < 5; i++) {
        snprintf(from, sizeof from, "198.51.%d.1", i);
        struct msg_begin b = begin_from("su", "ada", from);
        say(&d, &b, "the password", "000000");
        looked = (int)failures_of(&d, a.id, BUCKET_OTP, "strangers");
    }
    is_int(looked, 3, "L5: three wrong codes of strangers, and no more are looked at");
    is_int(d.counters.refused[BUCKET_OTP], 2, "the others are refused");
    struct msg_begin weak = begin_from("weak", "ada", "192.0.2.7");
    say(&d, &weak, "the password", NULL);
    is_int(failures_of(&d, a.id, BUCKET_OTP, "strangers"), 3, "L5: a right password does not clear them");
    desk_tick(&d, 30000);
    is_int(desk_verdict(say(&d, &home, "the password", desk_code(&d, "12345678901234567890", 0, 6))), VERDICT_GRANTED,
           "known sources have a limit of their own");
    is_int(failures_of(&d, a.id, BUCKET_OTP, "strangers"), 3, "whose success leaves the strangers' as it is");
    struct msg_begin bad = begin_from("su", "ada", "198.51.99.1");
    say(&d, &bad, wrong, "000000");
    is_int(failures_of(&d, a.id, BUCKET_OTP, "strangers"), 3, "L5: a code with a wrong password is not looked at");
    desk_close(&d);
}

#define KEY_LINE "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3oW9rWqYx2m7v5m1vBqj9wq1nY5x0m8w3n2m1k0q9z\n"

/* Who holds a key that sshd verified is known, wherever from, and strangers' failures do not stop them. */
static void verified_key(void)
{
    struct desk d;
    char from[64];

    desk_open(&d);
    desk_config(&d, "[service sshd]\nfactors = password\n");
    desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
    for (int i = 0; i < 10; i++) {
        snprintf(from, sizeof from, "198.51.%d.1", i);
        struct msg_begin b = begin_from("sshd", "ada", from);
        say(&d, &b, wrong, NULL);
    }
    struct msg_begin b = begin_from("sshd", "ada", "198.51.100.77");
    is_int(hashes_of(&d, &b, "the password"), 0, "strangers have to wait");
    strcpy(b.auth_info, KEY_LINE);
    is_int(desk_verdict(say(&d, &b, "the password", NULL)), VERDICT_GRANTED, "L3: who holds the key does not");
    b.auth_info[0] = '\0';
    is_int(hashes_of(&d, &b, "the password"), 0, "and makes the address no known one");
    strcpy(b.auth_info, KEY_LINE);
    for (int i = 0; i < 8; i++)
        say(&d, &b, wrong, NULL);
    strcpy(b.rhost, "203.0.113.5");
    is_int(hashes_of(&d, &b, "the password"), 0, "guesses behind a key are counted for the key, wherever from");
    desk_close(&d);
}

static void proxies(void)
{
    struct desk d;
    char name[32];

    desk_open(&d);
    desk_config(&d, "[authcd]\nproxies = 10.0.0.0/8\n[service su]\nfactors = password\n");
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "name%d", i);
        struct msg_begin b = begin_from("su", name, "10.1.2.3");
        say(&d, &b, wrong, NULL);
    }
    is_int(d.counters.hashes, 40, "what comes through a proxy is not stopped for its address");
    desk_close(&d);
}

/* The presets of the benchmarks stop everybody, and let acct say so. */
static void presets(void)
{
    static const struct {
        enum config_limits preset;
        int looks;
        const char *name;
    } rows[] = {{CONFIG_LIMITS_CIS, 5, "cis"}, {CONFIG_LIMITS_STIG, 3, "stig"}};

    for (size_t i = 0; i < 2; i++) {
        struct desk d;
        desk_open(&d);
        desk_config(&d, "[service su]\nfactors = password\n");
        desk_account(&d, "ada", 1001, "admin", "the password", NULL, 0);
        struct msg_begin home = begin_from("su", "ada", "192.0.2.7"), away = begin_from("su", "ada", "198.51.100.1");
        d.config.authcd.limits = rows[i].preset;
        say(&d, &home, "the password", NULL);
        int64_t before = d.counters.hashes;
        for (int n = 0; n < 9; n++)
            say(&d, &away, wrong, NULL);
        is_int(d.counters.hashes - before, rows[i].looks, "%s: looks", rows[i].name);
        is_int(hashes_of(&d, &home, "the password"), 0, "%s: known sources are stopped too", rows[i].name);
        struct msg_begin acct = home;
        acct.phase = PHASE_ACCT;
        struct line *l = desk_line(&d, 0);
        desk_begin(&d, l, &acct);
        is_int(desk_verdict(l), VERDICT_FORBIDDEN, "%s: acct says locked", rows[i].name);
        desk_tick(&d, 16 * 60 * 1000);
        is_int(hashes_of(&d, &home, "the password"), rows[i].preset == CONFIG_LIMITS_CIS, "%s: after 16 minutes",
               rows[i].name);
        desk_close(&d);
    }
}

int main(void)
{
    one_source_many_names();
    network();
    codes_are_counted();
    verified_key();
    proxies();
    presets();
    own_screen();
    parallel_guesses();
    parallel_right();
    hang_up();
    strangers_and_owner();
    alternating();
    weakly_known();
    waiting_tells_nothing();
    forfeited();
    memory_is_no_failure();
    return tap_done();
}
