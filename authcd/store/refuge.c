/* SPDX-License-Identifier: MIT
 *
 * See refuge.h. In force is a refuge whose copy is whole (it got its name by a rename) and that notes in its meta table
 * where the audit was when it was made; whoever finds one without the note may drop it, because nothing was answered
 * from it. The directory of the state stays locked (flock), so that no other authcd comes in between; the database that
 * stays behind is closed, so that its disk can be made read-only, looked at, and mended. Merging is refuge_merge.c's.
 */
#include "refuge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "reason.h"
#include "refuge_merge.h"
#include "refuge_note.h"
#include "refuge_place.h"
#include "reserve.h"

bool refuge_taken(const struct db *db)
{
    return db->refuge.dir_fd >= 0;
}

/* A database beside db, under the same key. Its files are the caller's to set, and to close. */
static struct db *beside(const struct db *db, const struct dbfiles *files)
{
    struct db *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->files = *files;
    d->vault = db->vault;
    d->refuge.dir_fd = -1;
    return d;
}

static void beside_free(struct db *d)
{
    if (d == NULL)
        return;
    db_detach(d);
    free(d);
}

/* ---- there ---- */

/* What is copied is connected to, noted, and db's from then on; the connection that db had is closed as it is, because
 * a checkpoint would only half work now. */
static int move_in(struct db *db, const struct dbfiles *place, const struct audit *why, char reason[DB_REASON_SIZE])
{
    struct db *there = beside(db, place);
    if (there == NULL)
        return reason_give(reason, -ENOMEM, "out of memory");
    int error = db_attach(there, reason);
    if (error == 0 && (error = refuge_note_left(there, why)) < 0)
        error = reason_give(reason, error, "%s: %s", place->database, strerror(-error));
    if (error == 0) {
        db_exchange(db, there);
        db->refuge = *place;
        if (there->sqlite != NULL)
            db_leave_wal(there);
    }
    beside_free(there);
    return error;
}

static int enter(struct db *db, const char *run_dir, const struct audit *why, char reason[DB_REASON_SIZE])
{
    struct dbfiles place;
    int error = refuge_place_open(run_dir, &place, reason);
    if (error < 0)
        return error;
    refuge_place_empty(&place);
    error = db->sqlite != NULL ? refuge_place_copy_open(db, &place) : refuge_place_copy_closed(db, &place);
    if (error < 0)
        error = reason_give(reason, error, "%s: the database cannot be copied there: %s", place.dir, strerror(-error));
    else
        error = move_in(db, &place, why, reason);
    if (error < 0) {
        refuge_place_empty(&place);
        dbfiles_close(&place);
    }
    return error;
}

int refuge_enter(struct db *db, const char *run_dir, const struct audit *why, char reason[DB_REASON_SIZE])
{
    reason[0] = '\0';
    if (db->in_transaction || refuge_taken(db))
        return reason_give(reason, -EINVAL, "not now");
    int error = db_sync(db); /* what this turn wrote before is owed to the disk */
    if (error < 0)
        return reason_give(reason, error, "%s: cannot be synced: %s", db->files.database, strerror(-error));
    return enter(db, run_dir, why, reason);
}

/* ---- and back ---- */

static int judge_return(struct db *there, struct db *home, const struct refuge_note *note, enum refuge_return *ret)
{
    struct audit_point at_home, here;
    bool passed = false;
    int error = audit_point(home, &at_home);
    if (error < 0 || (error = audit_point(there, &here)) < 0 || (error = audit_passed(home, &here, &passed)) < 0)
        return error;
    if (refuge_note_awaits(note, &at_home))
        *ret = REFUGE_CONTINUED;
    else
        *ret = passed ? REFUGE_PASSED : REFUGE_MERGED;
    return 0;
}

static int carry_back(struct db *there, struct db *home, struct refuge_note *note)
{
    int error = refuge_note_sent(there, note);
    if (error < 0 || (error = backup_is_whole(there->sqlite)) < 0 ||
        (error = backup_pages(there->sqlite, home->sqlite)) < 0)
        return error;
    home->dirty = true;
    explicit_bzero(&home->audit, sizeof home->audit);
    return 0;
}

static int merge_back(struct db *there, struct db *home)
{
    int error = backup_save(there, &home->files, DBFILES_DATABASE "." REFUGE_DIR);
    return error < 0 ? error : refuge_merge(there, home);
}

static int bring_home(struct db *there, struct db *home, bool may_merge, enum refuge_return *ret,
                      char reason[DB_REASON_SIZE])
{
    struct refuge_note note;
    int error = refuge_note_read(there, &note);
    if (error == 0)
        error = judge_return(there, home, &note, ret);
    if (error == 0 && *ret == REFUGE_MERGED && !may_merge)
        return reason_give(reason, -ESTALE,
                           "%s: changed while the refuge was in use: restart authcd to have both merged",
                           home->files.database);
    if (error == 0 && *ret == REFUGE_CONTINUED)
        error = carry_back(there, home, &note);
    else if (error == 0 && *ret == REFUGE_MERGED)
        error = merge_back(there, home);
    if (error < 0 || (error = db_sync(home)) < 0)
        return reason_give(reason, error, "%s: cannot take back what %s has: %s", home->files.database,
                           there->refuge.database, strerror(-error));
    (void)!db_checkpoint(home); /* its WAL is as large as all of it: what is not done now a timer does */
    return 0;
}

