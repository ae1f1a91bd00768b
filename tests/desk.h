/* SPDX-License-Identifier: MIT
 *
 * Handlers without serve: a database in a private directory, a clock that tests set, and connections ("lines") whose
 * steps are carried out one by one. Hashes are made at once, or kept until desk_hash() so that attempts overlap.
 */
#ifndef DESK_H
#define DESK_H

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "factors.h"
#include "handler.h"
#include "random.h"
#include "tap.h"

#ifndef DESK_PLACE /* where the private directory is made */
#define DESK_PLACE "/tmp"
#endif

struct line {
    struct peer peer;
    struct login *login;
    struct msg got[8]; /* replies of the last message */
    size_t n_got;
    int64_t not_before_ms;
    bool closed;
    int error;                /* of the last call */
    struct password_job *job; /* kept until desk_hash */
};

struct desk {
    char dir[64];
    struct db *db;
    struct config config;
    struct counters counters;
    struct clock now;
    bool keep_jobs;
    bool quiet; /* a handler that fails is no news */
    void (*committed)(struct desk *d);
    const char *frozen;
    struct login_mark *mark;
    struct line *lines[300];
    size_t n_lines;
};

static void desk_step(struct desk *d, struct line *l, struct step *s);

static struct handler desk_handler(struct desk *d, struct line *l)
{
    return (struct handler){d->db, &d->config, &d->counters, d->now, &l->peer, &l->login, d->frozen};
}

static void desk_must(int error, const char *what)
{
    if (error < 0) {
        printf("Bail out! %s: %s\n", what, strerror(-error));
        exit(1);
    }
}

/* The last line is over: a test of many logins need not keep them all. */
__attribute__((unused)) static void desk_drop(struct desk *d)
{
    struct line *l = d->lines[--d->n_lines];

    login_free(l->login);
    password_job_free(l->job);
    free(l);
}

/* All but the directory and the database. */
static void desk_init(struct desk *d)
{
    memset(d, 0, sizeof *d);
    desk_must(sodium_init() < 0 ? -EIO : 0, "sodium_init");
    config_defaults(&d->config);
    strcpy(d->config.authcd.issuer, "https://host.example.org");
    d->config.authcd.argon2_memory = 8 * 1024 * 1024; /* what is tested here is not the hash */
    d->config.authcd.argon2_passes = 1;
    d->now = (struct clock){2000000000, 1000000, "00000000-0000-4000-8000-000000000001"};
}

__attribute__((unused)) static void desk_open(struct desk *d)
{
    char reason[DB_REASON_SIZE] = "";

    desk_init(d);
    strcpy(d->dir, DESK_PLACE "/authc-desk-XXXXXX");
    desk_must(mkdtemp(d->dir) ? 0 : -errno, "mkdtemp");
    int error = db_open(d->dir, NULL, &d->db, reason);
    if (error < 0)
        printf("# %s\n", reason);
    desk_must(error, "db_open");
}

__attribute__((unused)) static void desk_close(struct desk *d)
{
    char command[128];

    while (d->n_lines > 0)
        desk_drop(d);
    login_mark_free(d->mark);
    db_close(d->db);
    snprintf(command, sizeof command, "rm -rf '%s'", d->dir);
    if (system(command) != 0)
        printf("# %s not removed\n", d->dir);
}

/* Parses a configuration over the defaults, keeping the cheap hash. */
__attribute__((unused)) static void desk_config(struct desk *d, const char *text)
{
    char error[CONFIG_ERROR_SIZE] = "";
    struct config_authcd keep = d->config.authcd;

    if (config_parse(text, strlen(text), "test.conf", &d->config, error) < 0)
        printf("Bail out! %s\n", error);
    keep.proxies = d->config.authcd.proxies;
    keep.limits = d->config.authcd.limits;
    d->config.authcd = keep;
}

__attribute__((unused)) static void desk_tick(struct desk *d, int64_t ms)
{
    d->now.boot_ms += ms;
    d->now.wall_s += ms / 1000;
}

