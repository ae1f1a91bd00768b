/* SPDX-License-Identifier: MIT
 *
 * What a service asks of an account, and whether the account may. Every doubt (no factor, a factor of a kind that is
 * not known here, nothing to check it against) ends in "ask, and deny": asking less or asking differently would tell
 * who exists. Leaves out the checking itself and unknown = ignore, which is decided before anything is asked.
 */
#include "policy.h"

#include <errno.h>
#include <string.h>

#include "recovery.h"
#include "stricter.h"

static bool has_kind(const struct config_factors *factors, enum config_factor kind)
{
    for (size_t i = 0; i < factors->n && i < CONFIG_FACTORS_MAX; i++)
        if (factors->kinds[i] == kind)
            return true;
    return false;
}

bool policy_role_allowed(const struct config_service *service, const char *role)
{
    return config_roles_have(&service->roles, role);
}

/* ---- what holds for service and role together ---- */

static bool same_factors(const struct config_factors *a, const struct config_factors *b)
{
    return a->n == b->n; /* b begins with a */
}

static void take_role(const struct config_role *role, struct policy_plan *p)
{
    struct policy_plan s = *p;

    if (role->set & CONFIG_BIT(CONFIG_ROLE_factors))
        p->factors = stricter_factors(&s.factors, &role->factors);
    if (role->set & CONFIG_BIT(CONFIG_ROLE_unenrolled))
        p->unenrolled = stricter_unenrolled(s.unenrolled, role->unenrolled);
    if (role->set & CONFIG_BIT(CONFIG_ROLE_max_sessions))
        p->max_sessions = stricter_sessions(s.max_sessions, role->max_sessions);
    if (role->set & CONFIG_BIT(CONFIG_ROLE_grace))
        p->grace_s = stricter_grace(s.grace_s, role->grace_s);
    p->by_role = (same_factors(&s.factors, &p->factors) ? 0 : CONFIG_BIT(CONFIG_SERVICE_factors)) |
                 (p->unenrolled == s.unenrolled ? 0 : CONFIG_BIT(CONFIG_SERVICE_unenrolled)) |
                 (p->max_sessions == s.max_sessions ? 0 : CONFIG_BIT(CONFIG_SERVICE_max_sessions)) |
                 (p->grace_s == s.grace_s ? 0 : CONFIG_BIT(CONFIG_SERVICE_grace));
}

/* Where nobody could enrol, enrol is deny: what it asks for is a code, not that there be none. */
static enum policy_enrol no_enrol(const struct policy_case *in, const struct policy_plan *p)
{
    if (p->unenrolled != CONFIG_UNENROLLED_ENROL)
        return POLICY_ENROL_WORKS;
    if (config_no_enrol(in->service->name))
        return POLICY_ENROL_SERVICE;
    if (in->service->combined)
        return POLICY_ENROL_COMBINED;
    return !p->only_code ? POLICY_ENROL_WORKS : POLICY_ENROL_PASSWORD;
}

static void take_settings(const struct policy_case *in, struct policy_plan *p)
{
    const struct config_service *s = in->service;

    p->factors = s->factors;
    p->unenrolled = s->unenrolled;
    p->max_sessions = s->max_sessions;
    p->grace_s = s->grace_s;
    if (in->role && !in->any_role)
        take_role(in->role, p);
    /* Also for people of a role that adds the password, or their role would get them in with less. */
    p->only_code = !has_kind(&s->factors, CONFIG_FACTOR_PASSWORD);
    p->no_enrol = no_enrol(in, p);
    if (p->no_enrol != POLICY_ENROL_WORKS)
        p->unenrolled = CONFIG_UNENROLLED_DENY;
}

/* ---- questions ---- */

/* May this account come in here at all? If not, what it has or lacks must not show. */
static bool is_welcome(const struct policy_case *in)
{
    return in->account.exists && in->account.active &&
           (in->any_role || policy_role_allowed(in->service, in->account.role));
}

/* For one of two things that the service asks, not for the only one. */
static bool key_stands(const struct policy_case *in)
{
    return in->key_verified && in->service->key_replaces == CONFIG_KEY_REPLACES_PASSWORD &&
           has_kind(&in->service->factors, CONFIG_FACTOR_OTP);
}

