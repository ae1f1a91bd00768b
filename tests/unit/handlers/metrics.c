/* SPDX-License-Identifier: MIT
 *
 * Every event is counted once, under its own name: each way that a conversation can end, each limit that refuses, and
 * what sessions, tokens and passwords come to. A login ends in exactly one way.
 */
#include <ctype.h>

#include "desk_ask.h"
#include "signing.h"

static const char secret[] = "12345678901234567890";
static struct line *root;
static struct msg rows[100];
static size_t n_rows;

static void get(struct desk *d)
{
    struct handler h = desk_handler(d, root);
    struct step step = {0};
    static const struct msg_metrics_get in;

    n_rows = 0;
    desk_must(db_begin(d->db), "begin");
    desk_must(on_metrics_get(&h, &in, &step), "metrics");
    desk_must(db_commit(d->db), "commit");
    for (const struct reply *r = step.first; r && n_rows < 100; r = r->next)
        desk_must(msg_decode(r->bytes, r->len, &rows[n_rows++]), "decode");
    step_clear(&step);
    n_rows--; /* END */
}

static const struct msg_row_metric *metric(const char *name, const char *label_value)
{
    for (size_t i = 0; i < n_rows; i++)
        if (strcmp(rows[i].row_metric.name, name) == 0 && strcmp(rows[i].row_metric.label_value, label_value) == 0)
            return &rows[i].row_metric;
    printf("Bail out! no %s %s\n", name, label_value);
    exit(1);
}

static int64_t value(const char *name, const char *label_value)
{
    return strtoll(metric(name, label_value)->value, NULL, 10);
}

/* The sum over all label values. */
static int64_t sum(const char *name)
{
    int64_t n = 0;

    for (size_t i = 0; i < n_rows; i++)
        if (strcmp(rows[i].row_metric.name, name) == 0)
            n += strtoll(rows[i].row_metric.value, NULL, 10);
    return n;
}

/* What this does to one metric: n more, and to no other label of that name anything. */
#define COUNTS(d, name, label_value, n, what, ...)                                                                     \
    do {                                                                                                               \
        get(d);                                                                                                        \
        int64_t one = value(name, label_value), all = sum(name);                                                       \
        __VA_ARGS__;                                                                                                   \
        get(d);                                                                                                        \
        ok(value(name, label_value) - one == (n) && sum(name) - all == (n), "%s: %s %s", what, name, label_value);     \
    } while (0)

static struct line *start(struct desk *d, enum phase phase, const char *service, const char *user, const char *rhost)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, phase, service, user);
    strcpy(b.rhost, rhost);
    desk_begin(d, l, &b);
    return l;
}

static struct line *try(struct desk *d, const char *service, const char *user, const char *rhost, const char *password,
                        const char *code)
{
    struct line *l = start(d, PHASE_AUTH, service, user, rhost);

    desk_answer(d, l, password);
    if (code)
        desk_answer(d, l, code);
    return l;
}

static void open_desk(struct desk *d)
{
    desk_open(d);
    desk_config(d, "[service *]\nfactors = password\n[service both]\nfactors = password otp\n[service open]\n"
                   "factors = password\nunknown = ignore\n[service sshd]\nfactors = password\nsessions = yes\n"
                   "[service staff]\nfactors = password\nroles = superadmin\n[audience web]\nacr = aal1\n");
    desk_account(d, "ada", 1001, "user", "the password", secret, 6);
    desk_account(d, "bob", 1002, "user", "the password", NULL, 0);
    root = desk_line(d, 0);
    desk_tick(d, 120000);
}

#define LOGINS "authc_logins_total"

