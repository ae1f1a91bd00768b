/* SPDX-License-Identifier: MIT
 *
 * See story.h: what is found after a fault or a power cut, held against what was said before it.
 */
#include "sessions.h"
#include "sql.h"
#include "story.h"

bool story_whole(struct db *db)
{
    int64_t bad = -1;
    sqlite3_stmt *q = NULL;
    bool whole = sqlite3_prepare_v2(db->sqlite, "PRAGMA integrity_check", -1, &q, NULL) == SQLITE_OK &&
                 sqlite3_step(q) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0;

    sqlite3_finalize(q);
    return whole && audit_verify(db, &bad) == 0 && bad == 0;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211); /* FNV-1a */
    return hash;
}

static uint64_t digest_table(sqlite3 *c, const char *table, uint64_t hash)
{
    char sql[128];
    sqlite3_stmt *q = NULL;

    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", table);
    if (sqlite3_prepare_v2(c, sql, -1, &q, NULL) != SQLITE_OK)
        return 0;
    while (sqlite3_step(q) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(q); i++) {
            int type = sqlite3_column_type(q, i);
            const void *bytes = sqlite3_column_blob(q, i); /* a number as its text */
            hash = mix(mix(hash, &type, sizeof type), bytes, (size_t)sqlite3_column_bytes(q, i));
        }
    sqlite3_finalize(q);
    return hash;
}

uint64_t story_digest(struct db *db)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    sqlite3_stmt *q = NULL;

    if (sqlite3_prepare_v2(db->sqlite, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1, &q,
                           NULL) != SQLITE_OK)
        return 0;
    while (sqlite3_step(q) == SQLITE_ROW)
        hash = digest_table(db->sqlite, (const char *)sqlite3_column_text(q, 0), hash);
    sqlite3_finalize(q);
    return hash;
}

static const struct msg_row_user *show(struct story *s, struct line *l, const char *user)
{
    struct msg_user_show in = {0};

    strcpy(in.user, user);
    STORY_TELL_IN(s, l, user_show, &in);
    return story_said(s, l) == SAID_DONE ? &l->got[0].row_user : NULL;
}

static void judge_accounts(struct story *s, const struct story *told)
{
    static const char *const names[] = {"pending", "active", "disabled"};
    const struct msg_row_user *bob = show(s, story_line(s, 0), "bob");

    story_expect(s, bob && bob->failures >= told->bob_least, "failures are forgotten");
    story_expect(s, bob && bob->failures <= told->bob_most, "failures are made up");
    if (bob && (bob->failures < told->bob_least || bob->failures > told->bob_most))
        printf("# bob: %u of %u to %u\n", bob->failures, told->bob_least, told->bob_most);
    const struct msg_row_user *eve = show(s, story_line(s, 0), "eve");
    unsigned state = EVE_NONE;
    for (unsigned i = 0; eve && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(eve->state, names[i]) == 0)
            state = EVE_PENDING << i;
    story_expect(s, (state & told->eve) != 0, "an administrator's work is lost");
}

static void judge_sessions(struct story *s, const struct story *told)
{
    struct session found;
    struct msg_token_verify in = {.audience = "web"};
    struct line *l = story_line(s, 4242);

    if (told->session_name[0]) {
        bool live = sessions_get(s->d.db, told->session_name, &found) == 0;
        story_expect(s, (told->session & (live ? SESSION_LIVE : SESSION_OVER)) != 0,
                     live ? "a session is alive again" : "a session is lost");
    }
    if (!told->token[0] || (told->session != SESSION_LIVE && told->session != SESSION_OVER))
        return;
    strcpy(in.token, told->token);
    STORY_TELL_IN(s, l, token_verify, &in);
    story_expect(s, story_said(s, l) == (told->session == SESSION_LIVE ? SAID_DONE : SAID_REFUSED),
                 "a token is not what it was");
}

static void judge_codes(struct story *s, const struct story *told)
{
    const struct clock now = s->d.now;

    for (size_t i = 0; i < told->n_spent; i++) {
        s->d.now.wall_s = told->spent[i].at;
        story_expect(s, story_login_ada(s, story_password, told->spent[i].code) != SAID_GRANTED,
                     "a spent code is taken again");
    }
    s->d.now = now;
}

unsigned story_judge(const struct story *told, const char *dir)
{
    static struct story s;
    char reason[DB_REASON_SIZE] = "";
    int64_t seq = 0, delivered = 0;
    int error = story_open(&s, dir, reason);

    if (error < 0) {
        printf("# wrong: it does not open: %s (%s)\n", reason, strerror(-error));
        return 1;
    }
    s.d.now = told->d.now;
    story_expect(&s, story_whole(s.d.db), "the database is not whole");
    story_expect(&s, audit_position(s.d.db, &seq, &delivered) == 0 && seq >= told->audited,
                 "rows of the audit are lost");
    judge_accounts(&s, told);
    judge_sessions(&s, told);
    judge_codes(&s, told);
    story_expect(&s, story_login_ada(&s, "incorrect horse", "000000") == SAID_DENIED, "a wrong password is not denied");
    desk_tick(&s.d, 600000);
    story_expect(&s, story_login_ada(&s, story_password, story_code(s.d.now.wall_s)) == SAID_GRANTED,
                 "ada gets in no more");
    story_expect(&s, story_whole(s.d.db), "the database is not whole afterwards");
    story_close(&s);
    return s.wrong;
}