/* For lack of a code the password is asked, whatever key there was; and after a key there is no grace. Grace may leave
 * nothing to ask: it is what was proved a while ago that counts then, as sudo's own timestamp does. */
static enum policy_code decide_code(const struct policy_case *in, const struct policy_plan *p)
{
    bool enrolled = in->account.has_code;

    if (!has_kind(&p->factors, CONFIG_FACTOR_OTP))
        return POLICY_CODE_NOT_WANTED;
    if (!is_welcome(in))
        return POLICY_CODE_ASKED;
    if (enrolled && !key_stands(in) && in->has_proof && in->proof_age_s >= 0 && in->proof_age_s < p->grace_s)
        return POLICY_CODE_GRACE;
    if (p->only_code)
        return POLICY_CODE_ASKED;
    if (!enrolled && p->unenrolled == CONFIG_UNENROLLED_SKIP)
        return POLICY_CODE_SKIPPED;
    if (!enrolled && p->unenrolled == CONFIG_UNENROLLED_ENROL)
        return POLICY_CODE_ENROL;
    return POLICY_CODE_ASKED;
}

static void ask(struct policy_plan *p, enum prompt_kind kind)
{
    p->kinds[p->n++] = kind;
}

/* Asked apart, in the order of the configuration. */
static void ask_each(struct policy_plan *p)
{
    for (size_t i = 0; i < p->factors.n && i < CONFIG_FACTORS_MAX; i++) {
        if (p->factors.kinds[i] == CONFIG_FACTOR_PASSWORD && !p->key_replaced)
            ask(p, PROMPT_PASSWORD);
        else if (p->factors.kinds[i] == CONFIG_FACTOR_OTP && p->code == POLICY_CODE_ASKED)
            ask(p, PROMPT_CODE);
    }
}

static void decide_questions(const struct policy_case *in, struct policy_plan *p)
{
    p->code = decide_code(in, p);
    p->code_skipped = p->code == POLICY_CODE_SKIPPED;
    p->key_replaced = key_stands(in) && p->code == POLICY_CODE_ASKED && has_kind(&p->factors, CONFIG_FACTOR_PASSWORD);
    if (in->service->combined && !p->key_replaced && p->code != POLICY_CODE_GRACE)
        ask(p, PROMPT_COMBINED); /* also for lack of a code: nothing shows then */
    else
        ask_each(p);
    if (p->n == 0 && p->code != POLICY_CODE_GRACE)
        ask(p, PROMPT_PASSWORD);
}

/* ---- whether it may ---- */

/* Is there something to prove, and of kinds that are known? */
static bool is_usable(const struct config_factors *factors)
{
    bool all = factors->n > 0 && factors->n <= CONFIG_FACTORS_MAX;

    for (size_t i = 0; all && i < factors->n; i++)
        all = factors->kinds[i] == CONFIG_FACTOR_PASSWORD || factors->kinds[i] == CONFIG_FACTOR_OTP;
    return all;
}

static enum policy_bar account_bar(const struct policy_case *in)
{
    if (!in->account.exists)
        return POLICY_BAR_UNKNOWN;
    if (!in->account.active)
        return POLICY_BAR_INACTIVE;
    return is_welcome(in) ? POLICY_BAR_NONE : POLICY_BAR_ROLE;
}

static enum policy_bar decide_bar(const struct policy_case *in, const struct policy_plan *p)
{
    enum policy_bar bar = account_bar(in);

    if (bar != POLICY_BAR_NONE)
        return bar;
    if (!is_usable(&p->factors))
        return POLICY_BAR_FACTORS;
    if (has_kind(&p->factors, CONFIG_FACTOR_PASSWORD) && !p->key_replaced && !in->account.has_password)
        return POLICY_BAR_NO_PASSWORD;
    if (has_kind(&p->factors, CONFIG_FACTOR_PASSWORD) && !p->key_replaced && in->account.password_expired)
        return POLICY_BAR_EXPIRED;
    if (p->code == POLICY_CODE_ASKED && !in->account.has_code)
        return POLICY_BAR_NO_CODE;
    return p->code == POLICY_CODE_ENROL ? POLICY_BAR_ENROL : POLICY_BAR_NONE;
}

