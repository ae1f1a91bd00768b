/* SPDX-License-Identifier: MIT
 *
 * Whole PAM transactions (pam_start_confdir to pam_end, the module loaded anew each time) in this process, one after
 * another: pam_permit, which is libpam's own share; and pam_authc against a private authcd of the same build, for an
 * attempt that limits refuse, a code, and a password (19 MiB, 2 passes, the least that authcd accepts). deny_time is 0,
 * so that a refusal shows its work and not its wait. The accounts are named as those of /etc/passwd, because a name
 * that the host does not know takes NSS longest; each can use two codes, which bounds the samples of that line.
 *
 * Leaves out other modules, many logins at once, acct and sessions, and sshd, which adds far more than all of this.
 * Needs root: only uid 0 may reach system.sock, and make an authcd that drops what it has.
 */
#include <security/pam_appl.h>
#include <sodium.h>

#include "accounts.h"
#include "audit.h"
#include "bench.h"
#include "buckets.h"
#include "clocks.h"
#include "factors.h"
#include "host.h"
#include "owners.h"
#include "password.h"

enum { BATCHES = 10, FAILURES = 12, SAMPLES_MAX = 2000 };
#define PASSWORD "correct horse battery"

static struct clock now;
static struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};
static char codes[2][OTP_CODE_SIZE]; /* of this step and the next: good for as long as this takes, each once an owner */

/* Kinds take turns batch by batch, so that a drifting machine drifts for all of them. */
static struct kind {
    const char *name, *service;
    int expect;
    unsigned samples;
    int64_t us[SAMPLES_MAX];
} kinds[] = {
    {"pam_permit", "permit", PAM_SUCCESS, 2000, {0}},
    {"pam_authc, limited", "code", PAM_AUTH_ERR, 1000, {0}},
    {"pam_authc, code", "code", PAM_SUCCESS, 0, {0}},
    {"pam_authc, password", "password", PAM_SUCCESS, 200, {0}},
};
enum { KINDS = sizeof kinds / sizeof *kinds, KIND_LIMITED = 1, KIND_CODE = 2 };

/* ---- the state that authcd finds, and the one that it leaves ---- */

static void add_limit(struct db *db, int64_t account_id)
{
    struct buckets_key key = {.bucket = BUCKET_ACCOUNT, .account_id = account_id};
    struct limit_row row = {0};

    for (unsigned i = 0; i < FAILURES; i++) {
        limit_charge(limit_rule(key.bucket), &row, &now, false);
        limit_fail(&row);
    }
    bench_must(buckets_save(db, &key, &row), "buckets_save");
}

static void add_account(struct db *db, const struct owner *o, const char *stored)
{
    struct factor f = {.kind = "totp", .label = "b", .algorithm = otp.algorithm, .digits = otp.digits, .period_s = 30};
    struct account a;

    bench_must(accounts_add(db, o->name, o->uid, "user", now.wall_s, &a), o->name);
    bench_must(accounts_set_password(db, a.id, stored, true, now.wall_s), "accounts_set_password");
    f.account_id = a.id;
    bench_must(factors_add(db, &f, &otp, now.wall_s), "factors_add");
    bench_must(factors_confirm(db, f.id, now.wall_s), "factors_confirm");
    if (o == &owners[n_owners - 1]) /* the last is the limited one */
        add_limit(db, a.id);
}

/* One hash serves them all: what is measured is not how it was made. */
static void fill_state(struct db *db)
{
    struct password_job *job = password_job_new(PASSWORD_MAKE);

    bench_must(job ? secret_set(&job->password, PASSWORD, strlen(PASSWORD)) : -ENOMEM, "password");
    job->params = (struct password_params){PASSWORD_MEMORY_MIN, PASSWORD_PASSES_MIN};
    password_job_run(job);
    bench_must(job->result, "hash");
    bench_must(db_begin(db), "begin");
    for (unsigned i = 0; i < n_owners; i++)
        add_account(db, &owners[i], job->made);
    bench_must(db_commit(db), "commit");
    password_job_free(job);
}

