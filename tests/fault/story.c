/* SPDX-License-Identifier: MIT
 *
 * See story.h. Hashes are as cheap as Argon2 allows: what is tested is what is kept, not what a guess costs. Accounts:
 * ada has a password and a code, bob a password, carl may not use sudo, dave is disabled; eve comes and goes.
 */
#include "story.h"

#include "buckets.h"
#include "sessions.h"
#include "signing.h"
#include "sql.h"
#include "vfs.h"

const char story_password[] = "correct horse battery staple";
static const char wrong_password[] = "incorrect horse", eves_password[] = "a password of eve's own",
                  seed[] = "12345678901234567890";
static const char config[] = "[service *]\nunenrolled = skip\n[service sshd]\nsessions = yes\n"
                             "[service sudo]\nroles = superadmin admin\n[audience web]\n";
static const char home[] = "192.0.2.7", elsewhere[] = "198.51.100.1";

void (*story_news)(const struct story *s, enum story_news news);

/* ---- a turn ---- */

static void tell_news(const struct story *s, enum story_news news)
{
    vfs_pause();
    if (story_news)
        story_news(s, news);
    vfs_resume();
}

static void on_commit(struct desk *d)
{
    tell_news((const struct story *)(void *)d, STORY_COMMITTED); /* its first member */
}

static int sync_all(struct story *s)
{
    int error = db_sync(s->d.db);

    if (error == 0)
        tell_news(s, STORY_SYNCED);
    return error;
}

/* What dispatch takes for a database that cannot be used. */
static bool is_broken_state(int error)
{
    return error == -EIO || error == -EBADMSG || error == -ENOKEY;
}

/* From here on whoever was answered may count on it. */
static void note_audited(struct story *s)
{
    int64_t seq = 0, delivered = 0;

    vfs_pause();
    if (audit_position(s->d.db, &seq, &delivered) == 0 && seq > s->audited)
        s->audited = seq;
    vfs_resume();
}

void story_turn(struct story *s, const struct line *l)
{
    if (l && is_broken_state(l->error))
        s->broken_state = l->error;
    if (s->over || !db_dirty(s->d.db))
        return;
    s->over = sync_all(s) < 0;
    if (s->over)
        s->wrong += db_sync(s->d.db) == 0; /* once lost, never found */
    else
        note_audited(s);
}

struct line *story_line(struct story *s, uint32_t uid)
{
    vfs_pause();
    struct line *l = desk_line(&s->d, uid);
    vfs_resume();
    return l;
}

enum said story_said(const struct story *s, const struct line *l)
{
    const struct msg *last = l->n_got > 0 ? &l->got[l->n_got - 1] : NULL;

    if (s->over || l->error < 0 || !last)
        return SAID_NOTHING;
    if (last->number == MSG_verdict)
        return last->verdict.verdict == VERDICT_GRANTED ? SAID_GRANTED : SAID_DENIED;
    return last->number == MSG_end ? SAID_DONE : last->number == MSG_refused ? SAID_REFUSED : SAID_NOTHING;
}

void story_expect(struct story *s, bool good, const char *what)
{
    if (good)
        return;
    s->wrong++;
    printf("# wrong: %s\n", what);
}

/* What must happen where nothing has failed; where something has, anything that is no success will do. */
static void want(struct story *s, enum said got, enum said wanted, const char *what)
{
    if (vfs_failed() == 0)
        story_expect(s, got == wanted, what);
}

/* ---- logins ---- */

struct attempt_at {
    const char *service, *user, *from, *password, *code;
    bool hangs_up; /* while the password is being looked at */
};

/* The connection is gone: what it had in flight is settled. */
static void hang_up(struct story *s, struct line *l)
{
    if (s->over)
        return;
    DESK_CALL(&s->d, l, on_gone(&h, &step));
    s->unsettled = s->unsettled || l->error < 0;
    story_turn(s, l);
}

void story_settle(struct story *s)
{
    DB_TRANSACTION struct db_transaction t = {0};

    if (!s->unsettled || s->over)
        return;
    s->unsettled = db_transaction(s->d.db, &t) < 0 || buckets_settle_all(s->d.db) < 0 || db_transaction_commit(&t) < 0;
    story_turn(s, NULL);
}

static bool is_bob(const struct attempt_at *a)
{
    return strcmp(a->user, "bob") == 0;
}

