/* SPDX-License-Identifier: MIT
 *
 * The listening sockets: watched by an epoll descriptor each, accepted from, left alone for a while where the
 * process has no descriptors left, and given up at the end.
 */
#ifndef LISTENERS_H
#define LISTENERS_H

#include "crowd.h"
#include "sockets.h"

struct listeners {
    int fds[SOCKETS_COUNT];
    int epolls[SOCKETS_COUNT]; /* where each is watched; not owned */
    /* Asked where root's would be one too many: can somebody be made to leave for it? NULL: nobody. */
    bool (*make_way)(void *userdata);
    void *userdata;
    bool watched;
    bool user_rests;      /* user.sock alone is not watched */
    unsigned turned_away; /* since the log was last told */
    int64_t turned_away_ever;
    int64_t told_ms; /* BOOTTIME; 0: never */
};

/* Watches both; events carry the address of an element of fds. */
int listeners_watch(struct listeners *l) __attribute__((warn_unused_result));
void listeners_unwatch(struct listeners *l);
/* Watches user.sock again if it rested and need not any more. */
void listeners_wake_user(struct listeners *l);
/* Whoever connects from now on is refused at once. For sockets that nobody else listens on. */
void listeners_shut(struct listeners *l);

/* The element that an event's pointer means; NULL: it is none of ours. */
const int *listeners_find(const struct listeners *l, const void *pointer);

/* Accepts one connection into the crowd, watched for packets beside system.sock if it is root's and beside user.sock if
 * not, or turns it away with a word. False: no more are there,
 * or none can be had now: then nothing is watched until listeners_watch, or, where peers' sockets do not close in time,
 * user.sock is not until listeners_wake_user. */
bool listeners_accept(struct listeners *l, int fd, struct crowd *crowd, int64_t now_ms);

#endif