/* A refusal looks like any other denial: only the audit tells that what was measured was one. */
static void check_limited(struct db *db)
{
    struct audit row = {0};
    unsigned n = 0;

    while (audit_next(db, row.seq, "", 0, &row) == 0)
        n += row.event == AUDIT_LOGIN_LIMITED;
    if (n != kinds[KIND_LIMITED].samples)
        printf("note: %u of %u were limited: that line is no measurement\n", n, kinds[KIND_LIMITED].samples);
}

/* ---- measuring ---- */

static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *answer)
{
    (void)messages;
    if (n != 1 || !(*ret = calloc(1, sizeof **ret)))
        return PAM_CONV_ERR;
    (*ret)->resp = strdup(answer);
    return (*ret)->resp ? PAM_SUCCESS : PAM_CONV_ERR;
}

static int64_t log_in(const struct kind *kind, const char *user, char *answer)
{
    struct pam_conv conv = {converse, answer};
    pam_handle_t *pamh = NULL;
    char confdir[HOST_PATH_SIZE];

    snprintf(confdir, sizeof confdir, "%s/pam.d", bench_dir);
    int64_t start_us = bench_us();
    int code = pam_start_confdir(kind->service, user, &conv, confdir, &pamh);
    if (code == PAM_SUCCESS)
        code = pam_set_item(pamh, PAM_RHOST, "192.0.2.7");
    if (code == PAM_SUCCESS)
        code = pam_authenticate(pamh, 0);
    pam_end(pamh, code);
    int64_t us = bench_us() - start_us;
    if (code != kind->expect) {
        fprintf(stderr, "%s: PAM code %d, not %d: nothing was measured\n", kind->name, code, kind->expect);
        exit(1);
    }
    return us;
}

static void run_batch(struct kind *kind, unsigned batch)
{
    bool limited = kind == &kinds[KIND_LIMITED], code = kind == &kinds[KIND_CODE];
    unsigned unlimited = n_owners - 1;
    char password[] = PASSWORD, wrong[] = "no code";

    for (unsigned i = batch * kind->samples / BATCHES; i < (batch + 1) * kind->samples / BATCHES; i++)
        kind->us[i] = log_in(kind, owners[limited ? unlimited : i % unlimited].name,
                             limited ? wrong
                             : code  ? codes[i / unlimited]
                                     : password);
}

static void print_results(void)
{
    int64_t floor_us = bench_percentile(kinds[0].us, kinds[0].samples, 50);

    printf("login: PAM transactions, one after another\n");
    printf("  %-24s %8s %10s %10s %22s\n", "", "samples", "p50 us", "p99 us", "p50 to pam_permit's");
    for (struct kind *k = kinds; k < kinds + KINDS; k++) {
        int64_t p50 = bench_percentile(k->us, k->samples, 50), p99 = bench_percentile(k->us, k->samples, 99);
        printf("  %-24s %8u %10lld %10lld %22.2f\n", k->name, k->samples, (long long)p50, (long long)p99,
               (double)p50 / (double)floor_us);
    }
}

int main(void)
{
    char module[HOST_PATH_SIZE + 16], options[HOST_PATH_SIZE];

    if (geteuid() != 0) {
        puts("login: needs root, nothing measured");
        return 0;
    }
    bench_must(sodium_init() < 0 ? -EIO : 0, "sodium_init");
    host_make("[service password]\nfactors = password\n[service code]\nfactors = otp\n");
    snprintf(module, sizeof module, "%s/pam_authc.so", host_build);
    snprintf(options, sizeof options, "socket=%s/run/" PROTOCOL_SYSTEM_SOCKET, bench_dir);
    host_service("permit", "pam_permit.so", "");
    host_service("password", module, options);
    host_service("code", module, options);
    host_service("other", "pam_deny.so", "");

    owners_find();
    kinds[KIND_CODE].samples = 2 * (n_owners - 1);
    bench_must(clocks_open(&now), "clocks");
    otp_secret_make(&otp);
    host_state(fill_state);
    host_start();
    for (int i = 0; i < 2; i++)
        bench_must(otp_code(&otp, now.wall_s / otp.period_s + i, codes[i]), "otp_code");
    for (unsigned batch = 0; batch < BATCHES; batch++)
        for (size_t i = 0; i < KINDS; i++) {
            bench_progress("login: batch", batch, BATCHES);
            run_batch(&kinds[i], batch);
        }
    host_stop();
    print_results();
    host_state(check_limited);
    return 0;
}
