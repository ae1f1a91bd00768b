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
    size_t len;
    unsigned char *bytes;
};

static int grow(struct tail *t, size_t most)
{
    size_t room = t->room * 2 + 64 < most ? t->room * 2 + 64 : most;
    struct tail_packet *packets = reallocarray(t->packets, room, sizeof *packets);

    if (packets == NULL)
        return -ENOMEM;
    t->packets = packets;
    t->room = room;
    return 0;
}

/* The next free place, or the oldest packet's, which is let go. */
static struct tail_packet *take_slot(struct tail *t)
{
    struct tail_packet *p = &t->packets[t->n < t->room ? t->n : t->first];

    if (t->n < t->room)
        t->n++;
    else {
        free(p->bytes);
        t->first = (t->first + 1) % t->room;
    }
    *p = (struct tail_packet){0};
    return p;
}

int tail_push(struct tail *t, size_t most, const struct msg *row)
{
    unsigned char buf[PROTOCOL_PACKET_MAX / 2];
    size_t len = 0;
    int error = msg_encode(row, buf, sizeof buf, &len);

    if (error < 0 || most == 0)
        return error;
    if (t->n == t->room && t->room < most && (error = grow(t, most)) < 0)
        return error;
    struct tail_packet *p = take_slot(t);
    p->bytes = malloc(len);
    if (p->bytes == NULL)
        return -ENOMEM;
    memcpy(p->bytes, buf, len);
    p->len = len;
    return 0;
}

int tail_each(const struct tail *t, int (*row)(void *arg, const struct msg *m), void *arg)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tail_packet *p = &t->packets[(t->first + i) % t->room];
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
        free(t->packets[i].bytes);
    free(t->packets);
    *t = (struct tail){0};
}
