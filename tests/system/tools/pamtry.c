/* SPDX-License-Identifier: MIT
 *
 * A PAM application without a mind of its own: does the phases it is told to, answers prompts from a list, and prints a
 * line for whatever happens. It can be as odd as real hosts are: no conversation, closed descriptors, signals, threads,
 * an auth that runs in a forked child. `pamtry --help` has the options; the lines it prints:
 *
 *   prompt echo=off "Password: "      info "..."      error "..."       what the module asked and said
 *   auth: PAM_SUCCESS (0) 12ms                                          what a phase came to
 *   user "ada"     env AUTHC_SESSION=...     fds +0     host unchanged  what is left at the end
 *
 * With --times or --threads only the phases are printed, counted: `auth: PAM_SUCCESS (0) 640 times`.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "hunt.h"
#include "memory.h"
#include "text.h"

enum { LIST_MAX = 64, CODES = 33 };

static struct {
    const char *confdir, *service, *user, *rhost, *tty, *ruser, *hunt;
    const char *phases[LIST_MAX], *answers[LIST_MAX], *env[LIST_MAX];
    int n_phases, n_answers, n_env;
    int answers_fd, flags, times, threads, signals_hz, nofile, fail_alloc;
    int ruid;
    unsigned cred_flags; /* for setcred only */
    bool no_conv, fork_auth, check_host, check_memory, close_low, peculiar, abort, many;
} try = {.answers_fd = -1, .times = 1, .threads = 1, .ruid = -1, .service = "authc"};

static FILE *out; /* not descriptor 1, which --close-low closes */

struct run {
    pam_handle_t *pamh;
    int next_answer;
    unsigned counts[LIST_MAX][CODES]; /* by phase and PAM code */
};

