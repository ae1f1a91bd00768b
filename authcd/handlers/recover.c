/* SPDX-License-Identifier: MIT
 *
 * Making, listing and removing recovery codes; a login uses them up by factor_check. They leave once, in the answer to
 * the request that made them, and go to no log: from then on not even authcd knows them.
 */
#include "recover.h"

#include <errno.h>
#include <string.h>

#include "text.h"

int recover_reply(struct handler *h, const struct account *a, uint32_t *n, struct step *step)
{
    struct msg m = {.number = MSG_row_factor};
    struct msg_row_factor *row = &m.row_factor;
    struct recoveries r = {0};
    int error = recoveries_get(h->db, a->id, &r);
    if (error < 0 || r.made == 0)
        return error;
    row->left = r.left;
    row->confirmed = true;
    row->created_at = row->confirmed_at = r.made_at;
    row->last_used_at = r.last_used_at;
    if ((error = text_copy(row->user, sizeof row->user, a->name)) < 0 ||
        (error = text_copy(row->kind, sizeof row->kind, "recovery")) < 0 ||
        (error = text_format(row->form, sizeof row->form, "%u of %u left", r.left, r.made)) < 0)
        return error;
    (*n)++;
    return step_reply(step, &m);
}

int recover_remove(struct handler *h, const struct account *a, struct step *step)
{
    struct recoveries r = {0};
    uint32_t n = 0;
    int error = recoveries_get(h->db, a->id, &r);
    if (error == 0 && r.made == 0)
        return step_refuse(step, REFUSAL_NOT_FOUND, "\"%s\" has no recovery codes", a->name);
    if (error < 0 || (error = recover_reply(h, a, &n, step)) < 0 || (error = recoveries_remove(h->db, a->id)) < 0 ||
        (error = handler_audit(h, AUDIT_FACTOR_REMOVE, a, "", NULL, "recovery codes, %u unused", r.left)) < 0)
        return error;
    return step_end(step, n, 0);
}

int recover_make(struct handler *h, const struct account *a, char ret_codes[][RECOVERY_TEXT_SIZE])
{
    char code[RECOVERY_SIZE];
    int error = recoveries_remove(h->db, a->id);
    for (size_t i = 0; i < RECOVERY_CODES && error == 0; i++) {
        recovery_make(code);
        recovery_text(code, ret_codes[i]);
        error = recoveries_add(h->db, a->id, code, h->now.wall_s);
    }
    explicit_bzero(code, sizeof code);
    return error;
}

static int reply_code(const struct account *a, const char *code, uint32_t replaced, struct step *step)
{
    MSG_AUTO struct msg m = {.number = MSG_row_recovery};
    m.row_recovery.replaced = replaced;
    int error = text_copy(m.row_recovery.code, sizeof m.row_recovery.code, code);
    if (error < 0 || (error = text_copy(m.row_recovery.user, sizeof m.row_recovery.user, a->name)) < 0)
        return error;
    return step_reply(step, &m);
}

static int make_all(struct handler *h, const struct account *a, struct step *step)
{
    char codes[RECOVERY_CODES][RECOVERY_TEXT_SIZE];
    struct recoveries old = {0};
    int error = recoveries_get(h->db, a->id, &old);
    if (error == 0)
        error = recover_make(h, a, codes);
    for (size_t i = 0; i < RECOVERY_CODES && error == 0; i++)
        error = reply_code(a, codes[i], old.left, step);
    explicit_bzero(codes, sizeof codes);
    if (error == 0)
        error = handler_audit(h, AUDIT_FACTOR_RECOVERY, a, "", NULL, "%d codes, in place of %u unused", RECOVERY_CODES,
                              old.left);
    return error < 0 ? error : step_end(step, RECOVERY_CODES, 0);
}

int on_recovery_make(struct handler *h, const struct msg_recovery_make *in, struct step *step)
{
    struct account a;
    int error = handler_account(h, in->user, &a, step);
    if (error == 0)
        error = handler_proved(h, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    if (a.codes == 0)
        return step_refuse(step, REFUSAL_INVALID,
                           "\"%s\" has no confirmed code factor that recovery codes could stand in for", a.name);
    return make_all(h, &a, step);
}
