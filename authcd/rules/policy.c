/* SPDX-License-Identifier: MIT
 *
 * What a service asks of an account, and whether the account may. Every doubt (no factor, a factor of a kind that is
 * not known here, nothing to check it against) ends in "ask, and deny": asking less or asking differently would tell
 * who exists. Leaves out the checking itself and unknown = ignore, which is decided before anything is asked.
 */
#include "policy.h"

#include <errno.h>
#include <string.h>

static bool has_kind(const struct config_factors *factors, enum config_factor kind)
{
    for (size_t i = 0; i < factors->n; i++)
        if (factors->kinds[i] == kind)
            return true;
    return false;
}

/* A code is never skipped where it would be the only proof. */
static bool skips_code(const struct config_service *service, const struct policy_account *account)
{
    return service->unenrolled == CONFIG_UNENROLLED_SKIP && account->exists && !account->has_code &&
           has_kind(&service->factors, CONFIG_FACTOR_PASSWORD) && has_kind(&service->factors, CONFIG_FACTOR_OTP);
}

static void ask(struct policy_questions *q, enum prompt_kind kind)
{
    q->kinds[q->n++] = kind;
}

/* Asked apart, in the order of the configuration. */
static void ask_each(const struct config_factors *factors, struct policy_questions *q)
{
    for (size_t i = 0; i < factors->n && i < CONFIG_FACTORS_MAX; i++) {
        if (factors->kinds[i] == CONFIG_FACTOR_PASSWORD)
            ask(q, PROMPT_PASSWORD);
        else if (factors->kinds[i] == CONFIG_FACTOR_OTP && !q->code_skipped)
            ask(q, PROMPT_CODE);
    }
}

/* Is there something to prove, of kinds that are known, and for each something to check it against? */
static bool provable(const struct config_factors *factors, const struct policy_account *account, bool code_skipped)
{
    bool all = factors->n > 0 && factors->n <= CONFIG_FACTORS_MAX;
    for (size_t i = 0; all && i < factors->n; i++) {
        if (factors->kinds[i] == CONFIG_FACTOR_PASSWORD)
            all = account->has_password;
        else if (factors->kinds[i] == CONFIG_FACTOR_OTP)
            all = account->has_code || code_skipped;
        else
            all = false;
    }
    return all;
}

void policy_questions(const struct config_service *service, const struct policy_account *account,
                      struct policy_questions *ret)
{
    struct policy_questions q = {.code_skipped = skips_code(service, account)};
    if (service->combined)
        ask(&q, PROMPT_COMBINED);
    else
        ask_each(&service->factors, &q);
    if (q.n == 0)
        ask(&q, PROMPT_PASSWORD);
    q.can_succeed = account->exists && account->active && provable(&service->factors, account, q.code_skipped);
    *ret = q;
}

bool policy_role_allowed(const struct config_service *service, const char *role)
{
    return config_roles_have(&service->roles, role);
}

enum verdict policy_acct(const struct config_service *service, const struct policy_account *account, bool must_change)
{
    if (!account->exists)
        return VERDICT_UNKNOWN;
    if (!account->active)
        return VERDICT_EXPIRED;
    if (!policy_role_allowed(service, account->role))
        return VERDICT_FORBIDDEN;
    return must_change ? VERDICT_MUST_CHANGE : VERDICT_GRANTED;
}

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
    size_t password_len = typed->len - code_len;
    if (!all_digits(typed->bytes + password_len, code_len)) {
        password_len = typed->len; /* no code at all: the attempt fails on that, at its usual time */
        code_len = 0;
    }
    int r = secret_set(ret_password, typed->bytes, password_len);
    return r < 0 ? r : secret_set(ret_code, typed->bytes + password_len, code_len);
}
