/* SPDX-License-Identifier: MIT
 *
 * See account.h. A moment until which somebody waits is the next full minute: who comes at the one that is told must
 * not be too early.
 */
#include "account.h"

#include "job.h"
#include "print.h"
#include "when.h"

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

static void until(FILE *out, int64_t wait_s, int64_t now_s)
{
    char when[WHEN_SIZE];

    when_minute(when, now_s + wait_s + 59, now_s);
    fprintf(out, " until %s: ", when);
}

static void refused(FILE *out, const char *who, const char *what, const struct print_words *words)
{
    fprintf(out, "%s refused until %s", who, what);
    print_phrase(out, "\"authctl user unlock {user}\": ", words);
}

/* ", last from 203.0.113.9 at 13:32", as far as that is known. */
static void last_failure(FILE *out, const struct print_words *words)
{
    int64_t at = words->row->row_user.last_failure_at;
    char when[WHEN_SIZE];

    if (at == 0)
        return;
    when_minute(when, at, words->now_s);
    print_phrase(out, ", last from {last_source}", words);
    fprintf(out, " at %s", when);
}

static void passwords(FILE *out, const struct print_words *words)
{
    const struct msg_row_user *row = &words->row->row_user;

    if (row->wait_s == 0)
        return;
    if (row->wait_s > 0) {
        fputs(row->everybody ? "Everybody waits" : "Strangers wait", out);
        until(out, row->wait_s, words->now_s);
        fprintf(out, "%u failure%s from %u source%s", row->failures, plural(row->failures), row->sources,
                plural(row->sources));
    } else {
        refused(out, row->everybody ? "Everybody is" : "Strangers are",
                row->everybody ? "" : "a known source succeeds or ", words);
        fprintf(out, "%u failures in a row", row->consecutive);
    }
    last_failure(out, words);
    fprintf(out, "; known sources %s.\n", row->everybody ? "as well" : "unaffected");
}

static void codes(FILE *out, const char *who, uint32_t wrong, int64_t wait_s, const struct print_words *words)
{
    if (wait_s == 0)
        return;
    fprintf(out, "Codes of %s ", who);
    if (wait_s > 0) {
        fputs("wait", out);
        until(out, wait_s, words->now_s);
        fprintf(out, "%u wrong one%s.\n", wrong, plural(wrong));
    } else {
        refused(out, "are", "a recovery code is used or ", words);
        fputs("too many wrong ones in a row.\n", out);
    }
}

void account_limits(FILE *out, const struct msg *m, int64_t now_s)
{
    const struct msg_row_user *row = &m->row_user;
    const struct print_words words = {.row = m, .now_s = now_s};

    passwords(out, &words);
    codes(out, "strangers", row->wrong_codes, row->codes_wait_s, &words);
    codes(out, "known sources", row->known_wrong_codes, row->known_codes_wait_s, &words);
}

void account_more(const struct job *job, const struct msg *row)
{
    account_limits(stdout, row, job->now_s);
}

int64_t account_rank(const struct msg *row_limit)
{
    const struct msg_row_limit *row = &row_limit->row_limit;
    int64_t wait_s = row->wait_s < 0 || row->wait_s > INT32_MAX ? INT32_MAX : row->wait_s;

    return (wait_s << 32) + row->failures;
}
