/* SPDX-License-Identifier: MIT
 *
 * What must be true of every answer, judged by what was typed on that very connection, by the plaintext that the fuzzer
 * knows, and by the rows of accounts and factors; never by what the handlers keep in memory.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include "codes.h"
#include "looks.h"

/* Handles that auth gave out, and what they are good for. */
static struct given {
    char handle[65], service[65], rhost[1025];
    int64_t account_id, at_s;
    bool used;
} given[TRUTHS_MAX];
static size_t n_given;

static int64_t stirred_at; /* audit row of the last change by an administrator, or of a password */

static void truth_reset(void)
{
    n_given = 0;
    codes_reset();
    stirred_at = 0;
    looks_reset();
}

static bool password_right(int64_t account_id, const unsigned char *bytes, size_t len)
{
    const struct secret *password = world_password_of(account_id);
    return password && password->len == len && memcmp(password->bytes, bytes, len) == 0;
}

/* ---- passwords for one login ---- */

enum { ONE_TIME_S = 7 * 86400 };
static bool one_time_told; /* in the answer at hand */

/* Said to root as it was made: from now on it is the account's. */
static void one_time_made(const struct msg_row_one_time *row)
{
    struct account a = world_account(row->user);
    struct secret s = {0};
    world_must(a.id && a.must_change && a.password_expires_at == row->expires_at && strlen(row->password) == 24 &&
               row->expires_at == dispatch.now.wall_s + ONE_TIME_S && secret_set(&s, row->password, 24) == 0);
    world_password(a.id, &s);
    one_time_told = true;
}

static bool password_expired(const struct account *a)
{
    return a->password_expires_at && a->password_expires_at <= dispatch.now.wall_s;
}

/* ---- logins ---- */

static const struct service *service_of(const struct caller *c)
{
    const char *name = c->peer.uid != 0 ? "self" : c->begin.service;
    const struct service *s = services;
    if (c->begin.phase == PHASE_STEPUP)
        name = "stepup";
    while (strcmp(s->name, name) != 0 && s->name[0] != '*')
        s++;
    return s;
}

static bool role_allowed(const struct service *s, const char *role)
{
    if (s->guests)
        return true;
    return strcmp(role, "guest") != 0 && (!s->staff || strcmp(role, "superadmin") == 0 || strcmp(role, "admin") == 0);
}

/* The account that the name means to this peer now; id 0: none. */
static struct account whose(const struct caller *c)
{
    struct account a = world_account(c->begin.user);
    bool own = c->peer.uid == a.uid && c->peer.uid != 65534 && c->peer.uid != PROTOCOL_NO_UID;
    return c->peer.uid == 0 || own ? a : (struct account){0};
}

/* Does root say that the host gives this name another uid? */
static bool is_mismatch(const struct caller *c, const struct account *a)
{
    return c->peer.uid == 0 && c->begin.target_uid != PROTOCOL_NO_UID && c->begin.target_uid != a->uid;
}

static bool asks_code(const struct service *s, const struct account *a)
{
    return s->code && !(s->skip && a->codes == 0);
}

static bool combined_right(const struct account *a, const struct secret *typed, bool code, bool spending)
{
    if (!code)
        return password_right(a->id, typed->bytes, typed->len);
    for (size_t digits = 6; digits <= 8; digits += 2)
        if (typed->len > digits && password_right(a->id, typed->bytes, typed->len - digits) &&
            code_right(a->id, typed->bytes + typed->len - digits, digits, spending))
            return true;
    size_t tail = recovery_tail(typed);
    return tail && password_right(a->id, typed->bytes, typed->len - tail) &&
           code_right(a->id, typed->bytes + typed->len - tail, tail, spending);
}

/* Was all that this service asks proved here, for an account that may come in, as things stand now? */
static bool earned(const struct caller *c, bool spending)
{
    const struct service *s = service_of(c);
    struct account a = whose(c);
    bool code = asks_code(s, &a);
    if (a.id == 0 || a.id != c->account_id || a.state != ACCOUNT_ACTIVE || c->said_fake || c->asked ||
        (c->begin.phase == PHASE_AUTH && !role_allowed(s, a.role)) || is_mismatch(c, &a))
        return false;
    if ((s->combined || s->password) && password_expired(&a))
        return false;
    if (s->combined)
        return c->has_said[PROMPT_COMBINED] && combined_right(&a, &c->said[PROMPT_COMBINED], code, spending);
    const struct secret *password = &c->said[PROMPT_PASSWORD], *typed = &c->said[PROMPT_CODE];
    if (s->password && (!c->has_said[PROMPT_PASSWORD] || !password_right(a.id, password->bytes, password->len)))
        return false;
    return !code || (c->has_said[PROMPT_CODE] && code_right(a.id, typed->bytes, typed->len, spending));
}

/* Root alone may try, what need not change anything. */
static bool is_test(const struct caller *c)
{
    return c->begin.flags & BEGIN_TEST;
}

