/* SPDX-License-Identifier: MIT
 *
 * Factors on the command line: a code is asked for only where authcd will look at it, what is shown once is shown with
 * advice what to do with it. Secrets go to stdout alone.
 */
#include "factor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "job.h"
#include "print.h"
#include "say.h"

/* ---- what authcd has ---- */

struct search {
    uint32_t id;      /* 0: any */
    bool unconfirmed; /* only such */
    bool found;
    bool recovery; /* there are recovery codes left */
    char kind[17]; /* of the last that was found */
};

static int look(void *arg, const struct msg *row)
{
    struct search *s = arg;
    const struct msg_row_factor *f = &row->row_factor;

    s->recovery |= f->left > 0;
    if (f->id == 0 || (s->id != 0 && s->id != f->id) || (s->unconfirmed && f->confirmed))
        return 0;
    s->found = true;
    memcpy(s->kind, f->kind, sizeof s->kind);
    return 0;
}

/* Nobody should have to look up a code for nothing. What is found here authcd judges again. */
static int find(const struct job *job, const char user[257], struct search *s)
{
    CALL_AUTO struct call call = {.link = {.fd = -1}, .run_dir = job->call.run_dir, .server_uid = job->call.server_uid};
    struct ask nobody = {.password_fd = -1, .code_fd = -1};
    MSG_AUTO struct msg list = {.number = MSG_factor_list};

    memcpy(list.factor_list.user, user, sizeof list.factor_list.user);
    if (call_open(&call) < 0 || call_ask(&call, &nobody, &list, &(struct call_sink){MSG_row_factor, look, NULL, s}) < 0)
        return -EACCES;
    return 0;
}

static int ask_code(struct job *job, const char *prompt, struct secret *ret)
{
    int error = ask_secret(&job->ask, PROMPT_CODE, true, prompt, ret);

    if (error < 0)
        say_error("code: %s", talk_why(error));
    return error;
}

static enum verbs_exit ask_and_show(struct job *job)
{
    enum verbs_exit e = job_ask(job);
    return e == VERBS_DONE ? job_show(job) : e;
}

/* ---- the verbs ---- */

enum verbs_exit factor_confirm(struct job *job)
{
    struct msg_factor_confirm *m = &job->request.factor_confirm;
    enum verbs_exit e = job_fill(job);

    if (e != VERBS_DONE)
        return e;
    struct search s = {.id = m->id, .unconfirmed = true};
    if (find(job, m->user, &s) < 0)
        return VERBS_FAILED;
    if (!s.found) {
        say_error("no such factor waits to be confirmed; see authctl factor list");
        return VERBS_FAILED;
    }
    job->next = s.recovery ? NULL : "authctl factor recovery --user {user}";
    return ask_code(job, "Code of the new factor: ", &m->code) < 0 ? VERBS_FAILED : ask_and_show(job);
}

enum verbs_exit factor_resync(struct job *job)
{
    struct msg_factor_resync *m = &job->request.factor_resync;
    enum verbs_exit e = job_fill(job);

    if (e != VERBS_DONE)
        return e;
    if (m->id == 0)
        return job_usage(job, "--id takes the number of a factor");
    struct search s = {.id = m->id};
    if (find(job, m->user, &s) < 0)
        return VERBS_FAILED;
    if (strcmp(s.kind, "hotp") == 0) {
        job->done = "Factor {id} \"{label}\": found again; its next code counts.";
        if (ask_code(job, "Next code of the token: ", &m->code) < 0 ||
            ask_code(job, "The code after that: ", &m->next_code) < 0)
            return VERBS_FAILED;
    } else
        job->done = "Factor {id} \"{label}\": clock fault cleared; codes count again in a minute or two.";
    return ask_and_show(job);
}

static int print_code(void *arg, const struct msg *row)
{
    uint32_t *replaced = arg;

    print_sentence(stdout, "  {code}", &(struct print_words){.row = row});
    *replaced = row->row_recovery.replaced;
    return 0;
}

enum verbs_exit factor_recovery(struct job *job)
{
    uint32_t replaced = 0;
    enum verbs_exit e = job_fill(job);

    if (e != VERBS_DONE || job->json)
        return e != VERBS_DONE ? e : job_ask(job);
    if (call_open(&job->call) < 0 || call_ask(&job->call, &job->ask, &job->request,
                                              &(struct call_sink){MSG_row_recovery, print_code, NULL, &replaced}) < 0)
        return VERBS_FAILED;
    fputs("Each of them opens once, in place of a code. Shown once: print them or write them down,\n"
          "and keep them apart from what makes the codes.\n",
          stdout);
    if (replaced > 0)
        printf("They take the place of %" PRIu32 " unused older ones, which open nothing any more.\n", replaced);
    return VERBS_DONE;
}

/* ---- answers ---- */

void factor_show_removed(const struct job *job, const struct msg *row)
{
    struct print_words words = {.row = row, .now_s = job->now_s};
    const struct msg_row_factor *f = &row->row_factor;

    if (f->id == 0)
        print_sentence(stdout, "Recovery codes of {user}: removed, {left} unused.", &words);
    else if (f->left > 0)
        print_sentence(stdout, "Factor {id} \"{label}\": removed, and with it {left} unused recovery codes.", &words);
    else
        print_sentence(stdout, job->done, &words);
}

void factor_show_enrolment(const struct job *job, const struct msg *row)
{
    const struct msg_row_enrolment *r = &row->row_enrolment;
    struct print_words words = {row, &job->request, NULL, job->now_s};

    print_lines(stdout, r->qr);
    print_sentence(stdout, "{uri}", &words);
    fputs("Secret", stdout);
    for (size_t i = 0; r->secret[i] != '\0'; i++)
        fprintf(stdout, "%s%c", i % 4 == 0 ? " " : "", r->secret[i] > ' ' && r->secret[i] < 0x7f ? r->secret[i] : '?');
    fputs(" (shown once)\n", stdout);
    print_sentence(stdout, "Factor {id} \"{label}\": inactive until confirmed.", &words);
    print_sentence(stdout, "Next: authctl factor confirm --user {user}", &words);
}
