/* SPDX-License-Identifier: MIT
 *
 * Attempts at a desk without a conversation around them: from where, whether they would be looked at, and what comes of
 * it. What a login does with its attempt is the handlers'; a million of these take no hash.
 */
#ifndef DESK_ATTEMPT_H
#define DESK_ATTEMPT_H

#include "attempt.h"
#include "desk.h"

/* From rhost, or, if that is "", the console. */
__attribute__((unused)) static struct source desk_source(struct desk *d, const char *rhost)
{
    struct source_facts facts = {
        .peer_is_root = true, .caller_uid = 0, .service = "login", .tty = "tty1", .rhost = rhost};
    struct source s;

    source_from(&s, &facts, &d->config.authcd);
    return s;
}

/* The number-th of sources whose networks differ, up to 40,000. */
__attribute__((unused)) static struct source desk_source_number(struct desk *d, int number)
{
    char rhost[32];

    snprintf(rhost, sizeof rhost, "%d.%d.0.1", 20 + number / 250, number % 250);
    return desk_source(d, rhost);
}

__attribute__((unused)) static struct attempt desk_attempt(enum config_limits preset, int64_t account_id,
                                                           const char *name, const struct source *s)
{
    return (struct attempt){.preset = preset, .account_id = account_id, .subject = name, .source = s, .key = ""};
}

__attribute__((unused)) static enum limit_answer desk_reserve(struct desk *d, struct attempt *a, int64_t *ret_wait_ms)
{
    enum limit_answer answer = LIMIT_REFUSE;

    *ret_wait_ms = 0;
    desk_must(attempt_reserve(d->db, a, &d->now, &answer, ret_wait_ms), "reserve");
    return answer;
}

/* A wrong password: 1 if it was looked at. */
__attribute__((unused)) static int desk_wrong(struct desk *d, struct attempt a)
{
    uint32_t failures;
    int64_t wait_ms;

    if (desk_reserve(d, &a, &wait_ms) != LIMIT_ADMIT)
        return 0;
    desk_must(attempt_fail(d->db, &a, &d->now, &failures), "fail");
    return 1;
}

/* All that the account has: 1 if it was looked at. */
__attribute__((unused)) static int desk_right(struct desk *d, struct attempt a)
{
    int64_t wait_ms;

    if (desk_reserve(d, &a, &wait_ms) != LIMIT_ADMIT)
        return 0;
    desk_must(attempt_succeed(d->db, &a, ATTEMPT_ALL, &d->now), "succeed");
    return 1;
}

/* The right password and a wrong code: 1 if the code was looked at; if not, it was no attempt. */
__attribute__((unused)) static int desk_wrong_code(struct desk *d, struct attempt a)
{
    uint32_t failures;
    int64_t wait_ms;
    bool looks = false;

    if (desk_reserve(d, &a, &wait_ms) != LIMIT_ADMIT)
        return 0;
    desk_must(attempt_code_look(d->db, &a, &d->now, &looks), "look");
    if (!looks) {
        desk_must(attempt_refund(d->db, &a), "refund");
        return 0;
    }
    desk_must(attempt_code_failed(d->db, &a, &d->now), "code");
    desk_must(attempt_fail(d->db, &a, &d->now, &failures), "fail");
    return 1;
}

#endif
