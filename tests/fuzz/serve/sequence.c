/* SPDX-License-Identifier: MIT
 *
 * Whole conversations, in any order, over a real store: the input is a program of messages, hang-ups, hashes that come
 * back, time that passes and deaths of authcd. After each step truth.h says whether the answer was earned, looks.h
 * whether there was one look too many; in the end nothing is in flight, and the audit verifies (S8, W3, W4, W7, L1, L5,
 * O2, A3).
 *
 * Through serve/dispatch, so that packets, privilege and transactions are the real ones; sockets, threads and the sync
 * are left out.
 */
#include "sayings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 64 };

static bool disk_full; /* in the next call */

/* ---- one call into authcd, and what it says ---- */

static void hang_up(struct caller *c);

struct answers {
    size_t rows;
    bool refused;
    struct msg last;
};

static void note_prompt(struct caller *c, const struct msg_prompt *p)
{
    world_must(c->begun && !c->done && !c->asked && p->kind < KINDS);
    world_must(p->echo == (p->kind == PROMPT_CODE));
    if (p->kind == PROMPT_NEW_PASSWORD)
        look_settle(c, true, false);
    c->asked = true;
    c->kind = p->kind;
}

static void note_row(const struct msg *m)
{
    if (m->number == MSG_row_token)
        strcpy(tokens[n_tokens++ % 4], m->row_token.token);
    if (m->number == MSG_row_recovery)
        paper_made(world_account(m->row_recovery.user).id, m->row_recovery.code);
    if (m->number == MSG_row_one_time)
        one_time_made(&m->row_one_time);
    if (m->number == MSG_row_session)
        strcpy(names[n_names++ % 4], m->row_session.session);
}

/* Every packet must be a reply, and the only way to write it. */
static void decode(const struct reply *r, struct msg *ret)
{
    static unsigned char again[PROTOCOL_PACKET_MAX];
    size_t len = 0;
    world_must(msg_decode(r->bytes, r->len, ret) == 0 && msg_type(ret->number)->direction == MSG_REPLY);
    world_must(msg_encode(ret, again, sizeof again, &len) == 0 && len == r->len && !memcmp(again, r->bytes, len));
}

/* None of these is an answer to anything that a peer can say. */
static void check_refusal(const struct msg_refused *m)
{
    world_must(m->error != REFUSAL_UNAVAILABLE || strstr(m->text, "key to sign with"));
    world_must(m->error != REFUSAL_BUSY);
}

static void read_answers(struct caller *c, const struct step *step, bool made, const struct audit *row,
                         struct answers *ret)
{
    bool over = false;
    batch++;
    for (const struct reply *r = step->first; r; r = r->next) {
        struct msg *m = &ret->last;
        world_must(!over);
        decode(r, m);
        over = m->number == MSG_verdict || m->number == MSG_end || m->number == MSG_refused || m->number == MSG_prompt;
        if (m->number == MSG_prompt)
            note_prompt(c, &m->prompt);
        else if (m->number == MSG_verdict)
            check_verdict(c, &m->verdict, step->not_before_ms, made, row);
        else if (m->number == MSG_refused)
            check_refusal(&m->refused);
        else if (!over && m->number != MSG_info)
            note_row(m), ret->rows++;
        if (m->number == MSG_verdict && m->verdict.handle[0] && c->begin.phase == PHASE_OPEN)
            memcpy(names[n_names++ % 4], m->verdict.handle, sizeof names[0]);
        ret->refused = ret->refused || m->number == MSG_refused;
    }
}

#define IN_FLIGHT(bucket) world_number("SELECT coalesce(sum(in_flight), 0) FROM limits WHERE bucket = ?", bucket)

/* What comes in, and what is carried out of the step. */
struct call {
    const unsigned char *packet; /* or: */
    size_t len;
    const struct password_job *job; /* or: a retry */
    const struct msg *request;      /* of a tool, if the packet is a good one */
};

static void retry_waiting(const struct step *settled);

/* Is this caller's source one that the account does not know yet? */
static bool is_stranger(const struct caller *c)
{
    struct buckets_key pair = {BUCKET_PAIR, c->account_id, c->begin.user, place_of(c), NULL};
    bool known = c->source.kind == SOURCE_CONSOLE || (c->account_id && (c->source.always_known || c->key[0]));
    if (!known && c->account_id && c->source.may_be_known)
        world_must(buckets_known(desk.db, &pair, dispatch.now.wall_s, &known) == 0);
    return !known;
}

