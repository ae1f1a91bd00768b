/* SPDX-License-Identifier: MIT
 *
 * authctl: reads the command line, finds the verb in the table, runs it. The only place that looks at the environment:
 * AUTHC_SESSION (which session) and NO_COLOR (no bold heads). Has no powers of its own: what root may do here it may
 * because the kernel tells authcd that it is root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "help.h"
#include "job.h"
#include "say.h"
#include "text.h"
#include "verbs.h"

/* A descriptor that is closed when we start would be given to the socket, and data be written into it. */
static int hold_standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return -EBADF;
    return 0;
}

static enum verbs_exit unknown_verb(const struct args *a)
{
    const char *noun = a->words[0];

    if (!help_is_noun(noun))
        say_error("unknown: %s; see authctl --help", noun);
    else if (a->n_words > 1)
        say_error("unknown: %s %s; see authctl %s --help", noun, a->words[1], noun);
    else
        help_noun(stderr, noun);
    return VERBS_USAGE;
}

static enum verbs_exit show_help(const struct args *a, const struct verbs_verb *verb)
{
    if (a->n_words == 0)
        help_all(stdout);
    else if (verb != NULL)
        help_verb(stdout, verb);
    else if (help_is_noun(a->words[0]))
        help_noun(stdout, a->words[0]);
    else
        return unknown_verb(a);
    return VERBS_DONE;
}

static void job_free(struct job **job)
{
    if (*job != NULL)
        job_wipe(*job);
    free(*job);
}

static enum verbs_exit run(const struct args *a, const struct verbs_verb *verb, size_t used)
{
    __attribute__((cleanup(job_free))) struct job *job = calloc(1, sizeof *job);

    if (job == NULL) {
        say_error("out of memory");
        return VERBS_FAILED;
    }
    job->verb = verb;
    job->args = a;
    job->used = used;
    const char *session = getenv("AUTHC_SESSION"), *no_color = getenv("NO_COLOR");
    job->session = session != NULL && session[0] != '\0' ? session : NULL;
    job->colour = isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0');
    job->now_s = (int64_t)time(NULL);
    enum verbs_exit e = job_prepare(job);
    return e == VERBS_DONE ? job_run(job) : e;
}

static enum verbs_exit act(int argc, char *argv[])
{
    struct args a = {0};
    char error[ARGS_ERROR_SIZE] = "";
    size_t used = 0;

    if (args_parse(argc, argv, &a, error) < 0) {
        say_error("%s; see authctl --help", error);
        return VERBS_USAGE;
    }
    const struct verbs_verb *verb = verbs_find(&a, &used);
    if (args_has(&a, ARGS_HELP))
        return show_help(&a, verb);
    if (args_has(&a, ARGS_VERSION)) {
        puts("authctl " AUTHC_VERSION);
        return VERBS_DONE;
    }
    if (a.n_words == 0) {
        help_all(stderr);
        return VERBS_USAGE;
    }
    return verb == NULL ? unknown_verb(&a) : run(&a, verb, used);
}

int main(int argc, char *argv[])
{
    static const struct rlimit none = {0, 0};

    if (hold_standard_descriptors() < 0 || setrlimit(RLIMIT_CORE, &none) < 0) /* no secret in a core */
        return VERBS_FAILED;
    enum verbs_exit e = act(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say_error("stdout cannot be written: %s", strerror(errno));
        return VERBS_FAILED;
    }
    return (int)e;
}