static void logins(void)
{
    struct desk d;
    char code[16];

    open_desk(&d);
    COUNTS(&d, LOGINS, "granted", 1, "a login", try(&d, "su", "bob", "192.0.2.1", "the password", NULL));
    COUNTS(&d, LOGINS, "wrong", 1, "a wrong password", try(&d, "su", "bob", "192.0.2.1", "wrong", NULL));
    COUNTS(&d, LOGINS, "wrong", 1, "nothing typed", try(&d, "su", "bob", "192.0.2.1", "", NULL));
    COUNTS(&d, LOGINS, "wrong", 1, "a wrong code", try(&d, "both", "ada", "192.0.2.1", "the password", "000000"));
    strcpy(code, desk_code(&d, secret, 0, 6));
    COUNTS(&d, LOGINS, "granted", 1, "both factors", try(&d, "both", "ada", "192.0.2.1", "the password", code));
    COUNTS(&d, LOGINS, "replayed", 1, "a used code", try(&d, "both", "ada", "192.0.2.1", "the password", code));
    COUNTS(&d, LOGINS, "unknown", 1, "no such account", try(&d, "su", "eve", "192.0.2.1", "the password", NULL));
    COUNTS(&d, LOGINS, "ignored", 1, "no such account, ignored", start(&d, PHASE_AUTH, "open", "eve", "192.0.2.1"));
    COUNTS(&d, LOGINS, "refused", 1, "a role", try(&d, "staff", "bob", "192.0.2.1", "the password", NULL));
    COUNTS(&d, LOGINS, "fake", 1, "sshd's own text", try(&d, "sshd", "bob", "192.0.2.1", "\b\n\r\177INCORRECT", NULL));
    COUNTS(&d, LOGINS, "abandoned", 1, "hung up before an answer",
           desk_gone(&d, start(&d, PHASE_AUTH, "su", "bob", "192.0.2.1")));
    COUNTS(&d, LOGINS, "abandoned", 1, "hung up after one",
           desk_gone(&d, try(&d, "both", "ada", "192.0.2.1", "the password", NULL)));
    struct line *done = try(&d, "su", "bob", "192.0.2.1", "the password", NULL);
    COUNTS(&d, LOGINS, "abandoned", 0, "hung up after the verdict", desk_gone(&d, done));
    struct line *stepup = start(&d, PHASE_STEPUP, "authctl", "bob", "192.0.2.1");
    COUNTS(&d, LOGINS, "granted", 1, "a stepup", desk_answer(&d, stepup, "the password"));
    struct msg_begin test;
    desk_begin_msg(&test, PHASE_AUTH, "su", "bob");
    test.flags = BEGIN_TEST;
    struct line *l = desk_line(&d, 0);
    desk_begin(&d, l, &test);
    COUNTS(&d, LOGINS, "granted", 0, "test-login is no login", desk_answer(&d, l, "the password"));
    COUNTS(&d, LOGINS, "granted", 0, "acct is no login", start(&d, PHASE_ACCT, "su", "bob", "192.0.2.1"));
    desk_close(&d);
}

/* The host's uid is another one; the hash could not be made for lack of memory. */
static void faults(void)
{
    struct desk d;
    struct msg_begin b;
    struct line *l;

    open_desk(&d);
    desk_begin_msg(&b, PHASE_AUTH, "su", "bob");
    b.target_uid = 4711;
    l = desk_line(&d, 0);
    desk_begin(&d, l, &b);
    COUNTS(&d, LOGINS, "fault", 1, "another uid", desk_answer(&d, l, "the password"));
    d.keep_jobs = true;
    l = try(&d, "su", "bob", "192.0.2.1", "the password", NULL);
    struct password_job *job = l->job;
    l->job = NULL;
    job->result = -ENOMEM;
    COUNTS(&d, LOGINS, "busy", 1, "no memory", DESK_CALL(&d, l, on_hashed(&h, job, &step)));
    password_job_free(job);
    l = start(&d, PHASE_AUTH, "su", "bob", "192.0.2.1");
    COUNTS(&d, LOGINS, "busy", 1, "who had to leave for others", DESK_CALL(&d, l, on_busy(&h, &step)));
    COUNTS(&d, LOGINS, "abandoned", 0, "who is gone then, is not gone twice", desk_gone(&d, l));
    desk_close(&d);
}

#define REFUSALS "authc_limit_refusals_total"