/* The hash left with the turn's replies, after its sync: from now on bob's secret has been looked at. */
static void look(struct story *s, struct line *l, const struct attempt_at *a)
{
    if (!l->job || s->over)
        return;
    bool looks = l->job->kind != PASSWORD_TURN; /* or the limits let nothing be looked at: it only waits its turn */
    s->bob_least += looks && is_bob(a) && a->password != story_password; /* a right one is given back, said or not */
    if (a->hangs_up)
        return;
    desk_hash(&s->d, l);
    story_turn(s, l);
}

/* One of the packets of a turn. */
static void answer_in_turn(struct story *s, struct line *l, const struct attempt_at *a)
{
    desk_answer(&s->d, l, desk_prompt(l) == PROMPT_CODE ? a->code : a->password);
    s->bob_most += is_bob(a) && (l->error == 0 || s->unsure); /* charged or not */
}

static void answer(struct story *s, struct line *l, const struct attempt_at *a)
{
    answer_in_turn(s, l, a);
    story_turn(s, l);
}

static struct line *begin(struct story *s, enum phase phase, const struct attempt_at *a)
{
    struct line *l = story_line(s, 0);
    struct msg_begin b;

    desk_begin_msg(&b, phase, a->service, a->user);
    strcpy(b.rhost, a->from);
    if (phase == PHASE_OPEN)
        strcpy(b.handle, s->handle);
    desk_begin(&s->d, l, &b);
    story_turn(s, l);
    return l;
}

static enum said finish(struct story *s, struct line *l, const struct attempt_at *a)
{
    enum said got = story_said(s, l);

    s->bob_most -= got == SAID_GRANTED && is_bob(a);
    if (got == SAID_NOTHING)
        hang_up(s, l);
    return got;
}

static enum said login(struct story *s, const struct attempt_at *a, struct line **ret)
{
    struct line *l = begin(s, PHASE_AUTH, a);

    while (!s->over && !l->closed && desk_prompt(l) && !l->job) {
        bool first = desk_prompt(l) != PROMPT_CODE;
        answer(s, l, a);
        if (first)
            look(s, l, a);
    }
    if (ret)
        *ret = l;
    return finish(s, l, a);
}

const char *story_code(int64_t at)
{
    static char code[OTP_CODE_SIZE];
    struct otp otp = {.algorithm = OTP_SHA1, .digits = 6, .period_s = 30};

    if (secret_set(&otp.secret, seed, sizeof seed - 1) < 0 || otp_code(&otp, at / 30, code) < 0)
        strcpy(code, "");
    return code;
}

static enum said login_ada(struct story *s, const char *password, const char *code, struct line **ret)
{
    return login(s, &(struct attempt_at){"sshd", "ada", home, password, code, false}, ret);
}

enum said story_login_ada(struct story *s, const char *password, const char *code)
{
    return login_ada(s, password, code, NULL);
}

/* ---- what happens ---- */

/* With a code that has not been used, which is spent if the grant was said. */
static void ada_logs_in(struct story *s)
{
    struct line *l = NULL;

    desk_tick(&s->d, 60000);
    const char *code = story_code(s->d.now.wall_s);
    enum said got = login_ada(s, story_password, code, &l);
    want(s, got, SAID_GRANTED, "ada is not let in");
    if (got != SAID_GRANTED || s->n_spent == sizeof s->spent / sizeof s->spent[0])
        return;
    strcpy(s->spent[s->n_spent].code, code);
    s->spent[s->n_spent++].at = s->d.now.wall_s;
    strcpy(s->handle, l->got[l->n_got - 1].verdict.handle);
    story_expect(s, login_ada(s, story_password, code, NULL) != SAID_GRANTED, "a code is taken twice");
}

static void ada_opens_a_session(struct story *s)
{
    if (!s->handle[0] || s->over)
        return;
    struct line *l = begin(s, PHASE_OPEN, &(struct attempt_at){.service = "sshd", .user = "ada", .from = home});
    enum said got = story_said(s, l);
    want(s, got, SAID_GRANTED, "no session is opened");
    if (got == SAID_GRANTED) {
        strcpy(s->session_name, l->got[l->n_got - 1].verdict.handle);
        s->session = SESSION_LIVE;
    }
    s->handle[0] = '\0';
}

static void ada_mints_a_token(struct story *s)
{
    struct line *l = story_line(s, 1001);
    struct msg_token_mint in = {.audience = "web"};

    if (s->session != SESSION_LIVE)
        return;
    strcpy(in.session, s->session_name);
    STORY_TELL_IN(s, l, token_mint, &in);
    want(s, story_said(s, l), SAID_DONE, "no token is minted");
    if (story_said(s, l) == SAID_DONE && l->n_got == 2)
        strcpy(s->token, l->got[0].row_token.token);
}

