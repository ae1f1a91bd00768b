/* SPDX-License-Identifier: MIT
 *
 * Verbs with something of their own: uids come from the host, passwords from a conversation, tokens from stdin. Those
 * about factors are factor's, all else is job's.
 */
#include "own.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "json.h"
#include "print.h"
#include "request.h"
#include "say.h"
#include "text.h"
#include "when.h"

/* ---- accounts ---- */

enum verbs_exit own_host_uid(struct msg_user_add *m)
{
    if (m->uid != PROTOCOL_NO_UID)
        return VERBS_DONE;
    const struct passwd *p = getpwnam(m->user);
    if (p == NULL) {
        say_error("this host has no user \"%s\": make one, or give the uid it will have with --uid", m->user);
        return VERBS_FAILED;
    }
    m->uid = p->pw_uid;
    return VERBS_DONE;
}

/* Sets the password that was read ahead, and gets the account again as it is then. */
static enum verbs_exit add_password(struct job *job)
{
    CALL_AUTO struct call call = {.link = {.fd = -1}, .run_dir = job->call.run_dir, .server_uid = job->call.server_uid};
    char user[257];

    if (text_copy(user, sizeof user, job->request.user_add.user) < 0 || call_open(&call) < 0 ||
        call_password(&call, &job->ask, user) < 0) {
        say_error("%s: added, but without a password: authctl passwd sets one", job->request.user_add.user);
        return VERBS_FAILED;
    }
    msg_wipe(&job->request);
    msg_wipe(&job->row);
    job->request.number = MSG_user_show;
    memcpy(job->request.user_show.user, user, sizeof user);
    job->done = "{user}: added (uid {uid}, {role}), password set.";
    job->next = "authctl factor add totp --user {user}";
    return job_ask(job);
}

enum verbs_exit own_user_add(struct job *job)
{
    bool password = job->ask.password_fd >= 0;
    enum verbs_exit e = job_fill(job);

    if (e == VERBS_DONE)
        e = own_host_uid(&job->request.user_add);
    if (e != VERBS_DONE)
        return e;
    int error = password ? ask_ahead(&job->ask, "") : 0; /* before anything is added */
    if (error < 0) {
        say_error("password: %s", talk_why(error));
        return VERBS_FAILED;
    }
    e = job_ask(job);
    if (e == VERBS_DONE && password)
        e = add_password(job);
    return e == VERBS_DONE ? job_show(job) : e;
}

enum verbs_exit own_user_set(struct job *job)
{
    if (!args_has(job->args, ARGS_ROLE) && !args_has(job->args, ARGS_UID))
        return job_usage(job, "nothing to set: --role, --uid");
    enum verbs_exit e = job_fill(job);
    if (e == VERBS_DONE)
        e = job_ask(job);
    return e == VERBS_DONE ? job_show(job) : e;
}

static enum verbs_exit whose(struct job *job, char user[257])
{
    const char *given = request_given(job->verb, job->args, job->used, "user");

    if (given == NULL && talk_self(user) == 0)
        return VERBS_DONE;
    if (given == NULL) {
        say_error("this host has no name for uid %u", (unsigned)getuid());
        return VERBS_FAILED;
    }
    if (!text_is_account_name(given) || text_copy(user, 257, given) < 0)
        return job_usage(job, "not a name that an account may have");
    return VERBS_DONE;
}

enum verbs_exit own_passwd(struct job *job)
{
    char user[257];
    enum verbs_exit e = job_fill(job);

    if (e == VERBS_DONE)
        e = whose(job, user);
    if (e != VERBS_DONE)
        return e;
    if (call_open(&job->call) < 0 || call_password(&job->call, &job->ask, user) < 0)
        return VERBS_FAILED;
    if (job->json) {
        fputs("{\"user\": ", stdout);
        json_text(stdout, user);
        fputs("}\n", stdout);
    } else
        print_sentence(stdout, job->done, &(struct print_words){.user = user});
    return VERBS_DONE;
}

/* ---- sessions and tokens ---- */

enum verbs_exit own_in_session(struct job *job)
{
    enum verbs_exit e = job_fill(job);
    bool mint = job->verb->request == MSG_token_mint;

