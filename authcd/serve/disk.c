/* SPDX-License-Identifier: MIT
 *
 * See disk.h. What the file system says of its room is a reason to freeze, never one to believe that there is any: that
 * is tried out (quotas, blocks kept for root). The bounds lie apart, so that a disk that is nearly full does not freeze
 * and thaw all the time.
 */
#include "disk.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/statvfs.h>
#include <systemd/sd-daemon.h>

#include "audit.h"
#include "log.h"
#include "refuge.h"
#include "reserve.h"
#include "text.h"

enum { LEFT_MIN = 1024 * 1024, ENTER_AGAIN_MS = 10000, LEAVE_AGAIN_MS = 1000, LEAVE_FAILED_MS = 10000 };
enum { STAY_MS = 5000 }; /* all is copied each time: whoever fills the disk and empties it shall not keep us busy */

const char *disk_frozen(const struct disk *d)
{
    return d && d->stop < 0 ? d->why : NULL;
}

/* ---- what is said ---- */

__attribute__((format(printf, 2, 3))) static void say(char out[DISK_TEXT_SIZE], const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    text_cut(out, DISK_TEXT_SIZE, format, ap);
    va_end(ap);
}

static const char *disk_is(int stop)
{
    return stop == -EROFS ? "read-only" : "full";
}

static int append(struct db *db, struct audit *row)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(db, &t);

    if (error < 0 || (error = audit_append(db, row)) < 0)
        return error;
    return db_transaction_commit(&t);
}

static void note(struct disk *d, struct db *db, const struct clock *now)
{
    struct audit row = {.at = now->wall_s, .event = d->stop < 0 ? AUDIT_DEGRADED : AUDIT_RESTORED};

    if (!d->news[0] || text_copy(row.result, sizeof row.result, d->news) < 0)
        return;
    if (append(db, &row) == 0)
        d->news[0] = '\0';
}

/* ---- frozen or not ---- */

static void freeze(struct disk *d, int stop)
{
    const char *until = stop == -EROFS ? "it can be written again: " : "there is room in ";

    if (d->stop == stop)
        return;
    d->stop = stop;
    say(d->why, "the disk is %s: nothing can be changed until %s%s", disk_is(stop), until, d->config->state_dir);
    log_error("%s", d->why);
    sd_notifyf(0, "STATUS=degraded: %s", d->why);
}

static void thaw(struct disk *d)
{
    d->stop = 0;
    d->enter_ms = d->leave_ms = 0;
    d->why[0] = d->said[0] = '\0';
    log_notice("%s: %s", d->config->state_dir, d->news);
    sd_notify(0, "STATUS=serving");
}

static bool go_there(struct disk *d, struct db *db, int stop, const struct clock *now)
{
    char reason[DB_REASON_SIZE];
    struct audit row = {.at = now->wall_s, .event = AUDIT_DEGRADED};

    say(row.result, "%s: goes on in %s/" REFUGE_DIR, disk_is(stop), d->config->run_dir);
    bool there = refuge_enter(db, d->config->run_dir, &row, reason) == 0;
    if (there) {
        log_error("the database goes on in %s/" REFUGE_DIR ", which does not survive a reboot", d->config->run_dir);
        d->news[0] = '\0'; /* its first event says so */
        d->leave_ms = now->boot_ms + STAY_MS;
    } else {
        log_error("no refuge for the database, logins are denied: %s", reason);
        say(d->news, "%s, and there is no refuge: logins were denied", disk_is(stop));
        d->enter_ms = now->boot_ms + ENTER_AGAIN_MS;
    }
    freeze(d, stop);
    return there;
}

bool disk_relieve(struct disk *d, struct db *db, int error, const struct clock *now)
{
    if (error != -ENOSPC && error != -EROFS)
        return false;
    if (!refuge_taken(db) && error == -ENOSPC && reserve_give_up(db) == 0) {
        log_error("%s: the reserve was given up", d->config->state_dir);
        say(d->news, "full: the reserve was given up");
        freeze(d, error);
        note(d, db, now);
        return true;
    }
    if (now->boot_ms < d->enter_ms)
        return false;
    if (!refuge_taken(db))
        return go_there(d, db, error, now);
    log_error("%s/" REFUGE_DIR " is %s as well: logins are denied", d->config->run_dir, disk_is(error));
    d->enter_ms = now->boot_ms + ENTER_AGAIN_MS;
    return false;
}

/* ---- and back ---- */

/* As far as the file system says. */
static bool may_be_enough(const struct db *db, int64_t *ret_size)
{
    int64_t left = 0, reserve = reserve_is_there(db) ? 0 : RESERVE_SIZE;

    return reserve_room(db, &left) == 0 && refuge_size(db, ret_size) == 0 && left >= *ret_size + reserve + LEFT_MIN;
}

