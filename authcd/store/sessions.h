/* SPDX-License-Identifier: MIT
 *
 * Sessions, and the single-use handles that lead from a successful auth to one. A handle is stored as a keyed hash and
 * bound to uid, service and rhost; a session's name is no secret. Works inside the caller's transaction.
 */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <stdint.h>

#include "db.h"

enum { SESSION_NAME_SIZE = 17, HANDLE_SIZE = 27 };
#define HANDLE_LIFETIME_S INT64_C(600)

/* What auth proved, carried by a handle into a session and from there into tokens. */
struct session {
    char name[33]; /* 16 characters of base32 */
    int64_t account_id;
    uint32_t uid;
    char service[65];
    char tty[257];
    char source[1025]; /* as rules/source wrote it */
    char rhost[1025];  /* as the peer said it */
    char amr[33];
    char acr[9];
    int64_t auth_time;
    uint32_t audit_session; /* PROTOCOL_NO_SESSION: none */
    int64_t leader_pid;     /* the process that opened it, and when that was started (clock ticks since boot) */
    int64_t leader_start;
    char boot_id[37];
    int64_t created_at, last_used_at;
    int64_t ended_at; /* 0: live */
    char end_reason[33];
};

/* Makes a handle for s (name, tty, leader and audit session come later, at open). */
int sessions_handle_make(struct db *db, const struct session *s, int64_t now_s, char ret_handle[HANDLE_SIZE])
    __attribute__((warn_unused_result));
/* Redeems it, once. -ENOENT: never was, used, or late; -EACCES: of another uid, service or rhost. Used up in
 * each case: commit, also after these two. */
int sessions_handle_take(struct db *db, const char *handle, uint32_t uid, const char *service, const char *rhost,
                         int64_t now_s, struct session *ret) __attribute__((warn_unused_result));

/* Handles of an account that were not redeemed lead nowhere from now on. */
int sessions_forget_handles(struct db *db, int64_t account_id) __attribute__((warn_unused_result));

/* Opens s under a fresh name, written to s->name. */
int sessions_open(struct db *db, struct session *s, int64_t now_s) __attribute__((warn_unused_result));
/* A live session by name; -ENOENT. */
int sessions_get(struct db *db, const char *name, struct session *ret) __attribute__((warn_unused_result));
/* The newest live session of uid in that audit session of this boot; -ENOENT. */
int sessions_by_audit_session(struct db *db, uint32_t uid, uint32_t audit_session, const char *boot_id,
                              struct session *ret) __attribute__((warn_unused_result));
/* Live sessions in order of creation: the one after cursor *after (0: first), of account_id (0: everybody's); moves
 * *after; -ENOENT at the end. */
int sessions_next(struct db *db, int64_t account_id, int64_t *after, struct session *ret)
    __attribute__((warn_unused_result));
int sessions_count(struct db *db, uint32_t *ret) __attribute__((warn_unused_result));
/* Live ones of an account that a service opened. */
int sessions_count_of(struct db *db, int64_t account_id, const char *service, uint32_t *ret)
    __attribute__((warn_unused_result));

int sessions_touch(struct db *db, const char *name, int64_t now_s) __attribute__((warn_unused_result));
/* -ENOENT: not live. */
int sessions_end(struct db *db, const char *name, const char *reason, int64_t now_s)
    __attribute__((warn_unused_result));
/* Ends all of an account's but `except` (NULL: all), and every time of grace. */
int sessions_end_all(struct db *db, int64_t account_id, const char *except, const char *reason, int64_t now_s)
    __attribute__((warn_unused_result));
/* At start-up: sessions of an earlier boot are over. */
int sessions_end_other_boots(struct db *db, const char *boot_id, int64_t now_s) __attribute__((warn_unused_result));
/* Removes at most max expired handles and sessions ended more than 90 days ago; *ret_more: there may be more. */
int sessions_expire(struct db *db, int64_t now_s, unsigned max, int *ret_more) __attribute__((warn_unused_result));

#endif
