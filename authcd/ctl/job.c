/* SPDX-License-Identifier: MIT
 *
 * See job.h. Lists are written as they come, a page at a time, so that a million rows need no memory; a list that
 * breaks off is closed all the same, so that what is on stdout is JSON whatever happens, and the exit status tells the
 * rest.
 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "print.h"
#include "request.h"
#include "say.h"
#include "text.h"

enum verbs_exit job_usage(const struct job *job, const char *message)
{
    const struct verbs_verb *v = job->verb;

    say_error("%s; see authctl %s%s%s --help", message, v->noun, v->verb != NULL ? " " : "",
              v->verb != NULL ? v->verb : "");
    return VERBS_USAGE;
}

/* ---- lists ---- */

static int list_row(void *arg, const struct msg *row)
{
    struct job *job = arg;

    if (!job->json && job->verb->show != NULL) {
        job->verb->show(job, row);
        job->row = *row;
        return 0;
    }
    if (!job->json)
        return table_add(&job->table, row);
    fputs(job->n_listed++ == 0 ? "[\n  " : ",\n  ", stdout);
    json_row(stdout, row);
    return 0;
}

static int list_page(void *arg)
{
    struct job *job = arg;

    if (!job->json && job->verb->show == NULL)
        table_flush(&job->table, stdout);
    return 0;
}

static int list_keep(void *arg, const struct msg *row)
{
    struct job *job = arg;
    int64_t rank = job->verb->rank != NULL ? job->verb->rank(row) : 0;

    return tail_push(&job->tail, job->newest > 0 ? (size_t)job->newest : TAIL_MAX, row, rank);
}

static void list_end(struct job *job, int error)
{
    if (error == 0 && !job->json && job->verb->show == NULL)
        table_flush(&job->table, stdout);
    else if (job->json && job->n_listed > 0)
        fputs("\n]\n", stdout);
    else if (job->json && error == 0)
        fputs("[]\n", stdout);
}

static int ask_list(struct job *job)
{
    bool keep = job->newest > 0 || job->verb->rank != NULL;
    struct call_sink sink = {job->verb->row, keep ? list_keep : list_row, keep ? NULL : list_page, job};
    const char *without = args_has(job->args, ARGS_USER) ? "user" : NULL;

    job->table.now_s = job->now_s;
    job->table.bold = job->colour;
    table_open(&job->table, job->verb->row, job->verb->columns, without);
    int error = call_ask(&job->call, &job->ask, &job->request, &sink);
    if (job->verb->rank != NULL)
        tail_sort(&job->tail);
    if (error == 0)
        error = tail_each(&job->tail, list_row, job);
    list_end(job, error);
    return error;
}

/* ---- one row ---- */

static int one_row(void *arg, const struct msg *row)
{
    struct job *job = arg;

    if (job->row.number != 0) {
        say_error("authcd's answer makes no sense");
        return -EPROTO;
    }
    job->row = *row;
    return 0;
}

static void show_words(const struct job *job)
{
    struct print_words words = {job->row.number != 0 ? &job->row : NULL, &job->request, NULL, job->now_s};

    if (job->done != NULL)
        print_sentence(stdout, job->done, &words);
    if (job->next != NULL) {
        fputs("Next: ", stdout);
        print_sentence(stdout, job->next, &words);
    }
}

static const char *columns(const struct verbs_verb *v)
{
    return v->columns_others != NULL && geteuid() != 0 ? v->columns_others : v->columns;
}

static void show_record(const struct job *job)
{
    print_record(stdout, &job->row, columns(job->verb), job->now_s);
    if (job->verb->more != NULL)
        job->verb->more(job, &job->row);
}

enum verbs_exit job_show(struct job *job)
{
    if (job->verb->shape == VERBS_LIST)
        return VERBS_DONE; /* shown as it came */
    if (job->row.number == 0) {
        say_error("authcd's answer makes no sense");
        return VERBS_FAILED;
    }
    if (job->json) {
        json_row(stdout, &job->row);
        fputc('\n', stdout);
    } else if (job->verb->show != NULL)
        job->verb->show(job, &job->row);
    else if (job->verb->shape == VERBS_RECORD)
        show_record(job);
    else
        show_words(job);
    return VERBS_DONE;
}

/* ---- the whole ---- */

/* The descriptor that passwords come from, -1 for the terminal. */
static int password_source(const struct job *job, char error[ARGS_ERROR_SIZE])
{
    uint64_t fd = 0;

    if (args_has(job->args, ARGS_PASSWORD_STDIN))
        return STDIN_FILENO;
    if (!args_has(job->args, ARGS_PASSWORD_FD))
        return -1;
    if (request_number(job->args, ARGS_PASSWORD_FD, INT_MAX, 0, &fd, error) < 0)
        return -EINVAL;
    if (fcntl((int)fd, F_GETFD) >= 0)
        return (int)fd;
    if (text_copy(error, ARGS_ERROR_SIZE, "--password-fd: that descriptor is not open") < 0)
        error[0] = '\0';
    return -EINVAL;
}

enum verbs_exit job_prepare(struct job *job)
{
    const struct args *a = job->args;
    char error[ARGS_ERROR_SIZE] = "";
    uint64_t server_uid = 0;

    job->done = job->verb->done;
    job->next = job->verb->next;
    job->json = args_has(a, ARGS_JSON);
    job->call.link.fd = -1;
    job->call.run_dir = args_has(a, ARGS_RUN_DIR) ? a->values[ARGS_RUN_DIR] : PROTOCOL_RUN_DIR;
    job->ask.code_fd = args_has(a, ARGS_CODE_STDIN) ? STDIN_FILENO : -1;
    job->ask.password_fd = password_source(job, error);
    if (job->ask.password_fd == -EINVAL ||
        request_number(a, ARGS_SERVER_UID, UINT32_MAX - 1, 0, &server_uid, error) < 0 ||
        request_number(a, ARGS_LIMIT, TAIL_MAX, 0, &job->newest, error) < 0)
        return job_usage(job, error);
    if (args_has(a, ARGS_LIMIT) && job->newest == 0)
        return job_usage(job, "--limit takes 1 or more");
    if (job->call.run_dir[0] != '/')
        return job_usage(job, "--run-dir takes an absolute path");
    job->call.server_uid = (uid_t)server_uid;
    return VERBS_DONE;
}

enum verbs_exit job_fill(struct job *job)
{
    char error[ARGS_ERROR_SIZE] = "";

    if (request_fill(&job->request, job->verb, job->args, job->used, job->now_s, error) < 0)
        return job_usage(job, error);
    return VERBS_DONE;
}

enum verbs_exit job_ask(struct job *job)
{
    struct call_sink one = {job->verb->row, one_row, NULL, job};
    int error;

    if (call_open(&job->call) < 0)
        return VERBS_FAILED;
    if (job->verb->shape == VERBS_LIST)
        error = ask_list(job);
    else
        error = call_ask(&job->call, &job->ask, &job->request, &one);
    call_close(&job->call);
    if (error == -ENOMEM)
        say_error("out of memory");
    return error < 0 ? VERBS_FAILED : VERBS_DONE;
}

enum verbs_exit job_run(struct job *job)
{
    if (job->verb->run != NULL)
        return job->verb->run(job);
    enum verbs_exit e = job_fill(job);
    if (e == VERBS_DONE)
        e = job_ask(job);
    return e == VERBS_DONE ? job_show(job) : e;
}

void job_wipe(struct job *job)
{
    call_close(&job->call);
    table_free(&job->table);
    tail_free(&job->tail);
    explicit_bzero(job, sizeof *job);
}