static bool is_enough(struct disk *d, const struct db *db, int64_t size)
{
    int error = d->no_reserve ? 0 : reserve_make(db, size + LEFT_MIN);

    if (error == -ENOSPC || error == -EROFS)
        return false;
    d->no_reserve = d->no_reserve || error < 0;
    return true;
}

static const char *returned(enum refuge_return how)
{
    switch (how) {
    case REFUGE_CONTINUED:
        return "there is room again: all that was noted meanwhile is in the database";
    case REFUGE_PASSED:
        return "there is room again: the database has what was noted meanwhile";
    case REFUGE_MERGED:
        break;
    }
    return "there is room again, but the database was changed meanwhile: failures and used codes were merged, all else "
           "is in backup/authc.db.refuge";
}

/* What keeps it there, which may have become something else. */
static void stay(struct disk *d, const struct db *db)
{
    int64_t left = 0, size = 0;

    if (reserve_room(db, &left) == -EROFS)
        freeze(d, -EROFS);
    else if (!may_be_enough(db, &size) || d->stop == 0)
        freeze(d, -ENOSPC);
}

static void come_back(struct disk *d, struct db *db, const struct clock *now, bool may_merge)
{
    enum refuge_return how = REFUGE_MERGED;
    char reason[DB_REASON_SIZE];
    int64_t size = 0;

    if (!may_be_enough(db, &size) || now->boot_ms < d->leave_ms)
        return;
    d->leave_ms = now->boot_ms + LEAVE_AGAIN_MS;
    if (!is_enough(d, db, size))
        return;
    if (refuge_leave(db, may_merge, &how, reason) == 0) {
        say(d->news, "%s", returned(how));
        thaw(d);
        note(d, db, now);
        return;
    }
    d->leave_ms = now->boot_ms + LEAVE_FAILED_MS;
    if (strcmp(d->said, reason) != 0)
        log_error("the database stays in its refuge: %s", reason);
    memcpy(d->said, reason, sizeof d->said);
}

/* 0, or why there is none. */
static int has_room(struct disk *d, const struct db *db)
{
    int64_t left = 0, enough = (d->stop < 0 ? 2 : 1) * (int64_t)LEFT_MIN;
    int error = reserve_room(db, &left);

    if (error < 0)
        return error == -EROFS ? error : 0; /* nothing is known */
    if (left < enough)
        return -ENOSPC;
    if (d->no_reserve || reserve_is_there(db))
        return 0;
    error = reserve_make(db, LEFT_MIN);
    if (error == 0 || error == -ENOSPC || error == -EROFS)
        return error;
    log_notice("%s: no reserve can be kept: %s", d->config->state_dir, strerror(-error));
    d->no_reserve = true;
    return 0;
}

void disk_look(struct disk *d, struct db *db, const struct clock *now)
{
    note(d, db, now);
    if (refuge_taken(db)) {
        come_back(d, db, now, false);
        if (refuge_taken(db))
            stay(d, db);
        return;
    }
    int stop = has_room(d, db);
    if (stop == d->stop)
        return;
    if (stop < 0) {
        say(d->news, "%s", disk_is(stop));
        freeze(d, stop);
    } else {
        say(d->news, "there is room again");
        thaw(d);
    }
    note(d, db, now);
}

/* ---- the start ---- */

int disk_open(struct disk *d, const struct config_authcd *config, const char *key_file, const struct clock *now,
              struct db **ret, char reason[DB_REASON_SIZE])
{
    struct audit row = {.at = now->wall_s, .event = AUDIT_DEGRADED};

    *d = (struct disk){.config = config};
    say(row.result, "full or read-only: goes on in %s/" REFUGE_DIR, config->run_dir);
    int error = refuge_open(config->state_dir, config->run_dir, key_file, &row, ret, reason);
    if (error < 0)
        return error;
    if (reason[0])
        log_notice("no refuge, so a full disk will stop logins: %s", reason);
    if (!refuge_taken(*ret)) {
        disk_look(d, *ret, now);
        return 0;
    }
    come_back(d, *ret, now, true);
    if (refuge_taken(*ret)) {
        log_error("the database goes on in %s/" REFUGE_DIR, config->run_dir);
        stay(d, *ret);
    }
    return 0;
}

bool disk_has_room(const char *state_dir)
{
    struct statvfs fs;

    return statvfs(state_dir, &fs) == 0 && !(fs.f_flag & ST_RDONLY) &&
           (uint64_t)fs.f_bavail * fs.f_frsize >= 2 * (uint64_t)LEFT_MIN;
}
