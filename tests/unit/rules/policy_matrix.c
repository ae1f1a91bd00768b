/* SPDX-License-Identifier: MIT
 *
 * Every row of the matrix service x role x account x key x grace, against what must be true of each in words: never
 * less than the union of factors, but for what a rule names; never nothing; what grace, keys and enrolment may not do;
 * that a stranger's name is asked what everybody is; that a role never makes it easier (O7, P1, M14). And a table of
 * rows whose answer is written down.
 */
#include "policy.h"

#include "tap.h"

/* Not what policy.c says but what the words above do: each is counted where it is broken, with the first case. */
enum rule {
    RULE_SOMETHING,
    RULE_ONLY_FACTORS,
    RULE_PASSWORD,
    RULE_CODE,
    RULE_KEY_NEVER_ALONE,
    RULE_GRACE,
    RULE_ENROL,
    RULE_COMBINED,
    RULE_SUCCESS,
    RULE_DENY,
    RULE_EXPIRED,
    RULE_STRANGER,
    RULE_ROLE_NEVER_EASIER,
    RULE_KEY_SAYS_NOTHING,
    RULES,
};
static const char *const rules[RULES] = {
    [RULE_SOMETHING] = "nothing is asked only in a time of grace where the code was all, and nothing twice",
    [RULE_ONLY_FACTORS] = "nothing is asked that neither service nor role wants",
    [RULE_PASSWORD] = "the password is asked unless a verified key stands in for it, and then a code is",
    [RULE_CODE] = "the code is asked unless unenrolled or grace says otherwise, of one that may come in",
    [RULE_KEY_NEVER_ALONE] = "a key is never all, nor a key and grace",
    [RULE_GRACE] = "grace: in time, after a proof, for who has a code; never for the password",
    [RULE_ENROL] = "enrol: the password is asked, and is not enough",
    [RULE_COMBINED] = "combined: one question, always",
    [RULE_SUCCESS] = "right answers let in who is there, may come in, and has what is asked",
    [RULE_DENY] = "unenrolled = deny, and enrol where that cannot work: nobody without a code",
    [RULE_EXPIRED] = "a password for one login that has expired: nobody by it, and phase acct lets nobody in",
    [RULE_STRANGER] = "a name that is nobody's, or may not come in, is asked what one with everything is",
    [RULE_ROLE_NEVER_EASIER] = "with a role's section no less is proved, and nobody more gets in",
    [RULE_KEY_SAYS_NOTHING] = "a key changes nothing unless key_replaces = password",
};
static size_t broken[RULES], cases;
static char first[RULES][200];

/* ---- the axes ---- */

static const struct config_factors lists[] = {
    {1, {CONFIG_FACTOR_PASSWORD}},
    {1, {CONFIG_FACTOR_OTP}},
    {2, {CONFIG_FACTOR_PASSWORD, CONFIG_FACTOR_OTP}},
    {2, {CONFIG_FACTOR_OTP, CONFIG_FACTOR_PASSWORD}},
};
static const char *const service_names[] = {"sshd", "sudo"}; /* in the second nobody can enrol */
static const struct {
    bool exists, active, allowed, has_password, expired;
} people[] = {{0},
              {true, false, true, true, false},
              {true, true, false, true, false},
              {true, true, true, false, false},
              {true, true, true, true, false},
              {true, true, true, true, true}};
enum { GOOD = 4 };
static const int64_t ages[] = {0, -1, 30, 100, 1000}; /* of the proof; the first: there is none */

/* The place on each axis. */
struct at {
    unsigned list, name, unenrolled, grace, combined, replaces; /* of the service */
    unsigned role_list, role_unenrolled, role_grace;            /* 0: says nothing */
    unsigned who, code, key, age;
};

static unsigned kinds(const struct config_factors *f)
{
    unsigned bits = 0;
    for (size_t i = 0; i < f->n; i++)
        bits |= f->kinds[i] == CONFIG_FACTOR_PASSWORD ? 1 : 2;
    return bits;
}
enum { P = 1, C = 2 };

struct world {
    struct config_service service;
    struct config_role role;
    struct policy_case in;
};