/* A code that is all that is asked is looked at in one step: then only the audit tells. */
static bool looked_at_once(const struct caller *c, const struct audit *row)
{
    return c->begun && c->begin.phase == PHASE_AUTH && !service_of(c)->password && c->has_said[PROMPT_CODE] &&
           row->event && row->event != AUDIT_LOGIN_LIMITED && c->said[PROMPT_CODE].len > 0;
}

/* A step charges one look at most; a password goes out to be compared only if it did. */
static void check_look(struct caller *c, const struct step *step, bool stranger, int64_t pairs, int64_t accounts,
                       const struct audit *row)
{
    if (pairs > 0)
        world_must(pairs == 1 && accounts == stranger && c->begun && !c->done);
    if (pairs > 0 || (!c->look && looked_at_once(c, row)))
        look_charge(c, stranger);
    if (step->job && step->job->kind == PASSWORD_TURN)
        world_must(!c->job && step->job->password.len == 0);
    else if (step->job)
        world_must(!c->job && (step->job->kind == PASSWORD_MAKE || c->look));
}

/* Nothing that was meant to be true is: one refusal, and the end. */
static void give_up(struct caller *c, struct step *step)
{
    static struct msg m;
    world_must(step->first && !step->first->next && !step->job && !step->proved && step->n_settled == 0 && step->close);
    decode(step->first, &m);
    world_must(m.number == MSG_refused ||
               (m.number == MSG_verdict && m.verdict.verdict == VERDICT_UNAVAILABLE && c->peer.uid == 0));
    step_clear(step);
    hang_up(c);
}

static void make_call(struct caller *c, const struct call *call)
{
    static struct answers answers;
    struct dispatch_from from = {&c->peer, &c->login, &c->seat};
    struct step step = {0};
    struct audit row = {0};
    bool allowed = call->request && may_ask(c, call->request), stranger = c->begun && is_stranger(c);
    int64_t changes = sqlite3_total_changes64(desk.db->sqlite), pairs = IN_FLIGHT(BUCKET_PAIR);
    int64_t accounts = IN_FLIGHT(BUCKET_ACCOUNT), audits = world_last_audit().seq;

    bool full = disk_full;
    world_full = disk_full;
    disk_full = false;
    if (call->packet)
        dispatch_packet(&dispatch, from, call->packet, call->len, &step);
    else if (call->job)
        dispatch_hashed(&dispatch, from, call->job, &step);
    else
        dispatch_retry(&dispatch, from, &step);
    full = full && !world_full;
    world_full = false;
    if (full) {
        give_up(c, &step);
        return;
    }
    changes = sqlite3_total_changes64(desk.db->sqlite) - changes;
    row = world_last_audit();
    if (row.seq == audits)
        row = (struct audit){0};
    check_look(c, &step, stranger, IN_FLIGHT(BUCKET_PAIR) - pairs, IN_FLIGHT(BUCKET_ACCOUNT) - accounts, &row);
    answers = (struct answers){0};
    bool made = call->job && call->job->kind == PASSWORD_MAKE;
    read_answers(c, &step, made, &row, &answers);
    if (call->request)
        check_tool(c, call->request, allowed, &answers.last, answers.rows, changes, row.seq ? row.seq - audits : 0);
    if (row.event == AUDIT_PASSWORD_SET || row.event == AUDIT_PASSWORD_RESET)
        stirred_at = row.seq;
    world_must(!step.proved || (c->done && c->begin.phase == PHASE_STEPUP));
    c->peer.proved = c->peer.proved || step.proved;
    c->peer.proved_at = step.proved ? step.proved_at : c->peer.proved_at;
    if (step.job)
        c->job = step.job;
    step.job = NULL;
    struct step settled = step; /* its tags only */
    bool close = step.close;
    step_clear(&step);
    world_must(close || !answers.refused || call->request || !c->begun);
    if (close)
        hang_up(c);
    retry_waiting(&settled);
}

static void retry_waiting(const struct step *settled)
{
    for (size_t k = 0; k < settled->n_settled; k++)
        for (size_t i = 0; i < CALLERS; i++)
            if (callers[i].connected && login_waits_for(callers[i].login) == settled->settled[k])
                make_call(&callers[i], &(struct call){0});
}

static void forget(struct caller *c)
{
    login_free(c->login);
    password_job_free(c->job);
    room_leave(&room, &c->seat);
    memset(c, 0, sizeof *c);
}

static void hang_up(struct caller *c)
{
    struct step step = {0};
    if (!c->connected)
        return;
    world_full = disk_full;
    disk_full = false;
    if (c->login)
        dispatch_gone(&dispatch, (struct dispatch_from){&c->peer, &c->login, &c->seat}, &step);
    world_full = false;
    struct step settled = step;
    look_settle(c, false, false);
    step_clear(&step);
    forget(c);
    retry_waiting(&settled);
}