static bool proved_everything(const struct caller *c)
{
    const struct service *s = service_of(c);
    struct account a = whose(c);
    return (s->password || !a.has_password) && (asks_code(s, &a) || a.codes == 0);
}

/* ---- the look of a conversation ---- */

static void look_settle(struct caller *c, bool refund, bool everything)
{
    if (!c->look)
        return;
    c->look = false;
    (refund ? looks_refund : looks_settle)(c->pair, c->shared);
    if (c->shared)
        (refund ? looks_refund : looks_settle)(c->account, false);
    if (refund && everything)
        looks_forgive(c->pair, c->account);
}

/* A key is a source of its own. */
static const char *place_of(const struct caller *c)
{
    return c->key[0] ? c->key : c->source.text;
}

static void look_charge(struct caller *c, bool shared)
{
    char key[300];
    world_must(!c->look);
    if (c->account_id)
        snprintf(key, sizeof key, "id:%lld", (long long)c->account_id);
    else
        snprintf(key, sizeof key, "name:%s", c->begin.user);
    c->account = looks_find(key, "");
    c->pair = looks_find(key, place_of(c));
    c->look = true;
    c->shared = shared;
    looks_charge(c->pair, dispatch.now.boot_ms, shared);
    if (shared)
        looks_charge(c->account, dispatch.now.boot_ms, false);
}

/* ---- verdicts ---- */

static void after_auth(struct caller *c, const struct msg_verdict *v, const struct audit *row)
{
    bool ignored = c->peer.uid == 0 && service_of(c)->ignore && world_account(c->begin.user).id == 0;
    switch (v->verdict) {
    case VERDICT_GRANTED:
        world_must(earned(c, true) && c->look);
        break;
    case VERDICT_DENIED: /* who has proved all, and is denied, is told why: by the limits, or because things changed */
        world_must(service_of(c)->combined || stirred_at || !earned(c, false) || row->event == AUDIT_LOGIN_LIMITED ||
                   row->event == AUDIT_FACTOR_CLOCK);
        break;
    case VERDICT_UNKNOWN:
        world_must(ignored && c->begin.phase == PHASE_AUTH);
        break;
    default:
        world_must(v->verdict == VERDICT_BUSY);
    }
    if (v->handle[0] == '\0')
        return;
    world_must(v->verdict == VERDICT_GRANTED && c->peer.uid == 0 && c->begin.phase == PHASE_AUTH &&
               service_of(c)->sessions && n_given < TRUTHS_MAX);
    struct given *g = &given[n_given++];
    *g = (struct given){.account_id = c->account_id, .at_s = dispatch.now.wall_s};
    strcpy(g->handle, v->handle);
    strcpy(g->service, c->begin.service);
    strcpy(g->rhost, c->begin.rhost);
}

static void after_acct(const struct caller *c, const struct msg_verdict *v)
{
    struct account a = whose(c);
    bool good = a.id && a.state == ACCOUNT_ACTIVE && !a.must_change && role_allowed(service_of(c), a.role) &&
                !is_mismatch(c, &a);
    world_must(good == (v->verdict == VERDICT_GRANTED));
    world_must((a.id == 0) == (v->verdict == VERDICT_UNKNOWN));
}

/* made: a new hash was delivered in this step. */
static void after_chauthtok(struct caller *c, const struct msg_verdict *v, bool made)
{
    struct account a = whose(c);
    const struct secret *current = &c->said[PROMPT_CURRENT_PASSWORD], *fresh = &c->said[PROMPT_NEW_PASSWORD];
    bool by_root = c->peer.uid == 0 && c->begin.caller_uid == 0 && !(c->begin.flags & BEGIN_ONLY_EXPIRED);
    if (v->verdict != VERDICT_GRANTED)
        return;
    world_must(a.id != 0 && a.id == c->account_id);
    if (!made) {
        world_must((c->begin.flags & BEGIN_PRELIM) || (c->begin.flags & BEGIN_ONLY_EXPIRED));
        return;
    }
    bool one_time = c->begin.flags & BEGIN_ONE_TIME;
    world_must(by_root || (!one_time && a.state == ACCOUNT_ACTIVE && c->has_said[PROMPT_CURRENT_PASSWORD] &&
                           !a.password_expires_at && password_right(a.id, current->bytes, current->len)));
    world_must(one_time == one_time_told && one_time == a.must_change && a.has_password);
    if (!one_time) {
        world_must(c->has_said[PROMPT_NEW_PASSWORD] && secret_equal(fresh, &c->said[PROMPT_RETYPE_PASSWORD]) &&
                   fresh->len >= 12);
        world_password(a.id, fresh);
    }
    for (size_t i = 0; i < n_given && !(c->begin.flags & BEGIN_ONLY_EXPIRED); i++)
        given[i].used = given[i].used || given[i].account_id == a.id; /* T5: they open nothing any more */
}

