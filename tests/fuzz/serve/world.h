/* SPDX-License-Identifier: MIT
 *
 * The small world of the sequence fuzzer: a desk with four accounts, services that ask each in their own way, and eight
 * callers. It is made once; before each input the database is put back page by page.
 */
#ifndef WORLD_H
#define WORLD_H

#define DESK_PLACE "/dev/shm"
#include "desk.h"
#include "dispatch.h"
#include "buckets.h"
#include "sessions.h"
#include "signing.h"
#include "source.h"
#include "sql.h"

enum { CALLERS = 8, KINDS = PROMPT_RETYPE_PASSWORD + 1, MINUTE_MS = 60000 };

/* One connection, and all that went over it in the present conversation. */
struct caller {
    struct peer peer;
    struct login *login;
    struct room_seat seat;
    struct password_job *job;
    bool connected, begun, done, asked; /* asked: a prompt is out */
    enum prompt_kind kind;              /* of that prompt */
    struct msg_begin begin;
    struct source source;
    char key[SOURCE_KEY_SIZE]; /* that sshd verified, it says; else "" */
    int64_t account_id;        /* whom the name means to this peer; 0: nobody */
    struct secret said[KINDS];
    bool has_said[KINDS], said_fake;
    int64_t answered_ms;
    struct looks *account, *pair; /* charged for this conversation, if look is open */
    bool look, shared;
};

/* What authcd.conf says below, said again: what must have been proved there. */
struct service {
    const char *name;
    bool password, code, skip, combined, sessions, ignore;
    bool staff, guests; /* superadmin and admin only; guests as well */
};

static const struct service services[] = {
    {"sshd", .password = true, .code = true, .sessions = true},
    {"login", .password = true, .sessions = true, .ignore = true},
    {"sudo", .password = true, .code = true, .skip = true},
    {"combo", .password = true, .code = true, .skip = true, .combined = true},
    {"staff", .password = true, .staff = true},
    {"cron", .code = true},
    {"self", .password = true, .code = true, .skip = true, .guests = true},
    {"stepup", .password = true, .code = true, .skip = true},
    {"*", .password = true},
};

static const char world_conf[] = "[service *]\nfactors = password\nunenrolled = deny\n"
                                 "[service sshd]\nfactors = password otp\nunenrolled = deny\nsessions = yes\nroles = "
                                 "superadmin admin moderator user\n"
                                 "[service login]\nfactors = password\nsessions = yes\nunknown = ignore\n"
                                 "[service sudo]\nfactors = otp password\nunenrolled = skip\n"
                                 "[service combo]\nfactors = password otp\nunenrolled = skip\ncombined = yes\n"
                                 "[service staff]\nfactors = password\nroles = superadmin admin\n"
                                 "[service self]\nfactors = password otp\nunenrolled = skip\n"
                                 "[audience web]\nacr = aal1\n[audience bank]\nacr = aal2\n";

static const struct person {
    const char *name;
    uint32_t uid;
    const char *role, *password, *secret;
    unsigned digits;
} people[] = {
    {"ada", 1001, "admin", "correct horse battery", "12345678901234567890", 6},
    {"bob", 1002, "user", "staple of the evening", NULL, 0},
    {"cyd", 1003, "superadmin", "a weaker hash for her", "abcdefghijklmnopqrst", 8},
    {"dee", 1004, "guest", "only a guest, no more", NULL, 0},
};
enum { PEOPLE = sizeof people / sizeof *people };

static const uint32_t uids[CALLERS] = {0, 0, 0, 1001, 1002, 1003, 65534, 4242};

static struct desk desk;
static struct dispatch dispatch;
static struct caller callers[CALLERS];
static struct room room;
static sqlite3 *pristine;

/* The plaintext of every account's password, as it was last set. */
static struct {
    int64_t account_id;
    struct secret password;
} passwords[64];
static size_t n_passwords;

