/* SPDX-License-Identifier: MIT
 *
 * What the handlers of the tools share: whose account a request is about, and the audit row of what was done. To a peer
 * that is not root, another's account and one that does not exist are the same; what it is told must not differ either.
 */
#include "handler.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "text.h"

enum { UID_OVERFLOW = 65534 };

bool handler_uid_is_somebody(uint32_t uid)
{
    return uid != UID_OVERFLOW && uid != PROTOCOL_NO_UID;
}

/* Appends a refusal and gives -ENOENT, or why even that failed. */
static int refused(int error)
{
    return error < 0 ? error : -ENOENT;
}

static int not_yours(struct step *step)
{
    return refused(step_refuse(step, REFUSAL_NOT_ALLOWED, "not allowed: no such account, or not yours"));
}

/* The peer's account, if it may have one: -ENOENT without a refusal. */
static int find_own(struct handler *h, struct account *ret)
{
    return handler_uid_is_somebody(h->peer->uid) ? accounts_by_uid(h->db, h->peer->uid, ret) : -ENOENT;
}

int handler_self(struct handler *h, struct account *ret, struct step *step)
{
    int error = find_own(h, ret);
    if (error == -ENOENT && h->peer->uid == 0)
        return refused(step_refuse(step, REFUSAL_INVALID, "uid 0 has no account here"));
    return error == -ENOENT ? not_yours(step) : error;
}

bool handler_password_expired(const struct handler *h, const struct account *a)
{
    return a->password_expires_at != 0 && a->password_expires_at <= h->now.wall_s;
}

struct policy_account handler_facts(const struct handler *h, const struct account *a)
{
    return (struct policy_account){
        .exists = a->id != 0,
        .active = a->state == ACCOUNT_ACTIVE,
        .role = a->role,
        .has_password = a->has_password,
        .password_expired = handler_password_expired(h, a),
        .has_code = a->codes > 0,
        .must_change = a->must_change,
    };
}

static int named_by_root(struct handler *h, const char *user, struct account *ret, struct step *step)
{
    int error = user[0] == '\0' ? find_own(h, ret) : accounts_by_name(h->db, user, ret);
    if (error != -ENOENT)
        return error;
    if (user[0] == '\0')
        return refused(step_refuse(step, REFUSAL_INVALID, "whose account? uid 0 has none: give --user"));
    return refused(step_refuse(step, REFUSAL_NOT_FOUND, "no account \"%s\"", user));
}

int handler_account(struct handler *h, const char *user, struct account *ret, struct step *step)
{
    if (h->peer->uid == 0)
        return named_by_root(h, user, ret, step);
    struct account own;
    int error = find_own(h, &own);
    if (error == -ENOENT || (error == 0 && user[0] != '\0' && strcmp(user, own.name) != 0))
        return not_yours(step);
    if (error == 0)
        *ret = own;
    return error;
}

int handler_proved(struct handler *h, const struct account *a, struct step *step)
{
    if (h->peer->uid == 0 || (a->state == ACCOUNT_ACTIVE && a->password_changed_at <= h->peer->proved_at))
        return 0;
    return refused(step_refuse(step, REFUSAL_STEPUP, "prove your factors again"));
}

int handler_audit(struct handler *h, enum audit_event event, const struct account *a, const char *service,
                  const char *source, const char *format, ...)
{
    struct audit row = {.at = h->now.wall_s, .event = event};
    char peer[sizeof row.actor];
    va_list ap;
    va_start(ap, format);
    text_cut(row.result, sizeof row.result, format, ap);
    va_end(ap);
    int error = text_format(peer, sizeof peer, "uid:%u", h->peer->uid);
    if (error == 0 && (a == NULL || a->uid != h->peer->uid))
        error = text_copy(row.actor, sizeof row.actor, peer);
    if (error == 0 && a != NULL)
        error = text_copy(row.account, sizeof row.account, a->uuid);
    if (error == 0)
        error = text_copy(row.service, sizeof row.service, service);
    if (error == 0)
        error = text_copy(row.source, sizeof row.source, source == NULL ? peer : source);
    return error < 0 ? error : audit_append(h->db, &row);
}
