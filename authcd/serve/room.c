/* SPDX-License-Identifier: MIT
 *
 * See room.h. Plain walks of lists, as in line: they happen once a login, and a room is no longer than a few thousand.
 */
#include "room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

TAILQ_HEAD(seats, room_seat);

struct room_source {
    TAILQ_ENTRY(room_source) entry;
    struct seats seats; /* the newest last */
    unsigned n;
    char name[ROOM_SOURCE_SIZE];
};

void room_init(struct room *r, unsigned max)
{
    *r = (struct room){.max = max < ROOM_MAX ? max : ROOM_MAX};
    TAILQ_INIT(&r->sources);
}

static struct room_source *find(const struct room *r, const char *name)
{
    struct room_source *s;

    TAILQ_FOREACH (s, &r->sources, entry)
        if (strncmp(s->name, name, sizeof s->name - 1) == 0)
            return s;
    return NULL;
}

static struct room_source *find_or_make(struct room *r, const char *name)
{
    struct room_source *s = find(r, name);

    if (s || !(s = calloc(1, sizeof *s)))
        return s;
    memcpy(s->name, name, strnlen(name, sizeof s->name - 1));
    TAILQ_INIT(&s->seats);
    TAILQ_INSERT_TAIL(&r->sources, s, entry);
    return s;
}

int room_enter(struct room *r, struct room_seat *seat, const char *source, bool kept, struct room_seat **ret_leaves)
{
    struct room_source *s = find(r, source);
    struct room_seat *leaves = NULL;

    if (r->n >= r->max + (kept ? ROOM_KEPT : 0) && !(leaves = room_first_to_leave(r, s ? s->n : 0)))
        return -EBUSY;
    if (!(s = find_or_make(r, source)))
        return -ENOMEM;
    *seat = (struct room_seat){.source = s};
    TAILQ_INSERT_TAIL(&s->seats, seat, entry);
    s->n++;
    r->n++;
    *ret_leaves = leaves;
    return 0;
}

void room_leave(struct room *r, struct room_seat *seat)
{
    struct room_source *s = seat->source;

    if (!s)
        return;
    seat->source = NULL;
    TAILQ_REMOVE(&s->seats, seat, entry);
    s->n--;
    r->n--;
    if (s->n > 0)
        return;
    TAILQ_REMOVE(&r->sources, s, entry);
    free(s);
}

static struct room_seat *newest_unanswered(const struct room_source *s)
{
    struct room_seat *seat;

    TAILQ_FOREACH_REVERSE (seat, &s->seats, seats, entry)
        if (!seat->answered)
            return seat;
    return NULL;
}

struct room_seat *room_first_to_leave(const struct room *r, unsigned than)
{
    const struct room_source *s;
    struct room_seat *found = NULL;

    TAILQ_FOREACH (s, &r->sources, entry) {
        struct room_seat *unanswered = s->n >= than ? newest_unanswered(s) : NULL;
        if (s->n > than || (s->n == than && found && found->answered && unanswered)) {
            found = unanswered ? unanswered : TAILQ_LAST(&s->seats, seats);
            than = s->n;
        }
    }
    return found;
}
