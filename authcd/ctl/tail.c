/* SPDX-License-Identifier: MIT
 *
 * A ring that grows up to its bound, then turns. authcd gives events oldest first, because that is the order in which
 * pages can follow each other; people ask for the newest.
 */
#include "tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tail_packet {
    int64_t rank;
    size_t age; /* at the time of sorting */
    size_t len;
    unsigned char bytes[];
};

static int grow(struct tail *t, size_t most)
{
    size_t room = t->room * 2 + 64 < most ? t->room * 2 + 64 : most;
    struct tail_packet **packets = reallocarray(t->packets, room, sizeof *packets);

    if (packets == NULL)
        return -ENOMEM;
    memset(packets + t->room, 0, (room - t->room) * sizeof *packets);
    t->packets = packets;
    t->room = room;
    return 0;
}

/* The next free place, or the oldest packet's, which is let go. */
static struct tail_packet **take_place(struct tail *t)
{
    size_t i = t->n;

    if (t->n < t->room)
        t->n++;
    else {
        i = t->first;
        t->first = (t->first + 1) % t->room;
    }
    free(t->packets[i]);
    t->packets[i] = NULL;
    return &t->packets[i];
}

int tail_push(struct tail *t, size_t most, const struct msg *row, int64_t rank)
{
    unsigned char buf[PROTOCOL_PACKET_MAX / 2];
    size_t len = 0;
    int error = msg_encode(row, buf, sizeof buf, &len);

    if (error < 0 || most == 0)
        return error;
    if (t->n == t->room && t->room < most && (error = grow(t, most)) < 0)
        return error;
    struct tail_packet **place = take_place(t);
    *place = malloc(sizeof **place + len);
    if (*place == NULL)
        return -ENOMEM;
    (*place)->rank = rank;
    (*place)->len = len;
    memcpy((*place)->bytes, buf, len);
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct tail_packet *const *x = a, *const *y = b;

    if ((*x)->rank != (*y)->rank)
        return (*x)->rank > (*y)->rank ? -1 : 1;
    return (*x)->age < (*y)->age ? -1 : (*x)->age > (*y)->age;
}

/* A ring that has turned is full, so that sorting its places straightens it. */
void tail_sort(struct tail *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->packets[(t->first + i) % t->room]->age = i;
    if (t->n > 1)
        qsort(t->packets, t->n, sizeof t->packets[0], compare);
    t->first = 0;
}

int tail_each(const struct tail *t, int (*row)(void *arg, const struct msg *m), void *arg)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tail_packet *p = t->packets[(t->first + i) % t->room];
        MSG_AUTO struct msg m = {0};
        int error = msg_decode(p->bytes, p->len, &m);
        if (error < 0 || (error = row(arg, &m)) < 0)
            return error;
    }
    return 0;
}

void tail_free(struct tail *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->packets[i]);
    free(t->packets);
    *t = (struct tail){0};
}
