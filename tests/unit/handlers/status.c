/* SPDX-License-Identifier: MIT
 *
 * Status tells counts to root only (they would tell a guesser what was looked at), whoami tells of the peer's own
 * session only (T8), and the configuration is shown with what the file changed.
 */
#include "desk_ask.h"

static void test_status(struct desk *d)
{
    d->counters = (struct counters){
        .started_at = 77, .hashes = 5, .logins = {[COUNTERS_GRANTED] = 2}, .connections = 4, .slots = 2};
    d->counters.logins[COUNTERS_WRONG] = d->counters.logins[COUNTERS_LIMITED] = d->counters.logins[COUNTERS_FAKE] = 1;
    d->counters.logins[COUNTERS_IGNORED] = d->counters.logins[COUNTERS_BUSY] = 10;
    d->counters.logins[COUNTERS_ABANDONED] = 10; /* no verdict of theirs said no */
    ASK_BARE(d, desk_line(d, 0), status_get);
    const struct msg_row_status *row = &asked.first.row_status;
    ok(ask_gave(1, 0) && strcmp(row->state, "serving") == 0 && strcmp(row->version, AUTHC_VERSION) == 0 &&
           row->started_at == 77,
       "serving");
    ok(row->hashes == 5 && row->granted == 2 && row->denied == 3 && row->connections == 4 && row->slots == 2,
       "counters");
    ok(row->accounts == 1 && row->sessions == 1 && row->audit_seq == ask_position(d), "what is in the database");
    ASK_BARE(d, desk_line(d, 1001), status_get);
    ok(ask_gave(1, 0) && row->started_at == 77 && row->hashes == 0 && row->denied == 0 && row->accounts == 0 &&
           row->audit_seq == 0,
       "none of which is for others");
    d->frozen = "the disk is full";
    ASK_BARE(d, desk_line(d, 1001), status_get);
    ok(ask_gave(1, 0) && strcmp(row->state, "degraded") == 0 && strcmp(row->reason, "the disk is full") == 0,
       "D3: degraded, and why");
    d->frozen = NULL;
}

static void test_whoami(struct desk *d, const struct session *s)
{
    struct line *l = desk_line(d, 1001);
    const struct msg_row_whoami *row = &asked.first.row_whoami;
    ASK(d, l, whoami, .session = "");
    ok(ask_gave(1, 0) && strcmp(row->user, "ada") == 0 && strcmp(row->role, "admin") == 0 && strlen(row->id) == 36,
       "ada");
    ok(row->session[0] == '\0' && row->since_at == 0, "in no session");
    l->peer.audit_session = 7;
    ASK(d, l, whoami, .session = "");
    ok(ask_gave(1, 0) && strcmp(row->session, s->name) == 0 && strcmp(row->amr, "pwd otp") == 0 &&
           strcmp(row->acr, "aal2") == 0 && strcmp(row->service, "sshd") == 0 && row->since_at == s->created_at,
       "in hers");
    ASK(d, desk_line(d, 1002), whoami, .session = "");
    ok(ask_refused(REFUSAL_NOT_ALLOWED), "who has no account is nobody");
    ASK(d, desk_line(d, 0), whoami, .session = "");
    ok(ask_refused(REFUSAL_INVALID), "nor is root, which is told so");
}

static void test_config(struct desk *d)
{
    struct config_setting setting;
    uint32_t n = 0;
    while (config_setting(&d->config, n, &setting))
        n++;
    ASK_BARE(d, desk_line(d, 1001), config_list);
    ok(n > 10 && ask_gave(n, 0) && strcmp(asked.first.row_setting.section, "authcd") == 0, "all %u settings", n);
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    struct account ada = desk_account(&d, "ada", 1001, "admin", "correct horse", NULL, 0);
    struct session s = ask_session(&d, &ada, "pwd otp", "aal2", 7);
    test_status(&d);
    test_whoami(&d, &s);
    test_config(&d);
    desk_close(&d);
    return tap_done();
}
