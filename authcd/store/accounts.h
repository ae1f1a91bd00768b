/* SPDX-License-Identifier: MIT
 *
 * Accounts and their passwords. Among the living, name and uid are unique; a deleted account stays as a tombstone, so
 * that its UUID in the audit and in tokens is never anybody else's. Works inside the caller's transaction.
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"
#include "secret.h"

enum account_state { ACCOUNT_PENDING = 1, ACCOUNT_ACTIVE = 2, ACCOUNT_DISABLED = 3, ACCOUNT_DELETED = 4 };

struct account {
    int64_t id;
    char uuid[37];
    char name[257];
    uint32_t uid;
    char role[33];
    enum account_state state;
    bool has_password;
    bool must_change; /* the password, at the next login */
    uint32_t codes;   /* confirmed code factors */
    int64_t created_at, updated_at, last_login_at, password_changed_at;
    int64_t password_expires_at; /* 0: never */
};

/* The living account of that name or uid; -ENOENT. */
int accounts_by_name(struct db *db, const char *name, struct account *ret) __attribute__((warn_unused_result));
int accounts_by_uid(struct db *db, uint32_t uid, struct account *ret) __attribute__((warn_unused_result));
/* Any account, also a deleted one. */
int accounts_by_id(struct db *db, int64_t id, struct account *ret) __attribute__((warn_unused_result));
int accounts_by_uuid(struct db *db, const char *uuid, struct account *ret) __attribute__((warn_unused_result));

/* The next living account with id > after, in order of id; -ENOENT at the end. */
int accounts_next(struct db *db, int64_t after, struct account *ret) __attribute__((warn_unused_result));
int accounts_count(struct db *db, uint32_t *ret) __attribute__((warn_unused_result));
/* Living accounts of that role which are not disabled, for the last-superadmin guard. */
int accounts_count_role(struct db *db, const char *role, uint32_t *ret) __attribute__((warn_unused_result));

/* Adds a pending account; -EEXIST: name or uid taken. */
int accounts_add(struct db *db, const char *name, uint32_t uid, const char *role, int64_t now_s, struct account *ret)
    __attribute__((warn_unused_result));
/* Writes role, uid, state and must_change back, and updated_at. -EEXIST: that uid is taken; -ENOENT: not a
 * living one. */
int accounts_update(struct db *db, const struct account *a, int64_t now_s) __attribute__((warn_unused_result));
int accounts_note_login(struct db *db, int64_t id, int64_t now_s) __attribute__((warn_unused_result));

/* Tombstone: state deleted, password and factors gone, limits gone. Sessions are sessions_end_all's. */
int accounts_delete(struct db *db, int64_t id, int64_t now_s) __attribute__((warn_unused_result));

/* Replaces the stored hash string (sealed). A pending account becomes active; must_change is cleared, and the password
 * never expires. fresh false: the same password hashed anew, nothing but the hash changes. */
int accounts_set_password(struct db *db, int64_t id, const char *stored, bool fresh, int64_t now_s)
    __attribute__((warn_unused_result));
/* The same for a fresh password that must be changed at the next login, and that is good until expires_at. */
int accounts_set_one_time(struct db *db, int64_t id, const char *stored, int64_t expires_at, int64_t now_s)
    __attribute__((warn_unused_result));
/* The stored hash string, NUL-terminated in *ret. -ENOENT: none; -EBADMSG: does not open. */
int accounts_password(struct db *db, int64_t id, struct secret *ret) __attribute__((warn_unused_result));

#endif
