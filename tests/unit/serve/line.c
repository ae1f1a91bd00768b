/* SPDX-License-Identifier: MIT
 *
 * The order in which passwords are hashed: round by round, one of each source, so that a long line is its owner's only
 * (L3); priority first, but every other turn; and how long a newcomer would wait.
 */
#include "line.h"

#include <stdlib.h>

#include "tap.h"

static struct line_item *item(const char *source, bool priority, uint64_t token)
{
    struct password_job *job = password_job_new(PASSWORD_MAKE);
    struct line_item *made = NULL;

    if (!job || !(made = line_item_new(job, token)))
        abort();
    job->priority = priority;
    snprintf(job->source, sizeof job->source, "%s", source);
    return made;
}

static void add(struct line *l, const char *source, bool priority, uint64_t token)
{
    if (line_add(l, item(source, priority, token)) < 0)
        abort();
}

/* The token of the next; 0: none. */
static uint64_t take(struct line *l, bool others)
{
    struct line_item *next = line_take(l, others);
    uint64_t token = next ? next->token : 0;

    line_item_free(next);
    return token;
}

/* The next as many tokens as the text has, "11 21 0"? */
static void order(struct line *l, const char *want, const char *name)
{
    char got[256] = "";
    size_t len = 0;

    for (const char *at = want; *at; at++)
        if (at == want || at[-1] == ' ')
            len += (size_t)snprintf(got + len, sizeof got - len, "%s%llu", len ? " " : "",
                                    (unsigned long long)take(l, true));
    is_str(got, want, "%s", name);
}

static void round_robin(void)
{
    struct line l;

    line_init(&l);
    order(&l, "0", "nobody is there");
    for (uint64_t i = 1; i <= 3; i++)
        add(&l, "noisy", false, 10 + i);
    add(&l, "b", false, 21);
    add(&l, "c", false, 31);
    is_int(line_length(&l), 5, "five wait");
    order(&l, "11 21 31 12", "each source once a round");
    add(&l, "b", false, 22);
    order(&l, "13 22 0", "a source that comes back is behind those who are there");
    for (uint64_t i = 1; i <= 2; i++)
        add(&l, "a name of a host, longer than a job's source: all of them have one turn together", false, i);
    add(&l, "a name of a host, longer than a job's source: all of them have two", false, 3);
    add(&l, "d", false, 4);
    order(&l, "1 4 2 3", "a source is what its first bytes say");
}

static void priority(void)
{
    struct line l;

    line_init(&l);
    add(&l, "a", false, 11);
    add(&l, "a", false, 12);
    for (uint64_t i = 1; i <= 4; i++)
        add(&l, "known", true, 90 + i);
    is_int(take(&l, false), 91, "the kept thread takes priority only");
    order(&l, "11 92 12 93 94 0", "by turns where both may run");
    add(&l, "a", false, 13);
    is_int(take(&l, false), 0, "no slot is free for others: none");
    order(&l, "13 0", "now there is");
}

static void forgetting(void)
{
    struct line l;

    line_init(&l);
    add(&l, "a", false, 1);
    add(&l, "a", false, 2);
    add(&l, "b", false, 1);
    add(&l, "known", true, 1);
    add(&l, "known", true, 3);
    line_forget(&l, 1);
    is_int(line_length(&l), 2, "all of a token's are gone");
    is_int(line_before(&l, "b", false), 2, "their source, too: a newcomer's round is a's and priority's");
    order(&l, "3 2 0", "others stay");
    add(&l, "a", false, 1);
    add(&l, "known", true, 1);
    line_clear(&l);
    is_int(line_length(&l), 0, "cleared");
    order(&l, "0", "of all");
}

/* What is foretold is what then happens. */
static void before(void)
{
    static const char *const sources[] = {"noisy", "b", "new"};
    struct line l;

    for (size_t i = 0; i < 3; i++) {
        unsigned n = 0;
        line_init(&l);
        for (uint64_t k = 0; k < 20; k++)
            add(&l, "noisy", false, 1);
        for (uint64_t k = 0; k < 3; k++)
            add(&l, "b", false, 1), add(&l, "known", true, 1);
        uint64_t foretold = line_before(&l, sources[i], false);
        add(&l, sources[i], false, 99);
        while (take(&l, true) != 99)
            n++;
        ok(foretold == n, "%s: %llu before it, and %u were", sources[i], (unsigned long long)foretold, n);
        line_clear(&l);
    }
    line_init(&l);
    add(&l, "noisy", false, 1);
    add(&l, "known", true, 2);
    is_int(line_before(&l, "noisy", true), 1, "priority waits for priority only");
    line_clear(&l);
}

int main(void)
{
    round_robin();
    priority();
    forgetting();
    before();
    line_item_free(NULL);
    return tap_done();
}
