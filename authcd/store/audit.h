/* SPDX-License-Identifier: MIT
 *
 * The audit: one row for each event, written in the transaction of the change that it tells of, chained by rules/chain.
 * The table is also the journal's outbox: rows past `delivered` have not been acknowledged by the journal yet. Rows
 * name an account by its UUID and an unknown name by its keyed hash, so that erasing a person does not break the chain.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "chain.h"
#include "db.h"

enum audit_event {
#define EVENT(name, number, label, id, priority, text) AUDIT_##name = number,
#include "events.def"
#undef EVENT
};

struct audit {
    int64_t seq; /* from 1, without gaps; set by audit_append */
    int64_t at;  /* Unix seconds */
    enum audit_event event;
    char account[37]; /* UUID; "~" and 32 hex digits: keyed hash of an unknown name; "": none */
    char actor[80];   /* who did it, if not the account itself: "uid:0" */
    char service[65];
    char source[1025];
    char result[257]; /* for people: "wrong password, 1 of 5" */
};

/* Appends; sets seq. Every text must be UTF-8 (the callers' were checked on the wire). */
int audit_append(struct db *db, struct audit *row) __attribute__((warn_unused_result));
/* Writes the keyed hash of an unknown name into row->account. */
void audit_unknown_name(struct db *db, struct audit *row, const char *name);

/* The next row with seq > after; -ENOENT at the end. account "" : any. since_at 0: any. */
int audit_next(struct db *db, int64_t after, const char *account, int64_t since_at, struct audit *ret)
    __attribute__((warn_unused_result));
/* The row before `before` of that account; -ENOENT at the beginning. */
int audit_before(struct db *db, int64_t before, const char *account, struct audit *ret)
    __attribute__((warn_unused_result));
/* seq of the last row, and of the last that the journal has. */
int audit_position(struct db *db, int64_t *ret_seq, int64_t *ret_delivered) __attribute__((warn_unused_result));
/* The journal has all rows up to seq. Only ever grows. */
int audit_delivered(struct db *db, int64_t seq) __attribute__((warn_unused_result));

/* Recomputes the whole chain: 0 in *ret_bad_seq if it is intact, else the first sequence number at which rows, stored
 * hashes and the sealed head disagree. Reads every row (some 3 s for a million), and everybody else waits for as
 * long: only an administrator may ask for it. -EBADMSG: the head does not open. */
int audit_verify(struct db *db, int64_t *ret_bad_seq) __attribute__((warn_unused_result));

/* A point of the chain: the rows up to seq, and no others, have this hash. */
struct audit_point {
    int64_t seq;
    unsigned char hash[CHAIN_HASH_SIZE];
};
/* Where the chain is now. */
int audit_point(struct db *db, struct audit_point *ret) __attribute__((warn_unused_result));
/* Did it come by there? */
int audit_passed(struct db *db, const struct audit_point *p, bool *ret) __attribute__((warn_unused_result));

/* Starts an empty chain under a fresh key: once, when the database is made. */
int audit_start(struct db *db) __attribute__((warn_unused_result));

/* What is in events.def of an event: never NULL ("unknown" for a number that is not there). */
const char *audit_label(enum audit_event event);
const char *audit_text(enum audit_event event);
const char *audit_message_id(enum audit_event event);
int audit_priority(enum audit_event event);

#endif
