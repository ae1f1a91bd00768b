/* SPDX-License-Identifier: MIT
 *
 * See policy_text.h. A text that does not fit is cut: none can be longer than the names in it, which are bounded, and
 * nothing depends on one.
 */
#include "policy_text.h"

#include <stdarg.h>
#include <string.h>

#include "config_kind.h"
#include "text.h"

/* Room for one value as it would stand in the file. */
struct value {
    char text[161];
};

__attribute__((format(printf, 3, 4))) static void add(char *out, size_t cap, const char *format, ...)
{
    size_t used = strlen(out);
    va_list ap;

    va_start(ap, format);
    text_cut(out + used, cap - used, format, ap);
    va_end(ap);
}

#define ADD(field, ...) add(field, sizeof(field), __VA_ARGS__)

static void start(struct policy_text *t, const char *item)
{
    *t = (struct policy_text){0};
    ADD(t->item, "%s", item);
}

static struct value print(enum config_kind_place kind, size_t key, const void *section)
{
    struct value v = {0};

    if (config_value_print(&config_kinds[kind].rows[key], section, v.text, sizeof v.text) < 0)
        v.text[0] = '\0';
    return v;
}

/* ---- where values are written ---- */

static const char *key_name(enum config_service_key key)
{
    return config_kinds[CONFIG_KIND_SERVICE].rows[key].key;
}

/* "[service sshd]" */
static void add_place(const struct config_service *s, enum config_service_key key, char *out, size_t cap)
{
    if (s->set & CONFIG_BIT(key))
        add(out, cap, "[service %s]", s->name);
    else if (s->builtin & CONFIG_BIT(key))
        add(out, cap, "built-in row of %s", s->name);
    else if (s->any & CONFIG_BIT(key))
        add(out, cap, "[service *]");
    else
        add(out, cap, "built-in default");
}

/* "[service sshd] sessions = yes" */
static void add_setting(const struct config_service *s, enum config_service_key key, char *out, size_t cap)
{
    add_place(s, key, out, cap);
    add(out, cap, " %s = %s", key_name(key), print(CONFIG_KIND_SERVICE, key, s).text);
}

/* "[role admin] grace = 0s" */
static void add_role_setting(const struct config_role *role, enum config_role_key key, char *out, size_t cap)
{
    add(out, cap, role->name[0] ? "[role %s]" : "the strictest role's%s", role->name);
    add(out, cap, " %s = %s", config_kinds[CONFIG_KIND_ROLE].rows[key].key, print(CONFIG_KIND_ROLE, key, role).text);
}

static enum config_role_key role_key(enum config_service_key key)
{
    switch ((unsigned)key) {
    case CONFIG_SERVICE_unenrolled:
        return CONFIG_ROLE_unenrolled;
    case CONFIG_SERVICE_max_sessions:
        return CONFIG_ROLE_max_sessions;
    case CONFIG_SERVICE_grace:
        return CONFIG_ROLE_grace;
    default:
        return CONFIG_ROLE_factors;
    }
}

/* The rule of a key: the service's setting, or the role's and what it is stricter than. */
static void add_rule(const struct policy_case *in, const struct policy_plan *p, enum config_service_key key, char *out,
                     size_t cap)
{
    if (!(p->by_role & CONFIG_BIT(key)))
        add_setting(in->service, key, out, cap);
    else if (key == CONFIG_SERVICE_factors) {
        add_setting(in->service, key, out, cap);
        add(out, cap, ", and ");
        add_role_setting(in->role, CONFIG_ROLE_factors, out, cap);
    } else {
        add_role_setting(in->role, role_key(key), out, cap);
        add(out, cap, ", stricter than ");
        add_place(in->service, key, out, cap);
        add(out, cap, " %s", print(CONFIG_KIND_SERVICE, key, in->service).text);
    }
    if (key != CONFIG_SERVICE_unenrolled)
        return;
    if (in->service->builtin & ~p->by_role & CONFIG_BIT(key))
        add(out, cap, " for enrol: %s", config_no_enrol(in->service->name));
    if (p->no_enrol == POLICY_ENROL_WORKS)
        return;
    add(out, cap, ", which cannot work: %s",
        p->no_enrol == POLICY_ENROL_SERVICE    ? config_no_enrol(in->service->name)
        : p->no_enrol == POLICY_ENROL_COMBINED ? "combined = yes leaves no prompt to enrol in"
                                               : "without a password nothing tells who enrols");
}

/* ---- what is asked ---- */

static const char *prompt_name(enum prompt_kind kind)
{
    return kind == PROMPT_CODE ? "code" : kind == PROMPT_COMBINED ? "password and code in one" : "password";
}