/* ---- messages ---- */

static void send_message(struct caller *c, const struct msg *m)
{
    static unsigned char packet[PROTOCOL_PACKET_MAX];
    struct call call = {.packet = packet, .request = m->number >= MSG_user_add ? m : NULL};
    if (msg_encode(m, packet, sizeof packet, &call.len) == 0)
        make_call(c, &call);
}

static void send_begin(struct caller *c)
{
    static const char *const users[] = {"ada", "bob", "cyd", "dee", "eve", "nobody", "../ada", "ada\n"};
    static const char *const rhosts[] = {"192.0.2.7", "", "192.0.2.8", "2001:db8::7", "127.0.0.1", "desk.example\n"};
    static const char *const asked[] = {"sshd", "login", "sudo", "combo", "staff", "cron", "other", "self", "no way"};
    static const char *const ttys[] = {"ssh", "tty1", ""}, *const infos[] = {"", "publickey ssh-ed25519 AAAA\n"};
    static const uint32_t hosts[] = {PROTOCOL_NO_UID, 1001, 1002, 0}, who[] = {0, 1001, PROTOCOL_NO_UID};
    static const uint32_t sessions[] = {PROTOCOL_NO_SESSION, 7, 8};
    static struct msg m;
    bool fresh = !c->begun || (c->done && c->begin.phase == PHASE_STEPUP);
    memset(&m, 0, sizeof m);
    m.number = MSG_begin;
    m.begin.phase = take() % 8;
    memset(m.begin.nonce, take(), sizeof m.begin.nonce);
    strcpy(m.begin.user, PICK(users));
    strcpy(m.begin.service, PICK(asked));
    uint8_t rare = take(); /* most are like a login by ssh */
    strcpy(m.begin.rhost, rare & 1 ? PICK(rhosts) : "192.0.2.7");
    strcpy(m.begin.tty, rare & 2 ? PICK(ttys) : "ssh");
    strcpy(m.begin.auth_info, rare & 4 ? PICK(infos) : "");
    m.begin.target_uid = rare & 8 ? PICK(hosts) : PROTOCOL_NO_UID;
    m.begin.caller_uid = rare & 16 ? PICK(who) : 0;
    m.begin.audit_session = rare & 32 ? PICK(sessions) : PROTOCOL_NO_SESSION;
    m.begin.flags = rare & 64 ? take() % 128 : 0;
    if (rare & 128 && n_given)
        strcpy(m.begin.handle, given[take() % n_given].handle);
    else if (rare & 128)
        strcpy(m.begin.handle, names[take() % 4]);
    if (m.begin.phase == PHASE_CLOSE)
        strcpy(m.begin.handle, names[take() % 4]);
    if (fresh) {
        room_leave(&room, &c->seat); /* serve does, as the verdict leaves */
        *c = (struct caller){.peer = c->peer, .login = c->login, .connected = true, .begun = true, .begin = m.begin};
        source_of_begin(&c->source, &m.begin, c->peer.uid, &desk.config.authcd);
        if (c->peer.uid != 0 || strcmp(m.begin.service, "sshd") != 0 || source_key(m.begin.auth_info, c->key) < 0)
            c->key[0] = '\0';
        c->account_id = whose(c).id;
    }
    send_message(c, &m);
}

static void send_answer(struct caller *c)
{
    static struct msg m;
    enum typed typed = take() % TYPED_COUNT;
    memset(&m, 0, sizeof m);
    m.number = MSG_answer;
    type(c->account_id, typed, &m.answer.secret);
    if (c->asked) {
        c->asked = false;
        c->said[c->kind] = m.answer.secret;
        c->has_said[c->kind] = true;
        c->answered_ms = dispatch.now.boot_ms;
        c->said_fake = c->said_fake || (typed == TYPED_FAKE && strcmp(c->begin.service, "sshd") == 0);
        if (c->kind == PROMPT_NEW_PASSWORD)
            c->has_said[PROMPT_RETYPE_PASSWORD] = false;
    }
    send_message(c, &m);
}

static void send_request(struct caller *c)
{
    static struct msg m;
    size_t n, first = 0, requests = 0;
    const struct msg_type *types = msg_types(&n);
    while (types[first].number != MSG_user_add)
        first++;
    while (types[first + requests].direction == MSG_REQUEST)
        requests++;
    const struct msg_type *type = &types[first + take() % requests];
    memset(&m, 0, sizeof m);
    m.number = type->number;
    for (size_t i = 0; i < type->n_fields; i++)
        fill(c, &m, &type->fields[i]);
    send_message(c, &m);
}

