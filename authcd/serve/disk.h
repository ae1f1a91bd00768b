/* SPDX-License-Identifier: MIT
 *
 * Is there room on the disk of the state, and what is done when there is not: a reserve is given up first, and then the
 * database moves into its refuge (store/refuge). From the first sign until there is room again the state is frozen:
 * logins go on and nothing is forgotten, but nothing is changed and nothing minted. Says so in the log, in the audit
 * and to systemd.
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "config.h"
#include "db.h"

enum { DISK_TEXT_SIZE = 256 };

struct disk {
    const struct config_authcd *config;
    int stop;                  /* why it is frozen: -ENOSPC, -EROFS; 0: it is not */
    char why[DISK_TEXT_SIZE];  /* the same for people */
    char news[DISK_TEXT_SIZE]; /* what the audit does not have yet, because nothing could be written; "" */
    bool no_reserve;           /* this file system cannot make one: it is done without */
    int64_t enter_ms;          /* BOOTTIME before which it is not tried again to go there, */
    int64_t leave_ms;          /* and to come back */
    char said[DB_REASON_SIZE]; /* why it did not come back, as it was last logged */
};

/* Opens the state, wherever it is, and brings it back if it is in its refuge and there is room. Errors and reason as
 * db_open's. config must outlive d. */
int disk_open(struct disk *d, const struct config_authcd *config, const char *key_file, const struct clock *now,
              struct db **ret, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));

/* A transaction failed with this error and was rolled back. True: there is room now, make it again. */
bool disk_relieve(struct disk *d, struct db *db, int error, const struct clock *now);

/* Looks again, now and then and whenever somebody wants to change something: freezes, or goes back to what was. Outside
 * of a transaction; the caller syncs. */
void disk_look(struct disk *d, struct db *db, const struct clock *now);

/* NULL, or why nothing can be changed. d may be NULL. */
const char *disk_frozen(const struct disk *d);

/* Is there so much room for a state in that directory that another start may go well, where one failed for want of it?
 */
bool disk_has_room(const char *state_dir);

#endif