static void make(const struct at *a, struct world *w)
{
    *w = (struct world){
        .service = {.factors = lists[a->list],
                    .unenrolled = (enum config_unenrolled)a->unenrolled,
                    .grace_s = a->grace ? 900 : 0,
                    .combined = a->combined,
                    .key_replaces = a->replaces ? CONFIG_KEY_REPLACES_PASSWORD : CONFIG_KEY_REPLACES_NOTHING,
                    .roles = {1, {"user"}}},
        .role = {.name = "user"},
    };
    strcpy(w->service.name, service_names[a->name]);
    if (a->role_list) {
        w->role.set |= CONFIG_BIT(CONFIG_ROLE_factors);
        w->role.factors = lists[a->role_list - 1];
    }
    if (a->role_unenrolled) {
        w->role.set |= CONFIG_BIT(CONFIG_ROLE_unenrolled);
        w->role.unenrolled = (enum config_unenrolled)(a->role_unenrolled - 1);
    }
    if (a->role_grace) {
        w->role.set |= CONFIG_BIT(CONFIG_ROLE_grace);
        w->role.grace_s = a->role_grace == 1 ? 0 : 60;
    }
    w->in = (struct policy_case){
        .service = &w->service,
        .role = &w->role,
        .account = {.exists = people[a->who].exists,
                    .active = people[a->who].active,
                    .role = people[a->who].allowed ? "user" : "guest",
                    .has_password = people[a->who].has_password,
                    .password_expired = people[a->who].expired,
                    .has_code = a->code},
        .key_verified = a->key,
        .has_proof = a->age > 0,
        .proof_age_s = ages[a->age],
    };
}

/* ---- what was asked ---- */

static const char *asked(const struct policy_plan *p)
{
    static char text[2][8];
    static int turn;
    char *to = text[turn++ % 2];
    memset(to, 0, sizeof text[0]);
    for (size_t i = 0; i < p->n && i < 7; i++)
        to[i] = p->kinds[i] == PROMPT_PASSWORD ? 'P' : p->kinds[i] == PROMPT_CODE ? 'C' : 'B';
    return to;
}

/* What right answers prove: a code in one string with the password only if there is one to type. */
static unsigned proved(const struct policy_plan *p)
{
    unsigned bits = 0;
    for (size_t i = 0; i < p->n; i++)
        bits |= p->kinds[i] == PROMPT_PASSWORD ? P : p->kinds[i] == PROMPT_CODE ? C : p->code_skipped ? P : P | C;
    return bits;
}

static void must(enum rule rule, bool truth, const struct at *a, const struct policy_plan *p)
{
    if (truth)
        return;
    if (broken[rule]++ == 0)
        snprintf(first[rule], sizeof first[rule],
                 "list %u name %u unenrolled %u grace %u combined %u replaces %u; role %u %u %u; who %u code %u key %u "
                 "age %u: asked %s",
                 a->list, a->name, a->unenrolled, a->grace, a->combined, a->replaces, a->role_list, a->role_unenrolled,
                 a->role_grace, a->who, a->code, a->key, a->age, asked(p));
}

/* ---- the words, case by case ---- */

struct wanted {
    unsigned factors; /* of service and role */
    bool only_code;   /* the service asks for the code alone */
    unsigned unenrolled;
    bool can_enrol;
    int64_t grace_s;
    bool may_come_in, enrolled;
};

static struct wanted want(const struct at *a)
{
    struct wanted w = {.factors = kinds(&lists[a->list]) | (a->role_list ? kinds(&lists[a->role_list - 1]) : 0),
                       .only_code = kinds(&lists[a->list]) == C,
                       .unenrolled = a->unenrolled,
                       .may_come_in = a->who >= 3,
                       .enrolled = a->code > 0};
    if (a->role_unenrolled && a->role_unenrolled - 1 < w.unenrolled)
        w.unenrolled = a->role_unenrolled - 1;
    w.can_enrol = a->name == 0 && !a->combined && !w.only_code;
    w.grace_s = a->grace ? 900 : 0;
    if (a->role_grace && (a->role_grace == 1 || w.grace_s > 60))
        w.grace_s = a->role_grace == 1 ? 0 : w.grace_s > 60 ? 60 : w.grace_s;
    return w;
}

/* A key that was verified, and is meant to stand for one of two. */
static bool has_key(const struct at *a)
{
    return a->key && a->replaces && (kinds(&lists[a->list]) & C);
}

