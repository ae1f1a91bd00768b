/* SPDX-License-Identifier: MIT
 *
 * The conversation on one connection, as the files of handlers/ that carry it on see it: login.c takes the messages and
 * hands them to a phase, auth.c decides auth and stepup, chauthtok.c changes passwords, account.c answers acct, open
 * and close, which ask nothing; converse.c, settle.c and hashing.c are what they share. Nobody else includes this.
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "attempt.h"
#include "handler.h"
#include "otp.h"
#include "policy.h"
#include "sessions.h"

enum login_state {
    LOGIN_ASKING,  /* a prompt is out */
    LOGIN_HASHING, /* all was answered, a hash is out */
    LOGIN_DONE,    /* the verdict is out */
};

/* How far the enrolment of a first code has come. */
enum first_code {
    FIRST_CODE_NONE,
    FIRST_CODE_ASKED, /* the secret was shown, a code of it is to come */
    FIRST_CODE_CODES, /* recovery codes were shown */
    FIRST_CODE_DONE,
};

/* What the peer said at BEGIN, as far as it is looked at again. There may be thousands of these, and what BEGIN may
 * hold is ten times of what it does. */
struct login_begin {
    unsigned char nonce[sizeof((struct msg_begin *)0)->nonce];
    uint8_t phase;
    uint32_t target_uid, caller_uid, flags, audit_session;
    const char *service, *user, *tty, *rhost;           /* behind the login, and freed with it */
    char handle[sizeof((struct msg_begin *)0)->handle]; /* wiped once used */
};

struct login {
    struct login_begin begin;  /* first, for login_mark */
    bool key_verified;         /* sshd says that it verified a public key on this connection */
    char key[SOURCE_KEY_SIZE]; /* which, if it did; else "" */
    struct config_service service;
    struct source source;
    struct account account; /* id 0: the name is no account's, or not the peer's to prove */
    const char *bar;        /* why it will be denied whatever is proved (audit text); NULL: open */
    enum audit_event bar_event;
    struct policy_plan plan;
    size_t answered; /* of the plan's questions */
    enum login_state state;
    enum prompt_kind asking; /* kind of the prompt that is out */
    bool has_answered;       /* anything */

    struct attempt attempt;
    bool waiting; /* for attempts in flight of one of its buckets */
    bool hash_out;
    bool password_right;
    char verified[PASSWORD_STORED_SIZE]; /* the stored hash that the password was compared with */
    char rehash[PASSWORD_STORED_SIZE];   /* new hash with the present parameters, or "" */
    struct secret password;
    struct secret code;
    bool code_looked;     /* the limit on codes let it be looked at */
    uint32_t code_factor; /* number of the factor that code_result is about; 0: of none in particular */
    enum otp_result code_result;
    bool recovered; /* by a recovery code, of which there are still recovery_left */
    uint32_t recovery_left;
    int64_t answered_ms; /* BOOTTIME of the last answer: deny_time counts from it */
    int64_t wait_ms;     /* what the limits said */
    bool limited;
    char told[sizeof((struct audit *)0)->result]; /* of a test: what the audit was told, for root to read */

    enum first_code first_code;
    uint32_t first_number; /* of the factor that is being enrolled */
    unsigned first_tries;

    unsigned rejected; /* chauthtok: new passwords turned down */

    char texts[]; /* of begin */
};

/* ---- login.c ---- */

/* Audit text of a bar that is found in several places. */
#define LOGIN_PASSWORD_EXPIRED "password for one login expired"

/* Bars the conversation from success, for the first reason that is found. */
void login_bar(struct login *login, enum audit_event event, const char *why);
/* One audit row about this login: its account, or the keyed hash of the name that is none. */
int login_audit(struct handler *h, enum audit_event event, const char *result) __attribute__((warn_unused_result));
/* What policy decides of this login, as things stand now. grace false: as if no time of grace ran. */
int login_explain(const struct handler *h, bool grace, struct policy_plan *ret) __attribute__((warn_unused_result));
/* A code was proved: a time of grace may count from here. */
int login_note_grace(struct handler *h) __attribute__((warn_unused_result));
/* What a session will say of this login. */
int login_session(struct handler *h, const char *amr, const char *acr, struct session *ret)
    __attribute__((warn_unused_result));

/* Is this root trying what a login would come to (BEGIN_TEST)? */
bool login_is_test(const struct login *login);

/* ---- converse.c: what leaves ---- */

/* Ends the conversation. GRANTED and others leave at once, DENIED at answered_ms + deny_time. */
int converse_verdict(struct handler *h, struct step *step, enum verdict verdict, const char *handle, const char *reason)
    __attribute__((warn_unused_result));
int converse_prompt(struct handler *h, struct step *step, enum prompt_kind kind) __attribute__((warn_unused_result));
/* A prompt with more to say than its usual text. */
int converse_prompt_text(struct handler *h, struct step *step, enum prompt_kind kind, const char *text)
    __attribute__((warn_unused_result));

