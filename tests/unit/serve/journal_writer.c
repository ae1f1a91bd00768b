/* SPDX-License-Identifier: MIT
 *
 * What a row looks like to a person, and that the writer ends when it is told to, also while it waits for a journal
 * (A1).
 */
#include "journal_writer.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static void lines(void)
{
    struct journal_record r = {
        .row = {.seq = 12, .event = AUDIT_LOGIN_FAILURE, .service = "sshd", .source = "10.0.0.7"}};
    char line[JOURNAL_LINE_SIZE], small[20];

    snprintf(r.row.result, sizeof r.row.result, "wrong password, 1 of 5");
    snprintf(r.row.account, sizeof r.row.account, "~00112233445566778899aabbccddeeff");
    is_int(journal_writer_line(&r, line, sizeof line), 0, "a line");
    is_str(line, "12 login.failure ~00112233445566778899aabbccddeeff sshd 10.0.0.7 wrong password, 1 of 5",
           "an unknown name is its hash");
    snprintf(r.user, sizeof r.user, "ada");
    snprintf(r.row.actor, sizeof r.row.actor, "uid:0");
    r.row.service[0] = '\0';
    is_int(journal_writer_line(&r, line, sizeof line), 0, "another");
    is_str(line, "12 login.failure ada - 10.0.0.7 wrong password, 1 of 5 by uid:0", "a name, nothing, and who did it");
    is_int(journal_writer_line(&r, small, sizeof small), -EMSGSIZE, "never cut");
}

static void ends(void)
{
    struct journal_record r = {.row = {.seq = 1, .event = AUDIT_STARTED, .result = "a test of authcd"}};
    int pair[2];
    pthread_t thread;
    struct timespec until;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
        pthread_create(&thread, NULL, journal_writer_run, &pair[1]) != 0)
        return;
    if (!journal_writer_is_there()) /* where there is one, this test has nothing to say to it */
        ok(send(pair[0], &r, sizeof r, 0) == (ssize_t)sizeof r, "a row for a journal that is not there");
    shutdown(pair[0], SHUT_RDWR);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    is_int(pthread_timedjoin_np(thread, NULL, &until), 0, "the writer ends");
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    lines();
    ends();
    return tap_done();
}
