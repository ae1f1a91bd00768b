/* SPDX-License-Identifier: MIT
 *
 * One connection: who is at its other end, its conversation, what waits to be sent, and until when somebody may be
 * silent. Receives and sends single packets without blocking. Which connections there are, and when they may send, is
 * crowd's and turn's.
 */
#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "handler.h"
#include "room.h"

enum { CONN_OUT_MAX = 16 };            /* replies that wait; beyond, nothing more is read */
#define CONN_PERSON_MS INT64_C(180000) /* for what a person types */
#define CONN_PROVED_MS INT64_C(300000) /* how long a stepup is good for */
#define CONN_PROGRAM_MS INT64_C(5000)  /* for what a program does, reading our replies included */

struct conn {
    TAILQ_ENTRY(conn) all, touched, held, waiting; /* lists of crowd and turn */
    bool is_touched, is_held;
    int64_t waits_for; /* as login_waits_for said last; 0: not in `waiting` */
    bool retry;        /* something of what it waits for has changed */
    bool dead;         /* to be reaped: nobody is there any more, or all was said */

    int fd;
    int epoll;      /* by which it is watched; not owned */
    uint64_t token; /* never used twice: what a hash that comes back is addressed to */
    struct peer peer;
    int64_t proved_until_ms;
    struct login *login;
    struct room_seat seat;
    bool leaving;     /* was told to, for somebody else's sake */
    uint64_t packets; /* received */

    struct reply *first, *last; /* not sent yet */
    unsigned n_out;
    struct password_job *job; /* to be submitted after the sync */
    bool hashing;             /* it was, and has not come back */
    bool person, closing, blocked;
    int64_t held_until_ms; /* BOOTTIME before which nothing leaves */
    int64_t deadline_ms;   /* BOOTTIME at which it is cut off */
    uint32_t events;       /* what epoll watches for */
};

/* For an accepted socket, now the connection's: asks the kernel who is there. */
int conn_new(int fd, uint64_t token, int64_t now_ms, struct conn **ret) __attribute__((warn_unused_result));
void conn_free(struct conn *c); /* closes; NULL does nothing */

/* Receives one packet of at most PROTOCOL_PACKET_MAX bytes. -EAGAIN: none there; -ECONNRESET: hung up; otherwise the
 * packet breaks the rules and *ret_what says which: -EMSGSIZE: cut; -EPERM: without credentials, or not the peer's;
 * -EPROTO: came with file descriptors (it stays in the queue, and the connection is of no more use). */
int conn_receive(struct conn *c, unsigned char *packet, size_t *ret_len, const char **ret_what)
    __attribute__((warn_unused_result));

/* Takes a step's replies and job over, and what it says about the connection. */
void conn_take(struct conn *c, struct step *step, int64_t now_ms);

/* Drops what has not been sent or submitted. */
void conn_discard(struct conn *c);

/* Sends what is there. -EAGAIN: the peer does not read (blocked is set); -ECONNRESET: nobody is there. */
int conn_flush(struct conn *c, int64_t now_ms) __attribute__((warn_unused_result));

/* What to wait for on fd: EPOLLIN, EPOLLOUT, or only the end. */
uint32_t conn_interest(const struct conn *c);

#endif