/* ---- settle.c: the attempt and the limits ---- */

/* Reserves the attempt, or sets login->waiting or login->limited. */
int settle_reserve(struct handler *h) __attribute__((warn_unused_result));
/* Settles the attempt as failed, says why in the audit, and denies. */
int settle_deny(struct handler *h, struct step *step, enum audit_event event, const char *why)
    __attribute__((warn_unused_result));
/* Denies what the limits did not let be looked at, and says in the audit which of them. */
int settle_deny_limited(struct handler *h, struct step *step) __attribute__((warn_unused_result));
/* The same without a verdict, for who has hung up: the audit says why, if an attempt was reserved at all. */
int settle_failed(struct handler *h, struct step *step, enum audit_event event, const char *why)
    __attribute__((warn_unused_result));
/* Nothing could be looked at, for lack of memory or room: no attempt, and a verdict that says so. */
int settle_busy(struct handler *h, struct step *step) __attribute__((warn_unused_result));
/* The attempt was settled: whoever waits for one of its rows may look again. */
void settle_wake(const struct login *login, struct step *step);
/* The conversation has ended so: counts it, if it was a login or a stepup. */
void settle_count(struct handler *h, enum counters_login ending);

/* ---- hashing.c: the password and its thread ---- */

/* Sends login->password to a hash slot, and wipes it here. -ENOMEM. VERIFY takes the account's stored hash, and becomes
 * PRETEND where there is none that is usable. TURN takes no password along. */
int hashing_start(struct handler *h, struct step *step, enum password_job_kind kind)
    __attribute__((warn_unused_result));
/* What a hash that came back says of the account's password. */
void hashing_note(struct login *login, const struct password_job *job);
/* A person may take minutes over the next answer: what was true of the account at the first prompt must be true at the
 * last, and so must the password that was compared (login->verified). Bars the conversation if not. */
int hashing_look_again(struct handler *h, bool password) __attribute__((warn_unused_result));

/* ---- code.c: the code, once the password was right ---- */

/* Uses it up if it is right; counts it if it was a guess. */
int code_look(struct handler *h, bool *ret_right) __attribute__((warn_unused_result));
/* Denies for what code_look found. */
int code_deny(struct handler *h, struct step *step) __attribute__((warn_unused_result));
/* What a success owes the audit: a recovery code that is gone. */
int code_note(struct handler *h) __attribute__((warn_unused_result));

/* ---- firstcode.c: enrolment inside a login ---- */

/* The password was right, and unenrolled = enrol. *ret_started false: it cannot be, and the login is barred. */
int firstcode_start(struct handler *h, struct step *step, bool *ret_started) __attribute__((warn_unused_result));
/* An answer to what it asked. *ret_done: it is over, and the code proved. */
int firstcode_answer(struct handler *h, const struct secret *typed, struct step *step, bool *ret_done)
    __attribute__((warn_unused_result));

/* ---- chauthtok.c ---- */

/* No new password, and why. */
int chauthtok_give_up(struct handler *h, struct step *step, const char *why) __attribute__((warn_unused_result));

/* ---- onetime.c: a password that authcd makes ---- */

int onetime_begin(struct handler *h, struct step *step) __attribute__((warn_unused_result));
/* Its hash is there. */
int onetime_hashed(struct handler *h, const struct password_job *job, struct step *step)
    __attribute__((warn_unused_result));

/* ---- welcome.c ---- */

/* Tells of the last login and of failures since, unless BEGIN says to be silent. Before this session is in the audit.
 */
int welcome_tell(struct handler *h, struct step *step) __attribute__((warn_unused_result));

/* ---- the phases ---- */

/* Does the prompt that is out tell that the password was wrong? */
bool auth_has_told(const struct login *login);

int auth_begin(struct handler *h, struct step *step) __attribute__((warn_unused_result));
int auth_answer(struct handler *h, const struct secret *typed, struct step *step) __attribute__((warn_unused_result));
int auth_retry(struct handler *h, struct step *step) __attribute__((warn_unused_result));
int auth_hashed(struct handler *h, const struct password_job *job, struct step *step)
    __attribute__((warn_unused_result));

int chauthtok_begin(struct handler *h, struct step *step) __attribute__((warn_unused_result));
int chauthtok_answer(struct handler *h, const struct secret *typed, struct step *step)
    __attribute__((warn_unused_result));
int chauthtok_retry(struct handler *h, struct step *step) __attribute__((warn_unused_result));
int chauthtok_hashed(struct handler *h, const struct password_job *job, struct step *step)
    __attribute__((warn_unused_result));

int account_acct(struct handler *h, struct step *step) __attribute__((warn_unused_result));
int account_open(struct handler *h, struct step *step) __attribute__((warn_unused_result));
int account_close(struct handler *h, struct step *step) __attribute__((warn_unused_result));

#endif