static bool grace_runs(const struct at *a, const struct wanted *w)
{
    return a->age >= 2 && ages[a->age] < w->grace_s && w->enrolled && !has_key(a);
}

static void check_questions(const struct at *a, const struct wanted *w, const struct policy_plan *p)
{
    unsigned got = proved(p);
    bool left_out = (w->factors & C) && !(got & C);
    must(RULE_SOMETHING, p->n > 0 || (w->factors == C && p->code == POLICY_CODE_GRACE), a, p);
    must(RULE_SOMETHING, p->n <= 1 || (p->n == 2 && p->kinds[0] != p->kinds[1]), a, p);
    must(RULE_ONLY_FACTORS, a->combined || !(got & ~w->factors), a, p);
    must(RULE_PASSWORD, !(w->factors & P) || (got & P) || (has_key(a) && (got & C) && p->key_replaced), a, p);
    must(RULE_CODE,
         !left_out || (w->may_come_in && (w->enrolled ? grace_runs(a, w) : !w->only_code && w->unenrolled != 0)), a, p);
    must(RULE_KEY_NEVER_ALONE, !p->key_replaced || (has_key(a) && (got & C) && p->code == POLICY_CODE_ASKED), a, p);
    must(RULE_GRACE, p->code != POLICY_CODE_GRACE || (grace_runs(a, w) && got == (w->factors & P)), a, p);
    must(RULE_GRACE, !(w->factors & C) || !w->may_come_in || !grace_runs(a, w) || left_out, a, p);
    must(RULE_ENROL, p->enrols == (p->bar == POLICY_BAR_ENROL) && !(p->enrols && p->can_succeed), a, p);
    must(RULE_ENROL, !p->enrols || ((got & P) && !(got & C) && !w->enrolled && w->can_enrol && w->unenrolled == 1), a,
         p);
    must(RULE_COMBINED, !a->combined || p->n == 1, a, p);
}

static void check_success(const struct at *a, const struct wanted *w, const struct policy_plan *p)
{
    unsigned got = proved(p);
    bool password = people[a->who].has_password && !people[a->who].expired;
    bool has = (!(got & P) || password) && (!(got & C) || w->enrolled);
    must(RULE_SUCCESS, p->can_succeed == (w->may_come_in && has && !p->enrols), a, p);
    must(RULE_DENY, !(w->factors & C) || w->enrolled || w->unenrolled == 2 || !p->can_succeed, a, p);
    must(RULE_EXPIRED, !people[a->who].expired || (p->acct == VERDICT_EXPIRED && !p->enrols), a, p);
    must(RULE_DENY, w->unenrolled != 1 || w->can_enrol || !p->enrols, a, p);
}

/* The same case with one thing changed. */
static void again(struct at a, struct policy_plan *ret)
{
    struct world w;
    make(&a, &w);
    policy_explain(&w.in, ret);
}

static void check_others(const struct at *a, const struct policy_plan *p)
{
    struct policy_plan q;
    struct at b = *a;
    if (a->who < 3) {
        b.who = GOOD;
        b.code = 1;
        b.age = 0;
        again(b, &q);
        must(RULE_STRANGER, strcmp(asked(p), asked(&q)) == 0, a, p);
        b = *a;
    }
    b.role_list = b.role_unenrolled = b.role_grace = 0;
    again(b, &q);
    unsigned with = proved(p) | (p->key_replaced ? P : 0), without = proved(&q) | (q.key_replaced ? P : 0);
    must(RULE_ROLE_NEVER_EASIER, (with & without) == without, a, p);
    must(RULE_ROLE_NEVER_EASIER, !(p->can_succeed || p->enrols) || q.can_succeed || q.enrols, a, p);
    must(RULE_ROLE_NEVER_EASIER, !p->can_succeed || q.can_succeed, a, p);
    if (a->replaces)
        return;
    b = *a;
    b.key = !a->key;
    again(b, &q);
    must(RULE_KEY_SAYS_NOTHING, strcmp(asked(p), asked(&q)) == 0 && p->can_succeed == q.can_succeed, a, p);
}

static void check_case(const struct at *a)
{
    struct policy_plan p;
    struct wanted w = want(a);
    if (a->combined && kinds(&lists[a->list]) != (P | C))
        return; /* no file says so */
    again(*a, &p);
    cases++;
    check_questions(a, &w, &p);
    check_success(a, &w, &p);
    check_others(a, &p);
}