static const char *code_name(int code)
{
    /* clang-format off */
    static const char *const names[] = {
        "SUCCESS", "OPEN_ERR", "SYMBOL_ERR", "SERVICE_ERR", "SYSTEM_ERR", "BUF_ERR", "PERM_DENIED", "AUTH_ERR",
        "CRED_INSUFFICIENT", "AUTHINFO_UNAVAIL", "USER_UNKNOWN", "MAXTRIES", "NEW_AUTHTOK_REQD", "ACCT_EXPIRED",
        "SESSION_ERR", "CRED_UNAVAIL", "CRED_EXPIRED", "CRED_ERR", "NO_MODULE_DATA", "CONV_ERR", "AUTHTOK_ERR",
        "AUTHTOK_RECOVERY_ERR", "AUTHTOK_LOCK_BUSY", "AUTHTOK_DISABLE_AGING", "TRY_AGAIN", "IGNORE", "ABORT",
        "AUTHTOK_EXPIRED", "MODULE_UNKNOWN", "BAD_ITEM", "CONV_AGAIN", "INCOMPLETE"};
    /* clang-format on */
    return code >= 0 && (size_t)code < sizeof names / sizeof names[0] ? names[code] : "UNKNOWN";
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- the conversation ---- */

static void say(const char *what, const char *text)
{
    char shown[4 * 8192];
    if (try.many)
        return;
    text_printable(shown, sizeof shown, text == NULL ? "(null)" : text);
    fprintf(out, "%s \"%s\"\n", what, shown);
}

/* A line from --answers-fd, so that a test can read the prompt first; NULL at its end. */
static char *read_answer(void)
{
    char line[65536];
    size_t len = 0;
    ssize_t n;
    while (len < sizeof line - 1 && (n = read(try.answers_fd, line + len, 1)) != 0) {
        if (n < 0 && errno != EINTR)
            return NULL;
        if (n > 0 && line[len++] == '\n')
            break;
    }
    bool whole = len > 0 && line[len - 1] == '\n';
    char *answer = whole ? strndup(line, len - 1) : NULL;
    explicit_bzero(line, sizeof line); /* --hunt is after the module's copies, not ours */
    return answer;
}

static char *long_answer(const char *number)
{
    size_t len = strtoul(number, NULL, 0);
    char *text = malloc(len + 1);
    if (text == NULL)
        return NULL;
    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

/* What an answer that begins with '@' stands for; PAM_SUCCESS with *ret_text NULL is an answer without a text. */
static int special_answer(struct run *run, const char *word, char **ret_text)
{
    *ret_text = NULL;
    if (strcmp(word, "@null") == 0)
        return PAM_SUCCESS;
    if (strcmp(word, "@eof") == 0)
        return PAM_CONV_ERR;
    if (strcmp(word, "@again") == 0)
        return PAM_CONV_AGAIN;
    if (strcmp(word, "@nomem") == 0)
        return PAM_BUF_ERR;
    if (strncmp(word, "@long=", 6) == 0)
        *ret_text = long_answer(word + 6);
    else if (strncmp(word, "@user=", 6) == 0) { /* an application that changes its mind meanwhile */
        *ret_text = strdup("");
        return pam_set_item(run->pamh, PAM_USER, word + 6);
    } else if (strncmp(word, "@@", 2) == 0)
        *ret_text = strdup(word + 1);
    else
        die(word);
    return PAM_SUCCESS;
}

static int next_answer(struct run *run, char **ret_text)
{
    *ret_text = NULL;
    if (try.answers_fd >= 0) {
        *ret_text = read_answer();
        return *ret_text == NULL ? PAM_CONV_ERR : PAM_SUCCESS;
    }
    if (try.n_answers == 0 || (!try.many && run->next_answer >= try.n_answers))
        return PAM_CONV_ERR;
    const char *word = try.answers[run->next_answer++ % try.n_answers];
    if (word[0] == '@')
        return special_answer(run, word, ret_text);
    *ret_text = strdup(word);
    return *ret_text == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int answer(struct run *run, const struct pam_message *m, struct pam_response *r)
{
    bool asks = m->msg_style == PAM_PROMPT_ECHO_OFF || m->msg_style == PAM_PROMPT_ECHO_ON;
    if (asks)
        say(m->msg_style == PAM_PROMPT_ECHO_ON ? "prompt echo=on" : "prompt echo=off", m->msg);
    else
        say(m->msg_style == PAM_ERROR_MSG ? "error" : "info", m->msg);
    return asks ? next_answer(run, &r->resp) : PAM_SUCCESS;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
    struct pam_response *r = calloc((size_t)n, sizeof *r);
    if (r == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < n; i++) {
        int code = answer(data, messages[i], &r[i]);
        if (code != PAM_SUCCESS) {
            for (int j = 0; j < i; j++)
                free(r[j].resp);
            free(r);
            return code;
        }
    }
    *responses = r;
    return PAM_SUCCESS;
}

/* ---- phases ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* As sshd does it: only the answer and the PAM environment come back from the child. */
static int forked_auth(struct run *run)
{
    int ends[2], code = PAM_SYSTEM_ERR;
    if (pipe(ends) < 0)
        die("pipe");
    fflush(out);
    pid_t child = fork();
    if (child == 0) {
        code = pam_authenticate(run->pamh, try.flags);
        FILE *to = fdopen(ends[1], "w");
        char **env = pam_getenvlist(run->pamh);
        if (to == NULL)
            _exit(2);
        fprintf(to, "%d\n", code);
        for (char **e = env; e != NULL && *e != NULL; e++)
            fprintf(to, "%s\n", *e);
        fclose(to);
        fflush(out);
        _exit(0);
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    char line[8192];
    if (from == NULL || fgets(line, sizeof line, from) == NULL)
        die("child");
    code = atoi(line);
    while (fgets(line, sizeof line, from) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        pam_putenv(run->pamh, line);
    }
    fclose(from);
    waitpid(child, NULL, 0);
    return code;
}

static int do_auth(struct run *run)
{
    return try.fork_auth ? forked_auth(run) : pam_authenticate(run->pamh, try.flags);
}

static int do_setcred(struct run *run)
{
    return pam_setcred(run->pamh, try.flags | (int)(try.cred_flags == 0 ? PAM_ESTABLISH_CRED : try.cred_flags));
}

/* util-linux login forgets the name after a failure. */
static int do_forget(struct run *run)
{
    return pam_set_item(run->pamh, PAM_USER, NULL);
}

static const struct {
    const char *name;
    int (*pam)(pam_handle_t *pamh, int flags); /* libpam's, or */
    int (*own)(struct run *run);
} phases[] = {
    {"auth", .own = do_auth},          {"acct", .pam = pam_acct_mgmt},      {"setcred", .own = do_setcred},
    {"open", .pam = pam_open_session}, {"close", .pam = pam_close_session}, {"chauthtok", .pam = pam_chauthtok},
    {"forget", .own = do_forget},
};

static int call_phase(struct run *run, const char *name)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (strcmp(phases[i].name, name) == 0)
            return phases[i].own != NULL ? phases[i].own(run) : phases[i].pam(run->pamh, try.flags);
    die(name);
    return PAM_SYSTEM_ERR;
}

static void do_phase(struct run *run, int number)
{
    const char *name = try.phases[number];
    int64_t from = now_ms();
    fail_alloc = try.fail_alloc;
    int code = call_phase(run, name);
    size_t found = try.hunt == NULL ? 0 : hunt_count(try.hunt); /* before anything writes over the stack */
    int unused = fail_alloc;
    fail_alloc = 0;
    run->counts[number][code >= 0 && code < CODES ? code : CODES - 1]++;
    if (!try.many)
        fprintf(out, "%s: PAM_%s (%d) %lldms\n", name, code_name(code), code, (long long)(now_ms() - from));
    if (try.hunt != NULL)
        fprintf(out, "found %zu\n", found);
    if (try.fail_alloc > 0 && unused > 0)
        fprintf(out, "no allocation failed\n");
    if (try.abort && number == try.n_phases - 1)
        abort();
}

static void set_item(pam_handle_t *pamh, int item, const char *value)
{
    if (value != NULL && pam_set_item(pamh, item, value) != PAM_SUCCESS)
        die(value);
}

static void start(struct run *run, struct pam_conv *conv)
{
    int code = pam_start_confdir(try.service, try.user, conv, try.confdir, &run->pamh);
    if (code != PAM_SUCCESS)
        die("pam_start_confdir");
    set_item(run->pamh, PAM_RHOST, try.rhost);
    set_item(run->pamh, PAM_TTY, try.tty);
    set_item(run->pamh, PAM_RUSER, try.ruser);
    for (int i = 0; i < try.n_env; i++)
        if (pam_putenv(run->pamh, try.env[i]) != PAM_SUCCESS)
            die(try.env[i]);
    if (try.fail_alloc > 0 && try.user != NULL)
        getpwnam(try.user); /* glibc's first look into nsswitch.conf does not survive it */
    if (try.no_conv)
        pam_set_item(run->pamh, PAM_CONV, &(struct pam_conv){NULL, NULL});
}

static void print_rest(pam_handle_t *pamh)
{
    const void *user = NULL;
    pam_get_item(pamh, PAM_USER, &user);
    say("user", user);
    char **env = pam_getenvlist(pamh);
    for (char **e = env; e != NULL && *e != NULL; e++) {
        fprintf(out, "env %s\n", *e);
        free(*e);
    }
    free(env);
}

static void *run_transactions(void *data)
{
    struct run *run = data;
    struct pam_conv conv = {converse, run};
    struct memory before = {0}, after;
    for (int i = 0; i < try.times; i++) {
        if (try.check_memory && i == try.times / 10) /* libraries that are loaded once are there by now */
            look_at_memory(&before);
        start(run, &conv);
        for (int phase = 0; phase < try.n_phases; phase++)
            do_phase(run, phase);
        if (!try.many)
            print_rest(run->pamh);
        pam_end(run->pamh, PAM_SUCCESS);
    }
    if (!try.check_memory)
        return NULL;
    look_at_memory(&after);
    fprintf(out, "memory %+lld\nmappings %+d\n", (long long)(after.heap - before.heap),
            after.mappings - before.mappings);
    return NULL;
}

/* ---- the whole ---- */

static void on_alarm(int number)
{
    (void)number;
}

static void start_signals(void)
{
    struct sigaction a = {.sa_handler = on_alarm}; /* no SA_RESTART */
    sigaction(SIGALRM, &a, NULL);
    suseconds_t every = 1000000 / try.signals_hz;
    setitimer(ITIMER_REAL, &(struct itimerval){{0, every}, {0, every}}, NULL);
}

static void run_all(void)
{
    pthread_t *threads = calloc((size_t)try.threads, sizeof *threads);
    struct run *runs = calloc((size_t)try.threads, sizeof *runs);
    if (threads == NULL || runs == NULL)
        die("calloc");
    for (int i = 1; i < try.threads; i++)
        if (pthread_create(&threads[i], NULL, run_transactions, &runs[i]) != 0)
            die("pthread_create");
    run_transactions(&runs[0]);
    for (int i = 1; i < try.threads; i++)
        pthread_join(threads[i], NULL);
    for (int phase = 0; try.many && phase < try.n_phases; phase++)
        for (int code = 0; code < CODES; code++) {
            unsigned n = 0;
            for (int i = 0; i < try.threads; i++)
                n += runs[i].counts[phase][code];
            if (n > 0)
                fprintf(out, "%s: PAM_%s (%d) %u times\n", try.phases[phase], code_name(code), code, n);
        }
    free(threads);
    free(runs);
}

static void add(const char **list, int *n, const char *value)
{
    if (*n == LIST_MAX)
        die("too many");
    list[(*n)++] = value;
}

static void parse_flags(char *text)
{
    static const struct {
        const char *name;
        unsigned flag;
    } rows[] = {{"silent", PAM_SILENT},
                {"disallow_null", PAM_DISALLOW_NULL_AUTHTOK},
                {"change_expired", PAM_CHANGE_EXPIRED_AUTHTOK},
                {"delete", PAM_DELETE_CRED},
                {"reinitialize", PAM_REINITIALIZE_CRED},
                {"refresh", PAM_REFRESH_CRED}};
    for (char *word = strtok(text, ","); word != NULL; word = strtok(NULL, ",")) {
        size_t i = 0;
        while (i < sizeof rows / sizeof rows[0] && strcmp(rows[i].name, word) != 0)
            i++;
        if (i == sizeof rows / sizeof rows[0])
            die(word);
        if ((rows[i].flag & (PAM_DELETE_CRED | PAM_REINITIALIZE_CRED | PAM_REFRESH_CRED)) != 0)
            try.cred_flags |= rows[i].flag;
        else
            try.flags |= (int)rows[i].flag;
    }
}

static const char usage[] =
    "usage: pamtry --confdir DIR --do PHASES [OPTION...]\n"
    "  --do PHASES        auth acct setcred open close chauthtok forget (clears PAM_USER), with commas, in this order\n"
    "  --service S --user U --rhost R --tty T --ruser R    items; the service is authc, the others unset\n"
    "  --flags F,...      silent disallow_null change_expired delete reinitialize refresh\n"
    "  --env NAME=VALUE   into the PAM environment; may be repeated\n"
    "  --answer X         for the next prompt; may be repeated; after the last the conversation fails. @null (no "
    "text)\n"
    "                     @eof @again @nomem (the conversation says so) @long=N @user=NAME (changes PAM_USER) @@ (an "
    "@)\n"
    "  --answers-fd N     answers are lines from there instead\n"
    "  --times N --threads N   that many transactions in each of so many threads; prints counts only\n"
    "  --ruid N           real uid N, effective uid unchanged (as sudo)\n"
    "  --signals HZ --nofile N --close-low (descriptors 0-2) --no-conv --fork-auth (as sshd)\n"
    "  --fail-alloc N     the N-th allocation of each phase fails (not with sanitizers); says if there were fewer\n"
    "  --hunt TEXT        say how often TEXT, read backwards, is in memory after each phase (answers by --answers-fd)\n"
    "  --check-host       say whether descriptors, signals, umask, directory, locale are as before\n"
    "  --check-memory     say how the heap and the mappings grew after the first tenth of --times (one thread; 0 with\n"
    "                     sanitizers)\n"
    "  --peculiar         have signals, umask, directory and locale of one's own\n"
    "  --abort            end by SIGABRT after the last phase, for a core\n";

static void add_phases(char *value)
{
    for (char *word = strtok(value, ","); word != NULL; word = strtok(NULL, ","))
        add(try.phases, &try.n_phases, word);
}

static void add_env(char *value)
{
    add(try.env, &try.n_env, value);
}

static void add_answer(char *value)
{
    add(try.answers, &try.n_answers, value);
}

/* Each option sets one of these. */
static const struct {
    const char *name;
    const char **text;
    int *number;
    bool *flag;
    void (*call)(char *value);
} options[] = {
    {"--confdir", .text = &try.confdir},
    {"--service", .text = &try.service},
    {"--user", .text = &try.user},
    {"--rhost", .text = &try.rhost},
    {"--tty", .text = &try.tty},
    {"--ruser", .text = &try.ruser},
    {"--hunt", .text = &try.hunt},
    {"--answers-fd", .number = &try.answers_fd},
    {"--times", .number = &try.times},
    {"--threads", .number = &try.threads},
    {"--ruid", .number = &try.ruid},
    {"--signals", .number = &try.signals_hz},
    {"--nofile", .number = &try.nofile},
    {"--fail-alloc", .number = &try.fail_alloc},
    {"--no-conv", .flag = &try.no_conv},
    {"--fork-auth", .flag = &try.fork_auth},
    {"--check-host", .flag = &try.check_host},
    {"--check-memory", .flag = &try.check_memory},
    {"--close-low", .flag = &try.close_low},
    {"--peculiar", .flag = &try.peculiar},
    {"--abort", .flag = &try.abort},
    {"--do", .call = add_phases},
    {"--flags", .call = parse_flags},
    {"--env", .call = add_env},
    {"--answer", .call = add_answer},
};

/* Takes one option and its value off argv; how many words that was, 0 if it is none. */
static int parse_one(char **argv)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].name, argv[0]) != 0)
            continue;
        if (options[i].flag != NULL) {
            *options[i].flag = true;
            return 1;
        }
        if (argv[1] == NULL)
            return 0;
        if (options[i].text != NULL)
            *options[i].text = argv[1];
        else if (options[i].number != NULL)
            *options[i].number = atoi(argv[1]);
        else
            options[i].call(argv[1]);
        return 2;
    }
    return 0;
}