__attribute__((unused)) static struct line *desk_line(struct desk *d, uint32_t uid)
{
    struct line *l = calloc(1, sizeof *l);

    l->peer = (struct peer){.uid = uid, .pid = 4000 + (int64_t)d->n_lines, .audit_session = PROTOCOL_NO_SESSION};
    d->lines[d->n_lines++] = l;
    return l;
}

static int desk_commit(struct desk *d)
{
    int error = db_commit(d->db);

    if (error == 0 && d->committed)
        d->committed(d);
    return error;
}

/* One call of store/ in a transaction of its own. */
#define DESK_STORE(d, call)                                                                                            \
    do {                                                                                                               \
        desk_must(db_begin((d)->db), "begin");                                                                         \
        desk_must((call), #call);                                                                                      \
        desk_must(desk_commit(d), "commit");                                                                           \
    } while (0)

/* What is left of a call: its step, or nothing if it failed. */
static void desk_done(struct desk *d, struct line *l, int error, struct step *step)
{
    l->error = error;
    if (error == 0) {
        desk_step(d, l, step);
        return;
    }
    if (d->mark)
        login_undo(d->mark, &l->login);
    step_clear(step);
    l->closed = true;
    if (!d->quiet)
        printf("# handler error %s\n", strerror(-error));
}

/* One transaction, as dispatch frames it. */
#define DESK_CALL(d, l, call)                                                                                          \
    do {                                                                                                               \
        struct handler h = desk_handler((d), (l));                                                                     \
        struct step step = {0};                                                                                        \
        int desk_error = login_mark(&(d)->mark, (l)->login);                                                           \
        if (desk_error == 0)                                                                                           \
            desk_error = db_begin((d)->db);                                                                            \
        if (desk_error == 0 && (desk_error = (call)) < 0)                                                              \
            db_rollback((d)->db);                                                                                      \
        else if (desk_error == 0)                                                                                      \
            desk_error = desk_commit(d);                                                                               \
        desk_done((d), (l), desk_error, &step);                                                                        \
    } while (0)

__attribute__((unused)) static void desk_hash(struct desk *d, struct line *l)
{
    struct password_job *job = l->job;

    if (!job)
        return;
    l->job = NULL;
    password_job_run(job);
    d->counters.hashes += job->hashes;
    DESK_CALL(d, l, on_hashed(&h, job, &step));
    password_job_free(job);
}

static void desk_step(struct desk *d, struct line *l, struct step *s)
{
    size_t n = s->n_settled;
    int64_t settled[STEP_SETTLED_MAX];

    memcpy(settled, s->settled, sizeof settled);
    if (s->first) {
        l->n_got = 0;
        l->not_before_ms = s->not_before_ms;
    }
    for (struct reply *r = s->first; r && l->n_got < 8; r = r->next)
        desk_must(msg_decode(r->bytes, r->len, &l->got[l->n_got++]), "decode");
    l->closed = l->closed || s->close;
    l->peer.proved = l->peer.proved || s->proved;
    l->peer.proved_at = s->proved ? s->proved_at : l->peer.proved_at;
    l->job = s->job ? s->job : l->job;
    s->job = NULL;
    step_clear(s);
    if (l->job && !d->keep_jobs)
        desk_hash(d, l);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < d->n_lines; i++)
            if (login_waits_for(d->lines[i]->login) == settled[k])
                DESK_CALL(d, d->lines[i], on_retry(&h, &step));
}

__attribute__((unused)) static void desk_begin_msg(struct msg_begin *b, enum phase phase, const char *service,
                                                   const char *user)
{
    memset(b, 0, sizeof *b);
    random_bytes(b->nonce, sizeof b->nonce);
    b->phase = (uint8_t)phase;
    b->target_uid = PROTOCOL_NO_UID;
    b->audit_session = PROTOCOL_NO_SESSION;
    strcpy(b->service, service);
    strcpy(b->user, user);
    strcpy(b->rhost, "192.0.2.7");
}

__attribute__((unused)) static void desk_begin(struct desk *d, struct line *l, const struct msg_begin *b)
{
    DESK_CALL(d, l, on_begin(&h, b, &step));
}

