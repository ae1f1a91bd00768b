/* SPDX-License-Identifier: MIT
 *
 * See people.h. Each logs in four or five times between eight and six, slips once a day, and then types it right at
 * once; who is refused with what is right tries again each ten minutes, and goes home after two hours. Whoever attacks
 * is faster than they are: nothing is left over for them that a guess could take.
 */
#include "people.h"

enum { LOGINS_MAX = 5, HOME = 20 * 60, FROM = 8 * 60, UNTIL = 18 * 60 };
#define AGAIN_MS (10 * PLAY_MINUTE)
#define PATIENCE_MS (2 * PLAY_HOUR)

struct person {
    struct play_account account;
    struct play_pair pair;
    int at[LOGINS_MAX]; /* minutes of today */
    int logins, next, slips_at;
    int64_t since_ms;    /* has been trying since; -1: is not */
    int64_t besieged_ms; /* what strangers do here has been played until then */
};

struct month {
    const struct people *p;
    struct people_result *result;
    struct limit_row source, net;
    int64_t sprayed_ms; /* likewise */
    uint32_t seed;
    struct person people[PEOPLE];
};

static int dice(struct month *m, int sides)
{
    m->seed = m->seed * 1664525 + 1013904223;
    return (int)((m->seed >> 8) % (uint32_t)sides);
}

static void plan_day(struct month *m, struct person *one)
{
    one->logins = LOGINS_MAX - dice(m, 2);
    one->slips_at = dice(m, one->logins);
    one->next = 0;
    one->since_ms = -1;
    for (int i = 0; i < one->logins; i++) {
        int at = FROM + dice(m, UNTIL - FROM), n = i;
        for (; n > 0 && one->at[n - 1] > at; n--)
            one->at[n] = one->at[n - 1];
        one->at[n] = at;
    }
}

static struct play attempt_of(struct month *m, struct person *one)
{
    bool counted = !m->p->proxies;

    return (struct play){.preset = m->p->preset,
                         .account = &one->account,
                         .pair = &one->pair,
                         .source = counted ? &m->source : NULL,
                         .net = counted ? &m->net : NULL};
}

/* Each guess is at another name: only where it comes from is counted. */
static void spray(struct month *m, int64_t now_ms)
{
    int64_t wait_ms;

    if (m->p->spray_from_day < 0 || now_ms < m->p->spray_from_day * PLAY_DAY)
        return;
    for (;;) {
        struct play_account name = {0};
        struct play_pair pair = {0};
        struct play p = {m->p->preset, &name, &pair, m->p->proxies ? NULL : &m->source, &m->net, false};
        if (m->p->proxies || (wait_ms = play_told(&p, m->sprayed_ms)) > now_ms - m->sprayed_ms)
            return;
        m->sprayed_ms += wait_ms;
        play_fail(&p, m->sprayed_ms);
    }
}

/* Each guess is from another source: only the account counts it. At night nobody would notice. */
static void besiege(struct month *m, struct person *one, int64_t now_ms)
{
    int64_t wait_ms, morning_ms = now_ms / PLAY_DAY * PLAY_DAY + 6 * PLAY_HOUR;

    if (one->besieged_ms < morning_ms)
        one->besieged_ms = morning_ms;
    while (m->p->besieged && now_ms >= PLAY_DAY) {
        struct play_pair pair = {0};
        struct limit_row source = {0}, net = {0};
        struct play p = {m->p->preset, &one->account, &pair, &source, &net, false};
        if ((wait_ms = play_told(&p, one->besieged_ms)) > now_ms - one->besieged_ms)
            return;
        one->besieged_ms += wait_ms;
        play_fail(&p, one->besieged_ms);
    }
}

static void note_refused(struct month *m, const struct person *one, int64_t now_ms)
{
    if (one->since_ms >= 0)
        return; /* the same login, once more */
    if (now_ms < PLAY_DAY)
        m->result->refused_first_day++;
    else
        m->result->refused_later++;
}

static void try_right(struct month *m, struct person *one, int64_t now_ms)
{
    struct play p = attempt_of(m, one);

    if (play_told(&p, now_ms) > 0) {
        note_refused(m, one, now_ms);
        one->since_ms = one->since_ms < 0 ? now_ms : one->since_ms;
        return;
    }
    play_succeed(&p, now_ms);
    if (one->since_ms >= 0 && now_ms - one->since_ms > m->result->longest_ms)
        m->result->longest_ms = now_ms - one->since_ms;
    one->since_ms = -1;
    one->next++;
}

static void type(struct month *m, struct person *one, int64_t now_ms)
{
    struct play p = attempt_of(m, one);

    besiege(m, one, now_ms);
    spray(m, now_ms);
    if (one->since_ms < 0) {
        m->result->logins++;
        if (one->next == one->slips_at && play_told(&p, now_ms) == 0)
            play_fail(&p, now_ms);
        spray(m, now_ms);
    }
    try_right(m, one, now_ms);
}

static void minute(struct month *m, int day, int of_day)
{
    int64_t now_ms = day * PLAY_DAY + of_day * PLAY_MINUTE;

    for (int i = 0; i < PEOPLE; i++) {
        struct person *one = &m->people[i];
        int64_t at_ms = now_ms + i * (PLAY_MINUTE / PEOPLE), late_ms = at_ms - one->since_ms;
        bool due = one->next < one->logins && of_day >= one->at[one->next];
        if (due && (one->since_ms < 0 || (late_ms % AGAIN_MS == 0 && late_ms <= PATIENCE_MS)))
            type(m, one, at_ms);
    }
}

void people_month(const struct people *p, struct people_result *ret)
{
    static struct month m;

    m = (struct month){.p = p, .result = ret, .seed = 1, .sprayed_ms = p->spray_from_day * PLAY_DAY};
    *ret = (struct people_result){0};
    for (int day = 0; day < PEOPLE_DAYS; day++) {
        for (int i = 0; i < PEOPLE; i++)
            plan_day(&m, &m.people[i]);
        for (int of_day = 0; of_day < HOME; of_day++)
            minute(&m, day, of_day);
        for (int i = 0; i < PEOPLE; i++)
            ret->never += m.people[i].since_ms >= 0;
    }
}