static void ada_mistypes(struct story *s)
{
    story_expect(s, login_ada(s, wrong_password, "000000", NULL) != SAID_GRANTED, "a wrong password lets in");
    story_expect(s, login_ada(s, story_password, "000000", NULL) != SAID_GRANTED, "a wrong code lets in");
    story_expect(s, login_ada(s, wrong_password, story_code(s->d.now.wall_s + 30), NULL) != SAID_GRANTED,
                 "a right code without the password lets in");
}

static const struct attempt_at at_bob = {"sshd", "bob", elsewhere, wrong_password, "", false};

/* Two in one turn: their charges are synced together. */
static void two_guess_at_bob(struct story *s)
{
    struct line *l[2] = {begin(s, PHASE_AUTH, &at_bob), begin(s, PHASE_AUTH, &at_bob)};

    for (size_t i = 0; i < 2 && !s->over; i++)
        if (!l[i]->closed)
            answer_in_turn(s, l[i], &at_bob);
    story_turn(s, l[0]);
    story_turn(s, l[1]);
    for (size_t i = 0; i < 2 && !s->over; i++)
        look(s, l[i], &at_bob);
    for (size_t i = 0; i < 2; i++)
        story_expect(s, finish(s, l[i], &at_bob) != SAID_GRANTED, "a guess lets in");
}

static void one_guesses_and_hangs_up(struct story *s)
{
    struct attempt_at a = at_bob;

    a.hangs_up = true;
    story_expect(s, login(s, &a, NULL) != SAID_GRANTED, "a guess lets in");
}

/* His hash was made with weaker parameters: it is made anew in the same transaction. */
static void bob_logs_in(struct story *s)
{
    want(s, login(s, &(struct attempt_at){"sshd", "bob", home, story_password, "", false}, NULL), SAID_GRANTED,
         "bob is not let in");
}

static void others_are_refused(struct story *s)
{
    static const struct attempt_at others[] = {{"sudo", "carl", home, story_password, "", false},
                                               {"sshd", "dave", home, story_password, "", false},
                                               {"sshd", "nobody-here", home, story_password, "", false}};

    for (size_t i = 0; i < sizeof others / sizeof others[0] && !s->over; i++)
        story_expect(s, login(s, &others[i], NULL) != SAID_GRANTED, others[i].user);
}

/* What eve may be now that something was asked: what it was if that failed, what was asked if that was said, either
 * if authcd ended before it could say so. */
static void eve_becomes(struct story *s, const struct line *l, enum said good, unsigned state)
{
    want(s, story_said(s, l), good, "eve's account is not changed");
    if (story_said(s, l) == good)
        s->eve = state;
    else if (s->over || (s->unsure && l->error < 0))
        s->eve |= state;
}

static void eve_is_made(struct story *s)
{
    struct line *l = story_line(s, 0);

    STORY_TELL(s, l, user_add, .user = "eve", .uid = 1005, .role = "user");
    eve_becomes(s, l, SAID_DONE, EVE_PENDING);
}

static void eve_gets_a_password(struct story *s)
{
    if (s->eve != EVE_PENDING)
        return;
    struct line *l = begin(s, PHASE_CHAUTHTOK, &(struct attempt_at){.service = "passwd", .user = "eve", .from = ""});
    for (int i = 0; i < 2 && !s->over && !l->closed && desk_prompt(l); i++) {
        desk_answer(&s->d, l, eves_password);
        story_turn(s, l);
    }
    if (!s->over && l->job) {
        desk_hash(&s->d, l);
        story_turn(s, l);
    }
    eve_becomes(s, l, SAID_GRANTED, EVE_ACTIVE);
    if (story_said(s, l) == SAID_NOTHING)
        hang_up(s, l);
}

static void eve_is_disabled(struct story *s)
{
    struct line *l = story_line(s, 0);

    if (s->eve != EVE_ACTIVE)
        return;
    STORY_TELL(s, l, user_disable, .user = "eve");
    eve_becomes(s, l, SAID_DONE, EVE_DISABLED);
    if (s->eve == EVE_DISABLED)
        story_expect(
            s, login(s, &(struct attempt_at){"sshd", "eve", home, eves_password, "", false}, NULL) != SAID_GRANTED,
            "a disabled account is let in");
}

static void eve_is_deleted(struct story *s)
{
    struct line *l = story_line(s, 0);

    if (s->eve == EVE_NONE)
        return;
    STORY_TELL(s, l, user_delete, .user = "eve");
    eve_becomes(s, l, SAID_DONE, EVE_NONE);
}