static void parse(char **argv)
{
    while (*argv != NULL) {
        int words = parse_one(argv);
        if (words == 0)
            break;
        argv += words;
    }
    bool help = *argv != NULL && strcmp(*argv, "--help") == 0;
    if (*argv == NULL && try.confdir != NULL && try.n_phases > 0)
        return;
    fputs(usage, help ? stdout : stderr);
    exit(help ? 0 : 2);
}

/* Nothing is as a program finds it: what a module sets "back" to a default would show. */
static void become_peculiar(void)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    for (int i = 1; i < NSIG; i++)
        sigaction(i, &(struct sigaction){.sa_handler = on_alarm, .sa_flags = SA_NODEFER}, NULL);
    umask(0137);
    if (chdir("/proc/self/task") < 0 || setlocale(LC_ALL, "C.UTF-8") == NULL)
        die("peculiar");
}

/* The oddities of the host, in an order in which each still works. */
static void become_odd(void)
{
    out = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100), "w");
    if (out == NULL)
        die("stdout");
    setvbuf(out, NULL, _IOLBF, 0);
    if (try.peculiar)
        become_peculiar();
    if (try.ruid >= 0 && setresuid((uid_t)try.ruid, (uid_t)-1, (uid_t)-1) < 0)
        die("setresuid");
    for (int fd = 0; try.close_low && fd <= STDERR_FILENO; fd++)
        close(fd);
    if (try.signals_hz > 0)
        start_signals();
    if (try.nofile > 0)
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){(rlim_t)try.nofile, (rlim_t)try.nofile});
}

int main(int argc, char **argv)
{
    struct host before, after;
    if (argc > 0)
        parse(argv + 1);
    try.many = try.times > 1 || try.threads > 1;
    openlog(NULL, LOG_NDELAY, LOG_USER); /* a descriptor that libc keeps, once libpam has logged something */
    become_odd();
    look_at_host(&before);
    run_all();
    look_at_host(&after);
    const char *changed = host_difference(&before, &after);
    if (try.check_host)
        fprintf(out, "fds %+d\nhost %s%s\n", after.fds - before.fds,
                changed == NULL ? "unchanged" : "changed: ", changed == NULL ? "" : changed);
    return 0;
}
