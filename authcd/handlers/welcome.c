/* SPDX-License-Identifier: MIT
 *
 * What people are told as their session opens: when and from where the last one was, and what failed since. Read from
 * the audit, which has both in order; whoever sees a login that was not theirs, or failures that were not, should ask.
 */
#include <errno.h>
#include <time.h>

#include "login.h"
#include "text.h"

enum { LOOK_BACK = 500, SOURCE_SHOWN = 128, WHEN_SIZE = 32 };

struct past {
    unsigned failures;
    bool more;                 /* than could be looked at */
    bool ended;                /* at the last session's opening, which is `last` */
    struct audit last, failed; /* failed: the newest failure */
};

static bool is_failure(enum audit_event event)
{
    return event == AUDIT_LOGIN_FAILURE || event == AUDIT_LOGIN_LIMITED || event == AUDIT_LOGIN_REPLAY;
}

static void take(struct past *p, const struct audit *row)
{
    if (row->event == AUDIT_SESSION_OPEN) {
        p->ended = true;
        p->last = *row;
    } else if (is_failure(row->event) && p->failures++ == 0)
        p->failed = *row;
}

static int look_back(struct handler *h, struct past *p)
{
    struct audit row = {.seq = INT64_MAX};
    int error = 0;

    for (unsigned i = 0; i < LOOK_BACK && error == 0 && !p->ended; i++) {
        error = audit_before(h->db, row.seq, (*h->login)->account.uuid, &row);
        if (error == 0)
            take(p, &row);
    }
    p->more = error == 0 && !p->ended;
    return error == -ENOENT ? 0 : error;
}

static void when(int64_t at, char out[WHEN_SIZE])
{
    time_t t = (time_t)at;
    struct tm tm;

    if (!localtime_r(&t, &tm) || strftime(out, WHEN_SIZE, "%a %Y-%m-%d %H:%M", &tm) == 0)
        out[0] = '\0';
}

/* Sources come from outside and go to a terminal. */
static int describe(const struct past *p, char *out, size_t cap)
{
    char last[SOURCE_SHOWN], failed[SOURCE_SHOWN], at[WHEN_SIZE], since[WHEN_SIZE + SOURCE_SHOWN + 64];
    int error;

    text_printable(last, sizeof last, p->last.source);
    text_printable(failed, sizeof failed, p->failed.source);
    when(p->failed.at, at);
    if (p->failures == 0)
        error = text_copy(since, sizeof since, "No failures since.");
    else
        error = text_format(since, sizeof since, "%u%s failed login%s since, the last %s from %s.", p->failures,
                            p->more ? " or more" : "", p->failures == 1 ? "" : "s", at, failed);
    if (error < 0)
        return error;
    when(p->last.at, at);
    if (!p->ended && p->more)
        return text_copy(out, cap, since);
    if (!p->ended)
        return text_format(out, cap, "First login.%s%s", p->failures ? " " : "", p->failures ? since : "");
    return text_format(out, cap, "Last login: %s from %s. %s", at, last, since);
}

int welcome_tell(struct handler *h, struct step *step)
{
    struct past past = {0};
    struct msg m = {.number = MSG_info};

    if ((*h->login)->begin.flags & BEGIN_SILENT)
        return 0;
    int error = look_back(h, &past);
    if (error < 0 || (error = describe(&past, m.info.text, sizeof m.info.text)) < 0)
        return error;
    return m.info.text[0] ? step_reply(step, &m) : 0;
}