static void bob_is_unlocked(struct story *s)
{
    struct line *l = story_line(s, 0);

    STORY_TELL(s, l, user_unlock, .user = "bob");
    want(s, story_said(s, l), SAID_DONE, "bob is not unlocked");
    if (story_said(s, l) != SAID_NOTHING || s->over || s->unsure)
        s->bob_least = 0;
    if (story_said(s, l) == SAID_DONE)
        s->bob_most = 0;
}

static void adas_session_is_killed(struct story *s)
{
    struct line *l = story_line(s, 0);
    struct msg_session_kill in = {0};

    if (s->session != SESSION_LIVE)
        return;
    strcpy(in.session, s->session_name);
    STORY_TELL_IN(s, l, session_kill, &in);
    want(s, story_said(s, l), SAID_DONE, "no session is killed");
    if (story_said(s, l) == SAID_DONE)
        s->session = SESSION_OVER;
    else if (s->over || s->unsure)
        s->session |= SESSION_OVER;
}

static void the_log_is_checkpointed(struct story *s)
{
    int error = db_checkpoint(s->d.db);

    if (vfs_failed() == 0)
        story_expect(s, error == 0, "no checkpoint");
}

void story_play(struct story *s)
{
    static void (*const scenes[])(struct story *) = {
        ada_logs_in,
        ada_opens_a_session,
        two_guess_at_bob,
        ada_mints_a_token,
        eve_is_made,
        others_are_refused,
        the_log_is_checkpointed,
        eve_gets_a_password,
        bob_logs_in,
        ada_mistypes,
        ada_logs_in,
        eve_is_disabled,
        adas_session_is_killed,
        one_guesses_and_hangs_up,
        the_log_is_checkpointed,
        two_guess_at_bob,
        bob_is_unlocked,
        two_guess_at_bob,
        eve_is_deleted,
        ada_logs_in,
    };

    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0] && !s->over; i++) {
        scenes[i](s);
        story_settle(s);
        if (!s->over)
            tell_news(s, STORY_SAID);
    }
}

/* ---- opening and closing ---- */

static void configure(struct story *s, const char *dir, unsigned passes)
{
    memset(s, 0, sizeof *s);
    desk_init(&s->d);
    vfs_pause(); /* that a configuration cannot be read is no part of the story */
    desk_config(&s->d, config);
    vfs_resume();
    s->d.config.authcd.argon2_memory = 8 * 1024;
    s->d.config.authcd.argon2_passes = passes;
    s->d.keep_jobs = s->d.quiet = true;
    s->d.committed = on_commit;
    s->eve = EVE_NONE;
    s->session = SESSION_NONE;
    strcpy(s->d.dir, dir);
}

static int start_state(struct story *s)
{
    DB_TRANSACTION struct db_transaction t = {0};
    int error = db_transaction(s->d.db, &t);

    if (error < 0 || (error = buckets_settle_all(s->d.db)) < 0 || (error = signing_ensure(s->d.db, &s->d.now)) < 0 ||
        (error = db_transaction_commit(&t)) < 0)
        return error;
    on_commit(&s->d);
    return sync_all(s);
}

int story_open(struct story *s, const char *dir, char reason[DB_REASON_SIZE])
{
    configure(s, dir, 2);
    int error = db_open(dir, NULL, &s->d.db, reason);
    if (error < 0)
        return error;
    tell_news(s, STORY_OPENED);
    if ((error = start_state(s)) < 0) {
        strcpy(reason, "it opens, but cannot be written");
        db_close(s->d.db);
        s->d.db = NULL;
    }
    return error;
}

void story_close(struct story *s)
{
    while (s->d.n_lines > 0)
        desk_drop(&s->d);
    login_mark_free(s->d.mark);
    s->d.mark = NULL;
    db_close(s->d.db);
    s->d.db = NULL;
}

void story_prepare(const char *dir)
{
    static struct story s;
    char reason[DB_REASON_SIZE] = "";

    configure(&s, dir, 1);
    desk_must(db_open(dir, NULL, &s.d.db, reason), "db_open");
    tell_news(&s, STORY_OPENED);
    desk_must(start_state(&s), "start");
    (void)desk_account(&s.d, "ada", 1001, "user", story_password, seed, 6);
    (void)desk_account(&s.d, "bob", 1002, "user", story_password, NULL, 0);
    (void)desk_account(&s.d, "carl", 1003, "user", story_password, NULL, 0);
    struct account dave = desk_account(&s.d, "dave", 1004, "user", story_password, NULL, 0);
    dave.state = ACCOUNT_DISABLED;
    DESK_STORE(&s.d, accounts_update(s.d.db, &dave, s.d.now.wall_s));
    desk_must(sync_all(&s), "sync");
    story_close(&s);
}
