/* SPDX-License-Identifier: MIT
 *
 * Accounts, for administrators: add, list, show, change, disable, enable, unlock, delete. Each change is one audit row,
 * and ends the account's sessions where it takes away what they were granted for. A verb whose work is done already
 * changes nothing and audits nothing. Passwords are set by a conversation (phase chauthtok), not here.
 */
#include <errno.h>
#include <string.h>

#include "handler.h"
#include "recoveries.h"
#include "sessions.h"
#include "standing.h"
#include "text.h"

#define FIRST_ROLE "superadmin"
#define DEFAULT_ROLE "user"

static const char *state_name(enum account_state state)
{
    static const char *const names[] = {[ACCOUNT_PENDING] = "pending",
                                        [ACCOUNT_ACTIVE] = "active",
                                        [ACCOUNT_DISABLED] = "disabled",
                                        [ACCOUNT_DELETED] = "deleted"};
    return names[state];
}

/* How the account stands with the guess limits: for root only. */
static int fill_limits(struct handler *h, const struct account *a, struct msg_row_user *row)
{
    struct standing s;
    if (h->peer->uid != 0 || a->state == ACCOUNT_DELETED)
        return 0;
    int error = standing_of(h, a->id, &s);
    if (error < 0)
        return error;
    row->everybody = s.everybody;
    row->failures = s.failures;
    row->sources = s.sources;
    row->consecutive = s.consecutive;
    row->wait_s = limit_wait_s(s.wait_ms);
    row->last_failure_at = s.failed_at;
    row->known_sources = s.known;
    row->wrong_codes = s.strangers_codes.wrong;
    row->codes_wait_s = limit_wait_s(s.strangers_codes.wait_ms);
    row->known_wrong_codes = s.known_codes.wrong;
    row->known_codes_wait_s = limit_wait_s(s.known_codes.wait_ms);
    if (row->wait_s != 0 && a->state == ACCOUNT_ACTIVE)
        error = text_copy(row->state, sizeof row->state, "locked");
    return error < 0 ? error : text_copy(row->last_source, sizeof row->last_source, s.source);
}

static int reply_user(struct handler *h, const struct account *a, struct step *step)
{
    struct msg m = {.number = MSG_row_user};
    struct msg_row_user *row = &m.row_user;
    struct recoveries recovery = {0};
    int error = recoveries_get(h->db, a->id, &recovery);
    if (error < 0)
        return error;
    row->uid = a->uid;
    row->password = a->has_password;
    row->must_change = a->must_change;
    row->factors = a->codes;
    row->recovery_left = recovery.left;
    row->created_at = a->created_at;
    row->updated_at = a->updated_at;
    row->last_login_at = a->last_login_at;
    row->password_changed_at = a->password_changed_at;
    row->password_expires_at = a->password_expires_at;
    if ((error = text_copy(row->user, sizeof row->user, a->name)) < 0 ||
        (error = text_copy(row->role, sizeof row->role, a->role)) < 0 ||
        (error = text_copy(row->state, sizeof row->state, state_name(a->state))) < 0 ||
        (error = text_copy(row->id, sizeof row->id, a->uuid)) < 0 || (error = fill_limits(h, a, row)) < 0)
        return error;
    return step_reply(step, &m);
}

/* The account as it is now, and the end. */
static int reply_done(struct handler *h, int64_t id, struct step *step)
{
    struct account a;
    int error = accounts_by_id(h->db, id, &a);
    if (error < 0 || (error = reply_user(h, &a, step)) < 0)
        return error;
    return step_end(step, 1, 0);
}

/* Refuses, with -ENOENT, a uid that is nobody's or a living account's. */
static int uid_is_free(struct handler *h, uint32_t uid, struct step *step)
{
    struct account other;
    int error = handler_uid_is_somebody(uid) ? accounts_by_uid(h->db, uid, &other) : -EINVAL;
    if (error == -ENOENT)
        return 0;
    if (error == -EINVAL)
        error =
            step_refuse(step, REFUSAL_INVALID, "uid %u belongs to nobody in particular: an account needs its own", uid);
    else if (error == 0)
        error = step_refuse(step, REFUSAL_EXISTS, "uid %u belongs to \"%s\"", uid, other.name);
    return error < 0 ? error : -ENOENT;
}

static int refuse_role(struct step *step, const char *role)
{
    return step_refuse(step, REFUSAL_INVALID, "no role \"%s\"", role);
}