static void send_raw(struct caller *c)
{
    size_t len = (size_t)take() * 4;
    len = len < input.left ? len : input.left;
    static unsigned char packet[1024];
    struct msg m;
    memcpy(packet, input.at, len);
    input.at += len;
    input.left -= len;
    if (msg_decode(packet, len, &m) == 0 && (m.number == MSG_begin || m.number == MSG_answer))
        return; /* those are followed by what was sent */
    make_call(c, &(struct call){.packet = packet, .len = len});
}

/* ---- time ---- */

static void deliver(struct caller *c, bool no_memory)
{
    struct password_job *job = c->job;
    if (!job)
        return;
    c->job = NULL;
    if (no_memory)
        job->result = -ENOMEM;
    else
        password_job_run(job);
    make_call(c, &(struct call){.job = job});
    password_job_free(job);
}

static void pass_time(void)
{
    static const int64_t ms[] = {
        1, 500, 2000, 30000, 10 * MINUTE_MS, 60 * MINUTE_MS, 31 * INT64_C(24) * 60 * MINUTE_MS};
    int64_t passed = PICK(ms);
    dispatch.now.boot_ms += passed;
    dispatch.now.wall_s += passed / 1000;
}

static void set_clock(void)
{
    static const int64_t s[] = {-3600, 3600, -31536000, 31536000, -1999999999};
    dispatch.now.wall_s += PICK(s);
    if (dispatch.now.wall_s < 0)
        dispatch.now.wall_s = 0;
}

/* kill -9, perhaps a reboot, and what authcd does when it starts. */
static void die(bool reboot)
{
    for (size_t i = 0; i < CALLERS; i++)
        forget(&callers[i]);
    memset(&dispatch.budget, 0, sizeof dispatch.budget);
    looks_restart(reboot);
    if (reboot) {
        dispatch.now.boot_ms = 20000;
        dispatch.now.boot_id[0] = dispatch.now.boot_id[0] == '9' ? '1' : (char)(dispatch.now.boot_id[0] + 1);
    }
    DESK_STORE(&desk, buckets_settle_all(desk.db));
    DESK_STORE(&desk, sessions_end_other_boots(desk.db, dispatch.now.boot_id, dispatch.now.wall_s));
}

/* ---- the program ---- */

static struct caller *connect_caller(size_t i)
{
    struct caller *c = &callers[i];
    if (!c->connected)
        *c = (struct caller){.connected = true,
                             .peer = {.uid = uids[i], .pid = 4000 + (int64_t)i, .audit_session = 7 + (uint32_t)i % 2}};
    return c;
}

/* Nobody is left without a prompt, a hash or somebody to wait for; and nobody waits for nothing. */
static void check_callers(void)
{
    for (size_t i = 0; i < CALLERS; i++) {
        const struct caller *c = &callers[i];
        int64_t waits_for = login_waits_for(c->login);
        if (c->connected && c->begun && !c->done)
            world_must(c->asked || c->job || waits_for);
        if (waits_for)
            world_must(world_number("SELECT count(*) FROM limits WHERE in_flight > ?", 0) > 0);
    }
}

static void run_one(void)
{
    uint8_t b = take();
    struct caller *c = connect_caller(b % CALLERS);
    switch (b / CALLERS % 16) {
    case 0:
    case 1:
    case 2:
        send_begin(c);
        break;
    case 3:
    case 4:
    case 5:
        send_answer(c);
        break;
    case 6:
    case 7:
    case 8:
        send_request(c);
        break;
    case 9:
    case 10:
        deliver(c, false);
        break;
    case 11:
        pass_time();
        break;
    case 12:
        hang_up(c);
        break;
    case 13:
        send_message(c, &(struct msg){.number = MSG_abort});
        break;
    case 14:
        send_raw(c);
        break;
    default:
        if (b % CALLERS < 3)
            set_clock();
        else if (b % CALLERS < 6)
            die(b % CALLERS == 5);
        else if (b % CALLERS == 6)
            deliver(&callers[take() % CALLERS], true);
        else
            disk_full = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t bad = 0;
    world_reset();
    truth_reset();
    memset(tokens, 0, sizeof tokens);
    memset(names, 0, sizeof names);
    n_tokens = n_names = 0;
    disk_full = false;
    input = (struct reader){data, size};
    for (int i = 0; i < STEPS_MAX && input.left > 0; i++) {
        run_one();
        check_callers();
    }
    for (size_t i = 0; i < CALLERS; i++)
        hang_up(&callers[i]);
    dispatch_settle(&dispatch);
    world_must(world_number("SELECT coalesce(sum(in_flight), 0) FROM limits", 0) == 0);
    world_must(audit_verify(desk.db, &bad) == 0 && bad == 0);
    return 0;
}
