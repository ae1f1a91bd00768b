/* SPDX-License-Identifier: MIT
 *
 * The reserve file (D3): its blocks are there, it is nobody else's, what cannot be made whole is not kept, and giving
 * it up gives room.
 */
#include "reserve.h"

#include <sys/statvfs.h>

#include "fixture.h"

static int64_t blocks(void)
{
    struct stat st;
    return stat(fixture_path("authc.reserve"), &st) < 0 ? -1 : (int64_t)st.st_blocks * 512;
}

static void made_and_given_up(struct db *db)
{
    struct stat st;
    ok(!reserve_is_there(db), "none at first");
    is_int(reserve_give_up(db), -ENOENT, "so there is none to give up");
    is_int(reserve_make(db, 0), 0, "made");
    ok(reserve_is_there(db), "it is there");
    fixture_must(stat(fixture_path("authc.reserve"), &st) == 0, "stat");
    is_int(st.st_mode & 07777, 0600, "nobody else's");
    is_int(st.st_size, RESERVE_SIZE, "as long as it should be");
    ok(blocks() >= RESERVE_SIZE, "and not only by its length");
    is_int(reserve_make(db, 1 << 20), 0, "made again, with more beside it");
    is_int(reserve_make(db, 0), 0, "and again");
    fixture_must(stat(fixture_path("authc.reserve"), &st) == 0, "stat");
    ok(st.st_size == RESERVE_SIZE && blocks() < RESERVE_SIZE + (1 << 20), "it did not grow");
    is_int(reserve_give_up(db), 0, "given up");
    is_int(access(fixture_path("authc.reserve"), F_OK), -1, "gone");
}

/* A copied state directory has a file of that length and no blocks. */
static void with_holes(struct db *db)
{
    int fd = open(fixture_path("authc.reserve"), O_RDWR | O_CREAT, 0600);
    fixture_must(fd >= 0 && ftruncate(fd, RESERVE_SIZE) == 0 && close(fd) == 0, "a file with a hole");
    is_int(reserve_make(db, 0), 0, "one that has holes");
    ok(blocks() >= RESERVE_SIZE, "has none any more");
}

static void no_room(struct db *db)
{
    struct statvfs fs;
    int64_t room = 0;
    fixture_must(statvfs(fixture_dir, &fs) == 0, "statvfs");
    is_int(reserve_room(db, &room), 0, "room");
    ok(room > RESERVE_SIZE, "there is some: %lld bytes", (long long)room);
    is_int(reserve_make(db, INT64_C(1) << 55), -ENOSPC, "more than any disk has, beside one that is whole: refused");
    ok(reserve_is_there(db) && blocks() >= RESERVE_SIZE && blocks() < 2 * RESERVE_SIZE, "which stays what it was");
    is_int(reserve_give_up(db), 0, "given up");
    is_int(reserve_make(db, INT64_C(1) << 55), -ENOSPC, "the same without one");
    is_int(reserve_give_up(db), -ENOENT, "keeps nothing that could be given up");
}

static void not_ours(struct db *db)
{
    (void)unlink(fixture_path("authc.reserve"));
    fixture_must(symlink("elsewhere", fixture_path("authc.reserve")) == 0, "symlink");
    is_int(reserve_make(db, 0), -ELOOP, "a symlink is not followed");
    is_int(access(fixture_path("elsewhere"), F_OK), -1, "nothing is made where it points");
    ok(!reserve_is_there(db), "and it is none");
    is_int(reserve_give_up(db), 0, "it can be given up");
    fixture_must(mkfifo(fixture_path("authc.reserve"), 0600) == 0, "fifo");
    is_int(reserve_make(db, 0), -EPERM, "a FIFO is refused, and does not hold us up");
    (void)unlink(fixture_path("authc.reserve"));
    fixture_must(link(fixture_path("authc.key"), fixture_path("authc.reserve")) == 0, "link");
    is_int(reserve_make(db, 0), -EPERM, "another file's second name is refused");
    struct stat st;
    ok(stat(fixture_path("authc.key"), &st) == 0 && st.st_size == 32, "and that file left alone");
}

int main(void)
{
    struct db *db = fixture_fresh();
    made_and_given_up(db);
    with_holes(db);
    no_room(db);
    not_ours(db);
    db_close(db);
    return tap_done();
}