static void after_open(const struct caller *c, const struct msg_verdict *v, const struct audit *row)
{
    struct given *g = NULL;
    for (size_t i = 0; i < n_given; i++)
        if (strcmp(given[i].handle, c->begin.handle) == 0)
            g = &given[i];
    if (v->verdict == VERDICT_GRANTED && v->handle[0]) {
        struct account a = whose(c);
        world_must(c->peer.uid == 0 && a.id && a.state == ACCOUNT_ACTIVE && role_allowed(service_of(c), a.role));
        if (c->begin.handle[0] == '\0')
            world_must(strcmp(c->begin.service, "sshd") == 0 && strncmp(c->begin.auth_info, "publickey ", 10) == 0);
        else
            world_must(g && !g->used && g->account_id == a.id && strcmp(g->service, c->begin.service) == 0 &&
                       strcmp(g->rhost, c->begin.rhost) == 0 && dispatch.now.wall_s - g->at_s <= 600);
    }
    /* One that was shown and found wrong is used up like one that was found right. */
    if (g && ((v->verdict == VERDICT_GRANTED && v->handle[0]) || strncmp(row->result, "handle", 6) == 0))
        g->used = true;
}

static void after_close(const struct caller *c, const struct msg_verdict *v)
{
    struct session s;
    if (v->verdict == VERDICT_GRANTED)
        world_must(c->peer.uid == 0 && whose(c).id && sessions_get(desk.db, c->begin.handle, &s) == -ENOENT);
    else
        world_must(v->verdict == VERDICT_NO_SESSION);
}

static void check_verdict(struct caller *c, const struct msg_verdict *v, int64_t not_before_ms, bool made,
                          const struct audit *row)
{
    world_must(c->begun && !c->done && strcmp(verdict_text(v->verdict), "unknown verdict") != 0);
    world_must(memcmp(v->nonce, c->begin.nonce, sizeof v->nonce) == 0 && strcmp(v->user, c->begin.user) == 0);
    if (v->verdict == VERDICT_DENIED) {
        world_must(v->handle[0] == '\0' && (v->reason[0] == '\0' || is_test(c)));
        world_must(!c->answered_ms || not_before_ms == c->answered_ms + desk.config.authcd.deny_time_ms);
    }
    world_must(!one_time_told || c->begin.phase == PHASE_CHAUTHTOK);
    c->done = true;
    world_must(!is_test(c) || (c->peer.uid == 0 && (c->begin.phase == PHASE_AUTH || c->begin.phase == PHASE_ACCT)));
    world_must(!is_test(c) || v->handle[0] == '\0');
    if (c->begin.phase == PHASE_AUTH || c->begin.phase == PHASE_STEPUP)
        after_auth(c, v, row);
    else if (c->begin.phase == PHASE_ACCT)
        after_acct(c, v);
    else if (c->begin.phase == PHASE_CHAUTHTOK)
        after_chauthtok(c, v, made);
    else if (c->begin.phase == PHASE_OPEN)
        after_open(c, v, row);
    else
        after_close(c, v);
    one_time_told = false;
    if (v->verdict == VERDICT_GRANTED || v->verdict == VERDICT_BUSY)
        look_settle(c, true, v->verdict == VERDICT_GRANTED && proved_everything(c) && !is_test(c));
    else
        look_settle(c, false, false);
}

/* ---- tools ---- */

/* The text of a request's first field if that is "user", or "". */
static const char *named(const struct msg *in)
{
    const struct msg_type *type = msg_type(in->number);
    return type->n_fields && strcmp(type->fields[0].name, "user") == 0 ? msg_value(in, &type->fields[0]) : "";
}

/* May this peer ask that at all? A refusal is always possible, anything else only if so. */
static bool may_ask(const struct caller *c, const struct msg *in)
{
    const struct msg_type *type = msg_type(in->number);
    struct account a = world_account(named(in));
    if (c->peer.uid == 0)
        return true;
    if (c->peer.uid == 65534 || type->who == MSG_ADMIN || type->who == MSG_ROOT ||
        (type->who == MSG_PROVED && !c->peer.proved))
        return false;
    return named(in)[0] == '\0' || a.uid == c->peer.uid;
}

/* last: END or REFUSED; row: the last before it, if rows > 0. Changes and audit rows that the request made. */
static void check_tool(const struct caller *c, const struct msg *in, bool allowed, const struct msg *last, size_t rows,
                       int64_t changes, int64_t audits)
{
    world_must(last->number == MSG_end || last->number == MSG_refused);
    if (last->number == MSG_refused) {
        world_must(rows == 0 && (changes == 0 || audits == 1) && last->refused.error != REFUSAL_UNAVAILABLE);
        world_must(audits == 0 || in->number == MSG_token_mint || in->number == MSG_factor_confirm);
        return;
    }
    world_must(allowed && last->end.count == rows && audits == (changes > 0));
    if (changes)
        stirred_at = 1;
    if (in->number >= MSG_factor_add && in->number <= MSG_recovery_make)
        codes_changed(c, in, named(in), rows);
    if (in->number == MSG_user_unlock) {
        char key[32];
        snprintf(key, sizeof key, "id:%lld", (long long)world_account(named(in)).id);
        looks_unlock(key);
    }
}

#endif