int refuge_size(const struct db *db, int64_t *ret)
{
    return refuge_place_size(&db->refuge, &db->files, ret);
}

int refuge_leave(struct db *db, bool may_merge, enum refuge_return *ret, char reason[DB_REASON_SIZE])
{
    enum refuge_return how = REFUGE_MERGED;
    reason[0] = '\0';
    if (db->in_transaction || !refuge_taken(db))
        return reason_give(reason, -EINVAL, "not now");
    int error = dbfiles_look(&db->files, reason);
    if (error == 0 && !db->files.exists)
        error = reason_give(reason, -ENOENT, "%s: missing: restore it", db->files.database);
    struct db *home = error < 0 ? NULL : beside(db, &db->files);
    if (error == 0 && home == NULL)
        error = reason_give(reason, -ENOMEM, "out of memory");
    if (error == 0 && (error = db_attach(home, reason)) == 0)
        error = bring_home(db, home, may_merge, &how, reason);
    if (error == 0) {
        db_exchange(db, home);
        db_leave_wal(home); /* it is removed */
        db_detach(home);
        refuge_place_empty(&db->refuge);
        dbfiles_close(&db->refuge);
        refuge_note_forget(db);
        *ret = how;
    }
    beside_free(home);
    return error;
}

/* ---- at the start ---- */

/* *ret_taken: db is there now. A copy without a note is none yet. */
static int go_on(struct db *db, const struct dbfiles *place, bool *ret_taken, char reason[DB_REASON_SIZE])
{
    struct refuge_note note;
    struct db *there = beside(db, place);
    if (there == NULL)
        return reason_give(reason, -ENOMEM, "out of memory");
    int error = db_attach(there, reason);
    int noted = error < 0 ? error : refuge_note_read(there, &note);
    if (error == 0 && noted < 0 && noted != -ENOENT)
        error = reason_give(reason, noted, "%s: cannot be read", place->database);
    if (error < 0)
        reason_add(reason, "or remove it: what was noted there is lost then");
    if (noted == 0) {
        db_exchange(db, there);
        db->refuge = *place;
        *ret_taken = true;
    }
    beside_free(there);
    if (error == 0 && noted < 0)
        refuge_place_empty(place);
    return error;
}

/* What an earlier authcd left there is opened before anything is made at home. `none` says why there can be none. */
static int find(struct db *db, const char *run_dir, const char *key_file, bool *ret_taken, char none[DB_REASON_SIZE],
                char reason[DB_REASON_SIZE])
{
    struct dbfiles place;
    int error = refuge_place_open(run_dir, &place, reason);
    if (error < 0 && error != -ENOENT)
        return error;
    if (error == -ENOENT)
        memcpy(none, reason, DB_REASON_SIZE);
    bool there = error == 0 && place.exists;
    if (there && !db->files.exists)
        error = reason_give(reason, -ENOENT, "%s: missing, though %s was its copy: restore it, or remove both",
                            db->files.database, place.database);
    else if ((error = db_unseal(db, key_file, reason)) == 0 && there)
        error = go_on(db, &place, ret_taken, reason);
    if (!*ret_taken)
        dbfiles_close(&place);
    return error;
}

static bool is_read_only(const struct db *db)
{
    int64_t bytes;
    return reserve_room(db, &bytes) == -EROFS;
}

/* At home; or there, if the disk does not let it. */
static int attach(struct db *db, const char *run_dir, const struct audit *why, char reason[DB_REASON_SIZE])
{
    char no_refuge[DB_REASON_SIZE] = "";
    int error = dbfiles_create(&db->files, reason);
    if (error == 0)
        error = db_attach(db, reason);
    if (error == -ENOSPC && reserve_give_up(db) == 0)
        error = db_attach(db, reason);
    if (error == -EIO && is_read_only(db)) /* also where SQLite finds another word for it */
        error = -EROFS;
    if ((error != -ENOSPC && error != -EROFS) || !db->files.exists)
        return error;
    if (enter(db, run_dir, why, no_refuge) == 0)
        return 0;
    reason_add(reason, no_refuge);
    return error;
}

int refuge_open(const char *state_dir, const char *run_dir, const char *key_file, const struct audit *why,
                struct db **ret, char reason[DB_REASON_SIZE])
{
    char none[DB_REASON_SIZE] = "";
    struct db *db = NULL;
    bool taken = false;
    int error = db_new(state_dir, &db, reason);
    if (error == 0)
        error = find(db, run_dir, key_file, &taken, none, reason);
    if (error == 0 && !taken)
        error = attach(db, run_dir, why, reason);
    if (error < 0) {
        db_close(db);
        return error;
    }
    memcpy(reason, none, DB_REASON_SIZE);
    *ret = db;
    return 0;
}