static void refusals(void)
{
    struct desk d;
    char from[32];

    open_desk(&d);
    try(&d, "su", "bob", "192.0.2.1", "the password", NULL); /* known */
    for (int i = 0; i < 5; i++)
        try(&d, "su", "bob", "192.0.2.1", "wrong", NULL);
    COUNTS(&d, REFUSALS, "pair", 1, "a known source that fails", try(&d, "su", "bob", "192.0.2.1", "wrong", NULL));
    for (int i = 0; i < 5; i++) {
        snprintf(from, sizeof from, "203.0.113.%d", i);
        try(&d, "su", "bob", from, "wrong", NULL);
    }
    COUNTS(&d, REFUSALS, "account", 1, "an account", try(&d, "su", "bob", "203.0.113.99", "wrong", NULL));
    COUNTS(&d, LOGINS, "limited", 1, "which is a login, too", try(&d, "su", "bob", "203.0.113.99", "wrong", NULL));
    for (int i = 0; i < 20; i++) {
        snprintf(from, sizeof from, "name%d", i);
        try(&d, "su", from, "198.51.100.1", "wrong", NULL);
    }
    COUNTS(&d, REFUSALS, "source", 1, "a source", try(&d, "su", "ada", "198.51.100.1", "wrong", NULL));
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        snprintf(from, sizeof from, "100.64.%d.1", i);
        try(&d, "su", name, from, "wrong", NULL);
    }
    COUNTS(&d, REFUSALS, "net", 1, "a network", try(&d, "su", "ada", "100.64.250.1", "wrong", NULL));
    for (int i = 0; i < 3; i++)
        try(&d, "both", "ada", "192.0.2.77", "the password", "000000");
    COUNTS(&d, REFUSALS, "otp", 1, "codes", try(&d, "both", "ada", "192.0.2.77", "the password", "000000"));
    COUNTS(&d, LOGINS, "limited", 1, "which is a login, too",
           try(&d, "both", "ada", "192.0.2.77", "the password", "000000"));
    desk_close(&d);
}

static void passwords(void)
{
    struct desk d;
    struct line *l;

    open_desk(&d);
    l = start(&d, PHASE_CHAUTHTOK, "passwd", "bob", "");
    desk_answer(&d, l, "another good password");
    COUNTS(&d, "authc_password_changes_total", "set", 1, "root's passwd", desk_answer(&d, l, "another good password"));
    l = start(&d, PHASE_CHAUTHTOK, "passwd", "bob", "");
    desk_answer(&d, l, "x");
    desk_answer(&d, l, "y");
    COUNTS(&d, "authc_password_changes_total", "refused", 1, "too short three times", desk_answer(&d, l, "z"));
    l = desk_line(&d, 1002);
    struct msg_begin b;
    desk_begin_msg(&b, PHASE_CHAUTHTOK, "passwd", "bob");
    desk_begin(&d, l, &b);
    COUNTS(&d, "authc_password_changes_total", "refused", 1, "a wrong current one", desk_answer(&d, l, "wrong"));
    get(&d);
    is_int(sum(LOGINS), 0, "none of which is a login");
    desk_close(&d);
}

static void sessions_and_tokens(void)
{
    struct desk d;
    struct msg_begin b;

    open_desk(&d);
    DESK_STORE(&d, signing_ensure(d.db, &d.now));
    struct line *l = try(&d, "sshd", "bob", "192.0.2.1", "the password", NULL);
    desk_begin_msg(&b, PHASE_OPEN, "sshd", "bob");
    strcpy(b.rhost, "192.0.2.1");
    strcpy(b.handle, l->got[l->n_got - 1].verdict.handle);
    b.audit_session = 7;
    l = desk_line(&d, 0);
    COUNTS(&d, "authc_sessions_opened_total", "", 1, "a session", desk_begin(&d, l, &b));
    is_int(value("authc_sessions", ""), 1, "which lives");
    l = desk_line(&d, 0);
    COUNTS(&d, "authc_sessions_opened_total", "", 0, "a handle twice", desk_begin(&d, l, &b));
    l = desk_line(&d, 1002);
    COUNTS(&d, "authc_tokens_refused_total", "", 1, "no session here", ASK(&d, l, token_mint, .audience = "web"));
    l->peer.audit_session = 7;
    COUNTS(&d, "authc_tokens_minted_total", "", 1, "a token", ASK(&d, l, token_mint, .audience = "web"));
    is_int(value("authc_tokens_refused_total", ""), 1, "and none refused");
    desk_close(&d);
}

