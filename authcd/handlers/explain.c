/* SPDX-License-Identifier: MIT
 *
 * What a service would ask of an account, and which rule decided it: the decision of a login (policy_explain) without
 * the login. For people in general, whom root may ask about, it is that of somebody who has everything, and what other
 * roles and a name without an account are asked beside it.
 */
#include <errno.h>

#include "handler.h"
#include "policy_text.h"
#include "sessions.h"
#include "text.h"

struct explain {
    struct handler *h;
    struct step *step;
    uint32_t n; /* rows so far */
    struct config_service service;
    struct config_role role;
    struct policy_case in;
    struct policy_plan plan;
};

static int reply(struct explain *e, const struct policy_text *t)
{
    struct msg m = {.number = MSG_row_policy};
    int error = text_copy(m.row_policy.item, sizeof m.row_policy.item, t->item);

    if (error < 0 || (error = text_copy(m.row_policy.value, sizeof m.row_policy.value, t->value)) < 0 ||
        (error = text_copy(m.row_policy.rule, sizeof m.row_policy.rule, t->rule)) < 0)
        return error;
    e->n++;
    return step_reply(e->step, &m);
}

static bool asks_the_same(const struct policy_plan *a, const struct policy_plan *b)
{
    bool same = a->n == b->n && a->enrols == b->enrols;

    for (size_t i = 0; same && i < a->n; i++)
        same = a->kinds[i] == b->kinds[i];
    return same;
}

/* What is asked in another case, if it is something else. */
static int reply_other(struct explain *e, const char *item, const struct policy_case *in)
{
    struct policy_plan plan;
    struct policy_text t;

    policy_explain(in, &plan);
    if (asks_the_same(&plan, &e->plan))
        return 0;
    policy_text_asked(in, &plan, &t);
    int error = text_copy(t.item, sizeof t.item, item);
    return error < 0 ? error : reply(e, &t);
}

static int reply_role(struct explain *e, const char *name, const char *item)
{
    struct config_role role;
    struct policy_case in = e->in;

    config_role(e->h->config, &e->service, name, &role);
    in.role = &role;
    in.any_role = false;
    in.account.exists = name[0] != '\0';
    in.account.role = name;
    return reply_other(e, item, &in);
}

/* People in general: which of them are asked something else. */
static int reply_roles(struct explain *e)
{
    const struct config *c = e->h->config;
    int error = 0;

    for (size_t i = 0; error == 0 && i < c->n_roles; i++) {
        char item[sizeof((struct policy_text *)0)->item];
        if (!policy_role_allowed(&e->service, c->roles[i].name))
            continue;
        error = text_format(item, sizeof item, "asked of %s", c->roles[i].name);
        if (error == 0)
            error = reply_role(e, c->roles[i].name, item);
    }
    return error < 0 ? error : reply_role(e, "", "asked of a stranger");
}

static int reply_questions(struct explain *e)
{
    struct policy_case with_key = e->in, in_grace = e->in;
    struct policy_text t;

    policy_text_asked(&e->in, &e->plan, &t);
    int error = reply(e, &t);
    with_key.key_verified = true;
    in_grace.has_proof = true;
    if (error < 0 || (error = reply_other(e, "asked after a key", &with_key)) < 0)
        return error;
    return reply_other(e, "asked again in this session", &in_grace);
}

static int reply_keys(struct explain *e)
{
    struct policy_text t;
    int error = 0;

    for (size_t i = 0; error == 0 && policy_text_key(&e->in, &e->plan, i, &t); i++)
        error = reply(e, &t);
    return error;
}

static int reply_outcome(struct explain *e)
{
    struct policy_text t;

    policy_text_login(&e->in, &e->plan, &t);
    int error = reply(e, &t);
    policy_text_acct(&e->in, &e->plan, &t);
    return error < 0 ? error : reply(e, &t);
}

static int explain_account(struct explain *e, const struct account *a)
{
    uint32_t sessions = 0;
    int error = sessions_count_of(e->h->db, a->id, e->service.name, &sessions);

    if (error < 0)
        return error;
    config_role(e->h->config, &e->service, a->role, &e->role);
    e->in = (struct policy_case){
        .service = &e->service, .role = &e->role, .account = handler_facts(e->h, a), .sessions = sessions};
    policy_explain(&e->in, &e->plan);
    if ((error = reply_questions(e)) < 0 || (error = reply_keys(e)) < 0)
        return error;
    return reply_outcome(e);
}

static int explain_people(struct explain *e)
{
    e->in = (struct policy_case){
        .service = &e->service,
        .any_role = true,
        .account = {.exists = true, .active = true, .role = "", .has_password = true, .has_code = true},
    };
    policy_explain(&e->in, &e->plan);
    int error = reply_questions(e);
    if (error < 0 || (error = reply_roles(e)) < 0)
        return error;
    return reply_keys(e);
}

int on_policy_show(struct handler *h, const struct msg_policy_show *in, struct step *step)
{
    struct explain e = {.h = h, .step = step};
    bool people = h->peer->uid == 0 && in->user[0] == '\0';
    struct account a;
    int error = people ? 0 : handler_account(h, in->user, &a, step);

    if (error < 0)
        return error == -ENOENT ? 0 : error;
    if (!text_is_word(in->service, sizeof in->service - 1))
        return step_refuse(step, REFUSAL_INVALID, "not a name of a PAM service");
    config_service(h->config, in->service, &e.service);
    error = people ? explain_people(&e) : explain_account(&e, &a);
    return error < 0 ? error : step_end(step, e.n, 0);
}