static void test_matrix(void)
{
    static const unsigned sizes[] = {4, 2, 3, 2, 2, 2, 5, 3, 3, 6, 2, 2, 5};
    unsigned digits[13] = {0};
    for (size_t k = 0; k < 13;) {
        const unsigned *d = digits;
        check_case(&(struct at){d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12]});
        for (k = 0; k < 13 && ++digits[k] == sizes[k]; k++)
            digits[k] = 0;
    }
    for (size_t i = 0; i < RULES; i++)
        ok(broken[i] == 0, "%s%s%s", rules[i], broken[i] ? ", but: " : "", first[i]);
    ok(cases == 144 * 45 * 120, "all %zu cases", cases);
}

/* ---- rows whose answer is written down ---- */

static const struct row {
    const char *says;
    const char *service, *text, *role; /* of an account with that role; "" : an unknown name */
    bool code, key;
    int64_t age; /* 0: no proof */
    const char *asked;
    enum policy_bar bar;
} table[] = {
    {"nothing written: who has a code types it", "sshd", "", "user", true, false, 0, "PC", POLICY_BAR_NONE},
    {"nothing written: who has none does without", "sshd", "", "user", false, false, 0, "P", POLICY_BAR_NONE},
    {"nothing written: a stranger's name", "sshd", "", "", false, false, 0, "PC", POLICY_BAR_UNKNOWN},
    {"nothing written: a guest may not come in", "sshd", "", "guest", false, false, 0, "PC", POLICY_BAR_ROLE},
    {"nothing written: a guest's own screen", "swaylock", "", "guest", false, false, 0, "P", POLICY_BAR_NONE},
    {"deny", "sshd", "[service *]\nunenrolled = deny\n", "user", false, false, 0, "PC", POLICY_BAR_NO_CODE},
    {"enrol at sshd", "sshd", "[service *]\nunenrolled = enrol\n", "user", false, false, 0, "P", POLICY_BAR_ENROL},
    {"enrol at sshd, enrolled", "sshd", "[service *]\nunenrolled = enrol\n", "user", true, false, 0, "PC",
     POLICY_BAR_NONE},
    {"enrol for all is deny at sudo", "sudo", "[service *]\nunenrolled = enrol\n", "user", false, false, 0, "PC",
     POLICY_BAR_NO_CODE},
    {"and at one's own screen", "self", "[service *]\nunenrolled = enrol\n", "user", false, false, 0, "PC",
     POLICY_BAR_NO_CODE},
    {"a role's enrol is stricter than skip", "sshd", "[role admin]\nunenrolled = enrol\n", "admin", false, false, 0,
     "P", POLICY_BAR_ENROL},
    {"and less strict than deny", "sshd", "[service sshd]\nunenrolled = deny\n[role admin]\nunenrolled = enrol\n",
     "admin", false, false, 0, "PC", POLICY_BAR_NO_CODE},
    {"a code alone", "sudo", "[service sudo]\nfactors = otp\n", "user", true, false, 0, "C", POLICY_BAR_NONE},
    {"a code alone is not skipped", "sudo", "[service sudo]\nfactors = otp\n", "user", false, false, 0, "C",
     POLICY_BAR_NO_CODE},
    {"but a time of grace stands for it", "sudo", "[service sudo]\nfactors = otp\ngrace = 15m\n", "user", true, false,
     30, "", POLICY_BAR_NONE},
    {"a role that adds the password skips it neither", "sudo",
     "[service sudo]\nfactors = otp\n[role admin]\nfactors = password\n", "admin", false, false, 0, "CP",
     POLICY_BAR_NO_CODE},
    {"the service's order first, then the role's", "sudo",
     "[service sudo]\nfactors = otp\n[role admin]\nfactors = password otp\n", "admin", true, false, 0, "CP",
     POLICY_BAR_NONE},
    {"another role is not meant", "sudo", "[service sudo]\nfactors = otp\n[role admin]\nfactors = password otp\n",
     "user", true, false, 0, "C", POLICY_BAR_NONE},
    {"a stranger is asked as the strictest", "sshd",
     "[service sshd]\nfactors = password\n[role admin]\nfactors = otp\n", "", false, false, 0, "PC",
     POLICY_BAR_UNKNOWN},
    {"who is not among those let in does not count", "sshd",
     "[service sshd]\nfactors = password\n[role guest]\nfactors = otp\n", "", false, false, 0, "P", POLICY_BAR_UNKNOWN},
    {"and is asked like a stranger", "sshd", "[service sshd]\nfactors = password\n[role guest]\nfactors = otp\n",
     "guest", true, false, 0, "P", POLICY_BAR_ROLE},
    {"grace runs", "sudo", "[service sudo]\ngrace = 15m\n", "user", true, false, 899, "P", POLICY_BAR_NONE},
    {"grace is over", "sudo", "[service sudo]\ngrace = 15m\n", "user", true, false, 900, "PC", POLICY_BAR_NONE},
    {"no grace for a role", "sudo", "[service sudo]\ngrace = 15m\n[role superadmin]\ngrace = 0s\n", "superadmin", true,
     false, 1, "PC", POLICY_BAR_NONE},
    {"a role lengthens none", "sudo", "[role superadmin]\ngrace = 12h\n", "superadmin", true, false, 1, "PC",
     POLICY_BAR_NONE},
    {"a key is no password by itself", "sshd", "", "user", true, true, 0, "PC", POLICY_BAR_NONE},
    {"a key for the password", "sshd", "[service sshd]\nkey_replaces = password\n", "user", true, true, 0, "C",
     POLICY_BAR_NONE},
    {"without a key both", "sshd", "[service sshd]\nkey_replaces = password\n", "user", true, false, 0, "PC",
     POLICY_BAR_NONE},
    {"a key is never all: no code", "sshd", "[service sshd]\nkey_replaces = password\n", "user", false, true, 0, "P",
     POLICY_BAR_NONE},
    {"a key is never all: deny", "sshd", "[service sshd]\nkey_replaces = password\nunenrolled = deny\n", "user", false,
     true, 0, "C", POLICY_BAR_NO_CODE},
    {"a key is never all: enrol", "sshd", "[service sshd]\nkey_replaces = password\nunenrolled = enrol\n", "user",
     false, true, 0, "P", POLICY_BAR_ENROL},
    {"a key is never all: grace", "sshd", "[service sshd]\nkey_replaces = password\ngrace = 12h\n", "user", true, true,
     1, "C", POLICY_BAR_NONE},
    {"in one string", "vpn", "[service vpn]\ncombined = yes\n", "user", true, false, 0, "B", POLICY_BAR_NONE},
    {"in one string, without a code: nothing shows", "vpn", "[service vpn]\ncombined = yes\n", "user", false, false, 0,
     "B", POLICY_BAR_NONE},
    {"in one string, in grace: the password", "vpn", "[service vpn]\ncombined = yes\ngrace = 5m\n", "user", true, false,
     30, "P", POLICY_BAR_NONE},
    {"in one string, after a key: the code", "sshd", "[service sshd]\ncombined = yes\nkey_replaces = password\n",
     "user", true, true, 0, "C", POLICY_BAR_NONE},
    {"in one string nobody enrols", "vpn", "[service vpn]\ncombined = yes\n[role user]\nunenrolled = enrol\n", "user",
     false, false, 0, "B", POLICY_BAR_NO_CODE},
};

static void test_row(const struct row *r)
{
    static struct config c;
    char error[CONFIG_ERROR_SIZE] = "";
    struct config_service service;
    struct config_role role;
    struct policy_plan p;
    if (config_parse(r->text, strlen(r->text), "f", &c, error) < 0) {
        ok(false, "%s: %s", r->says, error);
        return;
    }
    config_service(&c, r->service, &service);
    config_role(&c, &service, r->role, &role);
    policy_explain(&(struct policy_case){.service = &service,
                                         .role = &role,
                                         .account = {.exists = r->role[0] != '\0',
                                                     .active = r->role[0] != '\0',
                                                     .role = r->role,
                                                     .has_password = r->role[0] != '\0',
                                                     .has_code = r->code},
                                         .key_verified = r->key,
                                         .has_proof = r->age > 0,
                                         .proof_age_s = r->age},
                   &p);
    is_str(asked(&p), r->asked, "%s: asked", r->says);
    is_int(p.bar, r->bar, "%s: %s", r->says, r->bar == POLICY_BAR_NONE ? "let in" : "denied");
}

int main(void)
{
    test_matrix();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        test_row(&table[i]);
    return tap_done();
}
