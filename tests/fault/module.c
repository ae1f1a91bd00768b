/* SPDX-License-Identifier: MIT
 *
 * M1: each call of the module that can fail fails once, at each of its places, in each phase, for a verdict that grants
 * and for one that denies. Success only if authcd said so and every factor was proved; never ignored; what is no
 * failure yet changes nothing; "out of memory" is said to be that; the host is left as it was. Through the real libpam.
 *
 *   module MODULE.so      the module with the wrappers of wrap.c
 */
#include <dlfcn.h>
#include <errno.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <syslog.h>

#include "fault.h"
#include "host.h"
#include "server.h"
#include "tap.h"

static const char *const names[] = {
#define FAULT(type, name, ...) #name,
#define SAFE(name, why)
#include "module.symbols"
    "conv",
};

/* ---- which call fails ---- */

static struct {
    bool armed;
    enum fault_symbol symbol; /* the at-th call of this one (from 1; 0: none fails), with its which-th result */
    unsigned at;
    size_t which;
    struct fault_result result; /* what it then was, if hit points to it */
    const struct fault_result *hit;
    unsigned calls[FAULT_COUNT];
    size_t results[FAULT_COUNT];
} plan;

const struct fault_result *fault_now(enum fault_symbol symbol, const struct fault_result *results, size_t n)
{
    if (!plan.armed)
        return NULL;
    plan.results[symbol] = n;
    if (++plan.calls[symbol] != plan.at || symbol != plan.symbol)
        return NULL;
    plan.result = results[plan.which];
    plan.hit = &plan.result;
    return &results[plan.which];
}

/* ---- the application ---- */

static const char *confdir;
static struct server server;

struct person {
    const char *answers[4];
    size_t next;
};

