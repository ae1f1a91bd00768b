/* SPDX-License-Identifier: MIT
 *
 * Three questions to authcd: what its policy is, the conversation of phase auth, and phase acct. authcd knows that it
 * is a test (BEGIN_TEST): what is typed is judged and counted as ever, and nothing else comes of it. What PAM modules
 * beside ours would say, nobody is asked.
 */
#include "rehearse.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "json.h"
#include "say.h"
#include "text.h"

struct rehearsal {
    const char *service, *user;
    enum verdict login, account;
    char reason[TALK_REASON_SIZE]; /* of the last of them */
};

static int keep(void *arg, const struct msg *row)
{
    struct job *job = arg;
    return tail_push(&job->tail, TAIL_MAX, row, 0);
}

static enum verbs_exit ask_policy(struct job *job)
{
    if (call_open(&job->call) < 0)
        return VERBS_FAILED;
    int error = call_ask(&job->call, &job->ask, &job->request, &(struct call_sink){MSG_row_policy, keep, NULL, job});
    call_close(&job->call);
    return error < 0 ? VERBS_FAILED : VERBS_DONE;
}

/* Before anything is typed: what will be asked, and what will come of it. The keys are policy show's. */
static int add_row(void *arg, const struct msg *row)
{
    const char *item = row->row_policy.item;
    bool told = strncmp(item, "asked", 5) == 0 || strcmp(item, "login") == 0 || strcmp(item, "account") == 0;

    return told ? table_add(arg, row) : 0;
}

static enum verbs_exit show_policy(struct job *job)
{
    job->table.bold = job->colour;
    table_open(&job->table, MSG_row_policy, NULL, NULL);
    if (tail_each(&job->tail, add_row, &job->table) < 0) {
        say_error("out of memory");
        return VERBS_FAILED;
    }
    table_flush(&job->table, stdout);
    fflush(stdout); /* the prompts go to the terminal, behind it */
    return VERBS_DONE;
}

static int try_phase(struct job *job, enum phase phase, struct rehearsal *r, enum verdict *ret)
{
    if (call_open(&job->call) < 0)
        return -1;
    int error = call_try(&job->call, &job->ask, phase, r->service, r->user, ret, r->reason);
    call_close(&job->call);
    return error;
}

static void show_json(struct job *job, const struct rehearsal *r)
{
    fputs("{\"service\": ", stdout);
    json_text(stdout, r->service);
    fputs(", \"user\": ", stdout);
    json_text(stdout, r->user);
    fputs(", \"login\": ", stdout);
    json_text(stdout, verdict_text(r->login));
    fputs(", \"account\": ", stdout);
    if (r->login == VERDICT_GRANTED)
        json_text(stdout, verdict_text(r->account));
    else
        fputs("null", stdout); /* not asked */
    fputs(", \"reason\": ", stdout);
    json_text(stdout, r->reason);
    fputs(", \"policy\": [", stdout);
    job->n_listed = 0;
}

static int list_json(void *arg, const struct msg *row)
{
    struct job *job = arg;

    fputs(job->n_listed++ > 0 ? ", " : "", stdout);
    json_row(stdout, row);
    return 0;
}

static void show_outcome(const struct rehearsal *r, enum verdict last, const char *proved)
{
    if (last == VERDICT_GRANTED)
        printf("%s would let %s in: %s. Nothing came of it: no session, and no known source.\n", r->service, r->user,
               proved);
    else if (r->login == VERDICT_GRANTED)
        printf("%s would not let %s in: right answers (%s), but: %s.\n", r->service, r->user, proved,
               verdict_text(last));
    else
        printf("%s would not let %s in: %s.\n", r->service, r->user, r->reason[0] ? r->reason : verdict_text(last));
}

static enum verbs_exit walk_through(struct job *job, struct rehearsal *r)
{
    char proved[TALK_REASON_SIZE];

    if (try_phase(job, PHASE_AUTH, r, &r->login) < 0)
        return VERBS_FAILED;
    memcpy(proved, r->reason, sizeof proved);
    if (r->login == VERDICT_GRANTED && try_phase(job, PHASE_ACCT, r, &r->account) < 0)
        return VERBS_FAILED;
    enum verdict last = r->login == VERDICT_GRANTED ? r->account : r->login;
    if (last == VERDICT_GRANTED)
        memcpy(r->reason, proved, sizeof r->reason);
    if (job->json) {
        show_json(job, r);
        if (tail_each(&job->tail, list_json, job) < 0)
            return VERBS_FAILED;
        fputs("]}\n", stdout);
    } else
        show_outcome(r, last, proved);
    return last == VERDICT_GRANTED ? VERBS_DONE : VERBS_FAILED;
}

enum verbs_exit rehearse_run(struct job *job)
{
    struct msg_policy_show *m = &job->request.policy_show;
    struct rehearsal r = {.login = VERDICT_DENIED, .account = VERDICT_DENIED};
    enum verbs_exit e = job_fill(job);
    char self[sizeof m->user];

    if (e != VERBS_DONE)
        return e;
    if (geteuid() != 0) {
        say_error("for root only: a test tells why it failed");
        return VERBS_FAILED;
    }
    if (m->user[0] == '\0' && (talk_self(self) < 0 || text_copy(m->user, sizeof m->user, self) < 0))
        return job_usage(job, "whose login? give a name");
    e = ask_policy(job);
    if (e == VERBS_DONE && !job->json)
        e = show_policy(job);
    if (e != VERBS_DONE)
        return e;
    r.service = m->service;
    r.user = m->user;
    return walk_through(job, &r);
}
