/* SPDX-License-Identifier: MIT
 *
 * Secrets from the terminal or from lines. On the terminal, signals are blocked except while ppoll waits, so that none
 * can slip in between turning echo off and noticing it; whichever arrives is delivered again once the terminal is as it
 * was. Leaves out line editing beyond what the terminal does itself.
 */
#include "ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "text.h"

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

enum { CAUGHT = sizeof caught / sizeof caught[0] };

static volatile sig_atomic_t arrived; /* the signal that came while waiting: a handler has no other place for it */

static void note(int signal)
{
    arrived = signal;
}

/* ---- lines ---- */

/* Waits for input or for one of the signals that mask lets in: -EINTR for the latter. */
static int wait_input(int fd, const sigset_t *mask)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (arrived == 0)
        if (ppoll(&p, 1, NULL, mask) >= 0)
            return 0;
        else if (errno != EINTR)
            return -errno;
    return -EINTR;
}

/* One byte: 1, or 0 at the end. mask NULL: no signal is of interest. */
static int read_byte(int fd, const sigset_t *mask, unsigned char *ret)
{
    for (;;) {
        int error = mask != NULL ? wait_input(fd, mask) : 0;
        if (error < 0)
            return error;
        ssize_t n = read(fd, ret, 1);
        if (n >= 0)
            return (int)n;
        if (errno != EINTR)
            return -errno;
    }
}

static int read_line(int fd, const sigset_t *mask, struct secret *ret)
{
    SECRET_AUTO struct secret line = {0};
    int error = 0;

    for (bool any = false;; any = true) {
        unsigned char c = 0;
        int n = read_byte(fd, mask, &c);
        if (n < 0)
            return n;
        if (n == 0 && !any)
            return -ENODATA;
        if (n == 0 || c == '\n')
            break;
        if (c == '\0')
            error = -EILSEQ;
        else if (line.len < sizeof line.bytes)
            line.bytes[line.len++] = c;
        else if (error == 0)
            error = -EMSGSIZE;
    }
    if (error == 0)
        *ret = line;
    return error;
}

int ask_line(int fd, struct secret *ret)
{
    return read_line(fd, NULL, ret);
}

/* ---- the terminal ---- */

struct terminal {
    int fd;
    struct termios before;
    struct sigaction actions[CAUGHT];
    sigset_t mask; /* as it was */
};

static void write_all(int fd, const char *text)
{
    for (size_t len = strlen(text); len > 0;) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

/* Lines of text without their control characters: it may hold a QR code, it may not hold an escape. */
static void show(int fd, const char *text)
{
    char line[2048], shown[8192];

    for (;;) {
        size_t len = strcspn(text, "\n");
        size_t kept = len < sizeof line ? len : sizeof line - 1;
        memcpy(line, text, kept);
        line[kept] = '\0';
        text_printable(shown, sizeof shown, line);
        write_all(fd, shown);
        if (text[len] == '\0')
            return;
        write_all(fd, "\n");
        text += len + 1;
    }
}

static int terminal_take(struct terminal *t, int fd, bool echo)
{
    struct sigaction action = {.sa_handler = note};
    sigset_t block;

    t->fd = fd;
    if (tcgetattr(fd, &t->before) < 0)
        return -errno;
    sigemptyset(&block);
    for (size_t i = 0; i < CAUGHT; i++)
        sigaddset(&block, caught[i]);
    sigprocmask(SIG_BLOCK, &block, &t->mask);
    arrived = 0;
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &action, &t->actions[i]);
    struct termios now = t->before;
    now.c_lflag |= ICANON | ISIG;
    if (!echo)
        now.c_lflag = (now.c_lflag & ~(tcflag_t)ECHO) | ECHONL;
    tcsetattr(fd, TCSAFLUSH, &now);
    return 0;
}

/* Everything as it was; then the signal that came, if one did, does what it does. */
static void terminal_give_back(const struct terminal *t)
{
    tcsetattr(t->fd, TCSAFLUSH, &t->before);
    for (size_t i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &t->actions[i], NULL);
    if (arrived != 0)
        raise(arrived);
    sigprocmask(SIG_SETMASK, &t->mask, NULL);
}

static int terminal_ask(int fd, bool echo, const char *prompt, struct secret *ret)
{
    struct terminal t = {0};
    int error = terminal_take(&t, fd, echo);

    if (error < 0)
        return error;
    show(fd, prompt);
    error = read_line(fd, &t.mask, ret);
    if (error == -EINTR)
        write_all(fd, "\n");
    terminal_give_back(&t);
    return error;
}

static int from_terminal(bool echo, const char *prompt, struct secret *ret)
{
    int error;
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return -ENOTTY;
    do /* a signal that did not end us was ^Z, and we were continued: ask again */
        error = terminal_ask(fd, echo, prompt, ret);
    while (error == -EINTR && arrived == SIGTSTP);
    close(fd);
    return error;
}

/* ---- */

static int source(const struct ask *a, enum prompt_kind kind)
{
    return kind == PROMPT_CODE ? a->code_fd : a->password_fd;
}

bool ask_is_person(const struct ask *a, enum prompt_kind kind)
{
    return source(a, kind) < 0;
}

int ask_secret(struct ask *a, enum prompt_kind kind, bool echo, const char *prompt, struct secret *ret)
{
    if (kind != PROMPT_CODE && a->has_held) {
        *ret = a->held;
        secret_wipe(&a->held);
        a->has_held = false;
        return 0;
    }
    if (ask_is_person(a, kind))
        return from_terminal(echo, prompt, ret);
    return ask_line(source(a, kind), ret);
}

int ask_ahead(struct ask *a, const char *prompt)
{
    int error = ask_secret(a, PROMPT_PASSWORD, false, prompt, &a->held);

    a->has_held = error == 0;
    return error;
}

void ask_tell(const char *text)
{
    int fd = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);

    show(fd < 0 ? STDERR_FILENO : fd, text);
    write_all(fd < 0 ? STDERR_FILENO : fd, "\n");
    if (fd >= 0)
        close(fd);
}