static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *data)
{
    static const struct fault_result results[] = {{FAULT_FAILS, PAM_CONV_ERR, 0},
                                                  {FAULT_FAILS, PAM_BUF_ERR, ENOMEM},
                                                  {FAULT_FAILS, PAM_CONV_AGAIN, 0},
                                                  {FAULT_FAILS, PAM_SUCCESS, 0}}; /* and no response */
    struct person *p = data;
    bool asks = messages[0]->msg_style == PAM_PROMPT_ECHO_OFF || messages[0]->msg_style == PAM_PROMPT_ECHO_ON;
    const struct fault_result *r = fault_now(FAULT_conv, results, sizeof results / sizeof results[0]);
    if (r != NULL)
        return (int)r->value;
    *ret = calloc((size_t)n, sizeof **ret);
    if (*ret != NULL && asks)
        (*ret)->resp = strdup(p->answers[p->next++ % 4]);
    return *ret == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

struct scenario {
    const char *name;
    int (*phase)(pam_handle_t *pamh, int flags);
    int code; /* without a fault */
    bool granted, after_auth;
    const char *env; /* what an earlier phase left */
};

#define HANDLE "AUTHC_HANDLE=k3v7q2mzt4xa6phr"
#define SESSION "AUTHC_SESSION=k3v7q2mzt4xa6phr"

/* PAM_PERM_DENIED is what libpam makes of PAM_IGNORE. */
static const struct scenario scenarios[] = {
    {"auth, granted", pam_authenticate, PAM_SUCCESS, .granted = true},
    {"auth, denied", pam_authenticate, PAM_AUTH_ERR, .granted = false},
    {"a second auth, denied", pam_authenticate, PAM_AUTH_ERR, .after_auth = true},
    {"setcred after auth", pam_setcred, PAM_SUCCESS, .granted = true, .after_auth = true},
    {"setcred without auth", pam_setcred, PAM_PERM_DENIED, .granted = false},
    {"acct, granted", pam_acct_mgmt, PAM_SUCCESS, .granted = true},
    {"acct, denied", pam_acct_mgmt, PAM_AUTH_ERR, .granted = false},
    {"chauthtok, granted", pam_chauthtok, PAM_SUCCESS, .granted = true},
    {"chauthtok, denied", pam_chauthtok, PAM_AUTHTOK_ERR, .granted = false},
    {"open, granted", pam_open_session, PAM_SUCCESS, .granted = true, .env = HANDLE},
    {"open, denied", pam_open_session, PAM_SESSION_ERR, .env = HANDLE},
    {"close, granted", pam_close_session, PAM_SUCCESS, .granted = true, .env = SESSION},
    {"close, denied", pam_close_session, PAM_SESSION_ERR, .env = SESSION},
};

static void must(int code, const char *what)
{
    if (code == PAM_SUCCESS)
        return;
    printf("Bail out! %s: %d\n", what, code);
    exit(1);
}

/* One transaction in which the phase is armed. Returns what the phase came to. */
static int run(const struct scenario *s)
{
    struct person p = {.answers = {"hunter2", "123456", "hunter2", "123456"}};
    struct pam_conv conv = {converse, &p};
    pam_handle_t *pamh = NULL;
    must(pam_start_confdir("authc", "root", &conv, confdir, &pamh), "pam_start_confdir");
    must(pam_set_item(pamh, PAM_RUSER, s->granted ? "granted" : "denied"), "pam_set_item");
    must(pam_set_item(pamh, PAM_RHOST, "127.0.0.1"), "pam_set_item"); /* an address of this host */
    if (s->env != NULL)
        must(pam_putenv(pamh, s->env), "pam_putenv");
    *server.granted = 0;
    if (s->after_auth)
        must(pam_authenticate(pamh, 0), "auth");
    if (s->phase != pam_setcred) /* whose success rests on that auth */
        *server.granted = 0;
    if (!s->granted)
        p.answers[p.next % 4] = "wrong";
    memset(plan.calls, 0, sizeof plan.calls);
    plan.hit = NULL;
    plan.armed = true;
    int code = s->phase(pamh, 0);
    plan.armed = false;
    pam_end(pamh, code);
    return code;
}

/* ---- the judge ---- */

static bool says_no_memory(const struct fault_result *r)
{
    return r->error == ENOMEM && (plan.symbol == FAULT_conv || strncmp(names[plan.symbol], "pam_", 4) == 0);
}

/* What is wrong with that outcome, or NULL. */
static const char *objection(const struct scenario *s, int code)
{
    const struct fault_result *r = plan.hit;
    bool may_be_absent = r != NULL && r->kind == FAULT_ABSENT && s->phase != pam_authenticate;
    if (r == NULL)
        return "the call did not come";
    if (code == PAM_SUCCESS && (!s->granted || *server.granted == 0))
        return "a success that nobody granted";
    if (code == PAM_SUCCESS && r->kind == FAULT_DENIES)
        return "gone on without";
    if ((code == PAM_IGNORE || code == PAM_PERM_DENIED) && code != s->code && !may_be_absent)
        return "ignored";
    if (r->kind == FAULT_SURVIVES && code != s->code)
        return "given up too early";
    if (code != PAM_SUCCESS && says_no_memory(r) && code != PAM_BUF_ERR && code != s->code)
        return "out of memory under another name";
    return NULL;
}

/* Every call of one symbol in this scenario, failing in every way. */
static void fail_each(const struct scenario *s, enum fault_symbol symbol, unsigned calls, size_t results)
{
    struct host before, after;
    unsigned n = 0, succeeded = 0;
    const char *wrong = NULL;
    look_at_host(&before);
    plan.symbol = symbol;
    for (plan.at = 1; plan.at <= calls && wrong == NULL; plan.at++)
        for (plan.which = 0; plan.which < results && wrong == NULL; plan.which++, n++) {
            int code = run(s);
            succeeded += code == PAM_SUCCESS;
            wrong = objection(s, code);
            if (wrong != NULL)
                fprintf(stderr, "# call %u, result %zu of %s: PAM code %d\n", plan.at, plan.which, names[symbol], code);
        }
    plan.at = 0;
    look_at_host(&after);
    if (wrong == NULL)
        wrong = host_difference(&before, &after);
    ok(wrong == NULL, "%s: %s fails, %u ways, %u granted%s%s", s->name, names[symbol], n, succeeded,
       wrong == NULL ? "" : ": ", wrong == NULL ? "" : wrong);
}

static void fail_all(const struct scenario *s)
{
    unsigned calls[FAULT_COUNT];
    size_t results[FAULT_COUNT];
    plan.at = 0;
    is_int(run(s), s->code, "%s", s->name);
    memcpy(calls, plan.calls, sizeof calls);
    memcpy(results, plan.results, sizeof results);
    for (enum fault_symbol symbol = 0; symbol < FAULT_COUNT; symbol++)
        if (calls[symbol] > 0)
            fail_each(s, symbol, calls[symbol], results[symbol]);
}

/* A FAULT line that nothing has come to would only look like a test. */
static void check_reached(void)
{
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        bool fortified = strncmp(names[i], "__", 2) == 0 || strcmp(names[i], "vsnprintf") == 0; /* one or the other */
        ok(plan.results[i] > 0 || fortified, "%s was called and failed", names[i]);
    }
}

/* ---- the whole ---- */

static void write_service(const char *directory, const char *module, const char *socket)
{
    static const char *const types[] = {"auth", "account", "password", "session"};
    char path[128];
    snprintf(path, sizeof path, "%s/authc", directory);
    FILE *file = fopen(path, "we");
    must(file == NULL ? PAM_SYSTEM_ERR : PAM_SUCCESS, path);
    for (size_t i = 0; i < 4; i++)
        fprintf(file, "%s [success=ok default=bad] %s socket=%s timeout=5 server_uid=%u\n", types[i], module, socket,
                geteuid());
    fclose(file);
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/authc-fault-XXXXXX", path[64], service[64];
    if (argc != 2 || mkdtemp(directory) == NULL)
        return 2;
    chmod(directory, 0755);
    confdir = directory;
    snprintf(path, sizeof path, "%s/a.sock", directory);
    write_service(directory, argv[1], path);
    server = server_start(path);
    must(dlopen(argv[1], RTLD_NOW) == NULL, "dlopen"); /* libpam then loads it no more */
    openlog(NULL, LOG_NDELAY, LOG_USER);               /* libc keeps that descriptor once libpam has logged */
    getpwnam("root");
    close(STDIN_FILENO); /* so that the module's socket comes up as 0, and has to move */
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++)
        fail_all(&scenarios[i]);
    check_reached();
    server_end(&server);
    unlink(path);
    snprintf(service, sizeof service, "%s/authc", directory);
    unlink(service);
    rmdir(directory);
    return tap_done();
}