int on_user_add(struct handler *h, const struct msg_user_add *in, struct step *step)
{
    const char *role = in->role[0] == '\0' ? DEFAULT_ROLE : in->role;
    struct account a;
    if (!text_is_account_name(in->user))
        return step_refuse(
            step, REFUSAL_INVALID,
            "\"%s\" is no name for an account: no '/', ':', spaces or control characters, no leading '-' or '+'",
            in->user);
    if (!config_role_exists(role))
        return refuse_role(step, role);
    int error = accounts_by_name(h->db, in->user, &a);
    if (error == 0)
        return step_refuse(step, REFUSAL_EXISTS, "account \"%s\" exists (uid %u)", in->user, a.uid);
    if (error != -ENOENT)
        return error;
    error = uid_is_free(h, in->uid, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = accounts_add(h->db, in->user, in->uid, role, h->now.wall_s, &a);
    if (error < 0 || (error = handler_audit(h, AUDIT_USER_ADD, &a, "", NULL, "uid %u, role %s", a.uid, role)) < 0)
        return error;
    return reply_done(h, a.id, step);
}

int on_user_list(struct handler *h, const struct msg_user_list *in, struct step *step)
{
    uint32_t limit = in->limit == 0 || in->limit > HANDLER_PAGE_ROWS ? HANDLER_PAGE_ROWS : in->limit;
    struct account a;
    int64_t after = in->after;
    uint32_t n = 0;
    int error;
    while ((error = accounts_next(h->db, after, &a)) == 0 && n < limit) {
        error = reply_user(h, &a, step);
        if (error < 0)
            return error;
        after = a.id;
        n++;
    }
    return error < 0 && error != -ENOENT ? error : step_end(step, n, error == 0 ? after : 0);
}

int on_user_show(struct handler *h, const struct msg_user_show *in, struct step *step)
{
    struct account a;
    int error = handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = reply_user(h, &a, step);
    return error < 0 ? error : step_end(step, 1, 0);
}

/* Refuses, with -ENOENT, to take the last superadmin away: nobody but root could make another. */
static int not_the_last(struct handler *h, const struct account *a, const char *what, struct step *step)
{
    uint32_t n = 0;
    if (strcmp(a->role, FIRST_ROLE) != 0 || a->state == ACCOUNT_DISABLED)
        return 0;
    int error = accounts_count_role(h->db, FIRST_ROLE, &n);
    if (error < 0 || n > 1)
        return error;
    error = step_refuse(step, REFUSAL_INVALID, "\"%s\" is the last " FIRST_ROLE " and cannot be %s: make another first",
                        a->name, what);
    return error < 0 ? error : -ENOENT;
}

/* Writes the account back, ends its sessions for that reason, and answers. */
static int store(struct handler *h, const struct account *a, const char *reason, struct step *step)
{
    int error = accounts_update(h->db, a, h->now.wall_s);
    if (error == 0 && reason != NULL)
        error = sessions_end_all(h->db, a->id, NULL, reason, h->now.wall_s);
    return error < 0 ? error : reply_done(h, a->id, step);
}

/* Is what user_set asks for allowed? Refuses with -ENOENT if not. */
static int may_set(struct handler *h, const struct account *a, const struct account *wanted, struct step *step)
{
    bool role_changes = strcmp(wanted->role, a->role) != 0;
    int error = 0;
    if (role_changes && !config_role_exists(wanted->role)) {
        error = refuse_role(step, wanted->role);
        return error < 0 ? error : -ENOENT;
    }
    if (wanted->uid != a->uid)
        error = uid_is_free(h, wanted->uid, step);
    if (error == 0 && role_changes)
        error = not_the_last(h, a, "given another role", step);
    return error;
}

int on_user_set(struct handler *h, const struct msg_user_set *in, struct step *step)
{
    struct account a, wanted;
    int error = handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    wanted = a;
    if (in->uid != PROTOCOL_NO_UID)
        wanted.uid = in->uid;
    if (in->role[0] != '\0' && (error = text_copy(wanted.role, sizeof wanted.role, in->role)) < 0)
        return error;
    bool role_changes = strcmp(a.role, wanted.role) != 0;
    if (!role_changes && a.uid == wanted.uid)
        return reply_done(h, a.id, step);
    error = may_set(h, &a, &wanted, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = handler_audit(h, AUDIT_USER_SET, &a, "", NULL, "role %s -> %s, uid %u -> %u", a.role, wanted.role, a.uid,
                          wanted.uid);
    return error < 0 ? error : store(h, &wanted, role_changes ? "role changed" : "uid changed", step);
}

int on_user_disable(struct handler *h, const struct msg_user_disable *in, struct step *step)
{
    struct account a;
    int error = handler_account(h, in->user, &a, step);
    if (error == 0 && a.state == ACCOUNT_DISABLED)
        return reply_done(h, a.id, step);
    if (error == 0)
        error = not_the_last(h, &a, "disabled", step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    a.state = ACCOUNT_DISABLED;
    error = handler_audit(h, AUDIT_USER_DISABLE, &a, "", NULL, "sessions ended");
    return error < 0 ? error : store(h, &a, "account disabled", step);
}

int on_user_enable(struct handler *h, const struct msg_user_enable *in, struct step *step)
{
    struct account a;
    int error = handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    if (a.state != ACCOUNT_DISABLED)
        return reply_done(h, a.id, step);
    a.state = a.has_password ? ACCOUNT_ACTIVE : ACCOUNT_PENDING;
    error = handler_audit(h, AUDIT_USER_ENABLE, &a, "", NULL, "now %s", state_name(a.state));
    return error < 0 ? error : store(h, &a, NULL, step);
}

int on_user_unlock(struct handler *h, const struct msg_user_unlock *in, struct step *step)
{
    struct account a;
    char held[STANDING_TEXT_SIZE];
    int error = handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    if ((error = standing_text(h, a.id, held)) < 0 || (error = buckets_forgive(h->db, a.id)) < 0 ||
        (error = handler_audit(h, AUDIT_USER_UNLOCK, &a, "", NULL, "%s forgiven", held)) < 0)
        return error;
    return reply_done(h, a.id, step);
}

int on_user_delete(struct handler *h, const struct msg_user_delete *in, struct step *step)
{
    struct account a;
    int error = handler_account(h, in->user, &a, step);
    if (error == 0)
        error = not_the_last(h, &a, "deleted", step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    error = handler_audit(h, AUDIT_USER_DELETE, &a, "", NULL, "uid %u, role %s", a.uid, a.role);
    if (error < 0 || (error = sessions_end_all(h->db, a.id, NULL, "account deleted", h->now.wall_s)) < 0 ||
        (error = accounts_delete(h->db, a.id, h->now.wall_s)) < 0)
        return error;
    return reply_done(h, a.id, step);
}
