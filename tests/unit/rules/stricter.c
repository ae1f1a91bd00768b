/* SPDX-License-Identifier: MIT
 *
 * Of two the stricter: over every pair and triple of values, that none is ever asked for less than either says, that
 * the order makes no difference but to the order of the questions, and that one value with itself is itself.
 */
#include "stricter.h"

#include "tap.h"

static const struct config_factors lists[] = {
    {0},
    {1, {CONFIG_FACTOR_PASSWORD}},
    {1, {CONFIG_FACTOR_OTP}},
    {2, {CONFIG_FACTOR_PASSWORD, CONFIG_FACTOR_OTP}},
    {2, {CONFIG_FACTOR_OTP, CONFIG_FACTOR_PASSWORD}},
};
enum { LISTS = sizeof lists / sizeof *lists };

static unsigned kinds(const struct config_factors *f)
{
    unsigned bits = 0;
    for (size_t i = 0; i < f->n; i++)
        bits |= 1U << f->kinds[i];
    return bits;
}

static void test_factors(void)
{
    for (size_t i = 0; i < LISTS; i++)
        for (size_t k = 0; k < LISTS; k++) {
            struct config_factors ab = stricter_factors(&lists[i], &lists[k]);
            struct config_factors ba = stricter_factors(&lists[k], &lists[i]);
            ok(kinds(&ab) == (kinds(&lists[i]) | kinds(&lists[k])) && kinds(&ab) == kinds(&ba), "union %zu %zu", i, k);
            ok(ab.n == (size_t)__builtin_popcount(kinds(&ab)), "union %zu %zu: each once", i, k);
            ok(memcmp(ab.kinds, lists[i].kinds, lists[i].n * sizeof ab.kinds[0]) == 0,
               "union %zu %zu: first one's order", i, k);
        }
    struct config_factors full = {CONFIG_FACTORS_MAX, {1, 2, 3, 4}}, more = {1, {(enum config_factor)5}};
    is_int(stricter_factors(&full, &more).n, CONFIG_FACTORS_MAX, "never more than there is room for");
    struct config_factors broken = {99, {CONFIG_FACTOR_PASSWORD}};
    is_int(stricter_factors(&lists[2], &broken).n, CONFIG_FACTORS_MAX, "a count past the end is not followed");
}

static void test_numbers(void)
{
    static const uint64_t bounds[] = {0, 1, 2, 10, 1000};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++) {
            uint64_t a = bounds[i], b = bounds[k], s = stricter_sessions(a, b);
            ok(s == stricter_sessions(b, a) && (s == a || s == b), "sessions %llu %llu: one of them",
               (unsigned long long)a, (unsigned long long)b);
            ok((a == 0 || (s != 0 && s <= a)) && (b == 0 || (s != 0 && s <= b)), "sessions: within both");
        }
    ok(stricter_grace(0, 900) == 0 && stricter_grace(900, 0) == 0 && stricter_grace(60, 900) == 60 &&
           stricter_grace(7, 7) == 7,
       "the shorter grace");
    ok(stricter_unenrolled(CONFIG_UNENROLLED_DENY, CONFIG_UNENROLLED_SKIP) == CONFIG_UNENROLLED_DENY &&
           stricter_unenrolled(CONFIG_UNENROLLED_SKIP, CONFIG_UNENROLLED_DENY) == CONFIG_UNENROLLED_DENY,
       "deny before skip");
    ok(stricter_unenrolled(CONFIG_UNENROLLED_ENROL, CONFIG_UNENROLLED_SKIP) == CONFIG_UNENROLLED_ENROL &&
           stricter_unenrolled(CONFIG_UNENROLLED_DENY, CONFIG_UNENROLLED_ENROL) == CONFIG_UNENROLLED_DENY,
       "enrol between them");
}

/* Every section of a role that can be written with these values. */
static struct config_role section(unsigned bits)
{
    struct config_role r = {.set = bits & 15, .factors = lists[1 + (bits >> 4) % 4]};
    r.unenrolled = bits & 64 ? CONFIG_UNENROLLED_DENY : CONFIG_UNENROLLED_ENROL;
    r.max_sessions = bits & 128 ? 3 : 7;
    r.grace_s = bits & 128 ? 0 : 60;
    return r;
}

static bool says(const struct config_role *r, enum config_role_key key)
{
    return r->set & CONFIG_BIT(key);
}

/* Whatever a says, r says at least as strictly. */
static bool holds(const struct config_role *r, const struct config_role *a)
{
    return (r->set & a->set) == a->set &&
           (!says(a, CONFIG_ROLE_factors) || (kinds(&r->factors) & kinds(&a->factors)) == kinds(&a->factors)) &&
           (!says(a, CONFIG_ROLE_unenrolled) || r->unenrolled <= a->unenrolled) &&
           (!says(a, CONFIG_ROLE_max_sessions) || r->max_sessions <= a->max_sessions) &&
           (!says(a, CONFIG_ROLE_grace) || r->grace_s <= a->grace_s);
}

static void test_roles(void)
{
    size_t bad = 0;
    for (unsigned i = 0; i < 256; i++)
        for (unsigned k = 0; k < 256; k++) {
            struct config_role a = section(i), b = section(k), ab = stricter_role(&a, &b), ba = stricter_role(&b, &a);
            bad += !holds(&ab, &a) || !holds(&ab, &b) || !holds(&ab, &ba) || !holds(&ba, &ab);
            bad += (ab.set & ~(a.set | b.set)) != 0;
        }
    is_int((int)bad, 0, "65536 pairs of sections: both hold, in either order, and nothing that neither says");
    struct config_role none = {0}, a = section(15);
    struct config_role with = stricter_role(&none, &a);
    ok(holds(&with, &a) && holds(&a, &with), "a section with none is itself");
}

int main(void)
{
    test_factors();
    test_numbers();
    test_roles();
    return tap_done();
}