#define world_must(truth) ((truth) ? (void)0 : world_untrue(#truth, __FILE__, __LINE__))
_Noreturn static void world_untrue(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

static void world_password(int64_t account_id, const struct secret *password)
{
    size_t i = 0;
    while (i < n_passwords && passwords[i].account_id != account_id)
        i++;
    world_must(i < sizeof passwords / sizeof *passwords);
    passwords[i].account_id = account_id;
    passwords[i].password = *password;
    n_passwords = i == n_passwords ? i + 1 : n_passwords;
}

static const struct secret *world_password_of(int64_t account_id)
{
    for (size_t i = 0; i < n_passwords; i++)
        if (passwords[i].account_id == account_id)
            return &passwords[i].password;
    return NULL;
}

/* Set: the next commit of a call fails, as it does on a full disk. Cleared by the one that did. */
static bool world_full;

static int world_on_commit(void *unused)
{
    bool full = world_full;
    (void)unused;
    world_full = false;
    return full;
}

/* All pages of one database into another. */
static void world_copy(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    world_must(b && sqlite3_backup_step(b, -1) == SQLITE_DONE);
    sqlite3_backup_finish(b);
}

static void world_end(void)
{
    sqlite3_close(pristine);
    pool_free(dispatch.pool);
    desk_close(&desk);
}

static struct account world_people[PEOPLE];

static void world_make(void)
{
    desk_open(&desk);
    desk_config(&desk, world_conf);
    world_must(desk.config.n_audiences == 2);
    /* Six digits alone: no file may say so, but the handlers must be safe all the same. */
    struct config_service *cron = &desk.config.services[desk.config.n_services++];
    *cron = desk.config.services[0];
    strcpy(cron->name, "cron");
    cron->factors = (struct config_factors){.n = 1, .kinds = {CONFIG_FACTOR_OTP}};
    for (size_t i = 0; i < PEOPLE; i++) {
        const struct person *p = &people[i];
        desk.config.authcd.argon2_memory = i == 2 ? 8192 : 16384; /* nothing here is about the cost of a hash */
        world_people[i] = desk_account(&desk, p->name, p->uid, p->role, p->password, p->secret, p->digits);
    }
    desk.config.authcd.argon2_memory = 16384;
    DESK_STORE(&desk, signing_ensure(desk.db, &desk.now));
    world_must(sqlite3_open(":memory:", &pristine) == SQLITE_OK);
    world_copy(pristine, desk.db->sqlite);
    sqlite3_commit_hook(desk.db->sqlite, world_on_commit, NULL);
    desk_must(pool_new(1, &dispatch.pool), "pool"); /* is asked whether it is busy, and never given anything */
    dispatch.db = desk.db;
    dispatch.config = &desk.config;
    dispatch.counters = &desk.counters;
    dispatch.room = &room;
    room_init(&room, ROOM_MAX); /* never full here */
    atexit(world_end);
}

static void world_reset(void)
{
    static const struct clock start = {2000000000, 90000000, "00000000-0000-4000-8000-000000000001"};
    static bool made;
    if (!made)
        world_make();
    made = true;
    world_copy(desk.db->sqlite, pristine);
    memset(&desk.db->audit, 0, sizeof desk.db->audit); /* the head in memory is another input's */
    for (size_t i = 0; i < CALLERS; i++)
        room_leave(&room, &callers[i].seat);
    memset(callers, 0, sizeof callers);
    memset(&dispatch.budget, 0, sizeof dispatch.budget);
    dispatch.now = start;
    desk.counters = (struct counters){0};
    n_passwords = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        struct secret s = {0};
        desk_must(secret_set(&s, people[i].password, strlen(people[i].password)), "password");
        world_password(world_people[i].id, &s);
    }
}

/* One number out of the database. */
static int64_t world_number(const char *text, int64_t bound)
{
    SQL_AUTO struct sql q = sql_begin(desk.db, text);
    if (strchr(text, '?'))
        sql_bind_int(&q, bound);
    world_must(sql_row(&q) == 0);
    int64_t n = sql_int(&q);
    world_must(q.error == 0);
    return n;
}

static struct account world_account(const char *name)
{
    struct account a = {0};
    int error = accounts_by_name(desk.db, name, &a);
    world_must(error == 0 || error == -ENOENT);
    return a;
}

static struct audit world_last_audit(void)
{
    struct audit row = {0};
    int64_t seq = 0, delivered = 0;
    world_must(audit_position(desk.db, &seq, &delivered) == 0);
    world_must(seq == 0 || audit_next(desk.db, seq - 1, "", 0, &row) == 0);
    return row;
}

#endif
