/* SPDX-License-Identifier: MIT
 *
 * Two requests for an invitation: the account, then its password. If the second fails the account is there without a
 * password, and nobody gets in: `user reset` makes one. The password goes to stdout alone.
 */
#include "invite.h"

#include <stdio.h>
#include <string.h>

#include "job.h"
#include "own.h"
#include "print.h"
#include "say.h"
#include "text.h"

/* In place of the account's row, if there was one. */
static int make_password(struct job *job, const char *user)
{
    CALL_AUTO struct call call = {.link = {.fd = -1}, .run_dir = job->call.run_dir, .server_uid = job->call.server_uid};

    msg_wipe(&job->row);
    if (call_open(&call) < 0)
        return -1;
    return call_one_time(&call, &job->ask, user, &job->row);
}

enum verbs_exit invite_user(struct job *job)
{
    const char *user = job->request.user_add.user;
    enum verbs_exit e = job_fill(job);

    if (e == VERBS_DONE)
        e = own_host_uid(&job->request.user_add);
    if (e == VERBS_DONE)
        e = job_ask(job);
    if (e != VERBS_DONE)
        return e;
    if (make_password(job, user) < 0) {
        say_error("%s: added, but without a password: authctl user reset makes one", user);
        return VERBS_FAILED;
    }
    return job_show(job);
}

enum verbs_exit invite_reset(struct job *job)
{
    const char *user = job->request.user_show.user;
    enum verbs_exit e = job_fill(job);

    if (e == VERBS_DONE && !text_is_account_name(user))
        return job_usage(job, "not a name that an account may have");
    if (e != VERBS_DONE)
        return e;
    return make_password(job, user) < 0 ? VERBS_FAILED : job_show(job);
}

void invite_show(const struct job *job, const struct msg *row)
{
    struct print_words words = {.row = row, .now_s = job->now_s};

    print_sentence(stdout, job->done, &words);
    print_sentence(stdout,
                   "\n  {password}\n\n"
                   "This is for one login, which asks for a new password. It is shown once, and good until\n"
                   "{expires_at}. Tell it to {user} and to nobody else.\n"
                   "If it was lost or comes too late: authctl user reset {user}",
                   &words);
}
