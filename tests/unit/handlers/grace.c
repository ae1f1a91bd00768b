/* SPDX-License-Identifier: MIT
 *
 * O8: a code counts for a while for the same service, in the same audit session, on the same terminal, from the same
 * source, and nowhere else; it ends with the session, has nothing to do with the wall clock, and skips no limit.
 */
#include "desk.h"
#include "sessions.h"

static const char sha1_secret[] = "12345678901234567890";
static const char password[] = "correct horse battery";

static struct line *sudo(struct desk *d, uint32_t audit_session, const char *tty, uint32_t flags, const char *code)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, "sudo", "ada");
    b.rhost[0] = '\0';
    b.caller_uid = 1001;
    b.audit_session = audit_session;
    b.flags = flags;
    strcpy(b.tty, tty);
    desk_begin(d, l, &b);
    if (code && desk_prompt(l) == PROMPT_CODE)
        desk_answer(d, l, code);
    return l;
}

static void grace(void)
{
    struct desk d;
    struct session s = {
        .uid = 1001, .service = "sshd", .audit_session = 7, .auth_time = 1, .amr = "pwd", .acr = "aal1"};

    desk_open(&d);
    desk_config(&d, "[service sudo]\nfactors = otp\ngrace = 15m\nroles = admin\n");
    struct account a = desk_account(&d, "ada", 1001, "admin", password, sha1_secret, 6);
    s.account_id = a.id;
    is_int(desk_prompt(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), PROMPT_CODE, "O8: no grace before a code");
    is_int(desk_verdict(sudo(&d, 7, "pts/1", 0, desk_code(&d, sha1_secret, 0, 6))), VERDICT_GRANTED, "a code");
    desk_tick(&d, 60000);
    is_int(desk_verdict(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), VERDICT_GRANTED,
           "O8: a minute later nothing is asked");
    is_int(desk_prompt(sudo(&d, 7, "pts/1", 0, NULL)), PROMPT_CODE, "O8: after sudo -k it is");
    is_int(desk_prompt(sudo(&d, 7, "pts/2", BEGIN_TICKET, NULL)), PROMPT_CODE, "O8: on another tty");
    is_int(desk_prompt(sudo(&d, 7, "", BEGIN_TICKET, NULL)), PROMPT_CODE, "O8: without one");
    is_int(desk_prompt(sudo(&d, 8, "pts/1", BEGIN_TICKET, NULL)), PROMPT_CODE, "O8: in another audit session");
    is_int(desk_prompt(sudo(&d, PROTOCOL_NO_SESSION, "pts/1", BEGIN_TICKET, NULL)), PROMPT_CODE,
           "O8: without one (cron)");
    d.now.wall_s -= 86400 * 365;
    is_int(desk_verdict(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), VERDICT_GRANTED, "O8: the wall clock has no say");
    desk_tick(&d, 840000);
    is_int(desk_prompt(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), PROMPT_CODE,
           "O8: fifteen minutes after the code, not the last use");
    d.now.wall_s += 86400 * 365;
    is_int(desk_verdict(sudo(&d, 7, "pts/1", 0, desk_code(&d, sha1_secret, 0, 6))), VERDICT_GRANTED, "a code again");
    for (int i = 0; i < 5; i++)
        sudo(&d, 7, "pts/1", 0, "000000");
    is_int(desk_prompt(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), PROMPT_CODE,
           "O8: who has to wait is asked: grace skips no limit");
    desk_tick(&d, 20000);
    is_int(desk_verdict(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), VERDICT_GRANTED, "and later not");
    DESK_STORE(&d, sessions_open(d.db, &s, d.now.wall_s));
    desk_tick(&d, 20000);
    is_int(desk_verdict(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), VERDICT_GRANTED, "while the session lives");
    DESK_STORE(&d, sessions_end(d.db, s.name, "closed", d.now.wall_s));
    desk_tick(&d, 20000); /* or it would be the limits that ask */
    is_int(desk_prompt(sudo(&d, 7, "pts/1", BEGIN_TICKET, NULL)), PROMPT_CODE, "O8: grace ends with the session");
    desk_close(&d);
}

int main(void)
{
    grace();
    return tap_done();
}