static void state(void)
{
    struct desk d;

    open_desk(&d);
    d.counters.started_at = 1999999999;
    d.counters.connections = 3;
    d.counters.slots = 2;
    d.counters.memory_locked = true;
    d.counters.turned_away[COUNTERS_BUDGET] = 4;
    d.counters.hashing = (struct counters_hashing){.busy_us = 61500001, .wait_max_us = 7, .waiting = 9};
    get(&d);
    is_str(metric("authc_build_info", AUTHC_VERSION)->value, "1", "version");
    is_int(value("authc_start_time_seconds", ""), 1999999999, "start");
    is_int(value("authc_connections", ""), 3, "connections");
    is_int(value("authc_hash_threads", ""), 2, "threads");
    is_int(value("authc_memory_locked", ""), 1, "a flag");
    is_int(value("authc_degraded", ""), 0, "not degraded");
    d.frozen = "the disk is full";
    get(&d);
    is_int(value("authc_degraded", ""), 1, "degraded, once nothing can be changed");
    d.frozen = NULL;
    is_int(value("authc_turned_away_total", "budget"), 4, "turned away");
    is_str(metric("authc_hash_seconds_total", "")->value, "61.500001", "microseconds are seconds");
    is_str(metric("authc_hash_wait_seconds_max", "")->value, "0.000007", "however few");
    is_int(value("authc_hash_queue", ""), 9, "the queue");
    is_int(value("authc_accounts", ""), 2, "accounts");
    is_int(value("authc_audit_events_total", ""), ask_position(&d), "events");
    is_int(value("authc_audit_undelivered", ""), ask_position(&d), "none of which the journal has");
    try(&d, "su", "bob", "192.0.2.1", "wrong", NULL);
    DESK_STORE(&d, audit_delivered(d.db, 1));
    get(&d);
    is_int(value("authc_limit_rows", "accounts"), 2, "rows about bob: as an account, and from there");
    is_int(value("authc_limit_rows", "sources"), 2, "and about the source and its network");
    ok(value("authc_audit_undelivered", "") == ask_position(&d) - 1 && value("authc_audit_delivered_total", "") == 1,
       "one is delivered");
    ok(value("authc_database_bytes", "") > 4096 && value("authc_database_wal_pages", "") > 0, "the database");
    desk_close(&d);
}

static bool is_name(const char *s)
{
    bool good = strncmp(s, "authc_", 6) == 0;

    for (; *s; s++)
        good = good && (islower((unsigned char)*s) || *s == '_');
    return good;
}

static void form(void)
{
    struct desk d;

    open_desk(&d);
    get(&d);
    for (size_t i = 0; i < n_rows; i++) {
        const struct msg_row_metric *row = &rows[i].row_metric, *last = i ? &rows[i - 1].row_metric : NULL;
        bool total = strlen(row->name) > 6 && strcmp(row->name + strlen(row->name) - 6, "_total") == 0;
        bool seen = false;
        for (size_t j = 0; j + 1 < i; j++)
            seen = seen || strcmp(rows[j].row_metric.name, row->name) == 0;
        ok(is_name(row->name) && strcmp(row->kind, total ? "counter" : "gauge") == 0 && row->help[0] &&
               row->help[strlen(row->help) - 1] == '.' && (row->label[0] == '\0') == (row->label_value[0] == '\0'),
           "%s %s: has all that it needs", row->name, row->label_value);
        ok(!last || strcmp(last->name, row->name) == 0 || !seen, "and stands beside its like");
        ok(!last || strcmp(last->name, row->name) != 0 ||
               (strcmp(last->label, row->label) == 0 && strcmp(last->label_value, row->label_value) != 0 &&
                strcmp(last->help, row->help) == 0),
           "which differ by a label alone");
    }
    desk_close(&d);
}

int main(void)
{
    logins();
    faults();
    refusals();
    passwords();
    sessions_and_tokens();
    state();
    form();
    return tap_done();
}
