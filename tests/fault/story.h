/* SPDX-License-Identifier: MIT
 *
 * A day of an authcd, told through its handlers: logins right and wrong, codes, sessions, tokens, an administrator's
 * work, a checkpoint. After each message comes what serve does at the end of a turn: db_sync, and only then the reply
 * counts as said. What was said is kept in a ledger, by which the database can be judged that is found after a fault
 * or a power cut: nothing of it may be lost, and nobody may have been let in who should not.
 */
#ifndef STORY_H
#define STORY_H

#include "desk.h"

enum said { SAID_NOTHING, SAID_GRANTED, SAID_DENIED, SAID_REFUSED, SAID_DONE };

/* States that something may be in, as far as those know who were told. */
enum {
    EVE_NONE = 1,
    EVE_PENDING = 2,
    EVE_ACTIVE = 4,
    EVE_DISABLED = 8,
    SESSION_NONE = 16,
    SESSION_LIVE = 32,
    SESSION_OVER = 64,
};

struct story {
    struct desk d;
    bool over;        /* a sync failed: authcd has ended */
    bool unsure;      /* a write may fail and be done all the same: a call that failed may have happened */
    bool unsettled;   /* a connection's end could not be written: what it had in flight is to be settled */
    unsigned wrong;   /* things that must never be */
    int broken_state; /* an error that dispatch would answer by UNAVAILABLE; 0: none */

    struct {
        char code[OTP_CODE_SIZE];
        int64_t at;
    } spent[8]; /* ada's codes that were granted */
    size_t n_spent;
    uint32_t bob_least, bob_most; /* failures that must, and may, be held against bob */
    int64_t audited;              /* newest row of the audit that anybody was told of */
    unsigned eve, session;        /* EVE_*, SESSION_* */
    char handle[64], session_name[64];
    char token[8193];
};

/* Told when the state is open, of each commit, of each sync that followed, and of each scene once its replies have
 * left. NULL: nobody asks. */
enum story_news { STORY_OPENED, STORY_COMMITTED, STORY_SYNCED, STORY_SAID };
extern void (*story_news)(const struct story *s, enum story_news news);

/* Makes the accounts of the story in an empty directory, and leaves it as authcd does at its end. */
void story_prepare(const char *dir);

/* Opens the state and settles what the last one left in flight, as authcd does at its start. On failure the story
 * holds nothing; reason says why. */
int story_open(struct story *s, const char *dir, char reason[DB_REASON_SIZE]) __attribute__((warn_unused_result));
void story_close(struct story *s);

/* All that happens, to its end or until a sync fails. A handler that fails is part of the story. */
void story_play(struct story *s);

/* ---- for judge.c, and for scenes of one's own ---- */

/* A message through its handler, and the end of the turn. */
#define STORY_TELL(s, l, name, ...)                                                                                    \
    do {                                                                                                               \
        const struct msg_##name tell_in = {__VA_ARGS__};                                                               \
        STORY_TELL_IN(s, l, name, &tell_in);                                                                           \
    } while (0)
#define STORY_TELL_IN(s, l, name, in)                                                                                  \
    do {                                                                                                               \
        DESK_CALL(&(s)->d, (l), on_##name(&h, (in), &step));                                                           \
        story_turn((s), (l));                                                                                          \
    } while (0)

struct line *story_line(struct story *s, uint32_t uid);
/* Syncs; l (or NULL) is the connection whose call it was. */
void story_turn(struct story *s, const struct line *l);
/* Nobody is connected: what is unsettled is settled, as serve does it. */
void story_settle(struct story *s);
/* What has left on that connection. */
enum said story_said(const struct story *s, const struct line *l);
/* Counts and prints what must never be. */
void story_expect(struct story *s, bool good, const char *what);

/* One login of ada's from home, with this password and code. */
enum said story_login_ada(struct story *s, const char *password, const char *code);
/* ada's code at this time. */
const char *story_code(int64_t at);
extern const char story_password[];

/* Opens what is in dir and judges it by what `told` was told; how many things are amiss, each printed. Leaves more
 * failures, sessions and audit rows behind than it found. */
unsigned story_judge(const struct story *told, const char *dir);

/* A number that stands for all rows of all tables; and is the database whole, and its audit? */
uint64_t story_digest(struct db *db);
bool story_whole(struct db *db);

#endif