    if (e == VERBS_DONE && job->session != NULL && !args_has(job->args, ARGS_SESSION)) {
        char *to = mint ? job->request.token_mint.session : job->request.whoami.session;
        if (!text_is_word(job->session, 32) || text_copy(to, 33, job->session) < 0) {
            say_error("AUTHC_SESSION is not the name of a session");
            return VERBS_FAILED;
        }
    }
    if (e == VERBS_DONE)
        e = job_ask(job);
    return e == VERBS_DONE ? job_show(job) : e;
}

int own_read_token(char *out, size_t cap)
{
    size_t len = 0;
    ssize_t n;

    do {
        n = read(STDIN_FILENO, out + len, cap - len);
        len += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && len < cap) || (n < 0 && errno == EINTR));
    while (n == 0 && len > 0 && strchr(" \t\r\n", out[len - 1]) != NULL && out[len - 1] != '\0')
        len--;
    if (n != 0 || len == cap || len == 0 || memchr(out, '\0', len) != NULL) {
        explicit_bzero(out, cap);
        say_error(n < 0 ? "stdin cannot be read" : len == 0 ? "no token on stdin" : "what is on stdin is no token");
        return -EINVAL;
    }
    out[len] = '\0';
    return 0;
}

enum verbs_exit own_token_verify(struct job *job)
{
    enum verbs_exit e = job_fill(job);

    if (e == VERBS_DONE && own_read_token(job->request.token_verify.token, sizeof job->request.token_verify.token) < 0)
        e = VERBS_FAILED;
    if (e == VERBS_DONE)
        e = job_ask(job);
    return e == VERBS_DONE ? job_show(job) : e;
}

void own_show_token(const struct job *job, const struct msg *row)
{
    print_sentence(stdout, "{token}", &(struct print_words){.row = row, .now_s = job->now_s});
}

/* RFC 8176's words as people say them. */
static const char *proof(const char *amr, size_t len)
{
    static const char *const names[][2] = {{"pwd", "password"}, {"otp", "code"}, {"swk", "key"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i][0]) == len && memcmp(names[i][0], amr, len) == 0)
            return names[i][1];
    return "other";
}

void own_show_whoami(const struct job *job, const struct msg *row)
{
    const struct msg_row_whoami *r = &row->row_whoami;
    struct print_words words = {.row = row, .now_s = job->now_s};
    char since[WHEN_SIZE];

    if (r->session[0] == '\0') {
        print_sentence(stdout, "{user} ({role})  no session", &words);
        return;
    }
    print_phrase(stdout, "{user} ({role})  session {session}  {service}", &words);
    if (r->source[0] != '\0')
        print_phrase(stdout, " from {source}", &words);
    for (const char *at = r->amr; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        fprintf(stdout, "%s%s", at == r->amr ? "  " : " + ", proof(at, len));
        at += len;
    }
    when_minute(since, r->since_at, job->now_s);
    print_phrase(stdout, "  {acr}", &words);
    fprintf(stdout, "  since %s\n", since);
}

/* ---- the audit ---- */

enum verbs_exit own_audit_verify(struct job *job)
{
    enum verbs_exit e = job_fill(job);

    if (e == VERBS_DONE)
        e = job_ask(job);
    if (e == VERBS_DONE)
        e = job_show(job);
    return e == VERBS_DONE && !job->row.row_verified.intact ? VERBS_FAILED : e;
}

void own_show_verified(const struct job *job, const struct msg *row)
{
    const struct msg_row_verified *r = &row->row_verified;

    (void)job;
    printf("%" PRId64 " events, ", r->events);
    if (r->intact)
        fputs("chain intact, ", stdout);
    else if (r->bad_seq != 0)
        printf("chain broken at event %" PRId64 ", ", r->bad_seq);
    else
        fputs("chain broken: its head does not open, ", stdout);
    if (r->delivered >= r->events)
        fputs("all delivered to the journal.\n", stdout);
    else
        printf("%" PRId64 " not yet delivered to the journal.\n", r->events - r->delivered);
}