static enum policy_bar decide_acct_bar(const struct policy_case *in, const struct policy_plan *p)
{
    enum policy_bar bar = account_bar(in);

    if (bar == POLICY_BAR_NONE && in->account.password_expired)
        return POLICY_BAR_EXPIRED;
    if (bar == POLICY_BAR_NONE && in->service->sessions && p->max_sessions > 0 && in->sessions >= p->max_sessions)
        return POLICY_BAR_SESSIONS;
    return bar;
}

static enum verdict decide_acct(const struct policy_case *in, const struct policy_plan *p)
{
    switch (p->acct_bar) {
    case POLICY_BAR_NONE:
        return in->account.must_change ? VERDICT_MUST_CHANGE : VERDICT_GRANTED;
    case POLICY_BAR_UNKNOWN:
        return VERDICT_UNKNOWN;
    case POLICY_BAR_INACTIVE:
    case POLICY_BAR_EXPIRED:
        return VERDICT_EXPIRED;
    case POLICY_BAR_ROLE:
    case POLICY_BAR_SESSIONS:
    case POLICY_BAR_FACTORS:
    case POLICY_BAR_NO_PASSWORD:
    case POLICY_BAR_NO_CODE:
    case POLICY_BAR_ENROL:
        break;
    }
    return VERDICT_FORBIDDEN;
}

void policy_explain(const struct policy_case *in, struct policy_plan *ret)
{
    struct policy_plan p = {0};

    take_settings(in, &p);
    decide_questions(in, &p);
    p.bar = decide_bar(in, &p);
    p.enrols = p.bar == POLICY_BAR_ENROL;
    p.can_succeed = p.bar == POLICY_BAR_NONE;
    p.acct_bar = decide_acct_bar(in, &p);
    p.acct = decide_acct(in, &p);
    *ret = p;
}

/* ---- levels ---- */

/* 1, 2; 0: no such level. */
static int acr_level(const char *acr)
{
    return strcmp(acr, "aal1") == 0 ? 1 : strcmp(acr, "aal2") == 0 ? 2 : 0;
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

/* A session of no known level (0) reaches nothing, because what is wanted is 1 or more. */
struct policy_acr policy_acr(const char *wish, const char *audience, const char *session, const char *amr)
{
    struct policy_acr p = {.verdict = POLICY_ACR_TOO_LOW,
                           .wanted = acr_level(wish) > acr_level(audience) ? wish : audience,
                           .lacks_password = !has_word(amr, "pwd"),
                           .lacks_code = !has_word(amr, "otp")};
    if (wish[0] != '\0' && acr_level(wish) == 0)
        p.verdict = POLICY_ACR_NO_LEVEL;
    else if (acr_level(audience) == 0)
        p.verdict = POLICY_ACR_NOBODY;
    else if (acr_level(session) >= acr_level(p.wanted))
        p.verdict = POLICY_ACR_REACHED;
    return p;
}

/* ---- password and code in one string ---- */

/* Looks at every byte, whatever it finds. */
static bool all_digits(const unsigned char *bytes, size_t len)
{
    unsigned others = 0;
    for (size_t i = 0; i < len; i++)
        others |= (unsigned)(bytes[i] < '0') | (unsigned)(bytes[i] > '9');
    return others == 0;
}

int policy_split_combined(const struct secret *typed, bool has_code, unsigned digits, struct secret *ret_password,
                          struct secret *ret_code)
{
    size_t code_len = has_code ? digits : 0;
    if (typed->len > SECRET_MAX || typed->len <= code_len)
        return -EINVAL;
    if (!all_digits(typed->bytes + typed->len - code_len, code_len))
        code_len = recovery_tail(typed); /* 0: no code at all: the attempt fails on that, at its usual time */
    size_t password_len = typed->len - code_len;
    int r = secret_set(ret_password, typed->bytes, password_len);
    return r < 0 ? r : secret_set(ret_code, typed->bytes + password_len, code_len);
}
