/* SPDX-License-Identifier: MIT
 *
 * See duel.h. To guess as soon as one is looked at is best as long as nobody is locked out by it; what else may pay is
 * tried: to be patient, to stop short of a row of failures that only the owner's login ends, and to leave the owner in
 * peace before that login.
 */
#include "duel.h"

#include <stddef.h>

#define OWNER_AT (9 * PLAY_HOUR) /* each day */
#define OWNER_TRIES_FOR (8 * PLAY_HOUR)
#define OWNER_TRIES_EACH (15 * PLAY_MINUTE)

struct way {
    int64_t patience_ms; /* waited on top of each wait */
    int64_t rest_ms;     /* before the owner comes */
    bool holds, keeps;   /* stops short of being refused for good; of not being known any more */
};

struct place {
    struct play_pair pair;
    struct limit_row source, net;
};

struct game {
    const struct duel *d;
    const struct way *w;
    struct play_account account;
    struct place owners, others[DUEL_SOURCES];
    int64_t now_ms, owner_ms; /* when the owner tries next */
    int64_t guesses, next;
};

static struct play attempt_from(struct game *g, struct place *place)
{
    return (struct play){g->d->preset, &g->account, &place->pair, &place->source, &place->net, g->d->code};
}

static struct play guess_next(struct game *g)
{
    switch (g->d->from) {
    case DUEL_ONE_SOURCE:
        return attempt_from(g, &g->others[0]);
    case DUEL_MANY_SOURCES:
        return attempt_from(g, &g->others[g->next % DUEL_SOURCES]);
    case DUEL_OWNERS:
    case DUEL_FROM_COUNT:
        break;
    }
    return attempt_from(g, &g->owners);
}

static void owner_comes(struct game *g)
{
    struct play p = attempt_from(g, &g->owners);
    int64_t today = g->now_ms / PLAY_DAY * PLAY_DAY + OWNER_AT;
    bool in = play_wait(&p, g->now_ms) == 0;

    if (in)
        play_succeed(&p, g->now_ms);
    if (in || g->now_ms >= today + OWNER_TRIES_FOR)
        g->owner_ms = today + PLAY_DAY;
    else
        g->owner_ms += OWNER_TRIES_EACH;
}

/* When the guesser wants to go on; PLAY_NEVER: not before the owner was here. */
static int64_t guess_at(struct game *g)
{
    struct play p = guess_next(g);
    int64_t wait_ms = play_wait(&p, g->now_ms);

    if (wait_ms == PLAY_NEVER || ((g->w->holds || g->w->keeps) && play_is_last(&p, g->now_ms, g->w->keeps)))
        return PLAY_NEVER;
    int64_t at_ms = g->now_ms + wait_ms + (wait_ms > 0 ? g->w->patience_ms : 0);
    return g->w->rest_ms > 0 && at_ms > g->owner_ms - g->w->rest_ms ? PLAY_NEVER : at_ms;
}

static int64_t play_out(struct game *g, const struct duel *d, const struct way *w)
{
    *g = (struct game){.d = d, .w = w, .owner_ms = d->owner ? OWNER_AT : PLAY_NEVER};
    g->owners.pair.known_until_ms = INT64_C(1000) * PLAY_FREE_S;
    while (g->now_ms < d->end_ms) {
        int64_t at_ms = guess_at(g);
        g->now_ms = at_ms < g->owner_ms ? at_ms : g->owner_ms;
        if (g->now_ms >= d->end_ms)
            break;
        if (at_ms >= g->owner_ms) {
            owner_comes(g);
            continue;
        }
        struct play p = guess_next(g);
        play_fail(&p, g->now_ms);
        g->guesses++;
        g->next++;
    }
    return g->guesses;
}

int64_t duel_guesses(const struct duel *d)
{
    static const int64_t patience_ms[] = {0, PLAY_MINUTE, 30 * PLAY_MINUTE, 3 * PLAY_HOUR};
    static const int64_t rest_ms[] = {0, 16 * PLAY_MINUTE, 65 * PLAY_MINUTE};
    static struct game g;
    int64_t most = 0;
    size_t n = d->end_ms > PLAY_DAY ? 1 : sizeof patience_ms / sizeof *patience_ms; /* a year takes a while */

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < (d->owner ? sizeof rest_ms / sizeof *rest_ms : 1); j++)
            for (int hold = 0; hold < (d->owner ? 3 : 1); hold++) {
                struct way w = {patience_ms[i], rest_ms[j], hold > 0, hold > 1};
                int64_t guesses = play_out(&g, d, &w);
                most = guesses > most ? guesses : most;
            }
    return most;
}