void policy_text_asked(const struct policy_case *in, const struct policy_plan *plan, struct policy_text *ret)
{
    enum config_service_key key = CONFIG_SERVICE_factors;
    const char *why = "";

    start(ret, "asked");
    if (plan->n == 0)
        ADD(ret->value, "nothing");
    for (size_t i = 0; i < plan->n; i++)
        ADD(ret->value, "%s%s", i > 0 ? ", " : "", prompt_name(plan->kinds[i]));
    if (plan->key_replaced) {
        key = CONFIG_SERVICE_key_replaces;
        why = ": sshd verified one";
    } else if (plan->code == POLICY_CODE_GRACE) {
        key = CONFIG_SERVICE_grace;
        why = ": a code was proved here not long ago";
    } else if (plan->code == POLICY_CODE_SKIPPED || plan->code == POLICY_CODE_ENROL) {
        key = CONFIG_SERVICE_unenrolled;
        why = ": there is no code";
    }
    if (plan->code == POLICY_CODE_ENROL)
        ADD(ret->value, ", then a code is enrolled");
    add_rule(in, plan, key, ret->rule, sizeof ret->rule);
    ADD(ret->rule, "%s", why);
}

/* ---- keys ---- */

/* The service's section as it holds for this role. */
static struct config_service together(const struct policy_case *in, const struct policy_plan *p)
{
    struct config_service s = *in->service;

    s.factors = p->factors;
    s.unenrolled = p->unenrolled;
    s.max_sessions = p->max_sessions;
    s.grace_s = p->grace_s;
    return s;
}

/* Is it as if nobody had written anything? Then the value says all. */
static bool is_default(const struct policy_case *in, const struct policy_plan *p, enum config_service_key key)
{
    return !((in->service->set | in->service->builtin | in->service->any | p->by_role) & CONFIG_BIT(key));
}

bool policy_text_key(const struct policy_case *in, const struct policy_plan *plan, size_t index,
                     struct policy_text *ret)
{
    const struct config_service s = together(in, plan);
    enum config_service_key key = (enum config_service_key)index;

    if (index >= config_kinds[CONFIG_KIND_SERVICE].n)
        return false;
    start(ret, key_name(key));
    ADD(ret->value, "%s", print(CONFIG_KIND_SERVICE, index, &s).text);
    if (is_default(in, plan, key))
        ADD(ret->rule, "built-in default");
    else
        add_rule(in, plan, key, ret->rule, sizeof ret->rule);
    return true;
}

/* ---- outcomes ---- */

/* Which key bars them, if one does; and the words for it. */
static const struct outcome {
    const char *words;
    bool has_key;
    enum config_service_key key;
} outcomes[] = {
    [POLICY_BAR_UNKNOWN] = {"no such account", false, 0},
    [POLICY_BAR_INACTIVE] = {"the account is not active", false, 0},
    [POLICY_BAR_ROLE] = {"the role is not let in here", true, CONFIG_SERVICE_roles},
    [POLICY_BAR_FACTORS] = {"nothing that could be proved is asked", true, CONFIG_SERVICE_factors},
    [POLICY_BAR_NO_PASSWORD] = {"there is no password", true, CONFIG_SERVICE_factors},
    [POLICY_BAR_EXPIRED] = {"the password for one login has expired", false, 0},
    [POLICY_BAR_NO_CODE] = {"there is no code", true, CONFIG_SERVICE_unenrolled},
    [POLICY_BAR_ENROL] = {"once a code is enrolled", true, CONFIG_SERVICE_unenrolled},
    [POLICY_BAR_SESSIONS] = {"there are as many sessions as may be", true, CONFIG_SERVICE_max_sessions},
};

static void add_bar(const struct policy_case *in, const struct policy_plan *p, enum policy_bar bar,
                    struct policy_text *t)
{
    const struct outcome *o = &outcomes[bar];

    ADD(t->value, ": %s", o->words);
    if (bar == POLICY_BAR_NO_CODE && p->unenrolled == CONFIG_UNENROLLED_SKIP) {
        add_rule(in, p, CONFIG_SERVICE_factors, t->rule, sizeof t->rule);
        ADD(t->rule, ": a code that is all is not skipped");
    } else if (o->has_key)
        add_rule(in, p, o->key, t->rule, sizeof t->rule);
}

void policy_text_login(const struct policy_case *in, const struct policy_plan *plan, struct policy_text *ret)
{
    start(ret, "login");
    ADD(ret->value, "%s", plan->can_succeed || plan->enrols ? "right answers let in" : "denied in any case");
    if (plan->bar != POLICY_BAR_NONE)
        add_bar(in, plan, plan->bar, ret);
}

void policy_text_acct(const struct policy_case *in, const struct policy_plan *plan, struct policy_text *ret)
{
    start(ret, "account");
    ADD(ret->value, "%s", verdict_text(plan->acct));
    if (plan->acct_bar != POLICY_BAR_NONE)
        add_bar(in, plan, plan->acct_bar, ret);
}
