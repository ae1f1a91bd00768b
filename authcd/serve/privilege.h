/* SPDX-License-Identifier: MIT
 *
 * Giving up root: who authcd becomes, the state directory that is made for them, the drop itself, and what every authcd
 * does to itself afterwards, started as root or not. The host's user database is /etc/passwd here: a name service in a
 * login daemon would wait for itself.
 */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

enum { PRIVILEGE_ERROR_SIZE = 512 };

struct privilege {
    uid_t uid;
    gid_t gid;
};

/* Who to become: user of /etc/passwd if started as root (-ENOENT: no such user; -EPERM: it is uid 0), otherwise who we
 * are already. error says what to do. */
int privilege_find(const char *user, struct privilege *ret, char error[PRIVILEGE_ERROR_SIZE])
    __attribute__((warn_unused_result));

/* The user of /etc/passwd, whoever asks. -ENOENT; -EPERM: it is uid 0. */
int privilege_user(const char *user, struct privilege *ret, char error[PRIVILEGE_ERROR_SIZE])
    __attribute__((warn_unused_result));

/* Makes state_dir (0711, owned by p) if only it is missing. -ENOENT: its parent is missing too. */
int privilege_state_dir(const struct privilege *p, const char *state_dir, char error[PRIVILEGE_ERROR_SIZE])
    __attribute__((warn_unused_result));

/* Makes run_dir/refuge (0700, owned by p) if only it is missing: nobody but who owns run_dir can. What is there already
 * is judged when it is used. */
int privilege_refuge_dir(const struct privilege *p, const char *run_dir, char error[PRIVILEGE_ERROR_SIZE])
    __attribute__((warn_unused_result));

/* Is an existing state_dir one that p could serve from? -ENOENT: there is none yet. */
int privilege_check_state_dir(const struct privilege *p, const char *state_dir, char error[PRIVILEGE_ERROR_SIZE])
    __attribute__((warn_unused_result));

/* Raises what only root may raise (locked memory, open files), becomes p for good, and makes sure of it. Nothing to
 * drop if not root. An error is final: nothing may be served then. */
int privilege_drop(const struct privilege *p, char error[PRIVILEGE_ERROR_SIZE]) __attribute__((warn_unused_result));

/* No new privileges, no core, no ptrace by equals; locks memory if the limit lets all of it be locked, and says so. */
int privilege_harden(bool *ret_memory_locked) __attribute__((warn_unused_result));

#endif