__attribute__((unused)) static void desk_answer(struct desk *d, struct line *l, const char *text)
{
    struct msg_answer a = {0};

    desk_must(secret_set(&a.secret, text, strlen(text)), "secret");
    DESK_CALL(d, l, on_answer(&h, &a, &step));
}

__attribute__((unused)) static void desk_gone(struct desk *d, struct line *l)
{
    DESK_CALL(d, l, on_gone(&h, &step));
    l->closed = true;
}

/* The last reply: verdict number, or the kind of a prompt, or 0. */
__attribute__((unused)) static uint32_t desk_verdict(const struct line *l)
{
    const struct msg *m = l->n_got ? &l->got[l->n_got - 1] : NULL;
    return m && m->number == MSG_verdict ? m->verdict.verdict : 0;
}

__attribute__((unused)) static int desk_prompt(const struct line *l)
{
    const struct msg *m = l->n_got ? &l->got[l->n_got - 1] : NULL;
    return m && m->number == MSG_prompt ? m->prompt.kind : 0;
}

/* An account with a password and, unless secret is NULL, a confirmed code factor of that secret. */
__attribute__((unused)) static struct account desk_account(struct desk *d, const char *name, uint32_t uid,
                                                           const char *role, const char *password, const char *secret,
                                                           unsigned digits)
{
    struct account a = {0};
    struct password_job *job = password_job_new(PASSWORD_MAKE);
    struct factor f = {.kind = "totp", .label = "phone", .algorithm = OTP_SHA1, .digits = digits, .period_s = 30};
    struct otp otp = {.algorithm = OTP_SHA1, .digits = digits, .period_s = 30};

    job->params = (struct password_params){d->config.authcd.argon2_memory, d->config.authcd.argon2_passes};
    desk_must(secret_set(&job->password, password, strlen(password)), "password");
    password_job_run(job);
    desk_must(job->result, "hash");
    desk_must(db_begin(d->db), "begin");
    desk_must(accounts_add(d->db, name, uid, role, d->now.wall_s, &a), "add");
    desk_must(accounts_set_password(d->db, a.id, job->made, true, d->now.wall_s), "set password");
    if (secret) {
        f.account_id = a.id;
        desk_must(secret_set(&otp.secret, secret, strlen(secret)), "code secret");
        desk_must(factors_add(d->db, &f, &otp, d->now.wall_s), "factor");
        desk_must(factors_confirm(d->db, f.id, d->now.wall_s), "confirm");
    }
    desk_must(desk_commit(d), "commit");
    password_job_free(job);
    desk_must(accounts_by_name(d->db, name, &a), "account");
    return a;
}

/* A login that was begun by root's service, and one that was carried through: password, and a code if one is asked. */
__attribute__((unused)) static struct line *desk_begin_as(struct desk *d, const char *service, const char *user)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, service, user);
    desk_begin(d, l, &b);
    return l;
}

__attribute__((unused)) static struct line *desk_login(struct desk *d, const char *user, const char *typed,
                                                       const char *code)
{
    struct line *l = desk_begin_as(d, "sshd", user);

    desk_answer(d, l, typed);
    if (desk_prompt(l) == PROMPT_CODE)
        desk_answer(d, l, code);
    return l;
}

/* The SHA-1 code of these secret bytes, that many seconds from now. */
__attribute__((unused)) static const char *desk_code(struct desk *d, const char *secret, int64_t offset_s,
                                                     unsigned digits)
{
    static char code[OTP_CODE_SIZE];
    struct otp otp = {.algorithm = OTP_SHA1, .digits = digits, .period_s = 30};

    desk_must(secret_set(&otp.secret, secret, strlen(secret)), "secret");
    desk_must(otp_code(&otp, (d->now.wall_s + offset_s) / 30, code), "code");
    return code;
}

/* The code of a step, or counter, of f: one of four texts in turn. */
__attribute__((unused)) static const char *desk_factor_code(struct desk *d, const struct factor *f, int64_t step)
{
    static char texts[4][OTP_CODE_SIZE];
    static size_t next;
    char *text = texts[next++ % 4];
    struct otp otp = {0};

    desk_must(factors_otp(d->db, f, &otp), "code secret");
    desk_must(otp_code(&otp, step, text), "code");
    return text;
}

#endif
