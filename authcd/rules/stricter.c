/* SPDX-License-Identifier: MIT
 *
 * See stricter.h.
 */
#include "stricter.h"

static bool has(const struct config_factors *factors, enum config_factor kind)
{
    for (size_t i = 0; i < factors->n && i < CONFIG_FACTORS_MAX; i++)
        if (factors->kinds[i] == kind)
            return true;
    return false;
}

struct config_factors stricter_factors(const struct config_factors *a, const struct config_factors *b)
{
    struct config_factors both = *a;

    for (size_t i = 0; i < b->n && i < CONFIG_FACTORS_MAX; i++)
        if (both.n < CONFIG_FACTORS_MAX && !has(a, b->kinds[i]))
            both.kinds[both.n++] = b->kinds[i];
    return both;
}

enum config_unenrolled stricter_unenrolled(enum config_unenrolled a, enum config_unenrolled b)
{
    return a < b ? a : b; /* they are counted from the strictest */
}

int64_t stricter_grace(int64_t a_s, int64_t b_s)
{
    return a_s < b_s ? a_s : b_s;
}

uint64_t stricter_sessions(uint64_t a, uint64_t b)
{
    return b == 0 || (a != 0 && a < b) ? a : b;
}

static bool sets(const struct config_role *role, enum config_role_key key)
{
    return role->set & CONFIG_BIT(key);
}

struct config_role stricter_role(const struct config_role *a, const struct config_role *b)
{
    struct config_role r = *a;

    r.set |= b->set;
    if (sets(b, CONFIG_ROLE_factors))
        r.factors = sets(a, CONFIG_ROLE_factors) ? stricter_factors(&a->factors, &b->factors) : b->factors;
    if (sets(b, CONFIG_ROLE_unenrolled))
        r.unenrolled =
            sets(a, CONFIG_ROLE_unenrolled) ? stricter_unenrolled(a->unenrolled, b->unenrolled) : b->unenrolled;
    if (sets(b, CONFIG_ROLE_max_sessions))
        r.max_sessions =
            sets(a, CONFIG_ROLE_max_sessions) ? stricter_sessions(a->max_sessions, b->max_sessions) : b->max_sessions;
    if (sets(b, CONFIG_ROLE_grace))
        r.grace_s = sets(a, CONFIG_ROLE_grace) ? stricter_grace(a->grace_s, b->grace_s) : b->grace_s;
    return r;
}
